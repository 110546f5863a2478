//! Our own way and the library agree: on a table of cases, and on generated expressions and inputs.

mod draw;
mod table;

use super::compiled::Stop;
use super::{EvaluationError, Expression};
use crate::jsonata::tests::World;
use crate::value::{Heap, Value};
use draw::Draw;

/// Pairs of expression and input in the test suite. `STEPSTREAM_PAIRS` sets another number for a longer run.
const PAIRS: u64 = 4_000;

/// What came of a pair.
enum Verdict {
    /// Not covered, or left to the library while it ran.
    Library,
    Agreed,
    Failed,
    Differs(String),
}

#[test]
fn generated_expressions_have_the_same_value_both_ways() {
    let pairs = std::env::var("STEPSTREAM_PAIRS").map_or(PAIRS, |text| text.parse().expect("a number"));
    let first = std::env::var("STEPSTREAM_SEED").map_or(0, |text| text.parse().expect("a number"));
    let (mut library, mut agreed, mut failed) = (0, 0, 0);
    let mut differences = Vec::new();
    for seed in first..first + pairs {
        let mut draw = Draw::new(seed);
        let (text, input) = (draw.expression(), draw.input());
        match compare(&text, &input) {
            Verdict::Library => library += 1,
            Verdict::Agreed => agreed += 1,
            Verdict::Failed => failed += 1,
            Verdict::Differs(how) => differences.push(format!("seed {seed}: {text}\n  on {input}\n  {how}")),
        }
        if differences.len() == 20 {
            break;
        }
    }
    println!("{pairs} pairs: {agreed} values and {failed} errors agree, {library} by the library alone");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    // The generator must not lose sight of what is covered, nor of values.
    assert!(library * 10 < pairs, "{library} of {pairs} by the library");
    assert!(agreed * 2 > pairs, "{agreed} of {pairs} have a value");
}

#[test]
fn damaged_expressions_are_read_and_evaluated_without_a_panic() {
    let pieces = [
        "(", ")", "[", "]", "{", "}", ".", "$", "'", "\"", "?", ":", ":=", ";", "~>", "@$x", "#$i", "%", "^(", "|",
        "-", "1e9",
    ];
    let mut rng = fastrand::Rng::with_seed(7);
    let mut read = 0;
    for seed in 0..PAIRS {
        let mut draw = Draw::new(seed);
        let mut text: Vec<char> = draw.expression().chars().collect();
        for _ in 0..rng.usize(1..3) {
            let at = rng.usize(..=text.len());
            match rng.u32(..3) {
                0 => text.truncate(at),
                1 => drop(text.drain(at..text.len().min(at + rng.usize(..4)))),
                _ => drop(text.splice(at..at, pieces[rng.usize(..pieces.len())].chars())),
            }
        }
        let text: String = text.into_iter().collect();
        let mut heap = Heap::new();
        let Ok(expression) = Expression::compile(&text, &mut heap) else { continue };
        read += 1;
        let _ = expression.unsupported(&[]);
        let mut world = World::new(&mut heap, &draw.input());
        if let Some(compiled) = &expression.compiled {
            let _ = compiled.evaluate(&mut heap, &mut world);
        }
    }
    assert!(read * 10 > PAIRS, "{read} of {PAIRS} are still expressions");
}

/// Evaluates both ways.
fn compare(text: &str, input: &str) -> Verdict {
    let mut heap = Heap::new();
    let expression = match Expression::compile(text, &mut heap) {
        Ok(expression) => expression,
        Err(error) => return Verdict::Differs(format!("does not compile: {error}")),
    };
    let Some(compiled) = &expression.compiled else { return Verdict::Library };
    let mut world = World::new(&mut heap, input);
    let own = match compiled.evaluate(&mut heap, &mut world) {
        Ok(value) => Ok(value),
        Err(Stop::Failed(error)) => Err(*error),
        Err(Stop::Library) => return Verdict::Library,
    };
    let mut world = World::new(&mut heap, input);
    let library = expression.evaluate_by_library(&mut heap, &mut world).map_err(|error| *error);
    match (&own, &library) {
        (Ok(None), Ok(None)) => Verdict::Agreed,
        (Ok(Some(own)), Ok(Some(library))) if same(&heap, *own, *library) => Verdict::Agreed,
        (Err(own), Err(library)) if own == library => Verdict::Failed,
        _ => Verdict::Differs(format!("own:     {}\n  library: {}", show(&heap, &own), show(&heap, &library))),
    }
}

fn show(heap: &Heap, result: &Result<Option<Value>, EvaluationError>) -> String {
    match result {
        Ok(Some(value)) => heap.to_json(*value),
        Ok(None) => "undefined".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// The same JSON, keys in the same order, numbers as doubles.
fn same(heap: &Heap, own: Value, library: Value) -> bool {
    match (own, library) {
        (Value::Array(own), Value::Array(library)) => {
            own.len() == library.len()
                && std::iter::zip(heap.items(own), heap.items(library)).all(|(own, library)| same(heap, *own, *library))
        }
        (Value::Object(own), Value::Object(library)) => {
            own.len() == library.len()
                && std::iter::zip(heap.entries(own), heap.entries(library))
                    .all(|((key, own), (other, library))| heap.str(key) == heap.str(other) && same(heap, own, library))
        }
        (own, library) => match (heap.number(own), heap.number(library)) {
            (Some(own), Some(library)) => own.as_f64() == library.as_f64(),
            _ => heap.equals(own, library),
        },
    }
}
