use std::sync::atomic::{AtomicU32, Ordering};

use super::parse::fingerprint;
use super::{Form, Heap, List, Str, Value, text};

/// A key that is looked up again and again. It remembers where it was found last: in a stream of events of the same
/// shape that is where it will be found next.
///
/// The memory is only a hint. Since the keys of an object differ from each other, the result of a lookup does not depend
/// on it.
#[derive(Debug)]
pub struct Key {
    text: Box<str>,
    /// Of a key of at most eight bytes, these, and the bits of a word that they take.
    word: Option<(u64, u64)>,
    print: u32,
    hint: AtomicU32,
    /// The key among the constants that heaps are seeded with.
    kept: Option<Str>,
}

impl Key {
    /// A key of this text.
    pub fn new(text: impl Into<Box<str>>) -> Key {
        let text = text.into();
        let print = fingerprint(text.as_bytes(), 0, text.len());
        Key { word: word_of(&text), text, print, hint: AtomicU32::new(0), kept: None }
    }

    /// Keeps the key among these constants: objects that it is added to need no copy of its text then. From then on it is used
    /// with heaps that are [seeded](Heap::seed_from) from them only.
    pub fn keep(&mut self, constants: &mut Heap) {
        self.kept = Some(constants.key(&self.text));
    }

    /// See [`fingerprint`].
    pub(super) fn print(&self) -> u32 {
        self.print
    }
}

impl Clone for Key {
    fn clone(&self) -> Self {
        let Key { text, word, print, kept, .. } = self;
        Key { text: text.clone(), word: *word, print: *print, hint: AtomicU32::new(0), kept: *kept }
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
    #[inline(always)]
    pub fn find(&self, object: List, key: &Key) -> Option<&Value> {
        // Whether the hint is right depends on other executions: the work that is counted must not.
        self.count_scan(object);
        // As `index_of`, but without a second look at the object's bounds.
        let hint = key.hint.load(Ordering::Relaxed);
        if (hint as usize) < object.len() {
            // No list begins so far back that this would overflow, which the compiler can't know.
            let at = (object.start() + 2 * hint as usize) as u32 as usize;
            if let Some([Value::String(name), value]) = self.nodes.get(at..at + 2)
                && is_key(&self.text, name, key)
            {
                return Some(value);
            }
        }
        self.search(object, key)
    }

    #[inline(never)]
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

impl Heap {
    /// The key as a string of this heap.
    #[inline]
    pub(crate) fn own_key(&mut self, key: &Key) -> Str {
        match key.kept {
            Some(kept) => kept,
            None => self.key(&key.text),
        }
    }
}

/// Whether a name in the heap's text is this key. Most keys are short, and compared as one word with what is behind them masked.
#[inline(always)]
pub(super) fn is_key(own_text: &str, name: &Str, key: &Key) -> bool {
    if name.len() as usize != key.text.len() || name.form() == Form::Escaped {
        return false;
    }
    let (bytes, range) = (own_text.as_bytes(), name.range());
    match (key.word, text::chunk(bytes, range.start)) {
        (Some((word, mask)), Some(found)) => u64::from_le_bytes(*found) & mask == word,
        _ => text::equal(&bytes[range], key.text.as_bytes()),
    }
}

fn word_of(text: &str) -> Option<(u64, u64)> {
    let unused = 8usize.checked_sub(text.len())?;
    let mask = u64::MAX.checked_shr(8 * unused as u32).unwrap_or(0);
    Some((text.bytes().rfold(0, |word, byte| word << 8 | u64::from(byte)), mask))
}
