//! JSONata expressions: their syntax, and what they may refer to where they stand.

use super::super::diagnostic::{Code, Diagnostic};
use super::super::node::{Node, NodeKind};
use super::{Object, Reader};
use crate::jsonata::{self, Expression, StatesField, Unsupported};
use crate::value::Heap;

impl Reader {
    /// Checks all expressions in a field of a JSONata state.
    pub(super) fn check_expressions(&mut self, object: &Object<'_>, name: &str) {
        if let Some(node) = object.get(name) {
            self.check_expressions_in(node, &object.at(name), &offered(object, name));
        }
    }

    fn check_expressions_in(&mut self, node: &Node, location: &str, offered: &[StatesField]) {
        match &node.kind {
            NodeKind::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    self.check_expressions_in(element, &format!("{location}[{index}]"), offered);
                }
            }
            NodeKind::Object(members) => {
                for member in members {
                    self.check_expressions_in(&member.value, &format!("{location}/{}", member.key), offered);
                }
            }
            NodeKind::String(text) if text.starts_with("{%") != text.ends_with("%}") => {
                let message = "A JSONata expression must start with '{%' and end with '%}'";
                let hint = "Nothing may stand outside of the delimiters, not even a blank.";
                let fault = Diagnostic::error(Code::InvalidJsonataExpression, message).with_hint(hint);
                self.report(fault, location, &node.span);
            }
            NodeKind::String(text) => {
                if let Some(expression) = jsonata::expression_text(text) {
                    self.check_expression(expression, node, location, offered);
                }
            }
            _ => {}
        }
    }

    fn check_expression(&mut self, text: &str, node: &Node, location: &str, offered: &[StatesField]) {
        match Expression::compile(text, &mut Heap::new()) {
            Ok(expression) => {
                for reference in expression.references().unsupported(offered) {
                    let fault = Diagnostic::error(Code::UnsupportedJsonataExpression, reference.to_string());
                    self.report(fault.with_hint(hint(&reference, offered)), location, &node.span);
                }
            }
            Err(error) => {
                let fault = Diagnostic::error(Code::InvalidJsonataExpression, error.message);
                self.report(fault, location, &node.span);
            }
        }
    }
}

/// The members of `$states` that a field has.
fn offered(object: &Object<'_>, name: &str) -> Vec<StatesField> {
    let state_type = object.get("Type").and_then(Node::as_str);
    let mut offered = vec![StatesField::Input, StatesField::Context];
    match (name, state_type) {
        ("Output" | "Assign", Some("Task" | "Parallel" | "Map")) => offered.push(StatesField::Result),
        ("Output" | "Assign", None) if object.get("ErrorEquals").is_some() => offered.push(StatesField::ErrorOutput),
        _ => {}
    }
    offered
}

fn hint(reference: &Unsupported, offered: &[StatesField]) -> String {
    match reference {
        Unsupported::TopLevel(name) => {
            format!(
                "There is no implicit input: the event is $states.input, a variable has a $, as in $states.input.{name}."
            )
        }
        Unsupported::Root => "The event is $states.input.".to_owned(),
        Unsupported::Field(_) => {
            let names: Vec<_> = offered.iter().map(|field| format!("$states.{}", field.as_str())).collect();
            format!("This field has {}.", names.join(" and "))
        }
        Unsupported::Reserved => "Give the variable another name.".to_owned(),
    }
}
