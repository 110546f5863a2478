//! The condition of a Choice rule as one would say it.

use super::text;
use crate::asl::{Condition, DataTest, Operand, Operator};

/// `$.total > 100 and $.country = "DE"`; a JSONata condition as its text.
pub(super) fn readable(condition: &Condition) -> String {
    match condition {
        Condition::And(parts) => joined(parts, " and "),
        Condition::Or(parts) => joined(parts, " or "),
        Condition::Not(inner) => format!("not ({})", readable(inner)),
        Condition::Test(test) => comparison(test),
        Condition::Expression(node) => match node.as_str() {
            Some(expression) => text::expression(expression),
            None => {
                let mut json = String::new();
                node.write_json(&mut json);
                json
            }
        },
    }
}

fn joined(parts: &[Condition], word: &str) -> String {
    let enclosed = |part: &Condition| match part {
        Condition::And(inner) | Condition::Or(inner) if inner.len() > 1 && parts.len() > 1 => {
            format!("({})", readable(part))
        }
        _ => readable(part),
    };
    parts.iter().map(enclosed).collect::<Vec<_>>().join(word)
}

fn comparison(test: &DataTest) -> String {
    let variable = &test.variable.value;
    if let Some(kind) = kind(test.operator) {
        let is = if test.operand.as_bool() == Some(false) { "is not" } else { "is" };
        return format!("{variable} {is} {kind}");
    }
    let mut operand = String::new();
    match (test.operator.operand(), test.operand.as_str()) {
        (Operand::Path | Operand::Timestamp, Some(text)) => operand.push_str(text),
        _ => test.operand.write_json(&mut operand),
    }
    format!("{variable} {} {operand}", sign(test.operator))
}

/// What the operators ask that look at the kind of a value.
fn kind(operator: Operator) -> Option<&'static str> {
    match operator {
        Operator::IsNull => Some("null"),
        Operator::IsPresent => Some("present"),
        Operator::IsNumeric => Some("a number"),
        Operator::IsString => Some("a string"),
        Operator::IsBoolean => Some("a boolean"),
        Operator::IsTimestamp => Some("a timestamp"),
        _ => None,
    }
}

/// The sign of the operators that compare, whatever the type.
fn sign(operator: Operator) -> &'static str {
    let name = operator.as_str();
    let name = name.strip_suffix("Path").unwrap_or(name);
    [
        ("GreaterThanEquals", "≥"),
        ("LessThanEquals", "≤"),
        ("GreaterThan", ">"),
        ("LessThan", "<"),
        ("Matches", "matches"),
    ]
    .iter()
    .find(|(suffix, _)| name.ends_with(suffix))
    .map_or("=", |(_, sign)| sign)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asl;
    use crate::asl::StateKind;

    #[test]
    fn conditions_read_like_sentences() {
        for (rule, expected) in [
            (r#""Variable": "$.total", "NumericGreaterThan": 100"#, "$.total > 100"),
            (r#""Variable": "$.a", "NumericLessThanEquals": 1.50"#, "$.a ≤ 1.50"),
            (r#""Variable": "$.a", "StringGreaterThanEqualsPath": "$.b""#, "$.a ≥ $.b"),
            (r#""Variable": "$.a", "StringEquals": "x \" y""#, r#"$.a = "x \" y""#),
            (r#""Variable": "$.a", "StringMatches": "log-*""#, r#"$.a matches "log-*""#),
            (r#""Variable": "$.a", "BooleanEquals": true"#, "$.a = true"),
            (r#""Variable": "$.a", "TimestampLessThan": "2024-01-01T00:00:00Z""#, "$.a < 2024-01-01T00:00:00Z"),
            (r#""Variable": "$.a", "IsPresent": true"#, "$.a is present"),
            (r#""Variable": "$.a", "IsNull": false"#, "$.a is not null"),
            (r#""Variable": "$.a", "IsNumeric": true"#, "$.a is a number"),
            (r#""Not": {"Variable": "$.a", "NumericEquals": 1}"#, "not ($.a = 1)"),
            (
                r#""And": [{"Variable": "$.a", "NumericEquals": 1}, {"Or": [{"Variable": "$.b", "IsString": true}, {"Variable": "$.c", "IsBoolean": true}]}]"#,
                "$.a = 1 and ($.b is a string or $.c is a boolean)",
            ),
            (r#""QueryLanguage": "JSONata", "Condition": "{% $states.input.a\n  > 1 %}""#, "$states.input.a > 1"),
        ] {
            assert_eq!(readable(&condition(rule)), expected);
        }
    }

    fn condition(rule: &str) -> Condition {
        let (language, rule) = match rule.strip_prefix(r#""QueryLanguage": "JSONata", "#) {
            Some(rule) => ("JSONata", rule),
            None => ("JSONPath", rule),
        };
        let text = format!(
            r#"{{"QueryLanguage": "{language}", "StartAt": "C", "States": {{
            "C": {{"Type": "Choice", "Choices": [{{{rule}, "Next": "S"}}]}}, "S": {{"Type": "Succeed"}}}}}}"#
        );
        let text = text.replace("\n  >", "\\n  >");
        let outcome = asl::read(&text);
        let mut definition = outcome.definition.unwrap_or_else(|| panic!("{rule}: {:?}", outcome.diagnostics));
        match definition.machine.states.swap_remove(0).kind {
            StateKind::Choice(mut choice) => choice.choices.swap_remove(0).condition,
            other => panic!("{other:?}"),
        }
    }
}
