//! Paths: the items that a step gives are what the next one is evaluated for.

use super::evaluate::Evaluation;
use super::{Answer, GiveUp, Node, Path, Stage, Step, StepKind};
use crate::jsonata::scope::Scope;
use crate::value::{Mark, Num, Value};

/// What a path has come to.
#[derive(Clone, Copy)]
enum Items {
    /// One value: an array that was found as such stands for its elements.
    One(Value),
    /// What was pushed since the path's mark.
    Pushed,
}

/// What a step gives for one item, its stages included.
#[derive(Clone, Copy)]
enum Found {
    Nothing,
    Value(Value),
    /// An empty list: unlike nothing, it counts as a result.
    Empty,
    /// What was pushed since the mark.
    Pushed(Mark),
}

/// The results of a step over its items.
struct Results {
    /// The only one so far.
    first: Option<Value>,
    /// More than one, or a list: all have been pushed, arrays spread.
    many: bool,
}

impl<S: Scope> Evaluation<'_, S> {
    pub(super) fn path(&mut self, path: &Path, input: Option<Value>) -> Answer<Option<Value>> {
        let Some(head) = self.value(&path.head, input)? else { return path.of_nothing() };
        let mark = self.heap.mark();
        let mut items = Items::One(head);
        if !path.head_stages.is_empty() {
            let found = self.stages(&path.head_stages, Found::Value(head))?;
            let Some(filtered) = found_items(found) else { return Ok(None) };
            items = filtered;
        }
        for step in &path.steps {
            match self.step(step, items, mark)? {
                Some(next) => items = next,
                None => return Ok(None),
            }
        }
        match items {
            Items::One(value) if path.keep_array && !matches!(value, Value::Array(_)) => {
                self.heap.push(value);
                self.heap.array_from(mark).map(Some).map_err(|_| GiveUp)
            }
            Items::One(value) => Ok(Some(value)),
            Items::Pushed if path.keep_array && !self.heap.pushed(mark).is_empty() => {
                self.heap.array_from(mark).map(Some).map_err(|_| GiveUp)
            }
            Items::Pushed => self.sequence(mark),
        }
    }

    /// Evaluates a step for all items; `None` if there is no result.
    fn step(&mut self, step: &Step, items: Items, mark: Mark) -> Answer<Option<Items>> {
        match items {
            Items::One(Value::Array(list)) => {
                let mut results = Results::new(step);
                for index in 0..list.len() {
                    let item = self.heap.items(list)[index];
                    let found = self.found(step, item)?;
                    results.add(self, found);
                }
                Ok(results.items(self, mark))
            }
            Items::One(item) if step.stages.is_empty() => Ok(self.step_value(step, item)?.map(Items::One)),
            Items::One(item) => Ok(found_items(self.found(step, item)?)),
            Items::Pushed => {
                let end = self.heap.mark();
                let count = self.heap.pushed(mark).len();
                let mut results = Results::new(step);
                for index in 0..count {
                    let item = self.heap.pushed(mark)[index];
                    let found = self.found(step, item)?;
                    results.add(self, found);
                }
                self.heap.remove_between(mark, end);
                Ok(results.items(self, mark))
            }
        }
    }

    fn found(&mut self, step: &Step, item: Value) -> Answer<Found> {
        let found = self.step_value(step, item)?.map_or(Found::Nothing, Found::Value);
        if step.stages.is_empty() { Ok(found) } else { self.stages(&step.stages, found) }
    }

    #[inline]
    fn step_value(&mut self, step: &Step, item: Value) -> Answer<Option<Value>> {
        match (&step.kind, item) {
            (StepKind::Name(key), Value::Object(object)) => Ok(self.heap.find(object, key).copied()),
            // An array within an array: its lookup gives a list, with rules of its own.
            (_, Value::Array(_)) => Err(GiveUp),
            (StepKind::Name(_), _) => Ok(None),
            (StepKind::Input, item) => Ok(Some(item)),
            (StepKind::Node(node), item) => match self.value(node, Some(item))? {
                Some(Value::Array(_)) => Err(GiveUp),
                value => Ok(value),
            },
        }
    }

    fn stages(&mut self, stages: &[Stage], mut found: Found) -> Answer<Found> {
        for stage in stages {
            found = match stage {
                Stage::Index(index) => self.at(*index, found),
                Stage::Filter(filter) => self.filter(filter, found)?,
            };
        }
        Ok(found)
    }

    fn at(&mut self, index: i64, found: Found) -> Found {
        let item = match found {
            Found::Nothing | Found::Empty => None,
            Found::Value(Value::Array(list)) => nth(self.heap.items(list), index),
            Found::Value(value) => nth(&[value], index),
            Found::Pushed(mark) => {
                let item = nth(self.heap.pushed(mark), index);
                self.heap.abandon(mark);
                item
            }
        };
        item.map_or(Found::Empty, Found::Value)
    }

    fn filter(&mut self, filter: &Node, found: Found) -> Answer<Found> {
        let (list, start) = match found {
            Found::Empty => return Ok(Found::Empty),
            Found::Nothing => {
                // The reference asks the predicate about the nothing, too: it may fail, and must not keep it.
                let kept = self.value(filter, None)?.map_or(Ok(false), |answer| self.selects(answer, 0, 1))?;
                return if kept { Err(GiveUp) } else { Ok(Found::Empty) };
            }
            Found::Value(Value::Array(list)) => (Some(list), self.heap.mark()),
            Found::Value(value) => {
                let start = self.heap.mark();
                self.heap.push(value);
                (None, start)
            }
            Found::Pushed(mark) => (None, mark),
        };
        let end = self.heap.mark();
        let count = list.map_or_else(|| self.heap.pushed(start).len(), |list| list.len());
        for index in 0..count {
            let item = match list {
                Some(list) => self.heap.items(list)[index],
                None => self.heap.pushed(start)[index],
            };
            if matches!(item, Value::Array(_)) {
                return Err(GiveUp);
            }
            if let Some(answer) = self.value(filter, Some(item))?
                && self.selects(answer, index, count)?
            {
                self.heap.push(item);
            }
        }
        self.heap.remove_between(start, end);
        Ok(Found::Pushed(start))
    }

    /// Whether the value of a predicate keeps the item at `index`: a number is a position, all else a condition.
    fn selects(&self, answer: Value, index: usize, count: usize) -> Answer<bool> {
        match self.heap.number(answer) {
            Some(number) => {
                let wanted = match number {
                    Num::Int(int) => int,
                    Num::Float(float) => float.floor() as i64,
                };
                Ok(place(wanted, count) == Some(index))
            }
            None => {
                // An array of numbers is a list of positions.
                if let Value::Array(list) = answer
                    && self.heap.items(list).iter().all(|item| item.is_number())
                {
                    return Err(GiveUp);
                }
                self.truth(answer)
            }
        }
    }
}

