//! Compares paths with the library that the service uses. `scripts/json-path` draws paths and inputs, asks the library, and
//! runs this with what it answered.
//!
//! Known differences: `$` leads to `null` where that is the whole input. Regular expressions in filters are those of the
//! `regex` crate, which knows no look-around and no back-references. `[?]`, for which a program that uses the library
//! passes a filter, is refused.

use serde_json::Value as Json;

use super::{Path, Root};
use crate::value::Heap;

/// Differences that are shown before the rest is only counted.
const SHOWN: usize = 40;

/// The file with a drawn pair and the library's answer in each line.
const ANSWERS: &str = "STEPSTREAM_JSON_PATH_ANSWERS";

#[test]
#[ignore = "needs the answers that scripts/json-path makes"]
fn paths_are_those_of_json_path() {
    let file = std::env::var(ANSWERS).unwrap_or_else(|_| panic!("{ANSWERS} names no file: run scripts/json-path"));
    let answers = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
    let mut counts = [0_usize; 3];
    for line in answers.lines() {
        let case: Json = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let (path, input) = (case["path"].as_str().unwrap(), case["input"].as_str().unwrap());
        let ours = answer(path, input);
        if is_known(path, input, &ours, &case["answer"]) {
            continue;
        }
        counts[0] += 1;
        counts[1] += usize::from(ours.get("value").is_some());
        if !agrees(&ours, &case["answer"]) {
            counts[2] += 1;
            if counts[2] <= SHOWN {
                println!("{path}\n  on {input}\n  library {}\n  ours    {ours}", case["answer"]);
            }
        }
    }
    let [pairs, found, differ] = counts;
    println!("{pairs} pairs, {found} with a value, {differ} differ");
    assert!(pairs > 0 && differ == 0, "{differ} of {pairs} differ");
}

fn is_known(path: &str, input: &str, ours: &Json, library: &Json) -> bool {
    let one_refuses = (ours == "refused") != (library == "refused");
    (path.trim() == "$" && input == "null") || (one_refuses && path.contains('/'))
}

/// What the path gives here: a value, the text of an error, or that it is refused.
fn answer(path: &str, input: &str) -> Json {
    let path = match Path::parse(path) {
        Ok(path) if *path.root() == Root::Input => path,
        _ => return serde_json::json!("refused"),
    };
    let mut heap = Heap::new();
    let root = heap.parse(input.as_bytes()).unwrap_or_else(|error| panic!("{input}: {error}"));
    match path.evaluate(&mut heap, root) {
        Ok(value) => serde_json::json!({"value": serde_json::from_str::<Json>(&heap.to_json(value)).unwrap()}),
        Err(error) if error.is_missing() => serde_json::json!({"missing": error.detail(&heap, &path)}),
        Err(error) => serde_json::json!({"invalid": error.detail(&heap, &path)}),
    }
}

fn agrees(ours: &Json, library: &Json) -> bool {
    match (ours.get("value"), library.get("value")) {
        (Some(ours), Some(library)) => same(ours, library),
        // Where the library fails by accident (a text that is no number, a cast), the text is ours.
        _ => ours == library || (library == "fails" && ours.get("invalid").is_some()),
    }
}

/// Equal as values: `1.0` is `1.00`.
fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && std::iter::zip(a, b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && std::iter::zip(a, b).all(|((x, a), (y, b))| x == y && same(a, b))
        }
        (a, b) => a == b,
    }
}
