use serde_json::Value as Json;

use super::{Options, PictureError, format_integer, format_number, from_millis, parse_integer, to_millis};
use crate::jsonata::regex::Fuel;

/// What jsonata-js 2.0.6 makes of drawn pictures, written by `scripts/picture-cases`: function, arguments, result.
/// `STEPSTREAM_PICTURE_CASES` names a longer table.
const CASES: &str = include_str!("cases.jsonl");

/// The time that the table was written at.
const NOW: f64 = 1_500_000_000_123.0;

fn play(function: &str, arguments: &[Json]) -> Json {
    let number = |at: usize| arguments.get(at).and_then(Json::as_f64);
    let text = |at: usize| arguments.get(at).and_then(Json::as_str);
    let picture = || text(1).expect("a picture");
    let json = |number: f64| if number.is_finite() { Json::from(number) } else { "NaN".into() };
    let result = match function {
        "formatInteger" => format_integer(number(0).expect("a number"), picture()).map(Json::from),
        "parseInteger" => parse_integer(text(0).expect("a text"), picture()).map(json),
        "fromMillis" => from_millis(number(0).expect("a number"), text(1), text(2)).map(Json::from),
        "toMillis" => to_millis(text(0).expect("a text"), text(1), NOW, &mut Fuel(1_000_000))
            .map(|millis| millis.map_or("undefined".into(), json)),
        "formatNumber" => {
            let mut options = Options::default();
            for (name, value) in arguments.get(2).and_then(Json::as_object).into_iter().flatten() {
                options.set(name, value.as_str().expect("a text"));
            }
            format_number(number(0).expect("a number"), picture(), &options).map(Json::from)
        }
        other => panic!("{other}"),
    };
    match result {
        Ok(result) => result,
        Err(PictureError::Thrown(code, text)) => serde_json::json!({ "error": format!("{code}: {text}") }),
        Err(PictureError::Internal) => serde_json::json!({ "error": "internal" }),
        Err(other) => serde_json::json!({ "error": format!("{other:?}") }),
    }
}

fn same(own: &Json, expected: &Json) -> bool {
    match (own.as_f64(), expected.as_f64()) {
        (Some(own), Some(expected)) => own == expected,
        _ => own == expected,
    }
}

#[test]
fn pictures_are_those_of_the_reference_implementation() {
    let longer =
        std::env::var("STEPSTREAM_PICTURE_CASES").map(|path| std::fs::read_to_string(path).expect("the table"));
    let mut differences = Vec::new();
    let mut played = 0;
    for line in longer.as_deref().unwrap_or(CASES).lines() {
        let (function, arguments, expected): (String, Vec<Json>, Json) = serde_json::from_str(line).expect("a case");
        played += 1;
        let own = play(&function, &arguments);
        if !same(&own, &expected) {
            differences.push(format!("${function}{}: {own}, not {expected}", Json::from(arguments)));
        }
    }
    println!("{played} cases");
    let first = differences[..differences.len().min(30)].join("\n");
    assert!(differences.is_empty(), "{} differ:\n{first}", differences.len());
}

#[test]
fn what_would_never_end_does() {
    let options = Options::default();
    assert_eq!(format_number(-1.0, "0.0e0", &options), Err(PictureError::Endless));
    assert_eq!(format_number(0.0, "0.0e0", &options), Err(PictureError::Endless));
    assert_eq!(format_integer(1e15, "I"), Err(PictureError::TooLong));
    assert_eq!(from_millis(0.0, Some("[Y,100000000]"), None), Err(PictureError::TooLong));
    let mut options = Options::default();
    options.set("grouping-separator", "");
    assert_eq!(format_number(1.0, "0", &options), Err(PictureError::Endless));
}
