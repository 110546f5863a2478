//! Paths: steps over objects and arrays, with the reference's rules for sequences.
//!
//! A step is applied to each item; of its results, arrays are flattened into the list of items for the next step. Most
//! lists have one item and never become an array.

use super::array::{CONSTRUCTED, KEPT, SEQUENCE, length};
use super::{Evaluated, Evaluation};
use crate::expr::ContextField;
use crate::jsonata::compile::{Node, Path, Stage, Start, Step, StepKind};
use crate::jsonata::error::Throw;
use crate::jsonata::scope::{Scope, StatesField};
use crate::value::{Heap, Key, Str, Value};

/// What the steps so far have led to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reached {
    Nothing,
    /// One item.
    One(Value),
    /// The items of an array.
    Items(Value),
    /// An array that is the result of the last step as it is, or an empty constructor before any step.
    Whole(Value),
}

/// The result of a step, or of predicates, on one item.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found {
    Nothing,
    /// A value: if it is an array, its elements.
    Value(Value),
    /// A sequence of one.
    One(Value),
    /// An array that holds a sequence.
    Items(Value),
}

impl<'a> Evaluation<'a> {
    pub(super) fn path(&mut self, path: &'a Path, context: Option<Value>) -> Evaluated {
        let (done, mut reached) = match path.names_only {
            true => match self.walk(path, context)? {
                Walked::To(found) => return Ok(found),
                Walked::Array(0, array) if matches!(path.start, Start::Items) => (0, Reached::Items(array)),
                Walked::Array(done, array) => (done, self.gather(Found::Value(array), done == path.steps.len())),
            },
            false => (0, self.start(path, context)?),
        };
        if path.binds && !matches!(reached, Reached::Whole(_)) {
            return self.binding_path(path, reached);
        }
        for (at, step) in path.steps.iter().enumerate().skip(done) {
            if let Reached::Nothing | Reached::Whole(_) = reached {
                break;
            }
            reached = self.step(step, reached, at + 1 == path.steps.len())?;
        }
        let value = self.close_path(path, reached)?;
        match &path.group {
            Some(pairs) => self.group(pairs, value).map(Some),
            None => Ok(value),
        }
    }

    /// The value of a path that is nothing but names in this item, if no array is among what they lead through and to.
    #[inline]
    pub(super) fn names_of(&mut self, path: &Path, item: Value) -> Result<Option<Option<Value>>, Throw> {
        if !path.names_only || !matches!(path.start, Start::Items) {
            return Ok(None);
        }
        let Walked::To(found) = walk(self.heap, item, &path.steps) else { return Ok(None) };
        self.check_depth(2)?;
        self.work(2 + path.steps.len())?;
        Ok(Some(found))
    }

    /// Follows a path of names.
    #[inline]
    fn walk(&mut self, path: &Path, context: Option<Value>) -> Result<Walked, Throw> {
        self.check_depth(1)?;
        self.work(1 + path.steps.len())?;
        let start = match &path.start {
            Start::States(field, _) => self.states_field(*field),
            Start::ContextField(field, names) => self.context_field(*field, names),
            _ => context,
        };
        Ok(start.map_or(Walked::To(None), |start| walk(self.heap, start, &path.steps)))
    }

    fn states_field(&mut self, field: StatesField) -> Option<Value> {
        self.asked += usize::from(field == StatesField::Context);
        self.scope.states(self.heap, field)
    }

    /// A part of the context object, which is asked for as a whole where the scope does not know the part.
    fn context_field(&mut self, field: ContextField, names: &[Key]) -> Option<Value> {
        if let Some(value) = self.scope.context_field(self.heap, field) {
            return Some(value);
        }
        let context = self.states_field(StatesField::Context)?;
        follow(self.heap, context, names)
    }

