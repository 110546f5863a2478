//! Paths: steps over objects and arrays, with the reference's rules for sequences.
//!
//! A step is applied to each item; of its results, arrays are flattened into the list of items for the next step. A
//! sequence that ends with one item is that item.

use super::Stop;
use super::evaluate::{Evaluated, Evaluation, length};
use super::node::{Filter, Node, Path, Start, Step, StepKind};
use super::operator::boolean;
use crate::jsonata::scope::{Scope, StatesField};
use crate::value::{Heap, Key, Mark, Value};

/// What the steps so far have led to.
#[derive(Clone, Copy)]
enum Reached {
    Nothing,
    /// The result of one step on one item, not flattened.
    Value(Value),
    /// An array that holds the items.
    Items(Value),
}

/// The result of a step, or of predicates, on one item.
#[derive(Clone, Copy)]
enum Found {
    Nothing,
    Value(Value),
    /// An array that holds what was found.
    Sequence(Value),
}

impl<S: Scope> Evaluation<'_, S> {
    pub(super) fn path(&mut self, path: &Path, context: Option<Value>) -> Evaluated {
        let mut reached = self.start(path, context)?;
        for (at, step) in path.steps.iter().enumerate() {
            let last = at + 1 == path.steps.len();
            reached = match (reached, &step.kind) {
                (Reached::Nothing, _) => return Ok(None),
                (Reached::Value(Value::Object(object)), StepKind::Name(key)) if step.filters.is_empty() => {
                    self.heap.find(object, key).map_or(Reached::Nothing, |value| Reached::Value(*value))
                }
                (reached, _) => self.step(step, reached, last)?,
            };
        }
        let ends_in_group = matches!(path.steps.last(), Some(Step { kind: StepKind::Group(_), .. }));
        if let Reached::Value(array @ Value::Array(_)) = reached
            && path.keep_array
            && ends_in_group
        {
            // An array that was constructed is one item.
            return Ok(Some(self.heap.array(&[array])?));
        }
        self.finish(reached, path.keep_array)
    }

    fn start(&mut self, path: &Path, context: Option<Value>) -> Result<Reached, Stop> {
        let value = match &path.start {
            Start::Items => {
                return Ok(match context {
                    None => {
                        self.filters(&path.steps[0].filters, Found::Nothing)?;
                        Reached::Nothing
                    }
                    Some(items @ Value::Array(_)) => Reached::Items(items),
                    Some(value) => Reached::Value(value),
                });
            }
            Start::States(field) => {
                let found = self.scope.states(self.heap, *field).map_or(Found::Nothing, Found::Value);
                return Ok(match self.filters(&path.filters, found)? {
                    Found::Nothing => Reached::Nothing,
                    Found::Value(value) => Reached::Value(value),
                    Found::Sequence(items) => Reached::Items(items),
                });
            }
            Start::ContextField(field, names) => match self.scope.context_field(self.heap, *field) {
                Some(value) => Some(value),
                None => {
                    let context = self.scope.states(self.heap, StatesField::Context);
                    context.and_then(|context| follow(self.heap, context, names))
                }
            },
            Start::Node { mapped: true, .. } if matches!(context, Some(Value::Array(_))) => return Err(Stop::Library),
            Start::Node { node, .. } => self.evaluate(node, context)?,
        };
        let found = self.filters(&path.filters, value.map_or(Found::Nothing, Found::Value))?;
        Ok(self.unwrap(found).map_or(Reached::Nothing, Reached::Value))
    }

    /// The value of a path that led to this.
    fn finish(&mut self, reached: Reached, keep_array: bool) -> Evaluated {
        match reached {
            Reached::Nothing => Ok(None),
            Reached::Value(value @ Value::Array(_)) => Ok(Some(value)),
            Reached::Value(value) if keep_array => Ok(Some(self.heap.array(&[value])?)),
            Reached::Value(value) => Ok(Some(value)),
            Reached::Items(items) if keep_array && length(items) > 0 => Ok(Some(items)),
            Reached::Items(items) => Ok(self.unwrap(Found::Sequence(items))),
        }
    }

    /// A sequence of one is its item, of none is undefined.
    fn unwrap(&self, found: Found) -> Option<Value> {
        match found {
            Found::Nothing => None,
            Found::Value(value) => Some(value),
            Found::Sequence(items) => match length(items) {
                0 => None,
                1 => Some(self.item(items, 0)),
                _ => Some(items),
            },
        }
    }

    fn step(&mut self, step: &Step, reached: Reached, last: bool) -> Result<Reached, Stop> {
        let items = match reached {
            Reached::Nothing => return Ok(Reached::Nothing),
            Reached::Value(value) | Reached::Items(value) => value,
        };
        let mark = self.heap.mark();
        let mut results = 0;
        let mut whole = None;
        for index in 0..length(items) {
            let item = self.item(items, index);
            self.count_item()?;
            match self.step_on(step, item)? {
                Found::Nothing => continue,
                Found::Value(array @ Value::Array(_)) if !matches!(step.kind, StepKind::Group(_)) => {
                    // The only result of the last step keeps its shape.
                    if length(items) == 1 {
                        return Ok(Reached::Value(array));
                    }
                    whole = Some(array);
                    self.push_items(array)?;
                }
                Found::Value(array @ Value::Array(_)) => {
                    whole = Some(array);
                    self.heap.push(array);
                }
                Found::Value(value) => self.heap.push(value),
                Found::Sequence(sequence) => {
                    whole = None;
                    self.push_items(sequence)?;
                    results += 1;
                }
            }
            results += 1;
        }
        if last
            && results == 1
            && let Some(array) = whole
        {
            self.heap.abandon(mark);
            return Ok(Reached::Value(array));
        }
        self.items_from(mark)
    }

    fn items_from(&mut self, mark: Mark) -> Result<Reached, Stop> {
        match *self.heap.pushed(mark) {
            [] => Ok(Reached::Nothing),
            [single] if !matches!(single, Value::Array(_)) => {
                self.heap.abandon(mark);
                Ok(Reached::Value(single))
            }
            _ => Ok(Reached::Items(self.close_array(mark)?)),
        }
    }

    fn step_on(&mut self, step: &Step, item: Value) -> Result<Found, Stop> {
        let value = match &step.kind {
            StepKind::Name(key) => match item {
                Value::Object(object) => self.heap.find(object, key).copied(),
                Value::Array(_) => {
                    let mark = self.heap.mark();
                    self.lookup(item, key)?;
                    self.close_sequence(mark)?
                }
                _ => None,
            },
            StepKind::Map(node) | StepKind::Group(node) => self.evaluate(node, Some(item))?,
        };
        self.filters(&step.filters, value.map_or(Found::Nothing, Found::Value))
    }

    /// Pushes the fields of this name of the objects in an array, and of the arrays in it.
    fn lookup(&mut self, array: Value, key: &Key) -> Result<(), Stop> {
        for index in 0..length(array) {
            match self.item(array, index) {
                Value::Object(object) => {
                    if let Some(found) = self.heap.find(object, key).copied() {
                        self.push_items(found)?;
                    }
                }
                inner @ Value::Array(_) => self.lookup(inner, key)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn filters(&mut self, filters: &[Filter], mut found: Found) -> Result<Found, Stop> {
        for filter in filters {
            let items = match found {
                Found::Nothing => match filter {
                    // The reference evaluates a predicate even where there is nothing to apply it to; the library, not
                    // always. That shows where the predicate fails.
                    Filter::Where(condition) => match self.truth(condition, None) {
                        Ok(true) => continue,
                        Ok(false) => return Ok(Found::Nothing),
                        Err(_) => return Err(Stop::Library),
                    },
                    Filter::Index(_) => return Ok(Found::Nothing),
                },
                Found::Value(value) | Found::Sequence(value) => value,
            };
            found = match filter {
                Filter::Index(index) => match position(*index, length(items)) {
                    Some(index) => Found::Value(self.item(items, index)),
                    None => return Ok(Found::Nothing),
                },
                Filter::Where(condition) => {
                    let mark = self.heap.mark();
                    for index in 0..length(items) {
                        let item = self.item(items, index);
                        self.count_item()?;
                        for _ in 0..self.times_taken(condition, item, index, length(items))? {
                            self.heap.push(item);
                        }
                    }
                    if self.heap.pushed(mark).is_empty() {
                        return Ok(Found::Nothing);
                    }
                    Found::Sequence(self.close_array(mark)?)
                }
            };
        }
        Ok(found)
    }

    /// How often a predicate takes an item: an array of indexes may name it more than once.
    fn times_taken(&mut self, condition: &Node, item: Value, index: usize, count: usize) -> Result<usize, Stop> {
        let Some(result) = self.evaluate(condition, Some(item))? else { return Ok(0) };
        let is_index = |value: &Value| {
            self.heap.number(*value).and_then(|number| position(number.as_f64().floor(), count)) == Some(index)
        };
        Ok(match result {
            number if number.is_number() => usize::from(is_index(&number)),
            Value::Array(list) if self.heap.items(list).iter().all(|item| item.is_number()) => {
                self.heap.items(list).iter().filter(|item| is_index(item)).count()
            }
            other => usize::from(boolean(self.heap, other)),
        })
    }
}

/// The place of an index, which counts from the end if it is negative.
fn position(index: f64, count: usize) -> Option<usize> {
    let index = if index < 0.0 { index + count as f64 } else { index };
    (0.0..count as f64).contains(&index).then_some(index as usize)
}

fn follow(heap: &Heap, value: Value, names: &[Key]) -> Option<Value> {
    names.iter().try_fold(value, |value, name| match value {
        Value::Object(object) => heap.find(object, name).copied(),
        _ => None,
    })
}
