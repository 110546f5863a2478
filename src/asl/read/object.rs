//! Typed access to the fields of an object, with AWS's messages where a field is not as it should be.

use super::super::diagnostic::{Code, Diagnostic};
use super::super::fields::{self, Field};
use super::super::model::{Dynamic, PathField, QueryLanguage};
use super::super::node::{Member, Node, NodeKind, Span, Spanned};
use super::super::syntax;
use super::{Reader, mistakes, template};
use crate::suggest;

/// The longest time of a field, in seconds (AWS: 99,999,999, about three years).
pub(super) const MAX_SECONDS: u64 = 99_999_999;

/// An object of the definition and its place.
pub(super) struct Object<'a> {
    pub members: &'a [Member],
    /// The place as AWS writes it; empty for the root.
    pub location: String,
    /// Where the object stands.
    pub span: &'a Span,
    /// Where to point for what the object lacks: its name, or its first byte.
    pub mark: Span,
    /// The language of its expressions.
    pub language: QueryLanguage,
}

impl<'a> Object<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&'a Node> {
        self.member(name).map(|member| &member.value)
    }

    pub(super) fn member(&self, name: &str) -> Option<&'a Member> {
        self.members.iter().find(|member| member.key == name)
    }

    /// The place of a field.
    pub(super) fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.location)
    }

    pub(super) fn is_jsonata(&self) -> bool {
        self.language == QueryLanguage::JSONata
    }
}

