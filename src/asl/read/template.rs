//! Values that are evaluated against data: payload templates (JSONPath) and structures with expressions (JSONata).

use std::collections::HashSet;

use super::super::diagnostic::Code;
use super::super::model::QueryLanguage;
use super::super::node::{Member, Node, NodeKind};
use super::super::syntax;
use super::{Object, Reader};
use crate::jsonata;
use crate::suggest;

impl Reader {
    /// A payload template or a structure with expressions, if the field is given.
    pub(super) fn template(&mut self, object: &Object<'_>, name: &str) -> Option<Node> {
        let node = object.get(name)?;
        match object.language {
            QueryLanguage::JSONPath => self.check_template(node, &object.at(name)),
            QueryLanguage::JSONata => self.check_expressions(object, name),
        }
        Some(node.clone())
    }

    /// `Assign`, if it is given.
    pub(super) fn assign(&mut self, object: &Object<'_>) -> Option<Node> {
        let node = object.get("Assign")?;
        let Some(members) = node.as_object() else {
            self.error(object.at("Assign"), &node.span, "Expected value of type Object");
            return None;
        };
        for member in members {
            let name = if object.is_jsonata() { &member.key } else { stripped(&member.key) };
            self.check_variable(object, member, name);
        }
        self.template(object, "Assign")
    }

    fn check_variable(&mut self, object: &Object<'_>, member: &Member, name: &str) {
        if let Err(why) = syntax::variable_name(name) {
            let message = format!("'{name}' is not a valid variable name: {why}");
            self.error(object.at("Assign"), &member.key_span, message);
        }
        if self.scopes.iter().any(|scope| scope.contains(name)) {
            let message = format!("The variable name '{name}' was already defined in a parent scope.");
            let hint = "Branches and iterations can read outer variables, but not assign them: use another name.";
            self.error(object.at("Assign"), &member.key_span, message).hint = Some(hint.to_owned());
        }
    }

    /// Faults are reported at the field that holds the template, no deeper.
    fn check_template(&mut self, node: &Node, field: &str) {
        match &node.kind {
            NodeKind::Array(elements) => {
                for element in elements {
                    self.check_template(element, field);
                    self.warn_of_path_in_array(element, field);
                }
            }
            NodeKind::Object(members) => {
                let keys: HashSet<&str> = members.iter().map(|member| member.key.as_str()).collect();
                for member in members {
                    self.check_template_member(&keys, member, field);
                }
            }
            _ => {}
        }
    }

    fn check_template_member(&mut self, keys: &HashSet<&str>, member: &Member, field: &str) {
        let Some(name) = member.key.strip_suffix(".$") else {
            self.check_template(&member.value, field);
            self.warn_of_missing_dollar(member, field);
            return;
        };
        if keys.contains(name) {
            let message = format!("The field '{name}' is given both as '{name}' and as '{}'", member.key);
            self.error(field, &member.key_span, message);
        }
        let fault = match member.value.as_str() {
            Some(text) => syntax::template_value(text).err().map(|why| value_hint(text, &why)),
            None => Some("A field whose name ends in '.$' has a string: a path or a function call.".to_owned()),
        };
        if let Some(hint) = fault {
            let message = format!(
                "The value for the field '{}' must be a valid JSONPath or a valid intrinsic function call",
                member.key
            );
            self.error(field, &member.value.span, message).hint = Some(hint);
        }
    }

    fn warn_of_missing_dollar(&mut self, member: &Member, field: &str) {
        if member.value.as_str().is_some_and(syntax::looks_like_template_value) {
            let message = "No .$ on a field that appears to be a JSONPath or Intrinsic Function";
            let hint = format!("To evaluate it, write '{}.$'; here the text itself is used.", member.key);
            self.warning(Code::NoDollar, field, &member.value.span, message).hint = Some(hint);
        }
    }

    fn warn_of_path_in_array(&mut self, element: &Node, field: &str) {
        if element.as_str().is_some_and(syntax::looks_like_template_value) {
            let message = "A path or a function call in an array is not evaluated: the text itself is used";
            let hint = "Build the array with \"name.$\": \"States.Array($.a, $.b)\".";
            self.warning(Code::NoDollar, field, &element.span, message).hint = Some(hint.to_owned());
        }
    }
}

/// A template key without its `.$`.
pub(super) fn stripped(key: &str) -> &str {
    key.strip_suffix(".$").unwrap_or(key)
}

/// Is the text a whole JSONata expression?
pub(super) fn is_expression(text: &str) -> bool {
    jsonata::expression_text(text).is_some()
}

fn value_hint(text: &str, why: &str) -> String {
    let known = syntax::unknown_intrinsic(text).and_then(|name| suggest::closest(name, syntax::intrinsics()));
    match known {
        Some(name) => format!("Did you mean '{name}'?"),
        None if !text.starts_with('$') && !text.contains('(') => {
            "To hand over the text itself, drop the '.$' from the field's name.".to_owned()
        }
        None => sentence(why),
    }
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).chain(['.']).collect()).unwrap_or_default()
}
