use super::compare::FEW_KEYS;
use super::heap::Header;
use super::{Exceeded, Heap, Key, List, MAX_DEPTH, Value, spans};

impl Heap {
    /// A copy of the object in which `key` has this value: an existing key keeps its place, a new one comes last.
    ///
    /// # Errors
    /// [`Exceeded`] if the value has the greatest depth already, or a bound is passed.
    pub fn with_key(&mut self, object: List, key: &Key, value: Value) -> Result<Value, Exceeded> {
        self.work(2 * object.len())?;
        let place = self.index_of(object, key);
        if let Some(changed) = self.copy_with_key(object, key, place, value)? {
            return Ok(changed);
        }
        let mark = self.mark();
        self.reserve_stack(2 * object.len() + 2);
        self.push_children(object, 2 * object.len());
        match place {
            Some(index) => self.stack[mark.0 + 2 * index + 1] = value,
            None => {
                let key = self.own_key(key);
                self.push_entry(key, value);
            }
        }
        self.object_from(mark)
    }

    /// Does it in a single copy, in which size and depth follow from those of the object: half the instructions of measuring all
    /// that is in it. `None` if they don't follow, or its nodes are elsewhere.
    #[inline]
    fn copy_with_key(
        &mut self,
        object: List,
        key: &Key,
        place: Option<usize>,
        value: Value,
    ) -> Result<Option<Value>, Exceeded> {
        let (start, nodes, header) = (object.start(), 2 * object.len(), self.header(object));
        let (size, depth) = self.measure(&value);
        if spans::is_skimmed(start) || header.size == u32::MAX || depth >= MAX_DEPTH {
            return Ok(None);
        }
        let old = place.map(|index| self.measure(&self.nodes[start + 2 * index + 1]));
        let left = match old {
            // What is as deep as the object may be what made it so.
            Some((_, old_depth)) if old_depth > depth && old_depth + 1 >= object.depth() => return Ok(None),
            Some((old_size, _)) => header.size - old_size,
            None if object.len() >= List::MAX_LEN => return Ok(None),
            None => header.size,
        };
        self.work(1 + nodes + if place.is_none() { 2 } else { 0 })?;
        let key = if place.is_none() { Some(self.own_key(key)) } else { None };
        self.reserve_nodes(1 + nodes + 2);
        self.nodes.push(Value::Null);
        let copy = self.nodes.len();
        self.nodes.extend_from_within(start..start + nodes);
        let mut size = left.saturating_add(size);
        match (place, key) {
            (Some(index), _) => self.nodes[copy + 2 * index + 1] = value,
            (None, Some(key)) => {
                let separators = if object.is_empty() { 1 } else { 2 };
                size = size.saturating_add(separators + self.measure(&Value::String(key)).0);
                self.nodes.extend_from_slice(&[Value::String(key), value]);
            }
            (None, None) => {}
        }
        self.set_size(copy, size);
        let len = (self.nodes.len() - copy) / 2;
        Ok(Some(Value::Object(List::new(copy, len, object.depth().max(1 + depth)))))
    }

    /// The same for an object that was built, and to which the caller has the only handle: it becomes invalid, since the object
    /// itself is changed if it can be. A chain of states that each add a field would else copy all fields before it in each.
    ///
    /// # Errors
    /// As [`with_key`](Heap::with_key).
    pub fn set_key(&mut self, object: List, key: &Key, value: Value) -> Result<Value, Exceeded> {
        self.work(1)?;
        match self.set_in_place(object, key, value) {
            Some(changed) => Ok(Value::Object(changed)),
            None => self.with_key(object, key, value),
        }
    }

    /// Does it if it can be done; if not, nothing has changed.
    #[inline]
    pub(crate) fn set_in_place(&mut self, object: List, key: &Key, value: Value) -> Option<List> {
        let start = object.start();
        if spans::is_skimmed(start) || self.is_constant(start) {
            return None;
        }
        let header = self.header(object);
        let (size, depth) = self.measure(&value);
        if header.source.is_some() || header.size == u32::MAX || depth >= MAX_DEPTH {
            return None;
        }
        let is_last = start + 2 * object.len() == self.nodes.len();
        let place = if is_last { self.place_in_own(object, key) } else { self.index_of(object, key) };
        let len = match place {
            Some(index) => {
                let old = &mut self.nodes[start + 2 * index + 1];
                let replaced = std::mem::replace(old, value);
                let (old_size, old_depth) = self.measure(&replaced);
                // What is as deep as the object may be what made it so.
                if old_depth > depth && old_depth + 1 >= object.depth() {
                    self.nodes[start + 2 * index + 1] = replaced;
                    return None;
                }
                self.set_size(start, (header.size - old_size).saturating_add(size));
                object.len()
            }
            // Behind the last node there is room.
            None if is_last && object.len() < List::MAX_LEN => {
                self.index_added(object, key);
                let key = self.own_key(key);
                self.reserve_nodes(2);
                self.nodes.extend_from_slice(&[Value::String(key), value]);
                let separators = if object.is_empty() { 1 } else { 2 };
                let (key_size, _) = self.measure(&Value::String(key));
                self.set_size(start, header.size.saturating_add(separators + key_size).saturating_add(size));
                object.len() + 1
            }
            None => return None,
        };
        Some(List::new(start, len, object.depth().max(1 + depth)))
    }

    fn set_size(&mut self, start: usize, size: u32) {
        self.nodes[start - 1] = Header { source: None, size }.pack();
    }

    /// A copy of the array in which the element at `index`, which exists, is this value.
    ///
    /// # Errors
    /// [`Exceeded`] if the value has the greatest depth already, or a bound is passed.
    pub fn with_item(&mut self, array: List, index: usize, value: Value) -> Result<Value, Exceeded> {
        self.work(array.len())?;
        let mark = self.mark();
        self.reserve_stack(array.len());
        self.push_children(array, array.len());
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
        self.reserve_stack(2 * (first.len() + second.len()));
        self.push_children(first, 2 * first.len());
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
