use proptest::prelude::*;

use super::{Condition, Operand, OperandForm, Operator, Pattern, Test};
use crate::expr::java;
use crate::expr::path::Path;
use crate::expr::testing::{World, any_json, json};
use crate::expr::timestamp::Instant;
use crate::value::{Heap, Value};

/// Compiles `{"Variable": variable, name: operand}`; the operand is JSON.
fn test(variable: &str, name: &str, operand: &str) -> Condition {
    let mut heap = Heap::new();
    let value = json(&mut heap, operand);
    let text = |value| match value {
        Value::String(text) => heap.str(text).into_owned(),
        _ => panic!("{name} needs a string"),
    };
    let (operator, form) = Operator::from_name(name).unwrap_or_else(|| panic!("no operator {name}"));
    let operand = match form {
        OperandForm::String => Operand::String(text(value).into()),
        OperandForm::Number => Operand::Number(heap.number(value).unwrap()),
        OperandForm::Boolean => Operand::Boolean(matches!(value, Value::True)),
        OperandForm::Timestamp => Operand::Timestamp(Instant::parse(&text(value)).unwrap()),
        OperandForm::Pattern => Operand::Pattern(Pattern::new(&text(value))),
        OperandForm::Path => Operand::Path(Path::parse(&text(value)).unwrap()),
    };
    Condition::Test(Test { variable: Path::parse(variable).unwrap(), operator, operand })
}

fn evaluate(condition: &Condition, input: &str) -> Result<bool, String> {
    let mut heap = Heap::new();
    let mut world = World::new(&mut heap, input);
    let input = world.input;
    condition.evaluate(&mut heap, &mut world).map_err(|error| error.cause(&heap, input))
}

