//! The backtracking machine. It keeps its notes on a stack of its own, of bounded size, and counts its steps.

use super::program::{Address, Loop, Op, Program, Single};
use super::set::{fold, is_line_end, is_word};
use super::{Exceeded, Fuel};

/// Notes on the stack: with this many they take as much memory as an evaluation may have.
const MAX_NOTES: usize = 7_000_000 / size_of::<Note>();
/// Steps that one unit of fuel pays for.
const STEPS_PER_UNIT: u64 = 4;

/// A place that was not matched.
pub(super) const NOWHERE: usize = usize::MAX;

/// What to do when matching fails, latest first.
#[derive(Clone, Copy, Debug)]
enum Note {
    /// Go on there.
    Branch { address: Address, at: usize },
    /// Begin another iteration of a loop that would rather have ended.
    Iterate { address: Address, at: usize },
    /// Take one unit less, but end no earlier than at `last`.
    Less { address: Address, at: usize, last: usize },
    /// Take one unit more, but end no later than at `last`.
    More { address: Address, at: usize, last: usize },
    /// Put a slot back.
    Slot { slot: usize, value: usize },
    /// Put a counter back.
    Counter { counter: usize, value: Counter },
    /// The body of a look failed.
    Look { address: Address, at: usize },
}

/// How far a loop is.
#[derive(Clone, Copy, Debug, Default)]
struct Counter {
    /// Iterations that ended; no more than its bounds ask for.
    done: u32,
    /// Where the present one began.
    start: usize,
}

pub(super) struct Machine<'p, 'f> {
    program: &'p Program,
    units: &'p [u16],
    slots: Vec<usize>,
    counters: Vec<Counter>,
    notes: Vec<Note>,
    steps: u64,
    fuel: &'f mut Fuel,
}

/// What an instruction leads to.
enum Next {
    Go(Address, usize),
    Fail,
    Matched,
}

impl<'p, 'f> Machine<'p, 'f> {
    pub(super) fn new(program: &'p Program, units: &'p [u16], fuel: &'f mut Fuel) -> Self {
        let (slots, counters) = (vec![NOWHERE; 2 * program.groups + 2], vec![Counter::default(); program.loops]);
        Machine { program, units, slots, counters, notes: Vec::new(), steps: 0, fuel }
    }

    /// The slots of the first match that begins at `from` or later.
    pub(super) fn find(mut self, from: usize) -> Result<Option<Vec<usize>>, Exceeded> {
        for start in from..=self.units.len() {
            if self.matches(start)? {
                return Ok(Some(self.slots));
            }
        }
        Ok(None)
    }

    fn matches(&mut self, start: usize) -> Result<bool, Exceeded> {
        // Where an attempt failed, everything was put back.
        let (mut address, mut at) = (0, start);
        loop {
            self.steps += 1;
            if self.steps == STEPS_PER_UNIT {
                self.steps = 0;
                self.fuel.spend(1)?;
            }
            let next = match self.step(address, at)? {
                Next::Fail => self.retreat(),
                next => next,
            };
            match next {
                Next::Go(to, position) => (address, at) = (to, position),
                Next::Fail => return Ok(false),
                Next::Matched => {
                    (self.slots[0], self.slots[1]) = (start, at);
                    return Ok(true);
                }
            }
        }
    }

    fn note(&mut self, note: Note) -> Result<(), Exceeded> {
        if self.notes.len() == MAX_NOTES {
            return Err(Exceeded::Memory);
        }
        self.notes.push(note);
        Ok(())
    }

