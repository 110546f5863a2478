//! What evaluation may take: memory and work, counted where they arise.
//!
//! Whoever grows a heap or walks through its values pays first:
//!
//! - [`Heap::work`] for nodes that are visited or made: in the body of a loop, or before it for all its rounds. A unit may bring
//!   at most [`UNIT_BYTES`] of memory with it: a value pushed on the build stack, an entry, a frame of an evaluator.
//! - [`Heap::afford`] before bytes are made, copied or scanned: texts, above all. It is work as well, and exact about memory
//!   where the bytes are many.
//! - [`Heap::hold`] before memory outside of the heap is taken, if it grows with the data: tables, evaluators' arenas.
//!
//! What can't fail (a look-up in an object, a comparison) [counts](Heap::count) what it does; the loop around it fails at its
//! next payment. Containers pay by themselves when they are closed. Units are the same on every machine, so an execution ends the same way
//! everywhere. A unit stands for some nanoseconds; what is dearer by the byte (hashes, patterns) pays more units.
//!
//! The price of a charge is an addition and a comparison: memory and work are looked at only when a checkpoint is passed, which
//! lies no further than the memory that is left allows.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Heap, MAX_DEPTH, Value};

/// Bytes of memory that a unit of work may bring with it.
pub const UNIT_BYTES: usize = 64;

/// Charges of more bytes than this are compared with the limit at once: what passes the limit unseen is less.
const MANY_BYTES: usize = 64 << 10;

/// Evaluation has passed a bound. What it was building is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    /// A container would be nested deeper than [`MAX_DEPTH`], or have more children than a handle can name.
    #[error("the value is nested deeper than {MAX_DEPTH} levels")]
    Depth,
    /// The heap would take more memory than it [may](Heap::limit_bytes).
    #[error("the values of the execution take more memory than they may")]
    Memory,
    /// More work was done than was [allowed](Heap::allow_work).
    #[error("the evaluation takes more work than it may")]
    Work,
}

/// A limit of work, to be [restored](Heap::restore_work).
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct WorkEnd(u64);

/// The counts of a heap. Atomic, though one thread uses them: the constants of a program are a heap too, and all shards read
/// them. They are only loaded and stored, which costs no more than plain numbers do.
#[derive(Debug)]
pub(super) struct Meter {
    /// Units of work since the last reset.
    spent: AtomicU64,
    /// Until so many units are spent, nothing can have been passed.
    checkpoint: AtomicU64,
    /// Units of work that may be spent.
    work_end: AtomicU64,
    /// Bytes outside of the heap.
    held: AtomicU64,
    max_bytes: usize,
}

impl Default for Meter {
    /// Without limits.
    fn default() -> Meter {
        Meter {
            spent: AtomicU64::new(0),
            checkpoint: AtomicU64::new(0),
            work_end: AtomicU64::new(u64::MAX),
            held: AtomicU64::new(0),
            max_bytes: usize::MAX,
        }
    }
}

impl Meter {
    pub(super) fn reset(&mut self) {
        *self.spent.get_mut() = 0;
        *self.checkpoint.get_mut() = 0;
        *self.work_end.get_mut() = u64::MAX;
        *self.held.get_mut() = 0;
    }

    pub(super) fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// Bytes outside of the heap that are counted with it.
    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed) as usize
    }
}

impl Heap {
    /// Pays for nodes that are about to be visited or made: see the module.
    ///
    /// # Errors
    /// [`Exceeded`] if the work that is allowed is used up, or the memory; every further charge fails as well.
    #[inline]
    pub fn work(&self, units: usize) -> Result<(), Exceeded> {
        let spent = self.meter.spent.load(Ordering::Relaxed).wrapping_add(units as u64);
        self.meter.spent.store(spent, Ordering::Relaxed);
        if spent > self.meter.checkpoint.load(Ordering::Relaxed) { self.look(0) } else { Ok(()) }
    }

    /// Counts work that is done in any case: the next payment may fail for it.
    #[inline]
    pub fn count(&self, units: usize) {
        let spent = self.meter.spent.load(Ordering::Relaxed).wrapping_add(units as u64);
        self.meter.spent.store(spent, Ordering::Relaxed);
    }

    /// Pays for bytes that are about to be made, copied or scanned: see the module.
    ///
    /// # Errors
    /// As [`work`](Heap::work).
    #[inline]
    pub fn afford(&self, bytes: usize) -> Result<(), Exceeded> {
        let units = (bytes / UNIT_BYTES + 1) as u64;
        let spent = self.meter.spent.load(Ordering::Relaxed).wrapping_add(units);
        self.meter.spent.store(spent, Ordering::Relaxed);
        let passed = spent > self.meter.checkpoint.load(Ordering::Relaxed);
        if passed || bytes > MANY_BYTES { self.look(bytes) } else { Ok(()) }
    }