/// `{"v": value}` compared by `name` with a constant, and by its path form with `{"o": operand}`.
fn compare(value: &str, name: &str, operand: &str) -> bool {
    let input = format!(r#"{{"v":{value},"o":{operand}}}"#);
    let constant = evaluate(&test("$.v", name, operand), &input).unwrap();
    if Operator::from_name(&format!("{name}Path")).is_some() {
        let by_path = evaluate(&test("$.v", &format!("{name}Path"), r#""$.o""#), &input).unwrap();
        assert_eq!(constant, by_path, "{value} {name} {operand}: constant and path");
    }
    constant
}

#[test]
fn values_of_the_right_type_are_compared() {
    let cases = [
        (r#""a""#, "StringEquals", r#""a""#, true),
        (r#""a""#, "StringEquals", r#""A""#, false),
        (r#""a ""#, "StringEquals", r#""a""#, false),
        (r#""\u0061\n""#, "StringEquals", r#""a\n""#, true),
        (r#""AB""#, "StringGreaterThan", r#""A""#, true),
        (r#""A ""#, "StringGreaterThan", r#""A""#, true),
        (r#""A""#, "StringGreaterThan", r#""A""#, false),
        (r#""""#, "StringLessThan", r#""A""#, true),
        (r#""A""#, "StringLessThanEquals", r#""A""#, true),
        (r#""B""#, "StringLessThanEquals", r#""A""#, false),
        (r#""a""#, "StringGreaterThanEquals", r#""B""#, true),
        ("0", "NumericEquals", "0.0", true),
        ("1.0", "NumericEquals", "1", true),
        ("1e2", "NumericEquals", "100", true),
        ("-0", "NumericEquals", "0", true),
        ("9007199254740993", "NumericEquals", "9007199254740992", false),
        ("1.1", "NumericGreaterThan", "1", true),
        ("1", "NumericGreaterThan", "1", false),
        ("-1", "NumericLessThan", "0.5", true),
        ("1", "NumericLessThanEquals", "1.0", true),
        ("2", "NumericGreaterThanEquals", "3", false),
        ("true", "BooleanEquals", "true", true),
        ("false", "BooleanEquals", "false", true),
        ("false", "BooleanEquals", "true", false),
        (r#""2012-10-09T19:00:55Z""#, "TimestampEquals", r#""2012-10-09T20:00:55.0+01:00""#, true),
        (r#""2012-10-09T19:00:56Z""#, "TimestampGreaterThan", r#""2012-10-09T19:00:55Z""#, true),
        (r#""2012-10-09T19:00:55Z""#, "TimestampLessThan", r#""2012-10-09T19:00:56Z""#, true),
        (r#""2012-10-09T19:00:55Z""#, "TimestampLessThanEquals", r#""2012-10-09T19:00:55Z""#, true),
        (r#""2012-10-09T19:00:55Z""#, "TimestampGreaterThanEquals", r#""2012-10-09T19:00:56Z""#, false),
        (r#""log-1.txt""#, "StringMatches", r#""log-*.txt""#, true),
        (r#""a*b""#, "StringMatches", r#""a\\*b""#, true),
    ];
    for (value, name, operand, expected) in cases {
        assert_eq!(compare(value, name, operand), expected, "{value} {name} {operand}");
    }
}

const EVERY_TYPE: [&str; 12] = [
    "null",
    "0",
    "1.1",
    r#""""#,
    r#"" ""#,
    r#""HelloWorld""#,
    r#""2012-10-09T19:00:55""#,
    r#""2012-10-09T19:00:55Z""#,
    "[]",
    r#"[""]"#,
    "{}",
    r#"{"A":0}"#,
];

#[test]
fn values_of_another_type_make_a_comparison_false() {
    let comparisons = [
        ("StringEquals", r#""x""#),
        ("NumericEquals", "7"),
        ("BooleanEquals", "false"),
        ("BooleanEquals", "true"),
        ("TimestampEquals", r#""2000-01-01T00:00:00Z""#),
        ("StringMatches", r#""x""#),
    ];
    for value in EVERY_TYPE {
        for (name, operand) in comparisons {
            assert!(!compare(value, name, operand), "{value} {name} {operand}");
        }
    }
    assert!(!compare("true", "StringEquals", r#""true""#));
    assert!(!compare(r#""1""#, "NumericEquals", "1"));
    assert!(!compare("true", "NumericEquals", "1"));
    assert!(!compare(r#""2023-02-24 12:15:56.832957""#, "TimestampLessThan", r#""2100-01-01T00:00:00Z""#));
}

#[test]
fn types_are_tested() {
    let of_type = |name: &str| -> Vec<&str> {
        let is = |value: &&&str| {
            let input = format!(r#"{{"v":{value}}}"#);
            let yes = evaluate(&test("$.v", name, "true"), &input).unwrap();
            let no = evaluate(&test("$.v", name, "false"), &input).unwrap();
            assert_ne!(yes, no, "{name} of {value}");
            yes
        };
        EVERY_TYPE.iter().chain(&["true", "false"]).filter(is).copied().collect()
    };
    assert_eq!(of_type("IsNull"), ["null"]);
    assert_eq!(of_type("IsNumeric"), ["0", "1.1"]);
    assert_eq!(of_type("IsBoolean"), ["true", "false"]);
    assert_eq!(of_type("IsString"), EVERY_TYPE[3..8]);
    assert_eq!(of_type("IsTimestamp"), [EVERY_TYPE[7]]);
    assert_eq!(of_type("IsPresent").len(), EVERY_TYPE.len() + 2);
}

#[test]
fn only_is_present_may_miss_its_variable() {
    let missing = ["$.x", "$.x.y", "$.list[5]", "$.v[0]", "$.v.w", "$nobody"];
    for path in missing {
        let input = r#"{"v":1,"list":[]}"#;
        assert_eq!(evaluate(&test(path, "IsPresent", "true"), input), Ok(false), "{path}");
        assert_eq!(evaluate(&test(path, "IsPresent", "false"), input), Ok(true), "{path}");
        let cause = format!("Invalid path '{path}': The choice state's condition path references an invalid value.");
        for (name, operand) in [("IsNull", "true"), ("NumericEquals", "1"), ("StringMatches", r#""*""#)] {
            assert_eq!(evaluate(&test(path, name, operand), input), Err(cause.clone()), "{path} {name}");
        }
        let operand = format!("\"{path}\"");
        assert_eq!(evaluate(&test("$.v", "NumericEqualsPath", &operand), input), Err(cause), "operand {path}");
    }
}

#[test]
fn paths_reach_context_object_variables_and_searches() {
    let cases = [
        ("$$.Execution.Name", "StringEquals", r#""exec-1""#, true),
        ("$x.list[1]", "NumericEqualsPath", r#""$.two""#, true),
        ("$x.list[*]", "NumericEquals", "1", false),
        ("$x.list[*]", "IsPresent", "true", true),
    ];
    for (path, name, operand, expected) in cases {
        assert_eq!(evaluate(&test(path, name, operand), r#"{"two":2}"#), Ok(expected), "{path}");
    }
}

#[test]
fn rules_combine_and_stop_early() {
    let yes = || test("$.v", "NumericEquals", "1");
    let no = || test("$.v", "NumericEquals", "2");
    let error = || test("$.x", "IsNull", "true");
    let cases = [
        (Condition::And(vec![yes(), yes()]), Some(true)),
        (Condition::And(vec![yes(), no(), error()]), Some(false)),
        (Condition::And(vec![yes(), error()]), None),
        (Condition::Or(vec![no(), yes(), error()]), Some(true)),
        (Condition::Or(vec![no(), no()]), Some(false)),
        (Condition::Or(vec![error(), yes()]), None),
        (Condition::Not(Box::new(no())), Some(true)),
        (Condition::Not(Box::new(error())), None),
        (Condition::Not(Box::new(Condition::And(vec![yes(), Condition::Or(vec![no(), yes()])]))), Some(false)),
    ];
    for (condition, expected) in cases {
        assert_eq!(evaluate(&condition, r#"{"v":1}"#).ok(), expected, "{condition:?}");
    }
}

#[test]
fn a_malformed_pattern_fails_when_it_is_used() {
    let found = evaluate(&test("$.v", "StringMatches", r#""\\d""#), r#"{"v":"d"}"#);
    assert!(found.is_err_and(|cause| cause.contains(r"Invalid pattern '\d'")));
}

#[test]
fn every_operator_of_the_language_is_known() {
    let mut names = vec!["StringMatches".to_owned()];
    names.extend(["Null", "Present", "Numeric", "String", "Boolean", "Timestamp"].map(|kind| format!("Is{kind}")));
    for family in ["String", "Numeric", "Timestamp"] {
        for comparison in ["Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals"] {
            names.extend([format!("{family}{comparison}"), format!("{family}{comparison}Path")]);
        }
    }
    names.extend(["BooleanEquals", "BooleanEqualsPath"].map(str::to_owned));
    assert_eq!(names.len(), 39);
    for name in names {
        let form = Operator::from_name(&name).map(|(_, form)| form);
        assert_eq!(form == Some(OperandForm::Path), name.ends_with("Path"), "{name}: {form:?}");
        assert!(form.is_some(), "{name}");
    }
    for name in ["StringMatchesPath", "IsNullPath", "StringEqual", "stringEquals", "BooleanLessThan", "Is", "Path", ""]
    {
        assert_eq!(Operator::from_name(name), None, "{name}");
    }
}

proptest! {
    #[test]
    fn strings_are_ordered_by_utf_16_code_units(
        a in "[ab\u{7FF}\u{D7FF}\u{E000}\u{FFFD}\u{10000}\u{1F600}]{0,4}",
        b in "[ab\u{7FF}\u{D7FF}\u{E000}\u{FFFD}\u{10000}\u{1F600}]{0,4}",
    ) {
        prop_assert_eq!(java::compare(&a, &b), a.encode_utf16().cmp(b.encode_utf16()));
    }

    #[test]
    fn no_value_makes_a_comparison_panic(a in any_json(), b in any_json()) {
        let input = format!(r#"{{"a":{a},"b":{b}}}"#);
        for name in ["StringLessThanPath", "NumericEqualsPath", "TimestampEqualsPath", "BooleanEqualsPath"] {
            prop_assert!(evaluate(&test("$.a", name, r#""$.b""#), &input).is_ok());
        }
    }
}