    fn step(&mut self, address: Address, at: usize) -> Result<Next, Exceeded> {
        let program = self.program;
        let next = Next::Go(address + 1, at);
        let when = |holds: bool| if holds { Next::Go(address + 1, at) } else { Next::Fail };
        Ok(match &program.code[address] {
            Op::Single { single, backward } => match self.neighbour(at, *backward) {
                Some((unit, after)) if single.takes(unit) => Next::Go(address + 1, after),
                _ => Next::Fail,
            },
            Op::Run { single, backward, min, max, greedy } => {
                let bounds = (*min as usize, *max as usize);
                return self.run(address, at, single, *backward, bounds, *greedy);
            }
            Op::Start => when(at == 0 || (program.multiline && is_line_end(self.units[at - 1]))),
            Op::End => when(at == self.units.len() || (program.multiline && is_line_end(self.units[at]))),
            Op::Boundary { negated } => {
                let is_word =
                    |at: Option<usize>| at.and_then(|at| self.units.get(at)).is_some_and(|unit| is_word(*unit));
                when((is_word(at.checked_sub(1)) != is_word(Some(at))) != *negated)
            }
            Op::Save(slot) => {
                self.set_slot(*slot, at)?;
                next
            }
            Op::BackReference { group, backward } => self.refer(address, at, *group, *backward)?,
            Op::Try(other) => {
                self.note(Note::Branch { address: *other, at })?;
                next
            }
            Op::Jump(to) => Next::Go(*to, at),
            Op::Enter(counter) => {
                self.set_counter(*counter, Counter { done: 0, start: NOWHERE })?;
                next
            }
            Op::Loop(looped) => self.begin(address, looped, at)?,
            Op::Again(to) => {
                let Op::Loop(looped) = &program.code[*to] else { return Ok(Next::Fail) };
                let counter = self.counters[looped.counter];
                // An iteration that takes nothing leads nowhere, once there are enough.
                if counter.done >= looped.min && counter.start == at {
                    return Ok(Next::Fail);
                }
                let is_counted = looped.max != u32::MAX || counter.done < looped.min;
                let done = counter.done + u32::from(is_counted);
                self.set_counter(looped.counter, Counter { done, ..counter })?;
                Next::Go(*to, at)
            }
            Op::Look { .. } => {
                self.note(Note::Look { address, at })?;
                next
            }
            Op::Looked => self.looked()?,
            Op::Match => Next::Matched,
        })
    }

    /// The unit that is read next, and the position behind it.
    fn neighbour(&self, at: usize, backward: bool) -> Option<(u16, usize)> {
        if backward {
            let before = at.checked_sub(1)?;
            Some((self.units[before], before))
        } else {
            self.units.get(at).map(|unit| (*unit, at + 1))
        }
    }

    fn run(
        &mut self,
        address: Address,
        at: usize,
        single: &Single,
        backward: bool,
        (min, max): (usize, usize),
        greedy: bool,
    ) -> Result<Next, Exceeded> {
        let count = |limit: usize| {
            if backward {
                self.units[..at].iter().rev().take(limit).take_while(|unit| single.takes(**unit)).count()
            } else {
                self.units[at..].iter().take(limit).take_while(|unit| single.takes(**unit)).count()
            }
        };
        let taken = count(if greedy { max } else { min });
        self.steps_for(taken)?;
        if taken < min {
            return Ok(Next::Fail);
        }
        let reach = |count: usize| if backward { at.saturating_sub(count) } else { at.saturating_add(count) };
        let position = reach(taken);
        let address = address + 1;
        if greedy && taken > min {
            self.note(Note::Less { address, at: position, last: reach(min) })?;
        } else if !greedy && taken < max {
            self.note(Note::More { address: address - 1, at: position, last: reach(max) })?;
        }
        Ok(Next::Go(address, position))
    }

    fn steps_for(&mut self, units: usize) -> Result<(), Exceeded> {
        self.fuel.spend(units as u64 / (4 * STEPS_PER_UNIT))
    }

    fn set_slot(&mut self, slot: usize, value: usize) -> Result<(), Exceeded> {
        let before = std::mem::replace(&mut self.slots[slot], value);
        self.note(Note::Slot { slot, value: before })
    }

    fn set_counter(&mut self, counter: usize, value: Counter) -> Result<(), Exceeded> {
        let before = std::mem::replace(&mut self.counters[counter], value);
        self.note(Note::Counter { counter, value: before })
    }

    fn begin(&mut self, address: Address, looped: &Loop, at: usize) -> Result<Next, Exceeded> {
        let done = self.counters[looped.counter].done;
        if done >= looped.max {
            return Ok(Next::Go(looped.end, at));
        }
        if done >= looped.min {
            if !looped.greedy {
                self.note(Note::Iterate { address, at })?;
                return Ok(Next::Go(looped.end, at));
            }
            self.note(Note::Branch { address: looped.end, at })?;
        }
        self.iterate(address, looped, at)
    }

