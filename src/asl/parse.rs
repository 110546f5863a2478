//! Text to [`Node`]: JSON, with comments and trailing commas; YAML is handed on.

use std::collections::HashMap;

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged;
use jsonc_parser::errors::{ParseError, ParseErrorKind};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::diagnostic::{Code, Diagnostic};
use super::lines::{Lines, line_column};
use super::node::{Member, Node, NodeKind, Span};
use super::{Format, likely, template_function, yaml};

/// How deep arrays and objects may nest in a definition. Deeper than any machine that people write; keeps every
/// recursion over a node far from the end of the stack.
pub(super) const MAX_NESTING: usize = 200;

/// How large a definition may be, in bytes (AWS: 1 MB).
pub const MAX_DEFINITION_BYTES: usize = 1_048_576;

/// What to do about a definition that is too large or too deep.
const SPLIT: &str = "Move parts into workflows of their own.";

/// How many characters of the text AWS's parser messages quote.
const MAX_QUOTED_CHARS: usize = 500;

/// Reads JSON or YAML; on success with diagnostics, such as for duplicate keys.
pub(super) fn parse(text: &str, format: Format) -> Result<(Node, Vec<Diagnostic>), Diagnostic> {
    let (mut node, diagnostics) = parse_as(text, format)?;
    template_function::replace(&mut node);
    Ok((node, diagnostics))
}

fn parse_as(text: &str, format: Format) -> Result<(Node, Vec<Diagnostic>), Diagnostic> {
    if text.trim().is_empty() {
        let message = "Definition must be a valid JSON object";
        return Err(Diagnostic::error(Code::SchemaValidationFailed, message).with_hint("The text is empty."));
    }
    if text.len() > MAX_DEFINITION_BYTES {
        let message = format!("The definition has {} bytes; at most {MAX_DEFINITION_BYTES} are allowed", text.len());
        return Err(Diagnostic::error(Code::SchemaValidationFailed, message).with_hint(SPLIT));
    }
    if !format.is_yaml(text) {
        return parse_json(text);
    }
    // What begins like JSON is read as such, for YAML knows no // comments.
    match text.trim_start().starts_with(['{', '/']).then(|| parse_json(text)) {
        Some(Ok(parsed)) => Ok(parsed),
        _ => yaml::parse(text),
    }
}

fn parse_json(text: &str) -> Result<(Node, Vec<Diagnostic>), Diagnostic> {
    let options = ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options).map_err(|error| not_json(text, &error))?;
    let Some(value) = parsed.value else {
        let message = "Definition must be a valid JSON object";
        return Err(Diagnostic::error(Code::SchemaValidationFailed, message).with_hint("The text holds only comments."));
    };
    let mut converter = Converter { text, lines: Lines::new(text), warnings: Vec::new() };
    let node = converter.convert(value, "", 0)?;
    Ok((node, converter.warnings))
}

struct Converter<'a> {
    text: &'a str,
    lines: Lines<'a>,
    warnings: Vec<Diagnostic>,
}

impl Converter<'_> {
    fn convert(&mut self, value: Value<'_>, location: &str, depth: usize) -> Result<Node, Diagnostic> {
        let span = value.range().start..value.range().end;
        if depth > MAX_NESTING {
            // Nobody could read the location.
            return Err(Diagnostic { span: Some(span.start..span.start + 1), ..too_deep() });
        }
        let kind = match value {
            Value::NullKeyword(_) => NodeKind::Null,
            Value::BooleanLit(literal) => NodeKind::Bool(literal.value),
            Value::StringLit(literal) => NodeKind::String(literal.value.into_owned()),
            Value::NumberLit(literal) => {
                if !is_json_number(literal.value) {
                    let message = format!("Invalid numeric value: {}", literal.value);
                    return Err(invalid_json(self.text, message, span.clone(), span.start));
                }
                NodeKind::Number(literal.value.to_owned())
            }
            Value::Array(array) => {
                let mut elements = Vec::with_capacity(array.elements.len());
                for (index, element) in array.elements.into_iter().enumerate() {
                    elements.push(self.convert(element, &format!("{location}[{index}]"), depth + 1)?);
                }
                NodeKind::Array(elements)
            }
            Value::Object(object) => {
                let mut members: Vec<Member> = Vec::with_capacity(object.properties.len());
                let mut known: HashMap<String, usize> = HashMap::with_capacity(object.properties.len());
                for property in object.properties {
                    let range = property.name.range();
                    let key = property.name.into_string();
                    let place = format!("{location}/{key}");
                    let value = self.convert(property.value, &place, depth + 1)?;
                    let member = Member { key, key_span: range.start..range.end, value };
                    match known.insert(member.key.clone(), members.len()) {
                        None => members.push(member),
                        Some(first) => {
                            known.insert(member.key.clone(), first);
                            self.warnings.push(replace(&self.lines, &mut members[first], member, place));
                        }
                    }
                }
                NodeKind::Object(members)
            }
        };
        Ok(Node { span, kind })
    }
}

/// The last value of a key counts, as for most JSON parsers; it is hardly ever what was meant. Of a state it is refused.
pub(super) fn replace(lines: &Lines<'_>, known: &mut Member, member: Member, location: String) -> Diagnostic {
    let first = lines.line_of(known.key_span.start);
    if is_state(&location, &member.key) {
        let fault = Diagnostic::error(Code::DuplicateStateName, format!("Duplicate State name: {}", member.key));
        let span = member.key_span.clone();
        *known = member;
        return fault
            .at(location, span)
            .with_hint(format!("A state of that name stands in line {first}: rename one of them."));
    }
    let message = format!("The field '{}' is given twice; the first one, in line {first}, is ignored", member.key);
    let span = member.key_span.clone();
    *known = member;
    Diagnostic::warning(Code::DuplicateKey, message).at(location, span).with_hint("Remove or rename one of them.")
}

