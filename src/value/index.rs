//! Where the keys of an object stand to which fields are added one after another.
//!
//! A chain of states that each add a field to the same object asks each time whether the key is there already. Looking at all
//! keys makes that quadratic: with a hundred states it was half of their time.

use super::key::is_key;
use super::parse::fingerprint;
use super::{Form, Heap, Key, List, Value};

/// Keys that are looked at one by one before an object is worth an index.
const MIN_KEYS: usize = 16;
/// Slots that are looked at for a key: beyond, the object's keys are such that they collide, and are looked at one by one.
const MAX_PROBES: usize = 16;

/// The keys of one object by their fingerprints.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Where the object's nodes begin, and how many entries it had.
    start: usize,
    len: usize,
    /// One more than the place of an entry, or 0. Their number is a power of two, at least twice that of entries.
    slots: Vec<u32>,
    /// Whether all keys found a slot.
    is_whole: bool,
}

impl Index {
    /// Bytes of memory in use.
    pub(super) fn bytes(&self) -> usize {
        self.slots.len() * size_of::<u32>()
    }

    pub(super) fn clear(&mut self) {
        self.start = 0;
        self.slots.clear();
    }

    pub(super) fn bytes_held(&self) -> usize {
        self.slots.capacity() * size_of::<u32>()
    }

    pub(super) fn shrink(&mut self) {
        self.slots.shrink_to(self.slots.len());
    }

    /// The slots in which an entry with this fingerprint can be, by their order.
    fn probes(&self, print: u32) -> impl Iterator<Item = usize> + use<> {
        let mask = self.slots.len() - 1;
        let first = print as usize;
        (0..MAX_PROBES).map(move |step| (first + step) & mask)
    }

    fn insert(&mut self, print: u32, place: usize) {
        match self.probes(print).find(|slot| self.slots[*slot] == 0) {
            Some(slot) => self.slots[slot] = 1 + place as u32,
            None => self.is_whole = false,
        }
    }
}

impl Heap {
    /// The place of a key in an object that is changed in place. What was [added](Heap::index_added) since it was asked for last
    /// is known; the keys of another object are indexed first.
    #[inline]
    pub(super) fn place_in_own(&mut self, object: List, key: &Key) -> Option<usize> {
        if object.len() < MIN_KEYS {
            return self.index_of(object, key);
        }
        if self.index.start != object.start() || self.index.len != object.len() {
            self.index_keys(object);
        }
        if !self.index.is_whole {
            return self.index_of(object, key);
        }
        let entries = &self.nodes[object.start()..];
        for slot in self.index.probes(key.print()) {
            let place = (self.index.slots[slot] as usize).checked_sub(1)?;
            if let Some(Value::String(name)) = entries.get(2 * place)
                && is_key(&self.text, name, key)
            {
                return Some(place);
            }
        }
        None
    }

    /// The key was added behind the others.
    #[inline]
    pub(super) fn index_added(&mut self, object: List, key: &Key) {
        let index = &mut self.index;
        if index.start == object.start() && index.len == object.len() {
            index.len += 1;
            if 2 * index.len > index.slots.len() {
                // It has become too small.
                index.start = 0;
            } else {
                index.insert(key.print(), object.len());
            }
        }
    }

    #[cold]
    fn index_keys(&mut self, object: List) {
        self.count(2 * object.len());
        let mut index = std::mem::take(&mut self.index);
        (index.start, index.len, index.is_whole) = (object.start(), object.len(), true);
        index.slots.clear();
        index.slots.resize(4 * object.len().next_power_of_two(), 0);
        for (place, (name, _)) in self.entries(object).enumerate() {
            let range = name.range();
            // The text of a key with escapes is not the key.
            index.is_whole &= name.form() != Form::Escaped;
            index.insert(fingerprint(self.text.as_bytes(), range.start, range.end), place);
        }
        self.index = index;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adds and replaces fields of one object in place, and compares with copies.
    fn play(event: &str, keys: impl Iterator<Item = String>) {
        let mut heap = Heap::new();
        let Value::Object(event) = heap.parse(event.as_bytes()).unwrap() else { panic!("an object") };
        let first = Key::new("first");
        let (Value::Object(mut own), Value::Object(mut copied)) =
            (heap.with_key(event, &first, Value::Null).unwrap(), heap.with_key(event, &first, Value::Null).unwrap())
        else {
            panic!("objects")
        };
        for (number, key) in keys.enumerate() {
            let (key, value) = (Key::new(key), Value::Int(number as i64));
            let Value::Object(changed) = heap.set_key(own, &key, value).unwrap() else { panic!("an object") };
            let Value::Object(copy) = heap.with_key(copied, &key, value).unwrap() else { panic!("an object") };
            (own, copied) = (changed, copy);
        }
        assert_eq!(heap.to_json(Value::Object(own)), heap.to_json(Value::Object(copied)));
        assert_eq!(heap.size(Value::Object(own)), heap.size(Value::Object(copied)));
    }

    #[test]
    fn keys_are_found_in_an_object_that_grows() {
        play("{}", (0..300).map(|number| format!("key {}", number * 7 % 200)));
        play(r#"{"key 3":1,"first":{"a":2}}"#, (0..100).map(|number| format!("key {}", number % 90)));
        // The second time that is an object with a key of escapes.
        play(r#"{"a\nb":1}"#, (0..100).map(|number| if number == 50 { "a\nb".to_owned() } else { number.to_string() }));
        // They have one fingerprint, which is that of the ends.
        play("{}", (0..100).map(|number| format!("beginning {:03} the ending", number % 70)));
    }

    #[test]
    fn two_objects_that_grow_in_turn_do_not_mix() {
        let mut heap = Heap::new();
        let empty = heap.empty_object();
        let mut objects = [empty; 2];
        for number in 0..120 {
            let key = Key::new(format!("k{number}"));
            let own = &mut objects[number % 2];
            let Value::Object(object) = *own else { panic!("an object") };
            *own = heap.with_key(object, &key, Value::True).unwrap();
            let Value::Object(object) = *own else { panic!("an object") };
            *own = heap.set_key(object, &key, Value::False).unwrap();
        }
        for (which, object) in objects.into_iter().enumerate() {
            let Value::Object(object) = object else { panic!("an object") };
            assert_eq!(object.len(), 60);
            assert!(heap.entries(object).all(|(_, value)| matches!(value, Value::False)), "{which}");
        }
    }
}
