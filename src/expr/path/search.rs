//! The evaluation of paths.

use crate::value::{Exceeded, Heap, Key, List, Value};

use super::error;
use super::filter::Filter;
use super::step::{Slice, Step, Steps};
use super::trail::{Part, Trail};

/// What an evaluation carries along: through its steps, and into the paths in filters.
pub(super) struct Walk {
    /// What `$` in a filter stands for.
    pub(super) root: Value,
    /// Whether a step of several names asks for all of them.
    requires_all: bool,
}

impl Walk {
    pub(super) fn new(root: Value) -> Walk {
        Walk { root, requires_all: false }
    }
}

/// Why a step leads nowhere.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reason {
    /// The name at the end of the path is not there.
    NoResults,
    /// A name on the way is not there.
    MissingProperty,
    /// A name is applied to something that is no object.
    NotAnObject,
    /// There is no element with this index.
    OutOfBounds(i32),
    /// An index or a slice is applied to `null`.
    Null,
    /// An index or a slice is applied to something else that is no array.
    NotAnArray,
    /// A filter is applied to something that is neither an array nor an object.
    Primitive,
    /// Several names stand before another step.
    NamesNotLast,
}

/// Why an evaluation has no result. Small: its text is made only where it is needed.
#[derive(Clone, Debug)]
pub(super) enum SearchError {
    /// A step could not be taken.
    Step {
        /// Index of the step.
        at: u32,
        reason: Reason,
        /// What the step was applied to.
        found: Value,
    },
    /// A filter cannot be applied; the text says why.
    Refused(Box<str>),
    /// A bound was passed: depth, memory or work.
    Exceeded(Exceeded),
}

impl SearchError {
    fn step(at: usize, reason: Reason, found: Value) -> SearchError {
        SearchError::Step { at: at as u32, reason, found }
    }

    /// Whether something is not there, in contrast to: cannot be asked for.
    pub(super) fn is_missing(&self) -> bool {
        match self {
            SearchError::Step { reason, .. } => {
                !matches!(reason, Reason::NotAnArray | Reason::Primitive | Reason::NamesNotLast)
            }
            _ => false,
        }
    }
}

impl From<Exceeded> for SearchError {
    fn from(exceeded: Exceeded) -> SearchError {
        SearchError::Exceeded(exceeded)
    }
}

impl Steps {
    /// Applies plain steps; `None` if they lead nowhere or are not plain. The common case, without a word on what is wrong.
    #[inline(always)]
    pub(super) fn follow(&self, heap: &Heap, start: Value) -> Option<Value> {
        if !self.plain {
            return None;
        }
        let mut value = &start;
        for step in &self.list {
            value = match (step, value) {
                (Step::Name(name), Value::Object(object)) => heap.find(*object, name)?,
                (Step::Index(index), Value::Array(array)) => item(heap, *array, *index)?,
                _ => return None,
            };
        }
        Some(*value)
    }

    /// Applies plain steps; the first `skip` of them led to `start`.
    pub(super) fn evaluate_plain(&self, skip: usize, heap: &Heap, start: Value) -> Result<Value, SearchError> {
        self.follow_to_the_end(skip, heap, start, |_| Ok(()))
    }

    /// As [`evaluate_plain`](Steps::evaluate_plain); `pay` is asked before a name is looked for in a value.
    fn follow_to_the_end(
        &self,
        skip: usize,
        heap: &Heap,
        start: Value,
        pay: impl Fn(Value) -> Result<(), Exceeded>,
    ) -> Result<Value, SearchError> {
        let mut value = start;
        for (at, step) in self.list.iter().enumerate().skip(skip) {
            let found = match step {
                Step::Name(name) => {
                    pay(value)?;
                    self.name(heap, at, name, value)
                }
                Step::Index(index) => element(heap, value, *index),
                _ => Err(Reason::Null),
            };
            value = found.map_err(|reason| SearchError::step(at, reason, value))?;
        }
        Ok(value)
    }

    fn name(&self, heap: &Heap, at: usize, name: &Key, value: Value) -> Result<Value, Reason> {
        let Value::Object(object) = value else { return Err(Reason::NotAnObject) };
        let missing = if self.is_last(at) { Reason::NoResults } else { Reason::MissingProperty };
        heap.find(object, name).copied().ok_or(missing)
    }

