//! One round: events of random machines in one host, and each of them once more alone.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::sync::Arc;

use stepstream::engine::{Execution, Limits};
use stepstream::host::{Host, Mailbox, Now, Started};
use stepstream::identity::{ExecutionNames, Realm};
use stepstream::program::Program;

use crate::machines::Dice;
use crate::world::{Clock, Event, Fault, World, mix};

const MACHINES: usize = 12;
const EVENTS: usize = 120;
/// The wall clock is put right by so many milliseconds at most.
const LONGEST_STEP: i64 = 3 * 3_600_000;
/// More instants than this: something goes round in circles.
const MAX_INSTANTS: u64 = 1_000_000;

/// What came of a round, or of several.
#[derive(Default)]
pub struct Round {
    pub steps: u64,
    pub ended: u64,
    pub cancelled: u64,
    pub calls: u64,
    pub late: u64,
    pub clock_steps: u64,
    pub violations: Vec<String>,
}

impl AddAssign for Round {
    fn add_assign(&mut self, other: Round) {
        self.steps += other.steps;
        self.ended += other.ended;
        self.cancelled += other.cancelled;
        self.calls += other.calls;
        self.late += other.late;
        self.clock_steps += other.clock_steps;
        self.violations.extend(other.violations);
    }
}

/// An event, and when it comes.
struct Planned {
    program: Arc<Program>,
    text: String,
    at: i64,
    cancel_at: Option<i64>,
}

fn limits() -> Limits {
    Limits {
        max_transitions: 600,
        work_per_run: 1_000,
        max_heap_bytes: 4 << 20,
        max_data_bytes: 20_000,
        ..Limits::default()
    }
}

/// Runs all events of a seed in one host, and each of them alone; collects what does not agree.
pub fn simulate(seed: u64, fault: Option<Fault>) -> Round {
    let mut random = fastrand::Rng::with_seed(mix(&[seed]));
    let plan = plan(&mut random);
    let mut crowd = Simulation::new(seed, fault);
    let mut round = crowd.run(&plan, Some(&mut random));
    for (event, planned) in plan.iter().enumerate() {
        let Some((began, end)) = crowd.ends.get(&event) else {
            if planned.cancel_at.is_none() {
                round.violations.push(format!("event {event} has no end"));
            }
            continue;
        };
        let alone = Simulation::new(seed, None).run_alone(planned, event, *began);
        if alone.as_ref() != Some(end) {
            round.violations.push(format!("event {event} ends as\n  {end}\nbut alone as\n  {alone:?}"));
        }
    }
    round
}

fn plan(random: &mut fastrand::Rng) -> Vec<Planned> {
    let mut bytes = |count: usize| -> Vec<u8> { (0..count).map(|_| random.u8(..)).collect() };
    let programs: Vec<Arc<Program>> = (0..MACHINES)
        .map(|_| Program::from_text(&Dice::new(&bytes(300)).definition().to_string()).expect("it is valid"))
        .map(Arc::new)
        .collect();
    let texts: Vec<String> = (0..EVENTS).map(|_| Dice::new(&bytes(30)).event()).collect();
    texts
        .into_iter()
        .map(|text| {
            let at = random.i64(0..5_000);
            let cancel_at = (random.u8(..10) == 0).then(|| at + random.i64(0..4_000));
            Planned { program: programs[random.usize(..MACHINES)].clone(), text, at, cancel_at }
        })
        .collect()
}

/// A host, its world, and what ended in it.
struct Simulation {
    host: Host<Event, World>,
    names: ExecutionNames,
    clock: Clock,
    now: i64,
    /// By event: when it began by the wall clock, and how it ended.
    ends: BTreeMap<Event, (Now, String)>,
    began: BTreeMap<Event, Now>,
    round: Round,
}

impl Simulation {
    fn new(seed: u64, fault: Option<Fault>) -> Simulation {
        let mailbox = Mailbox::default();
        Simulation {
            host: Host::new(limits(), mailbox.clone(), World::new(seed, mailbox, fault)),
            names: ExecutionNames::new(&Realm::default(), "p", "w", "t", 0),
            clock: Clock { wall_ahead: 0 },
            now: 0,
            ends: BTreeMap::new(),
            began: BTreeMap::new(),
            round: Round::default(),
        }
    }

