//! Fields of JSONata states: strings between `{%` and `%}` become expressions, everything else a constant.

use super::Compiler;
use crate::asl::{Code, Diagnostic, Node, NodeKind, QueryLanguage, Span};
use crate::jsonata::{self, Expression};
use crate::program::{Payload, Query, QueryObject, QueryTemplate};

impl Compiler {
    /// Compiles a field that holds a payload template or a structure with expressions; `location` is its place.
    pub(super) fn payload(&mut self, node: &Node, location: &str) -> Option<Payload> {
        match self.language {
            QueryLanguage::JSONPath => self.template(node, location).map(Payload::Template),
            QueryLanguage::JSONata => self.query_template(node, location).map(Payload::Query),
        }
    }

    pub(super) fn optional_payload(&mut self, node: &Option<Node>, location: &str) -> Option<Option<Payload>> {
        match node {
            Some(node) => self.payload(node, location).map(Some),
            None => Some(None),
        }
    }

    fn query_template(&mut self, node: &Node, location: &str) -> Option<QueryTemplate> {
        if !has_expression(node) {
            return Some(QueryTemplate::Constant(self.constant(node)));
        }
        match &node.kind {
            NodeKind::Array(elements) => {
                let compiled = elements
                    .iter()
                    .enumerate()
                    .map(|(index, element)| self.query_template(element, &format!("{location}[{index}]")));
                let compiled: Vec<_> = compiled.collect();
                Some(QueryTemplate::Array(compiled.into_iter().collect::<Option<_>>()?))
            }
            NodeKind::Object(members) => {
                let compiled = members.iter().map(|member| {
                    let value = self.query_template(&member.value, &format!("{location}/{}", member.key))?;
                    Some((self.constant_key(&member.key), value))
                });
                let compiled: Vec<_> = compiled.collect();
                let object = QueryObject::new(compiled.into_iter().collect::<Option<_>>()?, &mut self.constants);
                let object = object.map(|object| QueryTemplate::Object(Box::new(object)));
                object.map_err(|exceeded| self.fault(exceeded.to_string(), location.to_owned(), &node.span)).ok()
            }
            NodeKind::String(text) => {
                self.query(text, location, &node.span).map(|query| QueryTemplate::Query(Box::new(query)))
            }
            _ => Some(QueryTemplate::Constant(self.constant(node))),
        }
    }

    /// Compiles an expression, delimiters included.
    pub(super) fn query(&mut self, text: &str, location: &str, span: &Span) -> Option<Query> {
        match Expression::compile(jsonata::expression_text(text).unwrap_or(text), &mut self.constants) {
            Ok(expression) => {
                self.reads_kafka |= expression.references().may_read_context(super::KAFKA);
                // Errors name the place within the state.
                let location = location.get(self.state_location..).unwrap_or(location);
                Some(Query { expression, location: location.into() })
            }
            Err(error) => {
                let fault = Diagnostic::error(Code::InvalidJsonataExpression, error.message);
                self.faults.push(fault.at(location, span.clone()));
                None
            }
        }
    }
}

/// Whether a string at any depth is an expression.
fn has_expression(node: &Node) -> bool {
    match &node.kind {
        NodeKind::String(text) => jsonata::expression_text(text).is_some(),
        NodeKind::Array(elements) => elements.iter().any(has_expression),
        NodeKind::Object(members) => members.iter().any(|member| has_expression(&member.value)),
        _ => false,
    }
}
