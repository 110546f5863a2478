use super::{Exceeded, Heap, List, Str, Value};

impl Heap {
    /// A copy of the object in which `key` has this value: an existing key keeps its place, a new one comes last.
    ///
    /// # Errors
    /// [`Exceeded`] if the value has the greatest depth already, or a bound is passed.
    pub fn with_field(&mut self, object: List, key: Str, value: Value) -> Result<Value, Exceeded> {
        let at = self.position(object, &self.str(key));
        let mark = self.mark();
        let start = object.start();
        self.stack.extend_from_slice(&self.nodes[start..start + 2 * object.len()]);
        match at {
            Some(index) => self.stack[mark.0 + 2 * index + 1] = value,
            None => self.push_entry(key, value),
        }
        self.object_from(mark)
    }

    /// A copy of the array in which the element at `index`, which exists, is this value.
    ///
    /// # Errors
    /// [`Exceeded`] if the value has the greatest depth already, or a bound is passed.
    pub fn with_item(&mut self, array: List, index: usize, value: Value) -> Result<Value, Exceeded> {
        let mark = self.mark();
        let start = array.start();
        self.stack.extend_from_slice(&self.nodes[start..start + array.len()]);
        if let Some(item) = self.stack.get_mut(mark.0 + index) {
            *item = value;
        }
        self.array_from(mark)
    }

    /// A shallow merge: the entries of `first`, overwritten by those of `second`, then the new ones of `second`.
    ///
    /// # Errors
    /// [`Exceeded`] if a bound is passed; the depth cannot be, where both objects are in bounds.
    pub fn merge(&mut self, first: List, second: List) -> Result<Value, Exceeded> {
        let mark = self.mark();
        let start = first.start();
        self.stack.extend_from_slice(&self.nodes[start..start + 2 * first.len()]);
        for index in 0..second.len() {
            let (key, value) = self.entry(second, index);
            match self.position(first, &self.str(key)) {
                Some(at) => self.stack[mark.0 + 2 * at + 1] = value,
                None => self.push_entry(key, value),
            }
        }
        self.object_from(mark)
    }

    /// A string that holds the value's compact JSON text.
    pub fn json_string(&mut self, value: Value) -> Value {
        let mark = self.begin_text();
        self.append_json(value);
        self.finish_text(mark)
    }
}
