//! Objects whose keys are known before they are built: the plan of a payload template.
//!
//! An [`Outline`] is an object among the constants with blanks in it. A copy of it is one `memcpy`, and of its size and depth
//! only what is filled in is left to be added: a third of the instructions of pushing each key and value on the build stack,
//! measuring all of them, and copying them from there.

use std::ops::Range;

use super::heap::Header;
use super::{Exceeded, Heap, List, MAX_DEPTH, Str, Value};

/// An object of the constants with blanks.
#[derive(Clone, Copy, Debug)]
pub struct Outline {
    object: List,
    /// Size and depth without what is filled in.
    size: u32,
    depth: u16,
}

/// A copy of an [`Outline`] that is being filled in.
#[derive(Debug)]
pub struct Draft {
    start: usize,
    len: usize,
    size: u32,
    depth: u16,
}

impl Heap {
    /// Makes an outline of these entries; those without a value are its blanks. The caller sees to it that keys differ.
    ///
    /// # Errors
    /// [`Exceeded`] if a value has the greatest depth already.
    pub fn outline(&mut self, entries: impl IntoIterator<Item = (Str, Option<Value>)>) -> Result<Outline, Exceeded> {
        let mark = self.mark();
        let mut blanks = 0;
        for (key, value) in entries {
            blanks += u32::from(value.is_none());
            self.push_entry(key, value.unwrap_or(Value::Null));
        }
        let object = self.object_list_from(mark)?;
        let (size, depth) = self.measure(&Value::Object(object));
        Ok(Outline { object, size: size - blanks * self.size(Value::Null), depth })
    }

    /// Begins an object of this outline, which is one of the constants.
    ///
    /// # Errors
    /// [`Exceeded`] if a bound is passed.
    #[inline]
    pub fn draft(&mut self, outline: &Outline) -> Result<Draft, Exceeded> {
        let Outline { object, size, depth } = *outline;
        let nodes = 1 + 2 * object.len();
        self.work(nodes)?;
        self.reserve_nodes(nodes);
        let header = object.start() - 1;
        self.nodes.extend_from_within(header..header + nodes);
        Ok(Draft { start: self.nodes.len() + 1 - nodes, len: object.len(), size, depth })
    }

    /// Fills in the value of the entry at `index`, which is a blank.
    #[inline]
    pub fn fill(&mut self, draft: &mut Draft, index: usize, value: Value) {
        let (size, depth) = self.measure(&value);
        draft.size = draft.size.saturating_add(size);
        draft.depth = draft.depth.max(1 + depth);
        self.nodes[draft.start + 2 * index + 1] = value;
    }

    /// The object, of which each blank was filled in.
    ///
    /// # Errors
    /// [`Exceeded`] if a value has the greatest depth already.
    #[inline]
    pub fn finish(&mut self, draft: Draft) -> Result<Value, Exceeded> {
        let Draft { start, len, size, depth } = draft;
        if depth > MAX_DEPTH {
            return Err(Exceeded::Depth);
        }
        self.nodes[start - 1] = Header { source: None, size }.pack();
        Ok(Value::Object(List::new(start, len, depth)))
    }
}

impl Heap {
    /// Pushes the entries before `index` of an object that is not to be finished.
    pub fn push_drafted(&mut self, draft: Draft, index: usize) {
        self.stack.extend_from_slice(&self.nodes[draft.start..draft.start + 2 * index]);
    }

    /// Pushes those entries of an outline of the constants, none of which is a blank.
    pub fn push_outlined(&mut self, outline: &Outline, entries: Range<usize>) {
        let (start, end) = (outline.object.start(), entries.end.min(outline.object.len()));
        self.stack.extend_from_slice(&self.nodes[start + 2 * entries.start.min(end)..start + 2 * end]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outline_is_filled_in_any_number_of_times() {
        let mut constants = Heap::new();
        let keys = ["a", "b", "c\n"].map(|key| constants.key(key));
        let list = constants.array(&[Value::Int(1)]).unwrap();
        let outline = constants.outline([(keys[0], None), (keys[1], Some(list)), (keys[2], None)]).unwrap();
        let mut heap = Heap::new();
        heap.seed_from(&constants);
        for number in 0..3 {
            let text = heap.string("x\"y");
            let mut draft = heap.draft(&outline).unwrap();
            // What is made meanwhile lies behind it.
            let inner = heap.array(&[text, Value::Int(number)]).unwrap();
            heap.fill(&mut draft, 0, inner);
            heap.fill(&mut draft, 2, Value::True);
            let object = heap.finish(draft).unwrap();
            let expected = format!(r#"{{"a":["x\"y",{number}],"b":[1],"c\n":true}}"#);
            assert_eq!(heap.to_json(object), expected);
            assert_eq!(heap.size(object) as usize, expected.len());
        }
    }

    #[test]
    fn a_draft_may_be_left_for_an_object_with_fewer_entries() {
        let mut heap = Heap::new();
        let keys = ["a", "b", "c", "d", "e"].map(|key| heap.key(key));
        let known = [None, Some(Value::Int(2)), None, Some(Value::Int(4)), Some(Value::Int(5))];
        let outline = heap.outline(std::iter::zip(keys, known)).unwrap();
        let mut draft = heap.draft(&outline).unwrap();
        heap.fill(&mut draft, 0, Value::Int(1));
        let mark = heap.mark();
        heap.push_drafted(draft, 2);
        heap.push_outlined(&outline, 3..usize::MAX);
        heap.push_outlined(&outline, 5..usize::MAX);
        let object = heap.object_from(mark).unwrap();
        assert_eq!(heap.to_json(object), r#"{"a":1,"b":2,"d":4,"e":5}"#);
    }

    #[test]
    fn an_outline_pays_and_is_bounded_in_depth() {
        let mut constants = Heap::new();
        let key = constants.key("a");
        let outline = constants.outline([(key, None)]).unwrap();
        let mut heap = Heap::new();
        heap.seed_from(&constants);
        let deepest = heap.parse(format!("{}{}", "[".repeat(1000), "]".repeat(1000)).as_bytes()).unwrap();
        let mut draft = heap.draft(&outline).unwrap();
        heap.fill(&mut draft, 0, deepest);
        assert_eq!(heap.finish(draft).unwrap_err(), Exceeded::Depth);
        heap.allow_work(5);
        heap.draft(&outline).unwrap();
        assert_eq!(heap.draft(&outline).unwrap_err(), Exceeded::Work);
    }
}
