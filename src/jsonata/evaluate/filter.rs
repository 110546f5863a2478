//! Predicates.

use super::array::{SEQUENCE, TUPLES, length};
use super::path::Found;
use super::{Evaluated, Evaluation};
use crate::jsonata::compile::{Filter, Node};
use crate::jsonata::error::Throw;
use crate::value::Value;

impl<'a> Evaluation<'a> {
    /// What a predicate leaves of what was found.
    pub(super) fn filter(&mut self, filter: &'a Filter, found: Found) -> Result<Found, Throw> {
        let items = match (found, filter) {
            (Found::Nothing, Filter::Index(_)) => return Ok(Found::Nothing),
            // The reference evaluates a predicate even where there is nothing to apply it to.
            (Found::Nothing, Filter::Where(condition)) => {
                self.times_taken(condition, None, 0, 1)?;
                return Ok(Found::Nothing);
            }
            (Found::One(single @ Value::Array(_)), _) => self.heap.array(&[single])?,
            (Found::Value(value) | Found::Items(value) | Found::One(value), _) => value,
        };
        match filter {
            Filter::Index(index) => Ok(match position(*index, length(items)) {
                // An array there is the result as it is.
                Some(index) => match self.item(items, index) {
                    array @ Value::Array(_) if !self.has_mark(items, TUPLES) => Found::Value(array),
                    item => Found::One(item),
                },
                None => Found::Nothing,
            }),
            Filter::Where(condition) if self.has_mark(items, TUPLES) => self.filter_tuples(condition, items),
            Filter::Where(condition) => {
                let mark = self.heap.mark();
                for index in 0..length(items) {
                    let item = self.item(items, index);
                    for _ in 0..self.times_taken(condition, Some(item), index, length(items))? {
                        self.heap.push(item);
                    }
                }
                match *self.heap.pushed(mark) {
                    [] => Ok(Found::Nothing),
                    [single] => {
                        self.heap.abandon(mark);
                        Ok(Found::One(single))
                    }
                    _ => self.close_sequence(mark).map(Found::Items),
                }
            }
        }
    }

    fn filter_tuples(&mut self, condition: &'a Node, items: Value) -> Result<Found, Throw> {
        let mark = self.heap.mark();
        for index in 0..length(items) {
            let row = self.item(items, index);
            let taken = self.in_tuple(row, |own, item| own.times_taken(condition, item, index, length(items)))?;
            (0..taken).for_each(|_| self.heap.push(row));
        }
        let rows = self.close_array(mark)?;
        self.set_marks(rows, SEQUENCE | TUPLES);
        Ok(Found::Items(rows))
    }

    /// How often a predicate takes an item: an array of indexes may name it more than once.
    fn times_taken(
        &mut self,
        condition: &'a Node,
        item: Option<Value>,
        index: usize,
        count: usize,
    ) -> Result<usize, Throw> {
        let Some(result) = self.evaluate(condition, item)? else { return Ok(0) };
        let is_index = |number: f64| position(number.floor(), count) == Some(index);
        if let Some(number) = self.numeric(result)? {
            return Ok(usize::from(is_index(number)));
        }
        let Value::Array(list) = result else { return self.boolean(result).map(usize::from) };
        let mut times = 0;
        self.work(list.len())?;
        for at in 0..list.len() {
            let item = self.heap.items(list)[at];
            match self.numeric(item)? {
                Some(number) => times += usize::from(is_index(number)),
                None => return self.boolean(result).map(usize::from),
            }
        }
        Ok(times)
    }

    /// The value of what was found, not yet taken for its only element.
    pub(super) fn close_found(&mut self, found: Found) -> Evaluated {
        match found {
            Found::Nothing => Ok(None),
            Found::Value(value) | Found::Items(value) => Ok(Some(value)),
            Found::One(value) => {
                let sequence = self.heap.array(&[value])?;
                self.set_marks(sequence, SEQUENCE);
                Ok(Some(sequence))
            }
        }
    }
}

/// The place of an index, which counts from the end if it is negative.
fn position(index: f64, count: usize) -> Option<usize> {
    let index = if index < 0.0 { index + count as f64 } else { index };
    (0.0..count as f64).contains(&index).then_some(index as usize)
}