impl Reader {
    /// The node as an object.
    pub(super) fn object<'a>(
        &mut self,
        node: &'a Node,
        location: String,
        language: QueryLanguage,
    ) -> Option<Object<'a>> {
        match node.as_object() {
            Some(members) => {
                let mark = node.span.start..node.span.start + 1;
                Some(Object { members, location, span: &node.span, mark, language })
            }
            None => {
                self.error(location, &node.span, "Expected value of type Object");
                None
            }
        }
    }

    /// Reports fields that the object must not have.
    pub(super) fn check_fields(&mut self, object: &Object<'_>, allowed: &[Field]) {
        for member in object.members {
            let key = member.key.as_str();
            match allowed.iter().find(|(name, _)| *name == key) {
                Some((_, Some(language))) if *language != object.language => {
                    self.foreign_field(object, member, *language);
                }
                Some(_) => {}
                None => {
                    let hint = unknown_field_hint(object, key, allowed);
                    let message = format!("Field '{key}' is not supported");
                    self.error(object.location.clone(), &member.key_span, message).hint = Some(hint);
                }
            }
        }
    }

    pub(super) fn foreign_field(&mut self, object: &Object<'_>, member: &Member, language: QueryLanguage) {
        let message = format!(
            "The QueryLanguage is set to '{}', but field '{}' is only supported for the '{}' QueryLanguage",
            object.language.as_str(),
            member.key,
            language.as_str()
        );
        let hint = mistakes::counterpart(&member.key, object.is_jsonata());
        self.error(object.location.clone(), &member.key_span, message).hint = hint;
    }

    /// Reports which of the fields are missing.
    pub(super) fn require(&mut self, object: &Object<'_>, names: &[&str]) -> Option<&mut Diagnostic> {
        let missing: Vec<&str> = names.iter().copied().filter(|name| object.get(name).is_none()).collect();
        if missing.is_empty() {
            return None;
        }
        let message = format!("These fields are required: [{}]", missing.join(", "));
        Some(self.error(object.location.clone(), &object.mark, message))
    }

    /// The only field of the group that the object has. None and several are faults; for `optional` groups, none is fine.
    pub(super) fn one_of<'a>(&mut self, object: &Object<'a>, group: &[&str], optional: bool) -> Option<&'a Member> {
        let mut found = object.members.iter().filter(|member| group.contains(&member.key.as_str()));
        let first = found.next();
        let second = found.next();
        match (first, second) {
            (Some(first), None) => Some(first),
            (None, _) if optional => None,
            (None, _) => {
                let message =
                    format!("This object should have only one of the following fields: [{}]", group.join(", "));
                self.error(object.location.clone(), &object.mark, message);
                None
            }
            (Some(_), Some(second)) => {
                let message = format!("There should only be one of the following fields: [{}]", group.join(", "));
                self.error(object.location.clone(), &second.key_span, message);
                None
            }
        }
    }

    /// A string, if the field is given.
    pub(super) fn string(&mut self, object: &Object<'_>, name: &str) -> Option<Spanned<String>> {
        let node = object.get(name)?;
        match node.as_str() {
            Some(text) => Some(Spanned { value: text.to_owned(), span: node.span.clone() }),
            None => {
                self.error(object.at(name), &node.span, "Expected value of type String").hint = text_hint(node);
                None
            }
        }
    }

    /// A string that is one of `values`, if the field is given.
    pub(super) fn choice_of(&mut self, object: &Object<'_>, name: &str, values: &[&str]) -> Option<Spanned<String>> {
        let text = self.string(object, name)?;
        if values.contains(&text.value.as_str()) {
            return Some(text);
        }
        let hint =
            suggest::closest(&text.value, values.iter().copied()).map(|value| format!("Did you mean '{value}'?"));
        let message = format!("Value should be one of the following: [{}]", values.join(", "));
        self.error(object.at(name), &text.span, message).hint = hint;
        None
    }

    /// A whole number in a range, if the field is given.
    pub(super) fn integer(&mut self, object: &Object<'_>, name: &str, min: u64, max: u64) -> Option<Spanned<u64>> {
        let node = object.get(name)?;
        let number = match &node.kind {
            // Digits without fraction; what doesn't fit is out of any range.
            NodeKind::Number(digits) if !digits.contains(['.', 'e', 'E']) => {
                digits.parse::<i128>().unwrap_or(i128::MAX)
            }
            _ => {
                self.error(object.at(name), &node.span, "Expected value of type Integer").hint =
                    dynamic_hint(name, node);
                return None;
            }
        };
        if number < i128::from(min) {
            self.error(object.at(name), &node.span, format!("Minimum value is {min}"));
            return None;
        }
        match u64::try_from(number).ok().filter(|value| *value <= max) {
            Some(value) => Some(Spanned { value, span: node.span.clone() }),
            None => {
                self.error(object.at(name), &node.span, format!("Maximum value is {max}"));
                None
            }
        }
    }

    /// A number in a range, if the field is given.
    pub(super) fn number(&mut self, object: &Object<'_>, name: &str, min: f64, max: f64) -> Option<Spanned<f64>> {
        let node = object.get(name)?;
        let message = match node.as_f64() {
            None => "Expected value of type Number".to_owned(),
            Some(value) if value < min => format!("Minimum value is {min:?}"),
            Some(value) if value > max => format!("Maximum value is {max:?}"),
            Some(value) => return Some(Spanned { value, span: node.span.clone() }),
        };
        self.error(object.at(name), &node.span, message);
        None
    }

    /// `X` or `XPath`, where a literal `X` is read by `literal`.
    pub(super) fn dynamic<T>(
        &mut self,
        object: &Object<'_>,
        name: &str,
        literal: impl FnOnce(&mut Self, &Object<'_>) -> Option<Spanned<T>>,
    ) -> Option<Dynamic<T>> {
        let path_name = format!("{name}Path");
        let given = self.one_of(object, &[&path_name, name], true)?;
        if given.key == path_name {
            return self.reference_path(object, &path_name).map(Dynamic::Path);
        }
        if let Some(expression) = self.expression(object, &given.value) {
            self.check_expressions(object, name);
            return Some(Dynamic::Expression(expression));
        }
        literal(self, object).map(Dynamic::Literal)
    }

    /// The node as an expression, if it is one of the object's language.
    fn expression(&self, object: &Object<'_>, node: &Node) -> Option<Spanned<String>> {
        let text = node.as_str().filter(|text| object.is_jsonata() && template::is_expression(text))?;
        Some(Spanned { value: text.to_owned(), span: node.span.clone() })
    }

    /// A Reference Path, if the field is given.
    pub(super) fn reference_path(&mut self, object: &Object<'_>, name: &str) -> Option<Spanned<String>> {
        let text = self.string(object, name)?;
        self.check_path(text, object.at(name), syntax::reference_path)
    }

    /// A path, if the field is given.
    pub(super) fn path(&mut self, object: &Object<'_>, name: &str) -> Option<Spanned<String>> {
        let text = self.string(object, name)?;
        self.check_path(text, object.at(name), syntax::path)
    }

    /// `InputPath`, `OutputPath`.
    pub(super) fn path_field(&mut self, object: &Object<'_>, name: &str) -> PathField {
        self.nullable(object, name, syntax::path)
    }

    /// `ResultPath`.
    pub(super) fn result_path(&mut self, object: &Object<'_>) -> PathField {
        self.nullable(object, "ResultPath", syntax::result_path)
    }

    fn nullable(&mut self, object: &Object<'_>, name: &str, check: fn(&str) -> Result<(), String>) -> PathField {
        match object.get(name) {
            None => PathField::Absent,
            Some(node) if node.is_null() => PathField::Null(node.span.clone()),
            Some(_) => {
                let text = self.string(object, name);
                let path = text.and_then(|text| self.check_path(text, object.at(name), check));
                path.map_or(PathField::Absent, PathField::Path)
            }
        }
    }

    fn check_path(
        &mut self,
        text: Spanned<String>,
        location: String,
        check: fn(&str) -> Result<(), String>,
    ) -> Option<Spanned<String>> {
        match check(&text.value) {
            Ok(()) => Some(text),
            Err(why) => {
                self.error(location, &text.span, why).hint = path_hint(&text.value);
                None
            }
        }
    }

    /// A literal string that looks like a path is hardly meant as a literal.
    pub(super) fn warn_of_path_in_literal(&mut self, object: &Object<'_>, name: &str, text: &Spanned<String>) {
        if object.language == QueryLanguage::JSONPath && syntax::looks_like_template_value(&text.value) {
            let message = "Field value looks like a path, but field name does not end with 'Path'";
            let hint = format!("To read it from the data, write '{name}Path'; here the text itself is used.");
            self.warning(Code::NoPath, object.at(name), &text.span, message).hint = Some(hint);
        }
    }
}

