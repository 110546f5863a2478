//! Hostile definitions and events: whatever they are, an execution ends, its memory stays within its limit, and so does the
//! work of a turn.
//!
//! The allocator counts, and has no more than each draw may take: asked for more, it ends this test binary, and the seed of the
//! draw is found in the file that [`LAST_SEED`] names; the next run begins with it. Timings decide nothing; the longest turn and
//! how many took more than [`PATIENCE`] are printed, in time of the processor where the system tells it, so that neighbours of
//! the test don't count. `STEPSTREAM_HOSTILE_SECONDS` makes the run longer, `STEPSTREAM_HOSTILE_SEED` repeats one draw, and shows it.

mod draw;

use std::alloc::System;
use std::fs;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cap::Cap;
use draw::Draw;
use stepstream::engine::{Effect, Execution, Identity, Limits, Progress, TaskFailure, Timestamp};
use stepstream::program::Program;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// The draw that is under way.
const LAST_SEED: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/hostile-seed");
/// What is held beside the values of an execution: what its heap keeps for the next one, tables that a single step of work fills
/// before it is looked at, texts of errors, and the frames of a turn.
const BESIDE: usize = 12 << 20;
/// Work that may be done beyond what is allowed: what is counted and can't fail is linear in one value.
const BEYOND: u64 = 1_000_000;
/// Rounds of the driver: the bounds on transitions and time end an execution long before.
const MAX_ROUNDS: u32 = 2_000_000;
/// Time that goes by with a turn, whatever the machine.
const MILLIS_PER_TURN: i64 = 500;
const SHORT: Duration = Duration::from_secs(20);
/// How long the other executions of a shard should wait for a turn at most.
const PATIENCE: Duration = Duration::from_millis(50);

/// How draws ended, to see that they reach what they are for.
#[derive(Debug, Default)]
struct Tally {
    refused: u32,
    succeeded: u32,
    failed: u32,
    timed_out: u32,
    out_of_memory: u32,
    out_of_work: u32,
    most_work: u64,
    longest_turn: Duration,
    longest_seed: u64,
    turns: u64,
    turns_beyond_patience: u32,
}

#[test]
fn whatever_comes_ends_within_its_bounds() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let time = number("STEPSTREAM_HOSTILE_SECONDS").map_or(SHORT, Duration::from_secs);
    let begun = Instant::now();
    let mut tally = Tally::default();
    if let Some(seed) = fs::read_to_string(LAST_SEED).ok().and_then(|text| text.parse().ok()) {
        play(seed, &mut tally);
    }
    if let Some(seed) = number("STEPSTREAM_HOSTILE_SEED") {
        let mut draw = Draw::new(seed);
        println!("{}\n{}", draw.definition(), excerpt(&draw.event()));
        play(seed, &mut tally);
    } else {
        // Other draws each day in long runs, the same ones in short ones.
        let first = if time > SHORT { fastrand::u64(..1 << 48) } else { 0 };
        for seed in first.. {
            if begun.elapsed() >= time {
                break;
            }
            play(seed, &mut tally);
        }
        let ran = tally.succeeded + tally.failed + tally.timed_out;
        assert!(ran > tally.refused / 4, "many draws are valid: {tally:?}");
        assert!(tally.succeeded > 0 && tally.failed > 0, "they end in either way: {tally:?}");
    }
    let _ = fs::remove_file(LAST_SEED);
    let _ = writeln!(std::io::stderr(), "{tally:?}");
}

/// The beginning of an event, and how long it is.
fn excerpt(event: &str) -> String {
    let end = event.floor_char_boundary(400);
    format!("{} … ({} bytes)", &event[..end], event.len())
}

/// Time of this thread on a processor, or else of the world.
struct Clock {
    processor: Option<Duration>,
    world: Instant,
}

impl Clock {
    fn now() -> Self {
        let told = fs::read_to_string("/proc/thread-self/schedstat").ok();
        let nanos = told.and_then(|told| told.split_whitespace().next()?.parse().ok());
        Self { processor: nanos.map(Duration::from_nanos), world: Instant::now() }
    }

