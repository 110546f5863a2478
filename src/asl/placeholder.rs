//! Placeholders: what tutorials and templates leave to be filled in.

use std::borrow::Cow;
use std::collections::HashSet;

use super::diagnostic::{Code, Diagnostic};
use super::node::{Member, Node, NodeKind, Span};

/// Fields whose placeholders are no matter of the data: notes, and the Resource, which has a check of its own.
const LEFT_OUT: [&str; 2] = ["Comment", "Resource"];

/// The longest name of a placeholder and the longest text that has some, in bytes: what is longer, no person wrote.
const MAX_NAME_BYTES: usize = 100;
const MAX_TEXT_BYTES: usize = 10_000;

/// Warns of every `${Name}` in the texts of a definition, once for each name.
pub(super) fn warnings(root: &Node) -> Vec<Diagnostic> {
    let mut found = Search { known: HashSet::new(), warnings: Vec::new() };
    found.node(root, "");
    found.warnings
}

struct Search<'a> {
    known: HashSet<&'a str>,
    warnings: Vec<Diagnostic>,
}

impl<'a> Search<'a> {
    fn node(&mut self, node: &'a Node, location: &str) {
        match &node.kind {
            NodeKind::String(text) => self.text(text, &node.span, location),
            NodeKind::Array(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    self.node(element, &format!("{location}[{index}]"));
                }
            }
            NodeKind::Object(members) => {
                for Member { key, key_span, value } in members.iter().filter(|member| !LEFT_OUT.contains(&&*member.key))
                {
                    self.text(key, key_span, location);
                    self.node(value, &format!("{location}/{key}"));
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &'a str, span: &Span, location: &str) {
        // In an expression, the characters may mean something else.
        let Some(name) = substitution(text).filter(|_| !text.contains("{%")) else { return };
        if self.known.insert(name) {
            let message =
                format!("'{name}' is a placeholder that a template would replace; here it is used as it stands");
            let hint = "Write the value in its place, as DefinitionSubstitutions or Fn::Sub would.";
            let warning = Diagnostic::warning(Code::Placeholder, message).with_hint(hint);
            self.warnings.push(warning.at(if location.is_empty() { "/" } else { location }, span.clone()));
        }
    }
}

/// The text with something plain in the place of every `${Name}`.
pub(super) fn filled(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    if text.len() > MAX_TEXT_BYTES {
        return text;
    }
    while let Some(name) = substitution(&text) {
        let value = if name == "${AWS::Partition}" { "aws" } else { "x" };
        text = Cow::Owned(text.replace(name, value));
    }
    text
}

/// The first placeholder of a text: `${Name}`, `<name>`, `{{name}}` or dots.
pub(super) fn find(text: &str) -> Option<&str> {
    substitution(text)
        .or_else(|| enclosed(text, "{{", "}}"))
        .or_else(|| enclosed(text, "<", ">"))
        .or_else(|| dots(text))
}

/// The first `${Name}` of a text, as AWS SAM and CloudFormation replace it.
pub(super) fn substitution(text: &str) -> Option<&str> {
    enclosed(text, "${", "}")
}

/// The region or account of an ARN that is none, such as `REGION` and `ACCOUNT_ID`.
pub(super) fn in_arn(text: &str) -> Option<&str> {
    let mut parts = text.splitn(6, ':').skip(3);
    let region = parts.next().filter(|region| !region.is_empty() && !is_region(region));
    let account = parts.next().filter(|account| !account.is_empty() && !is_account(account));
    region.or(account)
}

fn is_region(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().is_some_and(|part| (2..=5).contains(&part.len()));
    first
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && parts.count() >= 2
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The first word between two marks, marks included.
fn enclosed<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let mut from = 0;
    while let Some(at) = text.get(from..)?.find(open).map(|at| from + at) {
        let inner = at + open.len();
        let window = (inner..=text.len().min(inner + MAX_NAME_BYTES)).rev().find(|at| text.is_char_boundary(*at))?;
        let Some(end) = text[inner..window].find(close).map(|at| inner + at) else {
            from = inner;
            continue;
        };
        let name = &text[inner..end];
        let name = if open == "<" { name } else { name.trim() };
        let is_name = |c: char| c.is_alphanumeric() || "_-.: ".contains(c);
        if name.starts_with(char::is_alphabetic) && name.chars().all(is_name) {
            return text.get(at..end + close.len());
        }
        from = inner;
    }
    None
}

fn dots(text: &str) -> Option<&str> {
    ["...", "…"].into_iter().find_map(|dots| text.find(dots).and_then(|at| text.get(at..at + dots.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_found_and_texts_are_left_alone() {
        for (text, found) in [
            ("${LambdaArn}", Some("${LambdaArn}")),
            ("arn:${AWS::Partition}:states:::sqs:sendMessage", Some("${AWS::Partition}")),
            ("arn:aws:lambda:...:send-email", Some("...")),
            ("arn:aws:lambda:<region>:<account>:function:f", Some("<region>")),
            ("{{ table }}", Some("{{ table }}")),
            ("${} and ${1}", None),
            ("a < b and c > d", None),
            ("${", None),
            ("$.a", None),
            ("", None),
        ] {
            assert_eq!(find(text), found, "{text}");
        }
        for (text, found) in [
            ("arn:aws:lambda:REGION:ACCOUNT_ID:function:f", Some("REGION")),
            ("arn:aws:lambda:us-east-1:ACCOUNT_ID:function:f", Some("ACCOUNT_ID")),
            ("arn:aws:lambda:us-gov-west-1:123456789012:function:f", None),
            ("arn:aws:lambda:::function:f", None),
            ("arn:aws:states:::lambda:invoke", None),
        ] {
            assert_eq!(in_arn(text), found, "{text}");
        }
    }
}
