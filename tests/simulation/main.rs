//! A host in virtual time: random machines, outcomes, delays, cancels and clock steps, all drawn from one seed, and a checker.
//!
//! A failing run prints its seed; `STEPSTREAM_SEED` runs that one alone. `STEPSTREAM_STEPS` says how many steps are made in all.

#![allow(unreachable_pub, reason = "a test exports nothing")]

#[path = "../language/driver.rs"]
#[allow(dead_code, reason = "the language tests use the rest")]
mod driver;
#[path = "../language/machines.rs"]
#[allow(dead_code, reason = "the language tests use the rest")]
mod machines;
#[path = "../language/queries.rs"]
mod queries;
mod run;
mod world;

use run::{Round, simulate};
use world::Fault;

/// Steps of a test run, if nothing else is said: answers delivered, and rounds of turns given to executions. An optimised build
/// makes the million in seconds; see `scripts/test`.
const STEPS: u64 = if cfg!(debug_assertions) { 20_000 } else { 1_000_000 };

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable} is {value}, it must be a number")))
}

/// Simulates one seed; panics with it if a promise is broken.
fn checked(seed: u64) -> Round {
    let round = simulate(seed, None);
    assert!(round.violations.is_empty(), "STEPSTREAM_SEED={seed} breaks a promise:\n{}", round.violations.join("\n"));
    round
}

#[test]
fn executions_beside_others_end_as_they_do_alone() {
    if let Some(seed) = number("STEPSTREAM_SEED") {
        checked(seed);
        return;
    }
    let wanted = number("STEPSTREAM_STEPS").unwrap_or(STEPS);
    let mut sum = Round::default();
    for seed in 0.. {
        sum += checked(seed);
        if sum.steps >= wanted {
            break;
        }
    }
    // The promises say little if nothing ever happens.
    let Round { steps, ended, cancelled, calls, late, clock_steps, .. } = sum;
    println!(
        "{steps} steps: {ended} ended, {cancelled} cancelled, {calls} calls, {late} late answers, {clock_steps} clock steps"
    );
    let enough = wanted / 500;
    for (what, count) in [("ended", ended), ("cancelled", cancelled), ("calls", calls), ("late answers", late)] {
        assert!(count >= enough, "only {count} {what} in {steps} steps");
    }
    assert!(clock_steps > 0, "the wall clock was never put right");
}

#[test]
fn the_checker_finds_answers_that_are_lost_or_reach_another_execution() {
    for fault in [Fault::Lost, Fault::Misdelivered] {
        let found = (0..8).filter(|seed| !simulate(*seed, Some(fault)).violations.is_empty()).count();
        assert!(found >= 6, "{fault:?} was found in {found} of 8 runs only");
    }
}
