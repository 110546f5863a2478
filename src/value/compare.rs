use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;

use super::{Exceeded, Form, Heap, List, Str, UNIT_BYTES, Value};

/// Up to so many keys, each is looked for among the others' by itself; beyond, by hash.
pub(super) const FEW_KEYS: usize = 16;

impl Heap {
    /// Deep equality: numbers by value, objects whatever the order of their keys.
    ///
    /// It is work, linear in the smaller text of the two, which may be far larger than the heap: parts are shared. Once the work
    /// that is allowed is used up, nothing is equal, and the next payment fails.
    pub fn equals(&self, a: Value, b: Value) -> bool {
        self.are_equal(a, b).unwrap_or(false)
    }

    fn are_equal(&self, a: Value, b: Value) -> Result<bool, Exceeded> {
        Ok(match (a, b) {
            (Value::Null, Value::Null) => true,
            (Value::True, Value::True) | (Value::False, Value::False) => true,
            (Value::String(a), Value::String(b)) => self.strs_equal(a, b),
            (Value::Array(a), Value::Array(b)) => a.len() == b.len() && self.arrays_equal(a, b)?,
            (Value::Object(a), Value::Object(b)) => a.len() == b.len() && self.objects_equal(a, b)?,
            (a, b) if a.is_number() && b.is_number() => match (self.number(a), self.number(b)) {
                (Some(a), Some(b)) => a.compare(b) == Ordering::Equal,
                _ => false,
            },
            _ => false,
        })
    }

    fn strs_equal(&self, a: Str, b: Str) -> bool {
        if a.form() == Form::Escaped || b.form() == Form::Escaped {
            return self.str(a) == self.str(b);
        }
        if a.len() != b.len() {
            return false;
        }
        self.count(a.len() as usize / UNIT_BYTES);
        self.text.as_bytes()[a.range()] == self.text.as_bytes()[b.range()]
    }

    fn arrays_equal(&self, a: List, b: List) -> Result<bool, Exceeded> {
        for (a, b) in std::iter::zip(self.items(a), self.items(b)) {
            self.work(1)?;
            if !self.are_equal(*a, *b)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn objects_equal(&self, a: List, b: List) -> Result<bool, Exceeded> {
        let places = (a.len() > FEW_KEYS).then(|| self.key_places(b));
        for (key, value) in self.entries(a) {
            self.work(1)?;
            let key = self.str(key);
            let other = match &places {
                Some(places) => places.get(&key).map(|at| self.entry(b, *at).1),
                None => self.field(b, &key),
            };
            let equal = match other {
                Some(other) => self.are_equal(value, other)?,
                None => false,
            };
            if !equal {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Where each key of an object stands: for looking up more than a few of them.
    pub(super) fn key_places(&self, object: List) -> HashMap<Cow<'_, str>, usize> {
        self.count(8 * object.len());
        self.entries(object).enumerate().map(|(at, (key, _))| (self.str(key), at)).collect()
    }
}