/// Whether a key is the name of a state: a member of a machine's `States`.
fn is_state(location: &str, key: &str) -> bool {
    let machine = location.strip_suffix(key).and_then(|states| states.strip_suffix("/States/"));
    machine.is_some_and(|machine| {
        let in_branch = machine.ends_with(']') && machine.contains("/Branches[");
        machine.is_empty() || in_branch || machine.ends_with("/ItemProcessor") || machine.ends_with("/Iterator")
    })
}

pub(super) fn too_deep() -> Diagnostic {
    let message = format!("Arrays and objects are nested deeper than {MAX_NESTING} levels");
    Diagnostic::error(Code::TooDeeplyNested, message).with_hint(SPLIT)
}

/// The parser lets leading zeros pass.
fn is_json_number(digits: &str) -> bool {
    let digits = digits.strip_prefix('-').unwrap_or(digits);
    let mut bytes = digits.bytes();
    match (bytes.next(), bytes.next()) {
        (Some(b'0'), Some(second)) => !second.is_ascii_digit(),
        (Some(first), _) => first.is_ascii_digit(),
        (None, _) => false,
    }
}

fn not_json(text: &str, error: &ParseError) -> Diagnostic {
    let range = error.range();
    let span = range.start.min(text.len())..range.end.min(text.len());
    match error.kind() {
        ParseErrorKind::UnexpectedWord => {
            let word = text.get(span.clone()).unwrap_or_default();
            let message = format!(
                "Unrecognized token '{word}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
            );
            let (start, end) = (span.start, span.end);
            invalid_json(text, message, span, end).with_likely_cause(text, start, error.kind())
        }
        ParseErrorKind::NestingDepthExceeded => {
            let start = span.start;
            Diagnostic { span: Some(start..start), ..too_deep() }
        }
        kind => {
            let message = kind.to_string();
            let start = span.start;
            invalid_json(text, message, span, start).with_likely_cause(text, start, kind)
        }
    }
}

impl Diagnostic {
    fn with_likely_cause(self, text: &str, offset: usize, kind: &ParseErrorKind) -> Self {
        Diagnostic { hint: likely::cause(text, offset, kind), ..self }
    }
}

/// In the form of AWS, which quotes the source in message and location.
fn invalid_json(text: &str, message: String, span: Span, offset: usize) -> Diagnostic {
    let place = line_column(text, offset);
    let chars = text.chars().count();
    let (quoted, truncated) = match text.char_indices().nth(MAX_QUOTED_CHARS) {
        Some((end, _)) => (&text[..end], format!("[truncated {} chars]", chars - MAX_QUOTED_CHARS)),
        None => (text, String::new()),
    };
    let source = format!("[Source: (String)\"{quoted}\"{truncated}; line: {}, column: {}]", place.line, place.column);
    Diagnostic::error(Code::InvalidJsonDescription, format!("{message}\n at {source}")).at(source, span)
}

#[cfg(test)]
mod tests {
    use super::{parse_json as parse, *};

    #[test]
    fn comments_and_trailing_commas_are_read() {
        let (node, warnings) = parse("// a\n{\"a\": [1, 2.50,], /* b */ \"b\": \"\\u00e4\",}").expect("it is valid");
        let mut json = String::new();
        node.write_json(&mut json);
        assert_eq!(json, r#"{"a":[1,2.50],"b":"ä"}"#);
        assert!(warnings.is_empty());
    }

    #[test]
    fn the_last_of_duplicate_keys_counts_and_is_reported() {
        let (node, warnings) = parse("{\"a\": 1,\n \"b\": {\"c\": 1, \"c\": 2}}").expect("it is valid");
        assert_eq!(node.get("b").and_then(|b| b.get("c")).and_then(Node::as_f64), Some(2.0));
        assert_eq!(warnings.len(), 1);
        assert_eq!(warnings[0].location.as_deref(), Some("/b/c"));
        assert_eq!(warnings[0].span, Some(24..27));
    }

    #[test]
    fn what_is_not_json_is_reported_in_the_words_of_the_service() {
        let error = parse("not a definition").expect_err("it is no JSON");
        assert_eq!(error.location.as_deref(), Some("[Source: (String)\"not a definition\"; line: 1, column: 4]"));
        assert_eq!(
            error.message,
            "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n at [Source: (String)\"not a definition\"; line: 1, column: 4]"
        );
    }

    #[test]
    fn loose_forms_are_refused() {
        for text in [
            "{a: 1}",
            "{'a': 1}",
            "{\"a\": 0x1}",
            "{\"a\": +1}",
            "{\"a\": .5}",
            "{\"a\": 012}",
            "{\"a\" 1}",
            "{}{}",
            "[1 2]",
            "{\"a\": NaN}",
            "{",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        for text in ["{\"a\": -0.5e3}", "{\"a\": 0}", "[0.0]"] {
            assert!(parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn nesting_is_limited() {
        for depth in [MAX_NESTING + 2, 600, 100_000] {
            let error = parse(&"[".repeat(depth)).expect_err("too deep");
            assert!(matches!(error.code, Code::TooDeeplyNested | Code::InvalidJsonDescription));
            let closed = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            assert_eq!(parse(&closed).expect_err("too deep").code, Code::TooDeeplyNested, "{depth}");
        }
    }
}