    /// The items that the steps begin with, or what the first ones lead to.
    fn start(&mut self, path: &'a Path, context: Option<Value>) -> Result<Reached, Throw> {
        let is_end = path.steps.is_empty();
        match &path.start {
            Start::Items => Ok(match context {
                // Undefined is an item, too: its step may not need it.
                None => Reached::One(super::foreign::undefined()),
                Some(items @ Value::Array(_)) => Reached::Items(items),
                Some(value) => Reached::One(value),
            }),
            Start::Whole => Ok(Reached::One(context.unwrap_or_else(super::foreign::undefined))),
            Start::Constructor(node) => {
                let value = self.evaluate(node, context)?;
                Ok(match value {
                    // Where there is nothing, no step is taken: the path is what it began with.
                    Some(array @ Value::Array(_)) if is_end || length(array) == 0 => Reached::Whole(array),
                    Some(text @ Value::String(string)) if self.heap.str_equals(string, "") => Reached::Whole(text),
                    Some(array @ Value::Array(_)) => Reached::Items(array),
                    // A predicate has left one value. The reference counts its elements, and only a text has a length.
                    Some(Value::String(text)) => self.characters(text)?,
                    Some(Value::Null) => return Err(Throw::internal()),
                    Some(_) | None => Reached::Nothing,
                })
            }
            Start::States(field, filters) => {
                self.check_depth(1)?;
                self.work(1)?;
                let mut found = self.states_field(*field).map_or(Found::Nothing, Found::Value);
                for filter in filters {
                    found = self.filter(filter, found)?;
                }
                Ok(self.gather(found, is_end))
            }
            Start::ContextField(field, names) => {
                self.check_depth(1)?;
                self.work(1)?;
                let found = self.context_field(*field, names);
                Ok(self.gather(found.map_or(Found::Nothing, Found::Value), is_end))
            }
        }
    }

    /// The characters of a text as items.
    fn characters(&mut self, text: Str) -> Result<Reached, Throw> {
        let text = self.heap.str(text).into_owned();
        let mark = self.heap.mark();
        for character in text.chars() {
            let item = self.text_value(character.encode_utf8(&mut [0; 4]))?;
            item.into_iter().for_each(|item| self.push(item));
        }
        self.close_sequence(mark).map(Reached::Items)
    }

    /// The items that the result of a step on a single item makes.
    #[inline]
    fn gather(&self, found: Found, last: bool) -> Reached {
        match found {
            Found::Nothing => Reached::Nothing,
            Found::Value(Value::Array(list)) => {
                let marks = self.marks(list);
                if last && marks & SEQUENCE == 0 {
                    return Reached::Whole(Value::Array(list));
                }
                match *self.heap.items(list) {
                    _ if marks & CONSTRUCTED != 0 => Reached::One(Value::Array(list)),
                    [] => Reached::Nothing,
                    [single] => Reached::One(single),
                    _ => Reached::Items(Value::Array(list)),
                }
            }
            Found::Value(value) | Found::One(value) => Reached::One(value),
            Found::Items(items) => Reached::Items(items),
        }
    }

    pub(super) fn step(&mut self, step: &'a Step, reached: Reached, last: bool) -> Result<Reached, Throw> {
        let items = match reached {
            Reached::Nothing => return Ok(Reached::Nothing),
            Reached::Items(items) | Reached::Whole(items) => items,
            Reached::One(item) if matches!(step.kind, StepKind::Node(_)) => {
                let found = self.step_on(step, item)?;
                return Ok(self.gather(found, last));
            }
            Reached::One(item) => self.heap.array(&[item])?,
        };
        if let StepKind::Sort(terms) = &step.kind {
            let sorted = self.sort_by(terms, items, false)?;
            return self.after_sort(step, sorted);
        }
        let mark = self.heap.mark();
        let mut results = 0;
        let mut whole = None;
        for index in 0..length(items) {
            let item = self.item(items, index);
            let found = self.step_on(step, item)?;
            match found {
                Found::Nothing => continue,
                Found::Value(Value::Array(list)) => {
                    let marks = self.marks(list);
                    if results == 0 && marks & SEQUENCE == 0 {
                        whole = Some(Value::Array(list));
                    }
                    match marks & CONSTRUCTED {
                        0 => self.push_items(Value::Array(list))?,
                        _ => self.push(Value::Array(list)),
                    }
                }
                Found::Value(value) | Found::One(value) => self.push(value),
                Found::Items(items) => self.push_items(items)?,
            }
            results += 1;
        }
        if last
            && results == 1
            && let Some(array) = whole
        {
            self.heap.abandon(mark);
            return Ok(Reached::Whole(array));
        }
        match *self.heap.pushed(mark) {
            [] => Ok(Reached::Nothing),
            [single] => {
                self.heap.abandon(mark);
                Ok(Reached::One(single))
            }
            _ => Ok(Reached::Items(self.close_sequence(mark)?)),
        }
    }

    /// The items after a sort, which predicates may follow.
    fn after_sort(&mut self, step: &'a Step, sorted: Value) -> Result<Reached, Throw> {
        let mut found = Found::Items(sorted);
        for stage in &step.stages {
            if let Stage::Filter(filter) = stage {
                found = self.filter(filter, found)?;
            }
        }
        Ok(match found {
            Found::Nothing => Reached::Nothing,
            Found::One(item) => Reached::One(item),
            Found::Value(items) | Found::Items(items) if length(items) == 0 => Reached::Nothing,
            Found::Value(items) | Found::Items(items) => Reached::Items(items),
        })
    }

