use std::sync::atomic::{AtomicU32, Ordering};

use super::{Form, Heap, List, Str, Value, text};

/// A key that is looked up again and again. It remembers where it was found last: in a stream of events of the same
/// shape that is where it will be found next.
///
/// The memory is only a hint. Since the keys of an object differ from each other, the result of a lookup does not depend
/// on it.
#[derive(Debug)]
pub struct Key {
    text: Box<str>,
    hint: AtomicU32,
}

impl Key {
    /// A key of this text.
    pub fn new(text: impl Into<Box<str>>) -> Key {
        Key { text: text.into(), hint: AtomicU32::new(0) }
    }
}

impl Clone for Key {
    fn clone(&self) -> Self {
        Key::new(&*self.text)
    }
}

impl std::ops::Deref for Key {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl Heap {
    /// The value of an object's key. As [`field`](Heap::field), but faster for a key that is looked up often.
    #[inline]
    pub fn find(&self, object: List, key: &Key) -> Option<&Value> {
        // Whether the hint is right depends on other executions: the work that is counted must not.
        self.count_scan(object);
        // As `index_of`, but without a second look at the object's bounds.
        let hint = key.hint.load(Ordering::Relaxed);
        if (hint as usize) < object.len() {
            let at = object.start() + 2 * hint as usize;
            if let Some([Value::String(name), value]) = self.nodes.get(at..).and_then(|nodes| nodes.first_chunk::<2>())
                && is_key(&self.text, name, key)
            {
                return Some(value);
            }
        }
        self.search(object, key)
    }

    fn search(&self, object: List, key: &Key) -> Option<&Value> {
        let index = self.search_index(object, key)?;
        Some(&self.children(object, 2 * object.len())[2 * index + 1])
    }

    /// The place of an object's key among its entries.
    pub(super) fn index_of(&self, object: List, key: &Key) -> Option<usize> {
        self.count_scan(object);
        let hint = key.hint.load(Ordering::Relaxed) as usize;
        if let Some(Value::String(name)) = self.children(object, 2 * object.len()).get(2 * hint)
            && is_key(&self.text, name, key)
        {
            return Some(hint);
        }
        self.search_index(object, key)
    }

    fn search_index(&self, object: List, key: &Key) -> Option<usize> {
        let index = self.scan(object, key)?;
        // Written only when the shape changes: shards share the program that the key is part of.
        key.hint.store(index as u32, Ordering::Relaxed);
        Some(index)
    }
}

#[inline]
fn is_key(text: &str, name: &Str, key: &Key) -> bool {
    name.len() as usize == key.text.len()
        && name.form() != Form::Escaped
        && text::equal(&text.as_bytes()[name.range()], key.text.as_bytes())
}