fn unknown_field_hint(object: &Object<'_>, key: &str, allowed: &[Field]) -> String {
    if let Some(name) = key.strip_suffix(".$") {
        return dollar_hint(name, allowed);
    }
    let names = allowed.iter().map(|(name, _)| *name).filter(|name| object.get(name).is_none());
    if let Some(name) = suggest::closest(key, names) {
        return format!("Did you mean '{name}'?");
    }
    let state_type = object.get("Type").and_then(Node::as_str);
    let owners: Vec<&str> = fields::types_with(key).collect();
    match state_type {
        Some(state_type) if !owners.is_empty() => {
            format!("A {state_type} state has no {key}; it belongs to {}.", owners.join(", "))
        }
        _ => "Remove it; notes go into Comment.".to_owned(),
    }
}

/// For a field of a state whose name ends in `.$`, as if it were one of a payload template.
fn dollar_hint(name: &str, allowed: &[Field]) -> String {
    let path = format!("{name}Path");
    if allowed.iter().any(|(field, _)| *field == path) {
        return format!("To read it from the data, write '{path}'.");
    }
    match name {
        "Resource" => {
            "A Resource is constant. To choose a function at run time, call arn:aws:states:::lambda:invoke with \"FunctionName.$\" in its Parameters.".to_owned()
        }
        _ => "'.$' belongs to the fields within Parameters, ResultSelector, ItemSelector and Assign.".to_owned(),
    }
}

/// For a text in the place of a path.
fn path_hint(text: &str) -> Option<String> {
    if template::is_expression(text) {
        return Some("Expressions need \"QueryLanguage\": \"JSONata\".".to_owned());
    }
    let mut chars = text.chars();
    let named = chars.next().is_some_and(|first| first.is_alphabetic() || first == '_');
    let path = format!("$.{text}");
    (named && syntax::reference_path(&path).is_ok()).then(|| format!("Did you mean '{path}'?"))
}

/// For another value in the place of a text.
fn text_hint(node: &Node) -> Option<String> {
    match &node.kind {
        NodeKind::Number(text) => Some(format!("Put it in quotes: \"{text}\".")),
        NodeKind::Bool(value) => Some(format!("Put it in quotes: \"{value}\".")),
        NodeKind::Object(members) => match members.as_slice() {
            [member] if member.key.starts_with("Fn::") => Some(format!(
                "{} is what CloudFormation replaces when it deploys: write the value in its place.",
                member.key
            )),
            _ => None,
        },
        _ => None,
    }
}

/// For a text in the place of a boolean or number that it spells.
pub(super) fn unquoted_hint(node: &Node) -> Option<String> {
    let text = node.as_str()?.trim().to_lowercase();
    match text.as_str() {
        // YAML of old has more words for them.
        "yes" | "on" => return Some("Write true.".to_owned()),
        "no" | "off" => return Some("Write false.".to_owned()),
        _ => {}
    }
    let literal = matches!(&*text, "true" | "false") || text.parse::<f64>().is_ok_and(f64::is_finite);
    literal.then(|| format!("Write {text} without quotes."))
}

/// For a text in the place of a number.
fn dynamic_hint(name: &str, node: &Node) -> Option<String> {
    let text = node.as_str()?;
    if template::is_expression(text) {
        return Some("Expressions need \"QueryLanguage\": \"JSONata\".".to_owned());
    }
    if syntax::path(text).is_ok() {
        return Some(format!("To read it from the data, write '{name}Path'."));
    }
    unquoted_hint(node)
}
