use std::cmp::Ordering;

use super::{Form, Heap, List, Str, Value};

impl Heap {
    /// Deep equality: numbers by value, objects whatever the order of their keys.
    pub fn equals(&self, a: Value, b: Value) -> bool {
        match (a, b) {
            (Value::Null, Value::Null) => true,
            (Value::True, Value::True) | (Value::False, Value::False) => true,
            (Value::String(a), Value::String(b)) => self.strs_equal(a, b),
            (Value::Array(a), Value::Array(b)) => self.arrays_equal(a, b),
            (Value::Object(a), Value::Object(b)) => self.objects_equal(a, b),
            (a, b) if a.is_number() && b.is_number() => match (self.number(a), self.number(b)) {
                (Some(a), Some(b)) => a.compare(b) == Ordering::Equal,
                _ => false,
            },
            _ => false,
        }
    }

    fn strs_equal(&self, a: Str, b: Str) -> bool {
        if a.form() == Form::Escaped || b.form() == Form::Escaped {
            return self.str(a) == self.str(b);
        }
        self.text.as_bytes()[a.range()] == self.text.as_bytes()[b.range()]
    }

    fn arrays_equal(&self, a: List, b: List) -> bool {
        a.len() == b.len() && std::iter::zip(self.items(a), self.items(b)).all(|(a, b)| self.equals(*a, *b))
    }

    fn objects_equal(&self, a: List, b: List) -> bool {
        a.len() == b.len()
            && self
                .entries(a)
                .all(|(key, value)| self.field(b, &self.str(key)).is_some_and(|other| self.equals(value, other)))
    }
}
