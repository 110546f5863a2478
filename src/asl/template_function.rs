//! Functions of CloudFormation in their long form, as definitions within templates have them: `{"Fn::GetAtt": ["F", "Arn"]}`.
//!
//! They become what the short forms `!Ref`, `!GetAtt` and `!Sub` of YAML become: placeholders like `${F.Arn}`.

use super::node::{Member, Node, NodeKind};

/// The one field of a definition that is data to the last byte: what looks like a function may be meant.
const LITERAL: &str = "Result";

/// Replaces the functions in a definition by the texts that stand for them.
pub(super) fn replace(node: &mut Node) {
    match &mut node.kind {
        NodeKind::Array(elements) => elements.iter_mut().for_each(replace),
        NodeKind::Object(members) => {
            if let Some(text) = meaning(members) {
                node.kind = NodeKind::String(text);
                return;
            }
            members.iter_mut().filter(|member| member.key != LITERAL).for_each(|member| replace(&mut member.value));
        }
        _ => {}
    }
}

/// The text that stands for an object, if it is a function with arguments that have one.
fn meaning(members: &[Member]) -> Option<String> {
    let [Member { key, value, .. }] = members else { return None };
    match key.as_str() {
        "Ref" => value.as_str().filter(|name| is_logical_name(name)).map(placeholder),
        "Fn::GetAtt" => match value.as_str() {
            Some(text) => Some(placeholder(text)),
            None => attribute(value.as_array()?),
        },
        "Fn::Sub" => value.as_str().or_else(|| substituted(value.as_array()?)).map(str::to_owned),
        _ => None,
    }
}

/// `[F, Arn]` as `${F.Arn}`.
pub(super) fn attribute(parts: &[Node]) -> Option<String> {
    let parts: Option<Vec<&str>> = parts.iter().map(Node::as_str).collect();
    parts.filter(|parts| !parts.is_empty()).map(|parts| placeholder(&parts.join(".")))
}

/// The text of a `Sub` that is given with a map of values.
pub(super) fn substituted(arguments: &[Node]) -> Option<&str> {
    arguments.first().and_then(Node::as_str)
}

/// What stands for a value that only a deployment knows.
pub(super) fn placeholder(name: &str) -> String {
    format!("${{{name}}}")
}

/// A resource or parameter of a template, or one of its pseudo parameters (`AWS::Region`).
fn is_logical_name(text: &str) -> bool {
    let name = text.strip_prefix("AWS::").unwrap_or(text);
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::super::{Format, parse};
    use super::*;

    fn replaced(json: &str) -> Node {
        let (mut node, _) = parse::parse(json, Format::Json).expect("it is JSON");
        replace(&mut node);
        node
    }

    #[test]
    fn the_long_forms_are_read_as_the_short_ones() {
        for (function, text) in [
            (r#"{"Ref": "Table"}"#, "${Table}"),
            (r#"{"Ref": "AWS::Region"}"#, "${AWS::Region}"),
            (r#"{"Fn::GetAtt": ["F", "Arn"]}"#, "${F.Arn}"),
            (r#"{"Fn::GetAtt": "F.Arn"}"#, "${F.Arn}"),
            (r#"{"Fn::Sub": "arn:${AWS::Partition}:x"}"#, "arn:${AWS::Partition}:x"),
            (r#"{"Fn::Sub": ["${A}-x", {"A": 1}]}"#, "${A}-x"),
        ] {
            let node = replaced(&format!(r#"{{"States": {{"A": {{"Resource": {function}}}}}}}"#));
            let resource = node.get("States").and_then(|states| states.get("A")?.get("Resource"));
            assert_eq!(resource.and_then(Node::as_str), Some(text), "{function}");
        }
    }

    #[test]
    fn data_that_only_looks_like_a_function_stays() {
        for data in [
            r#"{"Ref": "a b"}"#,
            r#"{"Ref": 1}"#,
            r#"{"Ref": "A", "b": 1}"#,
            r#"{"Fn::GetAtt": []}"#,
            r#"{"Fn::Join": ["", []]}"#,
        ] {
            assert!(replaced(&format!(r#"{{"x": {data}}}"#)).get("x").and_then(Node::as_object).is_some(), "{data}");
        }
        assert!(replaced(r#"{"Result": {"Ref": "A"}}"#).get("Result").and_then(Node::as_object).is_some());
    }
}
