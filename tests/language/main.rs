//! The language, through the public API: what people would expect of each state type and field, kept as files in
//! `cases/<topic>/`; and what holds for every machine, as properties.
//!
//! Time is virtual: a wait of an hour costs nothing, and no result depends on how fast the tests run.

#![allow(unreachable_pub, reason = "a test exports nothing")]

mod case;
mod counts;
mod driver;
mod executions;
mod machines;
mod places;
mod properties;
mod queries;
mod reading;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use case::{Case, Sheet};
use driver::{Clock, Outcome, run};
use stepstream::engine::{Execution, Limits};
use stepstream::program::Program;

/// Fewer sheets than this: some are not found, or were lost.
const MIN_SHEETS: usize = 20;

#[test]
fn every_case_ends_as_its_sheet_says() {
    let mut pooled = Execution::new(Limits::default());
    let mut faults = Vec::new();
    let sheets = sheets();
    assert!(sheets.len() >= MIN_SHEETS, "only {} sheets found", sheets.len());
    for path in sheets {
        let sheet = Sheet::read(&path);
        for case in &sheet.cases {
            let place = format!("{}, \"{}\"", path.display(), case.name);
            let definition = sheet.definition_of(case).unwrap_or_else(|| panic!("{place} has no definition"));
            match Program::from_text(&definition.to_string()) {
                Ok(program) => check(&Arc::new(program), case, &mut pooled, |fault| {
                    faults.push(format!("{place}: {fault}"));
                }),
                Err(diagnostics) => faults.push(format!("{place} does not compile: {diagnostics:?}")),
            }
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// Runs a case three times: alone and recorded, then in an execution that ran all cases before it, then giving way
/// before each state. The last two must end like the first.
fn check(program: &Arc<Program>, case: &Case, pooled: &mut Execution, mut fault: impl FnMut(String)) {
    let limits = case.limits();
    let mut fresh = Execution::new(limits.clone());
    fresh.record_history();
    let first = play(&mut fresh, program, case);
    case.expect.compare(&first, &mut fault);

    if !case.has_limits() {
        let again = play(pooled, program, case);
        if again.end() != first.end() || again.calls != first.calls {
            fault(format!("in a used execution it ends otherwise: {:?}\nthan alone: {:?}", again.end(), first.end()));
        }
        let yielding = play(&mut Execution::new(Limits { work_per_run: 1, ..limits }), program, case);
        if yielding.end_without_numbers() != first.end_without_numbers() {
            fault(format!("with pauses it ends otherwise: {:?}\nthan without: {:?}", yielding.end(), first.end()));
        }
    }
}

fn play(execution: &mut Execution, program: &Arc<Program>, case: &Case) -> Outcome {
    let clock = Clock { millis_per_turn: (case.seconds_per_turn * 1000.0) as i64 };
    run(execution, program, case.input.to_string().as_bytes(), clock, case.world()).expect("sheets hold valid events")
}

fn sheets() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/language/cases");
    let topics = fs::read_dir(folder).expect("the folder exists").map(|topic| topic.expect("it is readable").path());
    let mut sheets: Vec<_> = topics
        .flat_map(|topic| fs::read_dir(topic).expect("topics are folders"))
        .map(|sheet| sheet.expect("it is readable").path())
        .collect();
    sheets.sort();
    sheets
}
