use crate::value::{Heap, List, Value};

use super::error::PathError;
use super::step::{Step, Steps};

/// What an evaluation carries along: through its steps, the filters in them, and the paths in those.
pub(super) struct Walk {
    /// What `$` in a filter stands for.
    pub(super) root: Value,
}

impl Walk {
    pub(super) fn new(root: Value) -> Walk {
        Walk { root }
    }
}

impl Steps {
    /// Applies the steps to `start`.
    pub(super) fn evaluate(&self, heap: &mut Heap, start: Value, walk: &mut Walk) -> Result<Value, PathError> {
        let found = if self.definite { definite(&self.list, 0, heap, start)? } else { self.search(heap, start, walk)? };
        match &self.function {
            None => Ok(found),
            Some(function) => function.apply(heap, found, walk),
        }
    }

    /// Applies plain steps; `None` if they lead nowhere or are not plain. The common case, without a word on what is wrong.
    #[inline]
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

    /// Applies the steps of a definite path without a function; the first `skip` of them led to `start`.
    pub(super) fn evaluate_from(&self, skip: usize, heap: &mut Heap, start: Value) -> Result<Value, PathError> {
        definite(&self.list, skip, heap, start)
    }

    fn search(&self, heap: &mut Heap, start: Value, walk: &mut Walk) -> Result<Value, PathError> {
        let mark = heap.mark();
        let mut search = Search { steps: &self.list, heap, walk };
        match search.find(0, start, true) {
            Ok(()) => heap.array_from(mark).map_err(PathError::Exceeded),
            Err(error) => {
                heap.abandon(mark);
                Err(error)
            }
        }
    }
}

fn definite(steps: &[Step], skip: usize, heap: &mut Heap, start: Value) -> Result<Value, PathError> {
    let mut value = start;
    for (at, step) in steps.iter().enumerate().skip(skip) {
        value = match (step, value) {
            (Step::Name(name), Value::Object(object)) => match heap.field(object, name) {
                Some(value) => value,
                None if at + 1 == steps.len() => return Err(PathError::NoResults),
                None => return Err(PathError::MissingProperty { step: at }),
            },
            (Step::Index(index), Value::Array(array)) => *item(heap, array, *index).ok_or(PathError::NoResults)?,
            (Step::Names(names), Value::Object(object)) => pick(heap, object, names)?,
            (Step::Index(_), found) => return Err(PathError::NotAnArray { step: at, found }),
            (_, found) => return Err(PathError::NotAnObject { step: at, found }),
        };
    }
    Ok(value)
}

/// The element at an index, which counts from the end if it is negative.
fn item(heap: &Heap, array: List, index: i64) -> Option<&Value> {
    let index = if index < 0 { index.checked_add(array.len() as i64)? } else { index };
    heap.items(array).get(usize::try_from(index).ok()?)
}

/// An object of the entries with these names, as far as they exist.
fn pick(heap: &mut Heap, object: List, names: &[Box<str>]) -> Result<Value, PathError> {
    let mark = heap.mark();
    for (at, name) in names.iter().enumerate() {
        if names[..at].contains(name) {
            continue;
        }
        if let Some(value) = heap.field(object, name) {
            let key = heap.key(name);
            heap.push_entry(key, value);
        }
    }
    heap.object_from(mark).map_err(PathError::Exceeded)
}

/// A search under way: what is found is pushed on the heap's build stack.
struct Search<'a> {
    steps: &'a [Step],
    heap: &'a mut Heap,
    walk: &'a mut Walk,
}

