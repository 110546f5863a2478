//! In which order keys come. Events of a stream have the same keys in the same order, as have the objects of an array: so a
//! key is first compared with the one that came in its place before, sixteen bytes at once, its quotes and its colon among
//! them. One that is expected takes 15 instructions, one that is read by characters, with its fingerprint, 70.
//!
//! **Invariant:** a key that is [expected](Order::expected) differs from those before it in its object. The known keys of a
//! group differ from each other, and those that are expected one behind another have ever greater places. Once a key comes out
//! of order, none of its object is expected any more; one that has no place is none of those that have one.
//!
//! What is known belongs to the heap and lasts from event to event. It changes what reading costs, and nothing else.

use crate::value::text;

/// The longest key that is known, with its quotes and its colon.
const MAX_TOKEN: usize = 32;
/// Keys that are known at most: beyond, keys are hardly those that come again.
const MAX_KEYS: usize = 512;
/// The same of one group: an object with more has keys that are data.
const MAX_GROUP: u16 = 128;
/// Places of the table in which keys are looked up; a power of two, twice as many as keys.
const SLOTS: usize = 2 * MAX_KEYS;
/// After so many texts, all is learnt anew if there was no room for more.
const MAX_TEXTS: u32 = 1024;

/// No key.
const NONE: u32 = 0;
/// What the keys of events are known under, and those of other texts.
const EVENT: u32 = 1;
const OTHER: u32 = 2;
/// A key was out of order.
const BROKEN: u32 = 1 << 15;

/// The keys that are known.
#[derive(Debug, Default)]
pub(in crate::value) struct Order {
    keys: Vec<Known>,
    /// For each place of the table a key, or none.
    slots: Vec<u16>,
    /// Texts that were read since there was no room for a key.
    texts_since_full: Option<u32>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Its first bytes, with quotes and colon, and the bits of them that count.
    head: [u8; 16],
    mask: [u8; 16],
    /// Its last bytes, if it has more than sixteen.
    tail: [u8; 16],
    print: u32,
    /// Its length, with quotes and colon.
    pub(super) len: u16,
    /// The key under which its object stands, through arrays: its group.
    group: u16,
    /// The key that came behind it.
    next: u16,
    /// The first one of the group that is its own.
    first: u16,
    /// How many there are in that.
    members: u16,
}

/// How far an object is read, in terms of known keys; in an array, which keys the objects in it have.
#[derive(Clone, Copy, Debug)]
pub(in crate::value) struct Row {
    group: u32,
    /// The key whose value is read.
    key: u32,
    /// The last key in order, and whether one came out of order since.
    last: u32,
    /// The one that is expected.
    next: u32,
}

impl Row {
    /// The expected key was read.
    #[inline(always)]
    pub(super) fn step(&mut self, known: &Known) {
        self.key = self.next;
        self.last = self.next;
        self.next = known.next.into();
    }

    /// A key was read that has no place.
    pub(super) fn unknown(&mut self) {
        self.key = NONE;
    }
}

/// What another key than the expected one is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It differs from all keys before it that were in order, and is one of these from now on.
    InOrder,
    /// It differs from all keys before it that were in order.
    New,
    /// It is one that was in order.
    Twice,
}

impl Order {
    /// Begins to read a text.
    pub(super) fn begin(&mut self, is_event: bool) -> Row {
        if let Some(texts) = &mut self.texts_since_full {
            *texts += 1;
            if *texts > MAX_TEXTS {
                self.forget();
            }
        }
        Row { group: NONE, key: if is_event { EVENT } else { OTHER }, last: NONE, next: NONE }
    }

    /// A container that begins as the next value of this row.
    #[inline(always)]
    pub(super) fn inside(&self, row: &Row) -> Row {
        let next = self.keys.get(row.key as usize).map_or(NONE, |known| known.first.into());
        Row { group: row.key, key: row.key, last: NONE, next }
    }

    /// The key at this offset, if it is the one that is expected.
    #[inline(always)]
    pub(super) fn expected(&self, row: &Row, bytes: &[u8], at: usize) -> Option<&Known> {
        let known = self.keys.get(row.next as usize)?;
        let head: &[u8; 16] = text::chunk(bytes, at)?;
        // The compiler makes one comparison of these, where the processor has it.
        let differs = (0..16).fold(0, |differs, at| differs | (head[at] & known.mask[at]) ^ known.head[at]) != 0;
        (!differs && (known.len <= 16 || known.has_tail(bytes, at))).then_some(known)
    }