    /// Pays for memory outside of the heap that is about to be taken, until it is [released](Heap::release) or the heap reset.
    ///
    /// # Errors
    /// As [`work`](Heap::work); nothing is held then.
    pub fn hold(&self, bytes: usize) -> Result<(), Exceeded> {
        self.afford(bytes)?;
        self.count_held(bytes);
        Ok(())
    }

    /// Counts memory outside of the heap that is taken in any case: the next payment may fail for it.
    pub fn count_held(&self, bytes: usize) {
        self.meter.held.store((self.meter.held() + bytes) as u64, Ordering::Relaxed);
        self.count(bytes / UNIT_BYTES);
    }

    /// Counts memory no longer that was [held](Heap::hold).
    pub fn release(&self, bytes: usize) {
        self.meter.held.store(self.meter.held().saturating_sub(bytes) as u64, Ordering::Relaxed);
    }

    /// Pays for a JSON text that is about to be read: for its copy, and for the values that are made of it.
    pub(super) fn afford_reading(&self, json: &str) -> Result<(), Exceeded> {
        // The most that a byte can take: with its comma, each digit of `[1,1,1]` is a value on the build stack, then a node.
        let most = json.len() * (1 + size_of::<Value>());
        if most > MANY_BYTES && self.bytes_used().saturating_add(most) > self.meter.max_bytes {
            return self.afford(json.len() + 2 * size_of::<Value>() * most_values(json));
        }
        self.afford(most)
    }

    /// Units of work since the last reset.
    #[inline]
    pub fn work_done(&self) -> u64 {
        self.meter.spent.load(Ordering::Relaxed)
    }

    /// Allows so many units of work from here on; [`reset`](Heap::reset) takes the limit away.
    #[inline]
    pub fn allow_work(&mut self, units: u64) {
        let end = self.work_done().saturating_add(units);
        let before = std::mem::replace(self.meter.work_end.get_mut(), end);
        if end < before {
            *self.meter.checkpoint.get_mut() = 0;
        }
    }

    /// Allows no more than so many units of work from here on, until the limit of before is [restored](Heap::restore_work).
    #[inline]
    pub fn narrow_work(&mut self, units: u64) -> WorkEnd {
        let narrow = self.work_done().saturating_add(units);
        let end = self.meter.work_end.get_mut();
        let before = WorkEnd(*end);
        *end = narrow.min(*end);
        let checkpoint = self.meter.checkpoint.get_mut();
        *checkpoint = narrow.min(*checkpoint);
        before
    }

    /// Puts a limit back that was [narrowed](Heap::narrow_work).
    #[inline]
    pub fn restore_work(&mut self, before: WorkEnd) {
        *self.meter.work_end.get_mut() = before.0;
    }

    /// Units of work that may still be done.
    pub fn work_left(&self) -> u64 {
        self.meter.work_end.load(Ordering::Relaxed).saturating_sub(self.work_done())
    }

    /// Limits the [bytes in use](Heap::bytes_used), for good.
    pub fn limit_bytes(&mut self, max_bytes: usize) {
        self.meter.max_bytes = max_bytes;
        *self.meter.checkpoint.get_mut() = 0;
    }

    /// Whether a bound has been passed, with so many bytes more; if not, sets the next checkpoint.
    #[cold]
    fn look(&self, bytes: usize) -> Result<(), Exceeded> {
        let meter = &self.meter;
        let (spent, end) = (self.work_done(), meter.work_end.load(Ordering::Relaxed));
        if spent > end {
            return Err(Exceeded::Work);
        }
        let wanted = self.bytes_used().saturating_add(bytes);
        let left = meter.max_bytes.checked_sub(wanted).ok_or(Exceeded::Memory)?;
        let checkpoint = spent.saturating_add((left / UNIT_BYTES) as u64).min(end);
        meter.checkpoint.store(checkpoint, Ordering::Relaxed);
        Ok(())
    }
}

