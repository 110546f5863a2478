//! The way that a search has gone, which error texts tell.

use crate::value::Str;

/// A step of the way to what is looked at.
#[derive(Clone, Copy)]
pub(super) enum Part {
    /// What the step says.
    Step(usize),
    /// A key that a wildcard or `..` came through.
    Key(Str),
    Index(i64),
    /// Error texts start again.
    Here,
}

/// The way to what a search looks at. Its beginning lies in place, so that a search that goes no deeper allocates nothing.
pub(super) struct Trail {
    first: [Part; TRAIL_IN_PLACE],
    len: usize,
    rest: Vec<Part>,
}

/// Parts of a trail that lie in place: a few steps and as many levels.
const TRAIL_IN_PLACE: usize = 8;

impl Trail {
    pub(super) fn new() -> Trail {
        Trail { first: [Part::Here; TRAIL_IN_PLACE], len: 0, rest: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, part: Part) {
        match self.first.get_mut(self.len) {
            Some(place) => *place = part,
            None => self.rest.push(part),
        }
        self.len += 1;
    }

    pub(super) fn pop(&mut self) {
        self.truncate(self.len.saturating_sub(1));
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
        self.rest.truncate(self.len.saturating_sub(TRAIL_IN_PLACE));
    }

    pub(super) fn into_vec(self) -> Vec<Part> {
        let mut parts = self.first[..self.len.min(TRAIL_IN_PLACE)].to_vec();
        parts.extend(self.rest);
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trail_is_a_stack_of_any_length() {
        let mut trail = Trail::new();
        let mut model: Vec<i64> = Vec::new();
        for number in 0..60 {
            match number % 10 {
                7 => {
                    trail.pop();
                    model.pop();
                }
                9 => {
                    let len = trail.len() / 2;
                    trail.truncate(len + 3);
                    model.truncate(len + 3);
                }
                _ => {
                    trail.push(Part::Index(number));
                    model.push(number);
                }
            }
            assert_eq!(trail.len(), model.len());
        }
        let indexes = trail.into_vec().into_iter().map(|part| match part {
            Part::Index(index) => index,
            _ => -1,
        });
        assert_eq!(indexes.collect::<Vec<_>>(), model);
        assert!(model.len() > TRAIL_IN_PLACE);
    }
}
