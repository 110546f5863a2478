use super::compare::FEW_KEYS;
use super::{Exceeded, Heap, List, Str, Value};

impl Heap {
    /// A copy of the object in which `key` has this value: an existing key keeps its place, a new one comes last.
    ///
    /// # Errors
    /// [`Exceeded`] if the value has the greatest depth already, or a bound is passed.
    pub fn with_field(&mut self, object: List, key: Str, value: Value) -> Result<Value, Exceeded> {
        self.work(2 * object.len())?;
        let at = self.position(object, &self.str(key));
        let mark = self.mark();
        let start = object.start();
        self.reserve_stack(2 * object.len() + 2);
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
        self.work(array.len())?;
        let mark = self.mark();
        let start = array.start();
        self.reserve_stack(array.len());
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
        self.work(first.len() + second.len())?;
        let mark = self.mark();
        let start = first.start();
        self.reserve_stack(2 * (first.len() + second.len()));
        self.stack.extend_from_slice(&self.nodes[start..start + 2 * first.len()]);
        for (index, place) in self.places_in(first, second).into_iter().enumerate() {
            let (key, value) = self.entry(second, index);
            match place {
                Some(at) => self.stack[mark.0 + 2 * at + 1] = value,
                None => self.push_entry(key, value),
            }
        }
        self.object_from(mark)
    }

    /// For each key of `second` its place in `first`.
    fn places_in(&self, first: List, second: List) -> Vec<Option<usize>> {
        let keys = self.entries(second).map(|(key, _)| self.str(key));
        if first.len().min(second.len()) <= FEW_KEYS {
            return keys.map(|key| self.position(first, &key)).collect();
        }
        let places = self.key_places(first);
        keys.map(|key| places.get(&key).copied()).collect()
    }

    /// A string that holds the value's compact JSON text.
    ///
    /// # Errors
    /// [`Exceeded`] if a bound is passed.
    pub fn json_string(&mut self, value: Value) -> Result<Value, Exceeded> {
        // It is printed aside first.
        self.afford(2 * self.size(value) as usize)?;
        let mark = self.begin_text();
        self.append_json(value);
        Ok(self.finish_text(mark))
    }
}