    /// Carries all events to their ends; `random` puts the wall clock right and says how many turns are given at a time.
    fn run(&mut self, plan: &[Planned], mut random: Option<&mut fastrand::Rng>) -> Round {
        let mut starts: Vec<(i64, Event)> =
            plan.iter().enumerate().map(|(event, planned)| (planned.at, event)).collect();
        starts.sort_unstable_by(|a, b| b.cmp(a));
        let mut cancels: Vec<(i64, Event)> =
            plan.iter().enumerate().filter_map(|(event, planned)| Some((planned.cancel_at?, event))).collect();
        cancels.sort_unstable_by(|a, b| b.cmp(a));
        for _ in 0..MAX_INSTANTS {
            let soonest = [
                starts.last().map(|(at, _)| *at),
                cancels.last().map(|(at, _)| *at),
                self.host.calls().next_answer(),
                self.next_turn(),
            ];
            let Some(at) = soonest.into_iter().flatten().min() else { return self.finish() };
            self.now = self.now.max(at);
            self.host.calls_mut().now = self.now;
            self.round.steps += self.host.calls_mut().post_due();
            let mut turns = usize::MAX;
            if let Some(random) = &mut random {
                turns = 1 + random.usize(..8);
                if random.u16(..200) == 0 {
                    self.clock.wall_ahead += random.i64(-LONGEST_STEP..LONGEST_STEP);
                    self.round.clock_steps += 1;
                }
            }
            while let Some((_, event)) = starts.pop_if(|(at, _)| *at <= self.now) {
                self.start(&plan[event], event);
            }
            while let Some((_, event)) = cancels.pop_if(|(at, _)| *at <= self.now) {
                self.cancel(event);
            }
            self.settle(turns);
        }
        self.round.violations.push(format!("it does not come to an end in {MAX_INSTANTS} instants"));
        self.finish()
    }

    /// Carries one event to its end, on a clock that is never put right and whose monotonic time is another.
    fn run_alone(&mut self, planned: &Planned, event: Event, began: Now) -> Option<String> {
        self.clock.wall_ahead = began.wall.0 - self.clock.at(0).wall.0;
        let plan = Planned { program: planned.program.clone(), text: planned.text.clone(), at: 0, cancel_at: None };
        self.start(&plan, event);
        self.settle(usize::MAX);
        self.run(&[], None);
        self.ends.remove(&event).map(|(_, end)| end)
    }

    fn start(&mut self, planned: &Planned, event: Event) {
        let now = self.clock.at(self.now);
        self.began.insert(event, now);
        self.round.steps += 1;
        let name = self.names.name(event as i64);
        let identity = self.names.identity(&name);
        let started = self.host.start(&planned.program, planned.text.as_bytes(), &identity, now, || event);
        if let Started::Ended(execution) = started.expect("events are valid") {
            self.ended(event, &execution);
            self.host.give_back(execution);
        }
    }

    fn cancel(&mut self, event: Event) {
        let waiting = self.host.waiting();
        self.host.cancel_where(|origin| *origin == event);
        let cancelled = waiting - self.host.waiting();
        if cancelled == 1 && self.ends.contains_key(&event) {
            self.round.violations.push(format!("event {event} has ended, and waited still"));
        }
        self.round.cancelled += cancelled as u64;
    }

    /// When an execution wants its turn, if no answer comes.
    fn next_turn(&self) -> Option<i64> {
        let time = self.host.time_to_next_turn(self.clock.at(self.now))?;
        Some(self.now + i64::try_from(time.as_millis()).expect("within a simulation"))
    }

    /// Gives turns until nothing is left to do at this instant.
    fn settle(&mut self, turns: usize) {
        while self.host.drive(self.clock.at(self.now), turns) {
            self.round.steps += 1;
            while let Some(ended) = self.host.take_ended() {
                self.ended(ended.origin, &ended.execution);
                self.host.give_back(ended.execution);
            }
        }
        if self.next_turn() == Some(self.now) {
            self.round.violations.push(format!("something is left to do at {}", self.now));
        }
    }

    fn ended(&mut self, event: Event, execution: &Execution) {
        let mut output = Vec::new();
        execution.write_output(&mut output);
        let output = String::from_utf8_lossy(&output);
        let status = execution.status().map(|status| status.to_string()).unwrap_or_default();
        let end = format!(
            "{status} {output} {:?} {} states {} work",
            execution.failure(),
            execution.transitions(),
            execution.work_done()
        );
        if self.ends.insert(event, (self.began[&event], end)).is_some() {
            self.round.violations.push(format!("event {event} has ended twice"));
        }
        self.round.ended += 1;
    }

    fn finish(&mut self) -> Round {
        let mut round = std::mem::take(&mut self.round);
        let world = self.host.calls_mut();
        round.violations.append(&mut world.violations);
        (round.calls, round.late) = (world.calls, world.late);
        if world.open() > 0 {
            round.violations.push(format!("{} calls are open though nothing waits", world.open()));
        }
        if self.host.waiting() > 0 {
            round.violations.push(format!("{} executions wait for nothing", self.host.waiting()));
        }
        if self.host.memory_bytes() > 0 {
            round.violations.push(format!("{} bytes are held by no execution", self.host.memory_bytes()));
        }
        round
    }
}