    /// The fingerprint of the key whose value is read, if it is known.
    #[inline]
    pub(super) fn print(&self, row: &Row) -> Option<u32> {
        self.keys.get(row.key as usize).filter(|_| row.key > OTHER).map(|known| known.print)
    }

    /// Another key than the expected one was read.
    pub(super) fn learn(&mut self, row: &mut Row, key: &[u8], print: u32) -> Place {
        row.key = if row.group == NONE { NONE } else { self.place_of(key, print, row.group) };
        let in_order = row.last & !BROKEN;
        if row.key == NONE {
            return Place::New;
        }
        if row.last >= row.key {
            (row.last, row.next) = (row.last | BROKEN, NONE);
            return if self.came(row.group, row.key, in_order) { Place::Twice } else { Place::New };
        }
        match row.last {
            NONE => self.keys[row.group as usize].first = row.key as u16,
            last => self.keys[last as usize].next = row.key as u16,
        }
        row.last = row.key;
        row.next = self.keys[row.key as usize].next.into();
        Place::InOrder
    }

    /// Whether a key of the group is one of those that came in order up to the last one.
    fn came(&self, group: u32, key: u32, last: u32) -> bool {
        let mut place = u32::from(self.keys[group as usize].first);
        while place != key && place < last {
            place = self.keys[place as usize].next.into();
        }
        place == key && key <= last
    }

    /// The place of a key, which gets one if it has none; none if there is no room.
    fn place_of(&mut self, key: &[u8], print: u32, group: u32) -> u32 {
        if key.len() + 3 > MAX_TOKEN {
            return NONE;
        }
        let key = Known::new(key, print, group);
        if self.keys.is_empty() {
            self.slots.resize(SLOTS, 0);
            // These match nothing.
            self.keys.resize_with(OTHER as usize + 1, || Known { head: [1; 16], ..Known::default() });
        }
        let mut slot = (print ^ (group * 37)) as usize;
        loop {
            slot %= SLOTS;
            match self.slots[slot] {
                0 => break,
                place if self.keys[usize::from(place)].is(&key) => return place.into(),
                _ => slot += 1,
            }
        }
        let place = self.keys.len();
        let group = &mut self.keys[group as usize];
        if place > MAX_KEYS || group.members >= MAX_GROUP {
            self.texts_since_full.get_or_insert(0);
            return NONE;
        }
        group.members += 1;
        self.slots[slot] = place as u16;
        self.keys.push(key);
        place as u32
    }

    /// The texts that are read next are others.
    pub(in crate::value) fn forget(&mut self) {
        self.keys.clear();
        self.slots.clear();
        self.texts_since_full = None;
    }

    /// Bytes of memory that are held.
    pub(in crate::value) fn bytes_held(&self) -> usize {
        self.keys.capacity() * size_of::<Known>() + self.slots.capacity() * size_of::<u16>()
    }
}

impl Known {
    fn new(key: &[u8], print: u32, group: u32) -> Known {
        let len = key.len() + 3;
        let mut token = [0; MAX_TOKEN];
        token[0] = b'"';
        token[1..len - 2].copy_from_slice(key);
        token[len - 2..len].copy_from_slice(b"\":");
        let word = |at: usize| token[at..].first_chunk().copied().unwrap_or_default();
        let mask = std::array::from_fn(|at| if at < len { u8::MAX } else { 0 });
        let tail = word(len.saturating_sub(16));
        Known { head: word(0), mask, tail, print, len: len as u16, group: group as u16, next: 0, first: 0, members: 0 }
    }

    fn is(&self, other: &Known) -> bool {
        (self.group, self.len, self.head, self.tail) == (other.group, other.len, other.head, other.tail)
    }

