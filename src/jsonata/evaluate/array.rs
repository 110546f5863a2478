//! Arrays under construction, and the reference's marks on them.

use super::{Evaluated, Evaluation};
use crate::jsonata::error::Throw;
use crate::value::{List, Mark, Value};

/// A sequence: one of one element is that element, one of none is undefined.
pub(in crate::jsonata) const SEQUENCE: u8 = 1;
/// A sequence of one element stays one.
pub(in crate::jsonata) const KEPT: u8 = 2;
/// An array constructor in a path: one item, not several.
pub(in crate::jsonata) const CONSTRUCTED: u8 = 4;
/// The elements are items with bindings: see `tuple`.
pub(super) const TUPLES: u8 = 8;

impl Evaluation<'_> {
    /// The marks of an array. What was made before this evaluation has none.
    #[inline]
    pub(super) fn marks(&self, list: List) -> u8 {
        if self.heap.is_since(list, self.age) { self.heap.tag(list) } else { 0 }
    }

    #[inline]
    pub(in crate::jsonata) fn has_mark(&self, value: Value, mark: u8) -> bool {
        matches!(value, Value::Array(list) if self.marks(list) & mark != 0)
    }

    /// What the value of a node is taken for: of a sequence that is not kept, its only element.
    #[inline]
    pub(super) fn normal(&self, value: Option<Value>) -> Option<Value> {
        let Some(Value::Array(list)) = value else { return value };
        if list.len() > 1 {
            return value;
        }
        self.collapse(list)
    }

    fn collapse(&self, list: List) -> Option<Value> {
        let marks = self.marks(list);
        if marks & SEQUENCE == 0 || marks & TUPLES != 0 {
            return Some(Value::Array(list));
        }
        match *self.heap.items(list) {
            [] => None,
            [single] if marks & KEPT == 0 => Some(single),
            _ => Some(Value::Array(list)),
        }
    }

    /// The element of an array, or the value itself.
    #[inline]
    pub(in crate::jsonata) fn item(&self, array: Value, index: usize) -> Value {
        match array {
            Value::Array(list) => self.heap.items(list)[index],
            single => single,
        }
    }

    /// Adds a value to the container under construction.
    #[inline]
    pub(in crate::jsonata) fn push(&mut self, value: Value) {
        self.keep(value);
        self.heap.push(value);
    }

    /// Pushes the elements of an array, or the value itself.
    pub(in crate::jsonata) fn push_items(&mut self, value: Value) -> Result<(), Throw> {
        let Value::Array(list) = value else {
            self.push(value);
            return Ok(());
        };
        self.work(list.len())?;
        self.afford(list.len() * size_of::<Value>())?;
        for index in 0..list.len() {
            let item = self.heap.items(list)[index];
            self.heap.push(item);
        }
        Ok(())
    }

    /// Closes an array without marks.
    pub(in crate::jsonata) fn close_array(&mut self, mark: Mark) -> Result<Value, Throw> {
        // What was pushed is counted already: it moves.
        self.check_paid()?;
        let array = self.heap.array_from(mark)?;
        self.check_size(array)?;
        Ok(array)
    }

    /// Whether a container is not too large where each part counts as often as it appears.
    #[inline]
    pub(super) fn check_size(&self, container: Value) -> Result<(), Throw> {
        match self.heap.size(container) as usize > super::MAX_BYTES {
            true => Err(Throw::bound(crate::jsonata::error::OUT_OF_MEMORY)),
            false => Ok(()),
        }
    }

    /// Closes a sequence: what a function that makes one gives.
    pub(in crate::jsonata) fn close_sequence(&mut self, mark: Mark) -> Result<Value, Throw> {
        let array = self.close_array(mark)?;
        self.set_marks(array, SEQUENCE);
        Ok(array)
    }

    pub(super) fn set_marks(&mut self, array: Value, marks: u8) {
        if let Value::Array(list) = array {
            self.heap.set_tag(list, marks);
        }
    }

    /// An array of one, that stays one.
    pub(super) fn kept_single(&mut self, value: Value) -> Evaluated {
        let mark = self.heap.mark();
        self.push(value);
        let array = self.close_array(mark)?;
        self.set_marks(array, SEQUENCE | KEPT);
        Ok(Some(array))
    }

    /// What the reference's `append` makes of these values, pushed since the mark: one stays what it is, of several
    /// the elements are put together.
    pub(super) fn close_appended(&mut self, mark: Mark) -> Evaluated {
        let count = self.heap.pushed(mark).len();
        if count <= 1 {
            let value = self.heap.pushed(mark).first().copied();
            self.heap.abandon(mark);
            return Ok(value);
        }
        if !self.heap.pushed(mark).iter().any(|value| matches!(value, Value::Array(_))) {
            return self.close_array(mark).map(Some);
        }
        let flat = self.heap.mark();
        for index in 0..count {
            let value = self.heap.pushed(mark)[index];
            self.push_items(value)?;
        }
        let array = self.close_array(flat)?;
        self.heap.abandon(mark);
        Ok(Some(array))
    }
}

/// The number of elements; a single value counts as one.
#[inline]
pub(in crate::jsonata) fn length(value: Value) -> usize {
    match value {
        Value::Array(list) => list.len(),
        _ => 1,
    }
}