    fn elapsed(&self) -> Duration {
        let world = self.world.elapsed();
        // The system counts in steps of some milliseconds: what is short is measured by the clock.
        if world < PATIENCE / 2 {
            return world;
        }
        self.processor.zip(Self::now().processor).map_or(world, |(before, now)| now.saturating_sub(before))
    }
}

fn play(seed: u64, tally: &mut Tally) {
    let mut draw = Draw::new(seed);
    let definition = draw.definition();
    let event = draw.event();
    let limits = draw.limits();
    let Ok(program) = Program::from_text(&definition) else {
        tally.refused += 1;
        return;
    };
    fs::write(LAST_SEED, seed.to_string()).expect("the folder of tests' files can be written");
    let program = Arc::new(program);
    let mut execution = Execution::new(limits.clone());
    // What is reserved ahead of growth is at most half as much again.
    let bound = limits.max_heap_bytes + limits.max_heap_bytes / 2 + BESIDE;
    ALLOCATOR.set_limit(ALLOCATOR.allocated() + bound).expect("it is more than is allocated");
    run(&mut execution, &program, event.as_bytes(), &limits, seed, tally);
    ALLOCATOR.set_limit(usize::MAX).expect("it is more than is allocated");
}

fn run(execution: &mut Execution, program: &Arc<Program>, event: &[u8], limits: &Limits, seed: u64, tally: &mut Tally) {
    let mut now = Timestamp(0);
    let identity = Identity {
        name: "hostile",
        id: "arn:aws:states:us-east-1:000000000000:express:hostile:hostile",
        state_machine_name: "hostile",
        state_machine_id: "arn:aws:states:us-east-1:000000000000:stateMachine:hostile",
        role_arn: "arn:aws:iam::000000000000:role/hostile",
        seed,
        kafka: None,
    };
    if execution.start(program, event, &identity, now).is_err() {
        tally.refused += 1;
        return;
    }
    let most = limits.work_per_run + 3 * limits.max_work_per_state + BEYOND;
    let mut calls = Vec::new();
    for _ in 0..MAX_ROUNDS {
        let (done, begun) = (execution.work_done(), Clock::now());
        let progress = execution.run(now);
        let (work, took) = (execution.work_done() - done, begun.elapsed());
        assert!(work <= most, "seed {seed}: {work} units in a turn");
        tally.most_work = tally.most_work.max(work);
        tally.turns += 1;
        tally.turns_beyond_patience += u32::from(took > PATIENCE);
        if took > tally.longest_turn {
            (tally.longest_turn, tally.longest_seed) = (took, seed);
        }
        while let Some(effect) = execution.take_effect() {
            match effect {
                Effect::Call(call) => calls.push(call),
                Effect::Cancel(id) => calls.retain(|call| call.id != id),
            }
        }
        match progress {
            Progress::Ended => return ended(execution, tally),
            // So that rounds and rounds of heavy states end by their time.
            Progress::Yielded => now.0 += MILLIS_PER_TURN,
            Progress::Suspended => match calls.pop() {
                Some(call) if call.ordinal % 5 == 4 => {
                    execution.resume(call.id, Err(TaskFailure::new("E", "it failed")), now);
                }
                Some(call) => execution.resume(call.id, Ok(&call.input), now),
                None => now = execution.wake_at().expect("who waits wants to be woken").max(now),
            },
        }
    }
    panic!("seed {seed}: it does not end");
}

fn ended(execution: &Execution, tally: &mut Tally) {
    let mut output = Vec::new();
    execution.write_output(&mut output);
    let cause = execution.failure().and_then(|failure| failure.cause.as_deref()).unwrap_or_default();
    if cause.contains("values take more than") || cause.contains("memory limit exceeded") {
        tally.out_of_memory += 1;
    } else if cause.contains("units of work") || cause.contains("evaluation timeout") {
        tally.out_of_work += 1;
    }
    match execution.status() {
        Some(stepstream::engine::Status::Succeeded) => tally.succeeded += 1,
        Some(stepstream::engine::Status::Failed) => tally.failed += 1,
        _ => tally.timed_out += 1,
    }
}