    #[inline]
    fn has_tail(&self, bytes: &[u8], at: usize) -> bool {
        let tail = text::chunk(bytes, at + usize::from(self.len) - 16);
        tail == Some(&self.tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Heap;

    const KEYS: [&str; 10] =
        ["a", "b", "c", "", "sixteen bytes", "seventeen bytes", "more than sixteen bytes", "é", "a\\u0062", "\\u0061"];

    /// A container of keys that come again, some of them twice, some by other names, in this order or another.
    fn write(random: &mut fastrand::Rng, depth: usize, out: &mut String) {
        if depth > 3 || random.usize(0..6) == 0 {
            return out.push_str(["1", "-2.50", "\"x\"", "true", "{}", "[]", "12345678", "false"][random.usize(0..8)]);
        }
        let is_object = random.usize(0..4) != 0;
        out.push(if is_object { '{' } else { '[' });
        let (mut place, many) = (random.usize(0..3), random.usize(0..200) == 0);
        for index in 0..if many { 200 } else { random.usize(0..5) } {
            if index > 0 {
                out.push_str([",", ", ", " ,"][random.usize(0..8).saturating_sub(5)]);
            }
            if is_object {
                let key = if many { format!("k{}", random.usize(0..400)) } else { KEYS[place % KEYS.len()].to_owned() };
                let colon = [":", ": ", " :"][random.usize(0..8).saturating_sub(5)];
                out.push_str(&format!("\"{key}\"{colon}"));
                place = if random.usize(0..8) == 0 { random.usize(0..KEYS.len()) } else { place + 1 };
            }
            write(random, if many { 4 } else { depth + 1 }, out);
        }
        out.push(if is_object { '}' } else { ']' });
    }

    #[test]
    fn a_text_is_what_it_is_whatever_keys_came_before() {
        let mut random = fastrand::Rng::with_seed(3);
        let mut heap = Heap::new();
        let mut twice = 0;
        for _ in 0..4000 {
            let mut text = String::new();
            write(&mut random, 0, &mut text);
            if random.usize(0..4) == 0 {
                let at = random.usize(0..text.len());
                if text.is_char_boundary(at) && text.is_char_boundary(at + 1) {
                    text.replace_range(at..=at, ["", "\"", "}", ":", "x"][random.usize(0..5)]);
                }
            }
            let mut fresh = Heap::new();
            let lazy = random.bool();
            let read = |heap: &mut Heap| {
                heap.reset();
                let value =
                    if lazy { heap.parse_event(text.as_bytes(), 9) } else { heap.parse_limited(text.as_bytes(), 9) };
                let read = value.map(|value| heap.to_document(value).to_string());
                (read, heap.bytes_used(), heap.work_done())
            };
            let (read, expected) = (read(&mut heap), read(&mut fresh));
            assert_eq!(read, expected, "{text}");
            if let (Ok(read), _, _) = read {
                assert_eq!(read, serde_json::from_str::<serde_json::Value>(&text).unwrap().to_string(), "{text}");
                twice += usize::from(read.len() + 20 < text.len());
            }
        }
        assert!(twice > 100, "keys stood twice in {twice}");
    }

    #[test]
    fn what_is_known_is_bounded_and_learnt_anew() {
        let mut heap = Heap::new();
        let text = |from: usize| {
            let fields = (from..from + 40).map(|key| format!("\"{key}\":{{\"a{key}\":1,\"b{key}\":{{\"c\":2}}}}"));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        };
        let mut held = Vec::new();
        for round in 0..2 * MAX_TEXTS as usize {
            heap.reset();
            let text = text(40 * round);
            let value = heap.parse(text.as_bytes()).unwrap();
            assert_eq!(heap.to_json(value), text);
            held.push((heap.order.keys.len(), heap.order.bytes_held()));
        }
        assert!(held.iter().all(|(keys, bytes)| *keys <= MAX_KEYS + 1 && *bytes < 100_000), "{:?}", held.iter().max());
        assert!(held.windows(2).any(|pair| pair[1].0 < pair[0].0), "it is learnt anew");
    }

    #[test]
    fn keys_that_come_again_are_expected() {
        let text = br#"{"a":[{"b":1,"more than sixteen bytes":2},{"b":1,"more than sixteen bytes":2}],"last key":{"b":0}}    "#;
        let mut heap = Heap::new();
        heap.parse(text).unwrap();
        let order = &heap.order;
        assert_eq!(order.keys.len(), 3 + 5, "a key for each object that it stands in");
        let mut row = Row { group: NONE, key: OTHER, last: NONE, next: NONE };
        row = order.inside(&row);
        let known = order.expected(&row, text, 1).unwrap();
        row.step(known);
        assert_eq!((known.len, order.print(&row)), (4, Some(known.print)));
        let mut inner = order.inside(&order.inside(&row));
        inner.step(order.expected(&inner, text, 7).unwrap());
        assert_eq!(order.expected(&inner, text, 13).unwrap().len, 26);
        assert!(order.expected(&row, text, 7).is_none());
    }
}
