//! Sorting: stable, by merging, with the comparisons that the reference makes.

use std::cmp::Ordering;

use super::array::{SEQUENCE, TUPLES, length};
use super::{Evaluated, Evaluation, text};
use crate::jsonata::compile::Term;
use crate::jsonata::error::Throw;
use crate::value::Value;

/// The keys of an item, as far as they were needed; undefined is a key, too.
type Keys = Box<[Option<Option<Value>>]>;

impl<'a> Evaluation<'a> {
    /// The items in the order of these terms. `rows`: they come with bindings.
    pub(super) fn sort_by(&mut self, terms: &'a [Term], items: Value, rows: bool) -> Result<Value, Throw> {
        let count = length(items);
        if count <= 1 {
            return Ok(items);
        }
        self.afford(count * terms.len() * size_of::<Option<Option<Value>>>())?;
        let mut keys: Vec<Keys> = (0..count).map(|_| vec![None; terms.len()].into()).collect();
        let order = self.merge_sort(count, &mut |own, left, right| {
            for (at, term) in terms.iter().enumerate() {
                let mut key = |own: &mut Self, index: usize| -> Evaluated {
                    if let Some(key) = keys[index][at] {
                        return Ok(key);
                    }
                    let item = own.item(items, index);
                    let key = match rows {
                        true => own.in_tuple(item, |own, item| own.evaluate(&term.key, item))?,
                        false => own.evaluate(&term.key, Some(item))?,
                    };
                    keys[index][at] = Some(key);
                    Ok(key)
                };
                let (left, right) = (key(own, left)?, key(own, right)?);
                match own.compare_keys(left, right, term.descending)? {
                    Ordering::Equal => {}
                    order => return Ok(order.is_gt()),
                }
            }
            Ok(false)
        })?;
        let mark = self.heap.mark();
        for index in order {
            let item = self.item(items, index as usize);
            self.heap.push(item);
        }
        let sorted = self.close_array(mark)?;
        self.set_marks(sorted, if rows { SEQUENCE | TUPLES } else { SEQUENCE });
        Ok(sorted)
    }

    fn compare_keys(&mut self, left: Option<Value>, right: Option<Value>, descending: bool) -> Result<Ordering, Throw> {
        let (left, right) = match (left, right) {
            (None, None) => return Ok(Ordering::Equal),
            // Undefined comes last, whatever the direction.
            (None, Some(_)) => return Ok(Ordering::Greater),
            (Some(_), None) => return Ok(Ordering::Less),
            (Some(left), Some(right)) => (left, right),
        };
        if !self.is_comparable(Some(left)) || !self.is_comparable(Some(right)) {
            let text = "The expressions within an order-by clause must evaluate to numeric or string values";
            return Err(Throw::new("T2008", text));
        }
        let Some(order) = self.order(left, right)? else {
            let (left, right) = (text::json(self, left), text::json(self, right));
            let text = format!("Type mismatch when comparing values {left} and {right} in order-by clause");
            return Err(Throw::new("T2007", text));
        };
        let order = order.unwrap_or(Ordering::Greater);
        Ok(if descending { order.reverse() } else { order })
    }

    /// The order of so many items. `swap`: whether the second of two has to come first.
    pub(in crate::jsonata) fn merge_sort(
        &mut self,
        count: usize,
        swap: &mut impl FnMut(&mut Self, usize, usize) -> Result<bool, Throw>,
    ) -> Result<Vec<u32>, Throw> {
        self.work(count)?;
        let mut order: Vec<u32> = (0..count as u32).collect();
        let mut scratch = order.clone();
        self.sort_part(&mut order, &mut scratch, swap)?;
        Ok(order)
    }

    /// Halves are as the reference makes them: where a comparison is not consistent, its results show.
    fn sort_part(
        &mut self,
        order: &mut [u32],
        scratch: &mut [u32],
        swap: &mut impl FnMut(&mut Self, usize, usize) -> Result<bool, Throw>,
    ) -> Result<(), Throw> {
        if order.len() <= 1 {
            return Ok(());
        }
        let middle = order.len() / 2;
        let (left_scratch, right_scratch) = scratch.split_at_mut(middle);
        let (left, right) = order.split_at_mut(middle);
        self.sort_part(left, left_scratch, swap)?;
        self.sort_part(right, right_scratch, swap)?;
        scratch.copy_from_slice(order);
        let (mut left, mut right) = scratch.split_at(middle);
        for place in order.iter_mut() {
            self.work(1)?;
            *place = match (left, right) {
                ([first, ..], [second, ..]) => match swap(self, *first as usize, *second as usize)? {
                    true => take_first(&mut right),
                    false => take_first(&mut left),
                },
                ([], _) => take_first(&mut right),
                (_, []) => take_first(&mut left),
            };
        }
        Ok(())
    }

    /// `$sort` with its own comparison, or with a function of two that says whether to swap them.
    pub(in crate::jsonata) fn sort(&mut self, array: Value, function: Option<Value>) -> Evaluated {
        let count = length(array);
        if count <= 1 {
            return Ok(Some(array));
        }
        let order = match function {
            Some(function) => self.merge_sort(count, &mut |own, left, right| {
                let arguments = [Some(own.item(array, left)), Some(own.item(array, right))];
                let swap = own.invoke(function, &arguments)?;
                Ok(own.is_truthy(swap))
            })?,
            None => {
                self.check_sortable(array)?;
                self.merge_sort(count, &mut |own, left, right| {
                    let (left, right) = (own.item(array, left), own.item(array, right));
                    Ok(matches!(own.order(left, right)?, Some(Some(Ordering::Greater))))
                })?
            }
        };
        let mark = self.heap.mark();
        for index in order {
            let item = self.item(array, index as usize);
            self.heap.push(item);
        }
        self.close_array(mark).map(Some)
    }

    fn check_sortable(&mut self, array: Value) -> Result<(), Throw> {
        let (mut numbers, mut strings) = (0, 0);
        for index in 0..length(array) {
            let item = self.item(array, index);
            numbers += usize::from(self.numeric(item)?.is_some());
            strings += usize::from(matches!(item, Value::String(_)));
        }
        if numbers == length(array) || strings == length(array) {
            return Ok(());
        }
        let text = "The single argument form of the sort function can only be applied to an array of strings or an array \
                    of numbers.  Use the second argument to specify a comparison function";
        Err(Throw::new("D3070", text))
    }
}

fn take_first(list: &mut &[u32]) -> u32 {
    let Some((first, rest)) = list.split_first() else { return 0 };
    *list = rest;
    *first
}