    fn iterate(&mut self, address: Address, looped: &Loop, at: usize) -> Result<Next, Exceeded> {
        let counter = self.counters[looped.counter];
        self.set_counter(looped.counter, Counter { start: at, ..counter })?;
        for slot in looped.forgotten.clone() {
            if self.slots[slot] != NOWHERE {
                self.set_slot(slot, NOWHERE)?;
            }
        }
        Ok(Next::Go(address + 1, at))
    }

    fn refer(&mut self, address: Address, at: usize, group: usize, backward: bool) -> Result<Next, Exceeded> {
        let (start, end) = (self.slots[2 * group], self.slots[2 * group + 1]);
        // A group that was not matched is like nothing.
        if start == NOWHERE || end == NOWHERE {
            return Ok(Next::Go(address + 1, at));
        }
        let len = end - start;
        self.steps_for(len)?;
        let from = if backward { at.checked_sub(len) } else { Some(at) };
        let Some(other) = from.and_then(|from| self.units.get(from..from + len)) else { return Ok(Next::Fail) };
        let ignores_case = self.program.ignores_case;
        let same = |(a, b): (&u16, &u16)| a == b || (ignores_case && fold(*a) == fold(*b));
        if !std::iter::zip(&self.units[start..end], other).all(same) {
            return Ok(Next::Fail);
        }
        Ok(Next::Go(address + 1, if backward { at - len } else { at + len }))
    }

    /// The body of the innermost look that is open has matched.
    fn looked(&mut self) -> Result<Next, Exceeded> {
        let open = self.notes.iter().rposition(|note| matches!(note, Note::Look { .. }));
        let Some((open, Note::Look { address, at })) = open.map(|open| (open, self.notes[open])) else {
            return Ok(Next::Fail);
        };
        self.steps_for(self.notes.len() - open)?;
        let Op::Look { negated, end } = self.program.code[address] else { return Ok(Next::Fail) };
        if negated {
            while self.notes.len() > open {
                self.undo();
            }
            return Ok(Next::Fail);
        }
        // What it matched stays, other ways to match it are forgotten.
        let mut kept = open;
        for index in open + 1..self.notes.len() {
            if let note @ (Note::Slot { .. } | Note::Counter { .. }) = self.notes[index] {
                self.notes[kept] = note;
                kept += 1;
            }
        }
        self.notes.truncate(kept);
        Ok(Next::Go(end, at))
    }

    /// Takes the latest note away, and puts back what it says.
    fn undo(&mut self) -> Option<Note> {
        let note = self.notes.pop()?;
        match note {
            Note::Slot { slot, value } => self.slots[slot] = value,
            Note::Counter { counter, value } => self.counters[counter] = value,
            _ => {}
        }
        Some(note)
    }

    /// The latest other way.
    fn retreat(&mut self) -> Next {
        while let Some(note) = self.undo() {
            let next = match note {
                Note::Branch { address, at } => Next::Go(address, at),
                Note::Iterate { address, at } => self.resume(address, at),
                Note::Less { address, at, last } => {
                    let at = if at > last { at - 1 } else { at + 1 };
                    if at != last {
                        self.notes.push(Note::Less { address, at, last });
                    }
                    Next::Go(address, at)
                }
                Note::More { address, at, last } => self.more(address, at, last),
                Note::Look { address, at } => match self.program.code[address] {
                    Op::Look { negated: true, end } => Next::Go(end, at),
                    _ => Next::Fail,
                },
                Note::Slot { .. } | Note::Counter { .. } => Next::Fail,
            };
            if !matches!(next, Next::Fail) {
                return next;
            }
        }
        Next::Fail
    }

    fn resume(&mut self, address: Address, at: usize) -> Next {
        let program = self.program;
        match &program.code[address] {
            Op::Loop(looped) => self.iterate(address, looped, at).unwrap_or(Next::Fail),
            _ => Next::Fail,
        }
    }

    fn more(&mut self, address: Address, at: usize, last: usize) -> Next {
        let program = self.program;
        let Op::Run { single, backward, .. } = &program.code[address] else { return Next::Fail };
        match self.neighbour(at, *backward) {
            Some((unit, at)) if single.takes(unit) => {
                if at != last {
                    self.notes.push(Note::More { address, at, last });
                }
                Next::Go(address + 1, at)
            }
            _ => Next::Fail,
        }
    }
}
