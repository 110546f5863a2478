//! Regular expressions as ECMAScript has them, without the `u` flag: what stands between slashes in an expression.
//!
//! Patterns and texts are sequences of UTF-16 code units: a character beyond the Basic Multilingual Plane is two of them,
//! which `.` and classes match one at a time. Where a match cuts such a pair, the half becomes U+FFFD, as everywhere else in
//! Stepstream.
//!
//! A pattern that a linear engine takes exactly is also compiled for one, and runs there on every text without such
//! characters ([`linear`]). Everything else is matched by a backtracking [`machine`] of our own, whose steps and memory are
//! bounded. (The crate `regress` is ECMAScript too, but bounds neither.)
//!
//! **Invariant:** matching never recurses on the native stack, and ends within the fuel that it is given.

mod linear;
mod machine;
mod parse;
mod program;
mod set;
mod subject;
#[cfg(test)]
mod tests;
mod tree;

pub(super) use subject::Subject;

use machine::{Machine, NOWHERE};

/// A compiled regular expression.
#[derive(Debug)]
pub(super) struct Regex {
    linear: Option<regex::Regex>,
    program: program::Program,
}

/// A pattern that is none, in the words of V8.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidPattern {
    /// The flags are those that the engine lists, in its order.
    #[error("Invalid regular expression: /{pattern}/{flags}: {reason}")]
    Pattern { pattern: Box<str>, flags: Box<str>, reason: &'static str },
    #[error("Invalid flags supplied to RegExp constructor '{0}g'")]
    Flags(Box<str>),
}

/// A match; positions are those of code units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Where each group matched, if it did.
    pub(super) groups: Vec<Option<(usize, usize)>>,
}

/// Work that may still be done. A unit is about what a node of an expression costs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fuel(pub(super) u64);

/// The fuel is used up, or too much is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exceeded {
    Steps,
    Memory,
}

impl Fuel {
    fn spend(&mut self, units: u64) -> Result<(), Exceeded> {
        self.0 = self.0.checked_sub(units).ok_or(Exceeded::Steps)?;
        Ok(())
    }
}

impl Regex {
    /// Compiles what stands between the slashes, with the flags `i` and `m` if they follow.
    pub(super) fn new(pattern: &str, flags: &str) -> Result<Regex, InvalidPattern> {
        let tree = read(pattern, flags)?;
        Ok(Regex { linear: linear::translate(&tree), program: program::compile(&tree) })
    }

    /// The same for a pattern that is used once: making the linear engine costs more than it saves.
    pub(super) fn for_once(pattern: &str, flags: &str) -> Result<Regex, InvalidPattern> {
        Ok(Regex { linear: None, program: program::compile(&read(pattern, flags)?) })
    }

    /// The first match that begins at this position or later.
    pub(super) fn find(&self, subject: &Subject<'_>, from: usize, fuel: &mut Fuel) -> Result<Option<Match>, Exceeded> {
        match &self.linear {
            Some(linear) if !subject.is_astral() => find_linear((linear, self.program.code.len()), subject, from, fuel),
            _ => self.find_backtracking(subject, from, fuel),
        }
    }

    fn find_backtracking(
        &self,
        subject: &Subject<'_>,
        from: usize,
        fuel: &mut Fuel,
    ) -> Result<Option<Match>, Exceeded> {
        let slots = Machine::new(&self.program, subject.units(), fuel).find(from)?;
        Ok(slots.map(|slots| {
            let groups = slots[2..].chunks_exact(2).map(|pair| match pair {
                [start, end] if *start != NOWHERE && *end != NOWHERE => Some((*start, *end)),
                _ => None,
            });
            Match { start: slots[0], end: slots[1], groups: groups.collect() }
        }))
    }
}

fn read(pattern: &str, flags: &str) -> Result<tree::Pattern, InvalidPattern> {
    if flags.matches('i').count() > 1 || flags.matches('m').count() > 1 {
        return Err(InvalidPattern::Flags(flags.into()));
    }
    parse::parse(pattern, flags).map_err(|reason| {
        let listed: String = ['g', 'i', 'm'].into_iter().filter(|flag| *flag == 'g' || flags.contains(*flag)).collect();
        InvalidPattern::Pattern { pattern: pattern.into(), flags: listed.into(), reason }
    })
}

/// `instructions`: of the other engine's program, as the measure of the pattern. Where its states don't fit into a table, this
/// engine looks at each of them for each byte.
fn find_linear(
    (regex, instructions): (&regex::Regex, usize),
    subject: &Subject<'_>,
    from: usize,
    fuel: &mut Fuel,
) -> Result<Option<Match>, Exceeded> {
    /// Looks of an instruction at a byte that one unit of fuel pays for.
    const LOOKS_PER_UNIT: usize = 64;

    let from = subject.byte(from);
    let mut captures = regex.capture_locations();
    let found = regex.captures_read_at(&mut captures, subject.text(), from);
    let read = found.map_or(subject.text().len(), |found| found.end()) - from;
    fuel.spend((read.saturating_mul(instructions) / LOOKS_PER_UNIT) as u64)?;
    Ok(found.map(|found| {
        let start = subject.unit(found.start());
        let groups = (1..captures.len())
            .map(|group| captures.get(group).map(|(start, end)| (subject.unit(start), subject.unit(end))));
        let groups = groups.collect();
        Match { start, end: subject.unit(found.end()), groups }
    }))
}