impl Search<'_> {
    /// Applies the steps from `at` on. `strict`: the way here was definite, so a step that does not fit is an error.
    /// What is missing is just not found.
    ///
    /// Recursion goes down one level of the value each time, so it is bounded by the value's depth.
    fn find(&mut self, mut at: usize, mut value: Value, mut strict: bool) -> Result<(), PathError> {
        while let Some(step) = self.steps.get(at) {
            self.heap.work(1).map_err(PathError::Exceeded)?;
            match (step, value) {
                (Step::Name(name), Value::Object(object)) => match self.heap.find(object, name) {
                    Some(field) => value = *field,
                    None => return Ok(()),
                },
                (Step::Index(index), Value::Array(array)) => match item(self.heap, array, *index) {
                    Some(found) => value = *found,
                    None => return Ok(()),
                },
                (Step::Index(_) | Step::Indexes(_) | Step::Slice { .. }, found)
                    if !matches!(found, Value::Array(_)) =>
                {
                    return if strict { Err(PathError::NotAnArray { step: at, found }) } else { Ok(()) };
                }
                (Step::Names(names), Value::Object(object)) if at + 1 == self.steps.len() => {
                    value = pick(self.heap, object, names)?;
                }
                // On an object a filter decides about the object itself.
                (Step::Filter(filter), Value::Object(_)) => {
                    if !filter.accepts(self.heap, value, self.walk)? {
                        return Ok(());
                    }
                }
                (Step::Descend, _) => return self.descend(at + 1, value),
                (step, _) => return self.each(step, at + 1, value),
            }
            at += 1;
            strict &= matches!(step, Step::Name(_) | Step::Index(_));
        }
        self.heap.push(value);
        Ok(())
    }

    /// A step that leads to several children: continues at `next` with each of them.
    fn each(&mut self, step: &Step, next: usize, value: Value) -> Result<(), PathError> {
        match (step, value) {
            (Step::Names(names), Value::Object(object)) => {
                for name in names {
                    if let Some(field) = self.heap.field(object, name) {
                        self.find(next, field, false)?;
                    }
                }
            }
            (Step::Indexes(indexes), Value::Array(array)) => {
                for index in indexes {
                    if let Some(&found) = item(self.heap, array, *index) {
                        self.find(next, found, false)?;
                    }
                }
            }
            (Step::Slice { from, to, by }, Value::Array(array)) => {
                for index in slice(array.len(), *from, *to).step_by(*by) {
                    let found = self.heap.items(array)[index];
                    self.find(next, found, false)?;
                }
            }
            (Step::All, Value::Array(_) | Value::Object(_)) => {
                for index in 0..child_count(value) {
                    let child = child(self.heap, value, index);
                    self.find(next, child, false)?;
                }
            }
            (Step::Filter(filter), Value::Array(array)) => {
                for index in 0..array.len() {
                    self.heap.work(1).map_err(PathError::Exceeded)?;
                    let found = self.heap.items(array)[index];
                    if filter.accepts(self.heap, found, self.walk)? {
                        self.find(next, found, false)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Applies the step at `at` to this value and to every container in it, outer ones first.
    fn descend(&mut self, at: usize, value: Value) -> Result<(), PathError> {
        self.heap.work(1).map_err(PathError::Exceeded)?;
        match self.steps.get(at) {
            // Every node is asked itself, so elements must not be asked a second time by their array.
            Some(Step::Filter(filter)) => {
                if filter.accepts(self.heap, value, self.walk)? {
                    self.find(at + 1, value, false)?;
                }
            }
            _ => self.find(at, value, false)?,
        }
        for index in 0..child_count(value) {
            let child = child(self.heap, value, index);
            if matches!(child, Value::Array(_) | Value::Object(_)) {
                self.descend(at, child)?;
            }
        }
        Ok(())
    }
}

fn child_count(value: Value) -> usize {
    match value {
        Value::Array(list) | Value::Object(list) => list.len(),
        _ => 0,
    }
}

fn child(heap: &Heap, parent: Value, index: usize) -> Value {
    match parent {
        Value::Array(list) => heap.items(list)[index],
        Value::Object(list) => heap.entry(list, index).1,
        scalar => scalar,
    }
}

/// The indexes of a slice, end exclusive; negative ends count from the end of the array.
fn slice(len: usize, from: Option<i64>, to: Option<i64>) -> std::ops::Range<usize> {
    let clamp = |end: i64| {
        let end = if end < 0 { end.saturating_add(len as i64) } else { end };
        end.clamp(0, len as i64) as usize
    };
    let from = from.map_or(0, clamp);
    from..to.map_or(len, clamp).max(from)
}
