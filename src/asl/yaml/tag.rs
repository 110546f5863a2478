//! Tags: those of CloudFormation stand for values that only a deployment knows.

use saphyr_parser::Tag;

use super::super::diagnostic::{Code, Diagnostic};
use super::super::node::NodeKind;
use super::super::{placeholder, template_function};

/// The text that stands for a tagged scalar, if the tag changes it.
///
/// `!Ref X` and `!GetAtt X.Arn` are what `!Sub` would write as `${X}` and `${X.Arn}`: placeholders that a connector's
/// pattern can match.
pub(super) fn meaning(tag: Option<&Tag>, text: &str) -> Result<Option<String>, Diagnostic> {
    match local(tag) {
        None => Ok(None),
        Some("Ref" | "GetAtt") => Ok(Some(template_function::placeholder(text))),
        // Without a suffix, `!` says that it is a text.
        Some("Sub" | "") => Ok(Some(text.to_owned())),
        Some(name) => Err(unknown(name)),
    }
}

/// What to say of a tag that was read as a text.
pub(super) fn warning(tag: &Tag, kind: &NodeKind) -> Option<Diagnostic> {
    let NodeKind::String(text) = kind else { return None };
    // Placeholders are pointed out where they are looked at.
    if local(Some(tag)) != Some("Sub") || placeholder::substitution(text).is_some() {
        return None;
    }
    let message = "!Sub has no effect here: the text has nothing to replace";
    Some(Diagnostic::warning(Code::Placeholder, message).with_hint("Remove the tag."))
}

/// The value that stands for a tagged collection.
pub(super) fn of_collection(tag: &Tag, kind: NodeKind) -> Result<NodeKind, Diagnostic> {
    let Some(name) = local(Some(tag)) else { return Ok(kind) };
    let text = match (name, &kind) {
        ("GetAtt", NodeKind::Array(parts)) => template_function::attribute(parts),
        ("Sub", NodeKind::Array(arguments)) => template_function::substituted(arguments).map(str::to_owned),
        _ => None,
    };
    text.map(NodeKind::String).ok_or_else(|| unknown(name))
}

/// The name of a tag that is not one of YAML's own.
fn local(tag: Option<&Tag>) -> Option<&str> {
    tag.filter(|tag| !tag.is_yaml_core_schema()).map(|tag| tag.suffix.trim_start_matches('!'))
}

fn unknown(name: &str) -> Diagnostic {
    let message = format!("The tag !{name} is not known here");
    let hint = "CloudFormation computes such a value when it deploys: write the value in its place, or a placeholder like ${Name} that a connector's pattern can match.";
    Diagnostic::error(Code::UnsupportedYamlTag, message).with_hint(hint)
}