    fn step_on(&mut self, step: &'a Step, item: Value) -> Result<Found, Throw> {
        let StepKind::Node(node) = &step.kind else { return Ok(Found::Nothing) };
        let context = super::tuple::defined(item);
        let mut found = match (node, context) {
            (Node::Name(key), Some(Value::Object(object))) => {
                self.check_depth(1)?;
                self.work(1)?;
                self.heap.find(object, key).copied().map_or(Found::Nothing, Found::Value)
            }
            _ => self.evaluate(node, context)?.map_or(Found::Nothing, Found::Value),
        };
        for stage in &step.stages {
            if let Stage::Filter(filter) = stage {
                found = self.filter(filter, found)?;
            }
        }
        Ok(found)
    }

    /// The value of a path that led to this.
    pub(super) fn close_path(&mut self, path: &Path, reached: Reached) -> Evaluated {
        let keep = path.keep_array || path.keep_whole;
        let reached = match reached {
            Reached::One(item) if super::tuple::defined(item).is_none() => Reached::Nothing,
            // An array that was constructed is one item.
            Reached::Whole(array) if path.keep_array && self.has_mark(array, CONSTRUCTED) => Reached::One(array),
            reached => reached,
        };
        match reached {
            Reached::Nothing => Ok(None),
            Reached::One(value) if keep => self.kept_single(value),
            Reached::One(value @ Value::Array(_)) => {
                // The path is the element of this sequence, which may be a sequence itself.
                let sequence = self.heap.array(&[value])?;
                self.set_marks(sequence, SEQUENCE);
                Ok(Some(sequence))
            }
            Reached::One(value) | Reached::Whole(value) => Ok(Some(value)),
            Reached::Items(Value::Array(list)) => {
                let marks = SEQUENCE | if keep { KEPT } else { 0 };
                if self.heap.is_since(list, self.age) && self.marks(list) | marks == marks && self.marks(list) != 0 {
                    self.heap.set_tag(list, marks);
                    return Ok(Some(Value::Array(list)));
                }
                let mark = self.heap.mark();
                self.push_items(Value::Array(list))?;
                let copy = self.close_array(mark)?;
                self.set_marks(copy, marks);
                Ok(Some(copy))
            }
            Reached::Items(value) => Ok(Some(value)),
        }
    }
}

/// How far names lead.
enum Walked {
    /// To the end.
    To(Option<Value>),
    /// To an array, with so many steps done: what comes next is a matter of sequences.
    Array(usize, Value),
}

/// Follows names as long as they lead through objects, which is all that most paths do.
#[inline]
fn walk(heap: &Heap, start: Value, steps: &[Step]) -> Walked {
    let mut value = start;
    for (at, step) in steps.iter().enumerate() {
        let StepKind::Node(Node::Name(key)) = &step.kind else { return Walked::To(None) };
        value = match value {
            Value::Object(object) => match heap.find(object, key) {
                Some(found) => *found,
                None => return Walked::To(None),
            },
            Value::Array(_) => return Walked::Array(at, value),
            _ => return Walked::To(None),
        };
    }
    match value {
        Value::Array(_) => Walked::Array(steps.len(), value),
        // Where an undefined value was the start.
        Value::Foreign(_) if super::tuple::defined(value).is_none() => Walked::To(None),
        value => Walked::To(Some(value)),
    }
}

/// The value of an expression that is nothing but names behind `$states.…`, if each of them leads through an object: without
/// an evaluation, which is an eighth of the order workflow in JSONata. `None`: it takes one.
pub(super) fn lookup(path: &Path, heap: &mut Heap, scope: &mut dyn Scope) -> Option<Option<Value>> {
    if !path.names_only {
        return None;
    }
    let start = match &path.start {
        Start::States(field, _) => scope.states(heap, *field)?,
        Start::ContextField(field, _) => scope.context_field(heap, *field)?,
        _ => return None,
    };
    match walk(heap, start, &path.steps) {
        Walked::To(found) => Some(found),
        // No evaluation has made it: it is no sequence.
        Walked::Array(done, array) => (done == path.steps.len()).then_some(Some(array)),
    }
}

fn follow(heap: &Heap, value: Value, names: &[Key]) -> Option<Value> {
    names.iter().try_fold(value, |value, name| match value {
        Value::Object(object) => heap.find(object, name).copied(),
        _ => None,
    })
}