    /// What the steps of a path lead to that is asked for in a filter. Where it ends in several names, all must be there.
    pub(super) fn evaluate_asked(&self, heap: &mut Heap, start: Value, walk: &mut Walk) -> Result<Value, SearchError> {
        walk.requires_all = true;
        let found = self.evaluate_inside(heap, start, walk);
        walk.requires_all = false;
        found
    }

    /// Applies steps of a filter, which lead to one place. What is wrong within them is told with its text.
    pub(super) fn evaluate_inside(&self, heap: &mut Heap, start: Value, walk: &mut Walk) -> Result<Value, SearchError> {
        if self.plain {
            let found = self.follow_to_the_end(0, heap, start, |value| heap.work(lookup(value)));
            return found.map_err(|fault| match fault.is_missing() {
                true => fault,
                false => SearchError::Refused(error::plain_text(heap, self, "$", &fault).into()),
            });
        }
        heap.work(1)?;
        self.search(heap, start, walk).map_err(|(fault, trail)| match fault {
            SearchError::Step { .. } if !fault.is_missing() => {
                SearchError::Refused(error::text(heap, self, "$", &fault, &trail).into())
            }
            fault => fault,
        })
    }

    /// Applies steps of any kind. A fault comes with the way to where it arose.
    pub(super) fn search(
        &self,
        heap: &mut Heap,
        start: Value,
        walk: &mut Walk,
    ) -> Result<Value, (SearchError, Vec<Part>)> {
        let mark = heap.mark();
        let mut search = Search { steps: self, heap, walk, trail: Trail::new() };
        let result = search.apply(0, start);
        let trail = search.trail;
        match result {
            Ok(()) if self.definite => {
                let found = heap.pushed(mark).first().copied();
                heap.abandon(mark);
                // Definite steps that lead nowhere are faults.
                found.ok_or_else(|| (SearchError::Refused("No results".into()), trail.into_vec()))
            }
            Ok(()) => heap.array_from(mark).map_err(|exceeded| (exceeded.into(), trail.into_vec())),
            Err(fault) => {
                heap.abandon(mark);
                Err((fault, trail.into_vec()))
            }
        }
    }
}

/// The work that looking for a name takes: paths in filters look for the same ones again and again.
fn lookup(value: Value) -> usize {
    /// Keys that are compared for a unit of work.
    const KEYS_PER_UNIT: usize = 8;
    match value {
        Value::Object(object) => 1 + object.len() / KEYS_PER_UNIT,
        _ => 1,
    }
}

/// The element of an array.
fn item(heap: &Heap, array: List, index: i64) -> Option<&Value> {
    heap.items(array).get(usize::try_from(index).ok()?)
}

fn array(value: Value) -> Result<List, Reason> {
    match value {
        Value::Array(array) => Ok(array),
        Value::Null => Err(Reason::Null),
        _ => Err(Reason::NotAnArray),
    }
}

fn element(heap: &Heap, value: Value, index: i64) -> Result<Value, Reason> {
    item(heap, array(value)?, index).copied().ok_or(Reason::OutOfBounds(index as i32))
}

/// A search under way: what is found is pushed on the heap's build stack.
struct Search<'a> {
    steps: &'a Steps,
    heap: &'a mut Heap,
    walk: &'a mut Walk,
    /// The way to what is looked at. On a fault it stays as it is, so that the fault can say where it arose.
    trail: Trail,
}

