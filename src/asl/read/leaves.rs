//! Pass, Wait and Fail.

use super::super::diagnostic::Code;
use super::super::model::{Dynamic, FailState, PassState, WaitState, WaitUntil};
use super::super::node::{Node, NodeKind, Spanned};
use super::super::syntax;
use super::object::MAX_SECONDS;
use super::{Object, Reader, template};

impl Reader {
    pub(super) fn pass(&mut self, object: &Object<'_>) -> Option<PassState> {
        let result = object.get("Result").cloned();
        if let Some(node) = result.as_ref().and_then(dynamic_looking) {
            let message = "Attempt to use a path in the result of a pass state";
            let hint = "Result is literal: nothing in it is evaluated. Use Parameters to build a value from the data.";
            self.warning(Code::PassResultIsStatic, object.at("Result"), &node.span, message).hint =
                Some(hint.to_owned());
        }
        let parameters = self.template(object, "Parameters");
        let result_path = self.result_path(object);
        Some(PassState { result, parameters, result_path, transition: self.transition(object)? })
    }

    pub(super) fn wait(&mut self, object: &Object<'_>) -> Option<WaitState> {
        let transition = self.transition(object);
        let given = self.one_of(object, &["SecondsPath", "Seconds", "TimestampPath", "Timestamp"], false)?;
        let until = if given.key.starts_with("Seconds") {
            let literal = |reader: &mut Self, object: &Object<'_>| reader.integer(object, "Seconds", 0, MAX_SECONDS);
            self.dynamic(object, "Seconds", literal).map(WaitUntil::Seconds)
        } else {
            self.dynamic(object, "Timestamp", Reader::timestamp).map(WaitUntil::Timestamp)
        };
        Some(WaitState { until: until?, transition: transition? })
    }

    fn timestamp(&mut self, object: &Object<'_>) -> Option<Spanned<String>> {
        let text = self.string(object, "Timestamp")?;
        if syntax::timestamp(&text.value) {
            return Some(text);
        }
        let hint = if syntax::path(&text.value).is_ok() {
            "To read it from the data, write 'TimestampPath'."
        } else {
            "Write it like 2016-03-14T01:59:00Z, with a capital T and with Z or an offset like +01:00."
        };
        let message = "String does not match RFC3339 timestamp";
        self.error(object.at("Timestamp"), &text.span, message).hint = Some(hint.to_owned());
        None
    }

    pub(super) fn fail(&mut self, object: &Object<'_>) -> Option<FailState> {
        Some(FailState { error: self.fail_text(object, "Error"), cause: self.fail_text(object, "Cause") })
    }

    /// `X` or `XPath`, which may also call a function here.
    fn fail_text(&mut self, object: &Object<'_>, name: &str) -> Option<Dynamic<String>> {
        let path_name = format!("{name}Path");
        let given = self.one_of(object, &[&path_name, name], true)?;
        if given.key == path_name {
            if let Some(text) = given.value.as_str().filter(|text| syntax::intrinsic(text).is_ok()) {
                if let Err(why) = syntax::text_intrinsic(text) {
                    let message = format!(
                        "The value for the field '{path_name}' must be a valid Reference Path or a valid intrinsic function call that returns a string"
                    );
                    self.error(object.at(&path_name), &given.value.span, message).hint = Some(why);
                    return None;
                }
                return self.string(object, &path_name).map(Dynamic::Path);
            }
            return self.reference_path(object, &path_name).map(Dynamic::Path);
        }
        let text = self.string(object, name)?;
        if object.is_jsonata() {
            self.check_expressions(object, name);
            if template::is_expression(&text.value) {
                return Some(Dynamic::Expression(text));
            }
        }
        self.warn_of_path_in_literal(object, name, &text);
        Some(Dynamic::Literal(text))
    }
}

/// The first place in a literal that looks as if it were to be evaluated.
fn dynamic_looking(node: &Node) -> Option<&Node> {
    match &node.kind {
        NodeKind::String(text) => syntax::looks_like_template_value(text).then_some(node),
        NodeKind::Array(elements) => elements.iter().find_map(dynamic_looking),
        NodeKind::Object(members) => members.iter().find_map(|member| {
            let is_root = member.key.ends_with(".$") && matches!(member.value.as_str(), Some("$" | "$$"));
            if is_root { Some(&member.value) } else { dynamic_looking(&member.value) }
        }),
        _ => None,
    }
}