impl Path {
    /// What the path is where it begins at nothing. The reference asks the first predicates about the nothing all the same.
    fn of_nothing(&self) -> Answer<Option<Value>> {
        let asks = |stages: &[Stage]| stages.iter().any(|stage| matches!(stage, Stage::Filter(_)));
        let first_asks = match (&self.head, self.steps.first()) {
            (Node::Input, Some(step)) => asks(&step.stages) || matches!(step.kind, StepKind::Node(_)),
            _ => false,
        };
        if first_asks || asks(&self.head_stages) { Err(GiveUp) } else { Ok(None) }
    }
}

/// What a single result stands for.
fn found_items(found: Found) -> Option<Items> {
    match found {
        Found::Nothing | Found::Empty => None,
        Found::Value(value) => Some(Items::One(value)),
        Found::Pushed(_) => Some(Items::Pushed),
    }
}

fn place(index: i64, count: usize) -> Option<usize> {
    let index = if index < 0 { index.checked_add(count as i64)? } else { index };
    usize::try_from(index).ok().filter(|index| *index < count)
}

fn nth(items: &[Value], index: i64) -> Option<Value> {
    place(index, items.len()).map(|index| items[index])
}

impl Results {
    fn new(step: &Step) -> Results {
        // A filter gives lists.
        Results { first: None, many: matches!(step.stages.last(), Some(Stage::Filter(_))) }
    }

    fn add<S: Scope>(&mut self, evaluation: &mut Evaluation<'_, S>, found: Found) {
        match found {
            // Those of a filter are in their place already.
            Found::Nothing | Found::Pushed(_) => {}
            Found::Empty => self.spread(evaluation),
            Found::Value(value) if self.many || self.first.is_some() => {
                self.spread(evaluation);
                push(evaluation, value);
            }
            Found::Value(value) => self.first = Some(value),
        }
    }

    fn spread<S: Scope>(&mut self, evaluation: &mut Evaluation<'_, S>) {
        if let Some(first) = self.first.take() {
            push(evaluation, first);
        }
        self.many = true;
    }

    fn items<S: Scope>(self, evaluation: &Evaluation<'_, S>, mark: Mark) -> Option<Items> {
        match self.first {
            Some(only) => Some(Items::One(only)),
            None => (!evaluation.heap.pushed(mark).is_empty()).then_some(Items::Pushed),
        }
    }
}

fn push<S: Scope>(evaluation: &mut Evaluation<'_, S>, value: Value) {
    match value {
        Value::Array(list) => evaluation.spread(list),
        value => evaluation.heap.push(value),
    }
}