/// At least as many as there are values, keys and headers of containers in a JSON text.
fn most_values(json: &str) -> usize {
    let (mut values, mut in_string, mut escaped) = (1, false, false);
    for byte in json.bytes() {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b',' | b':') => values += 1,
            // Its header, and its first child.
            (false, b'[' | b'{') => values += 2,
            _ => {}
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::{Exceeded, MANY_BYTES, UNIT_BYTES};
    use crate::value::{Heap, ParseErrorKind, Value};

    #[test]
    fn without_limits_everything_is_paid_and_counted() {
        let mut heap = Heap::new();
        heap.work(3).unwrap();
        heap.afford(10 * UNIT_BYTES).unwrap();
        heap.work(usize::MAX >> 8).unwrap();
        assert_eq!(heap.work_done(), 3 + 11 + (u64::MAX >> 8));
        heap.reset();
        assert_eq!(heap.work_done(), 0);
    }

    #[test]
    fn a_text_that_is_measured_where_it_is_put_pays_for_its_length() {
        let mut heap = Heap::new();
        let text = heap.string(&"\"".repeat(100 * UNIT_BYTES));
        let before = heap.work_done();
        heap.array(&[text]).unwrap();
        assert!(heap.work_done() - before >= 100, "{}", heap.work_done() - before);
    }

    #[test]
    fn work_is_allowed_from_where_it_is_asked_for() {
        let mut heap = Heap::new();
        heap.work(1000).unwrap();
        for _ in 0..3 {
            heap.allow_work(10);
            heap.work(10).unwrap();
            assert_eq!(heap.work(1), Err(Exceeded::Work));
            assert_eq!(heap.work(0), Err(Exceeded::Work), "it stays passed");
        }
        heap.allow_work(u64::MAX);
        heap.work(1_000_000).unwrap();
        heap.allow_work(5);
        assert_eq!(heap.work(6), Err(Exceeded::Work));
        heap.reset();
        heap.work(1_000_000).unwrap();
    }

    #[test]
    fn a_narrow_limit_of_work_ends_with_what_it_was_for() {
        let mut heap = Heap::new();
        heap.allow_work(100);
        heap.work(10).unwrap();
        let before = heap.narrow_work(20);
        assert_eq!(heap.work_left(), 20);
        heap.work(20).unwrap();
        assert_eq!(heap.work(1), Err(Exceeded::Work));
        heap.restore_work(before);
        heap.work(69).unwrap();
        assert_eq!(heap.work(1), Err(Exceeded::Work));
        let before = heap.narrow_work(1000);
        assert_eq!(heap.work(1), Err(Exceeded::Work), "no limit is widened");
        heap.restore_work(before);
    }

    type Way = fn(&mut Heap) -> Result<(), Exceeded>;

    /// Grows the heap in one way until that is refused; returns the bytes in use then.
    fn grow(limit: usize, step: Way) -> usize {
        let mut heap = Heap::new();
        heap.limit_bytes(limit);
        for _ in 0..limit {
            if let Err(exceeded) = step(&mut heap) {
                assert_eq!(exceeded, Exceeded::Memory);
                return heap.bytes_used();
            }
        }
        panic!("the heap has {} bytes", heap.bytes_used());
    }

    #[test]
    fn memory_is_bounded_however_the_heap_grows() {
        const LIMIT: usize = 1 << 20;
        let ways: [Way; 5] = [
            |heap| {
                let text = "x".repeat(1000);
                heap.afford(text.len())?;
                heap.string(&text);
                Ok(())
            },
            |heap| heap.array(&[Value::Null; 7]).map(drop),
            |heap| heap.array(&[]).map(drop),
            |heap| {
                heap.work(1)?;
                heap.push(Value::Null);
                heap.push(Value::Null);
                Ok(())
            },
            |heap| heap.hold(100),
        ];
        for (index, way) in ways.into_iter().enumerate() {
            let used = grow(LIMIT, way);
            assert!((LIMIT - 2000..=LIMIT + 2000).contains(&used), "way {index}: {used}");
        }
    }

    #[test]
    fn many_bytes_are_refused_before_they_are_made() {
        let mut heap = Heap::new();
        heap.limit_bytes(10 * MANY_BYTES);
        heap.work(1).unwrap();
        assert_eq!(heap.afford(11 * MANY_BYTES), Err(Exceeded::Memory));
        heap.afford(9 * MANY_BYTES).unwrap();
        heap.hold(9 * MANY_BYTES).unwrap();
        assert_eq!(heap.hold(2 * MANY_BYTES), Err(Exceeded::Memory));
        heap.release(9 * MANY_BYTES);
        heap.hold(2 * MANY_BYTES).unwrap();
        heap.reset();
        assert_eq!(heap.bytes_used(), 0);
    }

    #[test]
    fn a_refused_container_leaves_nothing_on_the_build_stack() {
        let mut heap = Heap::new();
        heap.allow_work(2);
        let mark = heap.mark();
        assert_eq!(heap.array(&[Value::Null; 5]).unwrap_err(), Exceeded::Work);
        assert!(heap.pushed(mark).is_empty());
    }

    #[test]
    fn a_text_is_read_only_if_its_values_have_room() {
        let dense = format!("[{}1]", "1,".repeat(20_000));
        let text = format!("\"{}\"", "1,[{".repeat(10_000));
        let mut heap = Heap::new();
        heap.limit_bytes(200_000);
        assert_eq!(heap.parse(dense.as_bytes()).unwrap_err().kind, ParseErrorKind::Exceeded(Exceeded::Memory));
        assert_eq!(heap.bytes_used(), 0);
        heap.parse(text.as_bytes()).unwrap();
        heap.limit_bytes(1 << 20);
        heap.reset();
        heap.parse(dense.as_bytes()).unwrap();
        heap.allow_work(10);
        assert_eq!(heap.parse(dense.as_bytes()).unwrap_err().kind, ParseErrorKind::Exceeded(Exceeded::Work));
    }
}