impl Search<'_> {
    /// Applies the steps from `at` on.
    ///
    /// Recursion goes down one level of the value each time, or passes a `..`, so it is bounded by the value's depth and
    /// the number of steps.
    fn apply(&mut self, mut at: usize, mut value: Value) -> Result<(), SearchError> {
        let steps = self.steps;
        let kept = self.trail.len();
        loop {
            // What is found pays, too: a few steps over a wide array lead to it many times.
            self.heap.work(1)?;
            let Some(step) = steps.list.get(at) else {
                self.heap.push(value);
                break;
            };
            let next = match step {
                Step::Name(name) => {
                    self.heap.work(lookup(value))?;
                    steps.name(self.heap, at, name, value)
                }
                Step::Names(names) => self.pick(at, names, value)?,
                Step::Index(index) => element(self.heap, value, *index),
                Step::FromEnd(_) | Step::Here => Ok(value),
                Step::Filter(filter) if matches!(value, Value::Object(_)) => {
                    // A filter decides about the object itself.
                    if !filter.accepts(self.heap, value, self.walk)? {
                        break;
                    }
                    at += 1;
                    continue;
                }
                Step::Filter(_) | Step::All | Step::Indexes(_) | Step::Slice(_) | Step::Descend => {
                    self.each(step, at, value)?;
                    break;
                }
            };
            match next {
                Ok(found) => {
                    value = self.arrive(step, at, found)?;
                    at += 1;
                }
                Err(Reason::MissingProperty) if steps.may_miss(at) => break,
                Err(reason) => return Err(SearchError::step(at, reason, value)),
            }
        }
        self.trail.truncate(kept);
        Ok(())
    }

    /// Notes a step that led to one place.
    fn arrive(&mut self, step: &Step, at: usize, value: Value) -> Result<Value, SearchError> {
        let (part, value) = match step {
            Step::Here => (Part::Here, value),
            Step::FromEnd(added) => {
                let fault = |reason| SearchError::step(at, reason, value);
                let index = array(value).map_err(fault)?.len() as i64 + added;
                (Part::Index(index), element(self.heap, value, index).map_err(fault)?)
            }
            _ => (Part::Step(at), value),
        };
        self.trail.push(part);
        Ok(value)
    }

    /// An object of the entries with these names, as far as they exist.
    fn pick(&mut self, at: usize, names: &[Box<str>], value: Value) -> Result<Result<Value, Reason>, SearchError> {
        let Value::Object(object) = value else { return Ok(Err(Reason::NotAnObject)) };
        if !self.steps.is_last(at) {
            return Ok(Err(Reason::NamesNotLast));
        }
        let mark = self.heap.mark();
        for (index, name) in names.iter().enumerate() {
            // Comparing a name is the least of work.
            self.heap.work(lookup(value) + index / 4)?;
            self.heap.afford(name.len())?;
            if names[..index].contains(name) {
                continue;
            }
            match self.heap.field(object, name) {
                Some(value) => {
                    let key = self.heap.key(name);
                    self.heap.push_entry(key, value);
                }
                None if self.walk.requires_all => {
                    self.heap.abandon(mark);
                    return Ok(Err(Reason::MissingProperty));
                }
                None => {}
            }
        }
        self.heap.object_from(mark).map(Ok).map_err(SearchError::Exceeded)
    }

    /// A step that leads to any number of places: continues with each of them.
    fn each(&mut self, step: &Step, at: usize, value: Value) -> Result<(), SearchError> {
        match step {
            Step::Descend => self.descend(at + 1, value),
            Step::All => self.all(at + 1, value),
            Step::Indexes(indexes) => indexes.iter().try_for_each(|index| self.index(at, value, *index)),
            Step::Slice(slice) => {
                let array = array(value).map_err(|reason| SearchError::step(at, reason, value))?;
                slice.range(array.len() as i64).try_for_each(|index| self.index(at, value, index))
            }
            Step::Filter(filter) => self.filter(filter, at, value),
            _ => Ok(()),
        }
    }

    /// Continues behind the step `at` with an element.
    fn index(&mut self, at: usize, value: Value, index: i64) -> Result<(), SearchError> {
        let found = element(self.heap, value, index).map_err(|reason| SearchError::step(at, reason, value))?;
        self.through(Part::Index(index), at + 1, found)
    }

    fn through(&mut self, part: Part, next: usize, value: Value) -> Result<(), SearchError> {
        self.trail.push(part);
        self.apply(next, value)?;
        self.trail.pop();
        Ok(())
    }

    /// Continues with every child. Where an element of an array does not have what the steps ask for, it is passed over; a
    /// child of an object has to have it.
    fn all(&mut self, next: usize, value: Value) -> Result<(), SearchError> {
        match value {
            Value::Object(list) => {
                for index in 0..list.len() {
                    let (key, child) = self.heap.entry(list, index);
                    self.through(Part::Key(key), next, child)?;
                }
            }
            Value::Array(list) => {
                let kept = self.trail.len();
                for index in 0..list.len() {
                    let child = self.heap.items(list)[index];
                    match self.through(Part::Index(index as i64), next, child) {
                        Err(fault) if fault.is_missing() => self.trail.truncate(kept),
                        result => result?,
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn filter(&mut self, filter: &Filter, at: usize, value: Value) -> Result<(), SearchError> {
        let Value::Array(list) = value else {
            return Err(SearchError::step(at, Reason::Primitive, value));
        };
        for index in 0..list.len() {
            self.heap.work(1)?;
            let child = self.heap.items(list)[index];
            if filter.accepts(self.heap, child, self.walk)? {
                self.through(Part::Index(index as i64), at + 1, child)?;
            }
        }
        Ok(())
    }

    /// Applies the step at `at` to this value and every container in it, outer ones first.
    fn descend(&mut self, at: usize, value: Value) -> Result<(), SearchError> {
        self.heap.work(1)?;
        match value {
            Value::Object(list) => {
                if self.takes(at, value)? {
                    self.apply(at, value)?;
                }
                for index in 0..list.len() {
                    let (key, child) = self.heap.entry(list, index);
                    self.descend_through(Part::Key(key), at, child)?;
                }
            }
            Value::Array(list) => {
                if self.takes(at, value)? {
                    self.apply_to_array(at, list)?;
                }
                for index in 0..list.len() {
                    let child = self.heap.items(list)[index];
                    self.descend_through(Part::Index(index as i64), at, child)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn descend_through(&mut self, part: Part, at: usize, child: Value) -> Result<(), SearchError> {
        if matches!(child, Value::Array(_) | Value::Object(_)) {
            self.trail.push(part);
            self.descend(at, child)?;
            self.trail.pop();
        }
        Ok(())
    }

    /// What the library does with an array that `..` has come to: if other steps follow, they go on with every element, and
    /// the step behind `..` is not asked which.
    fn apply_to_array(&mut self, at: usize, array: List) -> Result<(), SearchError> {
        if self.steps.is_last(at) {
            return self.apply(at, Value::Array(array));
        }
        for index in 0..array.len() {
            let child = self.heap.items(array)[index];
            self.through(Part::Index(index as i64), at + 1, child)?;
        }
        Ok(())
    }

    /// Whether the step at `at`, which stands behind `..`, is applied to a value.
    fn takes(&mut self, at: usize, value: Value) -> Result<bool, SearchError> {
        let names = match self.steps.list.get(at) {
            Some(Step::Names(names)) => names.len(),
            _ => 1,
        };
        self.heap.work(names * lookup(value))?;
        let has = |heap: &Heap, name: &str| match value {
            Value::Object(object) => heap.field(object, name).is_some(),
            _ => false,
        };
        Ok(match self.steps.list.get(at) {
            Some(Step::Name(name)) => has(self.heap, name),
            Some(Step::Names(names)) => {
                matches!(value, Value::Object(_)) && names.iter().all(|name| has(self.heap, name))
            }
            Some(Step::Index(_) | Step::FromEnd(_) | Step::Indexes(_) | Step::Slice(_)) => {
                matches!(value, Value::Array(_))
            }
            Some(Step::All) => true,
            Some(Step::Filter(filter)) => filter.accepts(self.heap, value, self.walk)?,
            Some(Step::Descend | Step::Here) | None => false,
        })
    }
}

impl Slice {
    /// The indexes in an array of this length. Those of a slice with both ends may lie before the array.
    fn range(self, len: i64) -> std::ops::Range<i64> {
        let from_end = |end: i64| if end < 0 { end + len } else { end };
        match self {
            Slice::From(from) => from_end(from).max(0)..len,
            Slice::To(to) => 0..from_end(to).min(len),
            Slice::Between(from, _) if len == 0 => from..from,
            Slice::Between(from, to) => from..to.min(len),
        }
    }
}
