//! Evaluation of nodes.

use super::node::{Arithmetic, Comparison, EachItem, EachKind, Element, Node};
use super::operator::{arithmetic, boolean, compare, equal, negate};
use super::{MAX_BYTES, Stop, text};
use crate::jsonata::number;
use crate::jsonata::scope::Scope;
use crate::value::{Heap, Mark, Str, Value};

/// Items that predicates and functions may be applied to in one evaluation: some hundred milliseconds.
const MAX_ITEMS: u32 = 5_000_000;
/// The largest range that the reference makes.
const MAX_RANGE: f64 = 1e7;

/// A value; `None` is undefined.
pub(super) type Evaluated = Result<Option<Value>, Stop>;

/// An evaluation under way.
pub(super) struct Evaluation<'a, S> {
    pub(super) heap: &'a mut Heap,
    pub(super) scope: &'a mut S,
    slots: Vec<Option<Value>>,
    items: u32,
    max_bytes: usize,
}

impl<'a, S: Scope> Evaluation<'a, S> {
    pub(super) fn new(heap: &'a mut Heap, scope: &'a mut S, slots: usize) -> Evaluation<'a, S> {
        let max_bytes = heap.bytes_used().saturating_add(MAX_BYTES);
        Evaluation { heap, scope, slots: vec![None; slots], items: 0, max_bytes }
    }

    /// The value of a node where the context is this.
    pub(super) fn evaluate(&mut self, node: &Node, context: Option<Value>) -> Evaluated {
        Ok(Some(match node {
            Node::Constant(value) => *value,
            Node::Number(number) => number::value(self.heap, *number),
            Node::Undefined => return Ok(None),
            Node::Context => return Ok(context),
            Node::Local(slot) => return Ok(self.slots[*slot]),
            Node::Variable(name) => return Ok(self.scope.variable(self.heap, name)),
            Node::Path(path) => return self.path(path, context),
            Node::Equal { negated, sides } => {
                let [left, right] = self.pair(sides, context)?;
                let (Some(left), Some(right)) = (left, right) else { return Ok(Some(Value::False)) };
                Value::bool(equal(self.heap, left, right) != *negated)
            }
            Node::And(sides) => Value::bool(self.truth(&sides[0], context)? && self.truth(&sides[1], context)?),
            Node::Or(sides) => Value::bool(self.truth(&sides[0], context)? || self.truth(&sides[1], context)?),
            Node::Join(parts) => self.join(parts, context)?,
            Node::Conditional(branches) => {
                let (condition, then, other) = &**branches;
                return match (self.truth(condition, context)?, other) {
                    (true, _) => self.evaluate(then, context),
                    (false, Some(other)) => self.evaluate(other, context),
                    (false, None) => Ok(None),
                };
            }
            Node::Arithmetic(op, sides) => return self.arithmetic(*op, sides, context),
            Node::Compare(op, sides) => return self.compare(*op, sides, context),
            Node::Negate(operand) => {
                let operand = self.evaluate(operand, context)?;
                return operand.map(|operand| negate(self.heap, operand)).transpose();
            }
            Node::In(sides) => return self.contains(sides, context),
            Node::Array(elements) => self.array(elements, context)?,
            Node::Object(entries) => self.object(entries, context)?,
            Node::Record(entries) => self.record(entries, context)?,
            Node::Block(items) => {
                let Some((last, before)) = items.split_last() else { return Ok(None) };
                for item in before {
                    self.evaluate(item, context)?;
                }
                return self.evaluate(last, context);
            }
            Node::Assign(slot, value) => {
                let value = self.evaluate(value, context)?;
                self.slots[*slot] = value;
                return Ok(value);
            }
            Node::Call(call) => return self.call(call, context),
            Node::EachItem(each) => return self.each_item(each, context),
        }))
    }

    /// `$boolean` of a node; undefined is false.
    pub(super) fn truth(&mut self, node: &Node, context: Option<Value>) -> Result<bool, Stop> {
        let value = self.evaluate(node, context)?;
        Ok(value.is_some_and(|value| boolean(self.heap, value)))
    }

    fn pair(&mut self, sides: &[Node; 2], context: Option<Value>) -> Result<[Option<Value>; 2], Stop> {
        let left = self.evaluate(&sides[0], context)?;
        Ok([left, self.evaluate(&sides[1], context)?])
    }

    fn arithmetic(&mut self, op: Arithmetic, sides: &[Node; 2], context: Option<Value>) -> Evaluated {
        let [left, right] = self.pair(sides, context)?;
        arithmetic(self.heap, op, left, right)
    }

    fn compare(&mut self, op: Comparison, sides: &[Node; 2], context: Option<Value>) -> Evaluated {
        let [left, right] = self.pair(sides, context)?;
        compare(self.heap, op, left, right)
    }

    fn contains(&mut self, sides: &[Node; 2], context: Option<Value>) -> Evaluated {
        let [Some(left), Some(right)] = self.pair(sides, context)? else { return Ok(Some(Value::False)) };
        let found = match right {
            // Containers are the same only where they are one and the same: values here don't know that.
            _ if matches!(left, Value::Array(_) | Value::Object(_)) => return Err(Stop::Library),
            Value::Array(list) => self.heap.items(list).iter().any(|item| equal(self.heap, left, *item)),
            one => equal(self.heap, left, one),
        };
        Ok(Some(Value::bool(found)))
    }

    fn join(&mut self, parts: &[Node], context: Option<Value>) -> Result<Value, Stop> {
        let mark = self.heap.mark();
        for part in parts {
            if let Some(value) = self.evaluate(part, context)? {
                self.heap.push(value);
            }
        }
        let text = self.heap.begin_text();
        for index in 0..self.heap.pushed(mark).len() {
            let part = self.heap.pushed(mark)[index];
            text::append(self.heap, part);
            self.check_memory()?;
        }
        self.heap.abandon(mark);
        Ok(self.heap.finish_text(text))
    }

    fn array(&mut self, elements: &[Element], context: Option<Value>) -> Result<Value, Stop> {
        let mark = self.heap.mark();
        for element in elements {
            match element {
                Element::Nested(node) => {
                    let value = self.evaluate(node, context)?;
                    value.into_iter().for_each(|value| self.heap.push(value));
                }
                Element::Flat(node) => match self.evaluate(node, context)? {
                    Some(Value::Array(list)) => self.push_items(Value::Array(list))?,
                    Some(value) => self.heap.push(value),
                    None => {}
                },
                Element::Range(first, last) => {
                    let first = self.evaluate(first, context)?;
                    let last = self.evaluate(last, context)?;
                    self.range(first, last)?;
                }
            }
        }
        self.close_array(mark)
    }

    fn range(&mut self, first: Option<Value>, last: Option<Value>) -> Result<(), Stop> {
        let Some((first, count)) = range_bounds(self.heap, first, last)? else { return Ok(()) };
        self.check_room(count)?;
        for index in 0..count {
            let value = number::value(self.heap, first + index as f64);
            self.heap.push(value);
        }
        Ok(())
    }

    fn object(&mut self, entries: &[(Node, Node)], context: Option<Value>) -> Result<Value, Stop> {
        // Of an array, the library makes groups.
        if matches!(context, Some(Value::Array(_))) {
            return Err(Stop::Library);
        }
        let keys = self.heap.mark();
        for (key, _) in entries {
            let key = match self.evaluate(key, context)? {
                Some(Value::String(key)) => Value::String(key),
                None => Value::Null,
                Some(other) => return Err(key_error(self.heap, other)),
            };
            self.heap.push(key);
            self.check_key(entries, keys)?;
        }
        let mark = self.heap.mark();
        for (index, (_, value)) in entries.iter().enumerate() {
            let Value::String(key) = self.heap.pushed(keys)[index] else { continue };
            if let Some(value) = self.evaluate(value, context)? {
                self.heap.push_entry(key, value);
            }
        }
        let object = self.heap.object_from(mark)?;
        self.heap.abandon(keys);
        Ok(object)
    }

    fn record(&mut self, entries: &[(Str, Node)], context: Option<Value>) -> Result<Value, Stop> {
        // Of an array, the library makes groups.
        if matches!(context, Some(Value::Array(_))) {
            return Err(Stop::Library);
        }
        let mark = self.heap.mark();
        for (key, value) in entries {
            if let Some(value) = self.evaluate(value, context)? {
                self.heap.push_entry(*key, value);
            }
        }
        Ok(self.heap.object_from(mark)?)
    }

    /// Whether the last key differs from those before. Keys that are written do: that was checked before.
    fn check_key(&self, entries: &[(Node, Node)], keys: Mark) -> Result<(), Stop> {
        let Some((last @ Value::String(_), before)) = self.heap.pushed(keys).split_last() else { return Ok(()) };
        let is_written = |index: usize| matches!(entries[index].0, Node::Constant(_));
        let mut others = before.iter().enumerate();
        if others.any(|(at, other)| !(is_written(before.len()) && is_written(at)) && equal(self.heap, *last, *other)) {
            let shown = text::json(self.heap, *last);
            return Err(Stop::thrown(format!("D1009: Multiple key definitions evaluate to same key: {shown}")));
        }
        Ok(())
    }

    fn each_item(&mut self, each: &EachItem, context: Option<Value>) -> Evaluated {
        let array = self.evaluate(&each.array, context)?;
        let initial = match &each.initial {
            Some(initial) => self.evaluate(initial, context)?,
            None => None,
        };
        let Some(array) = array else { return Ok(None) };
        let array = match array {
            Value::Array(_) => array,
            single => self.heap.array(&[single])?,
        };
        if each.kind == EachKind::Reduce {
            return self.reduce(each, array, initial, context);
        }
        let mark = self.heap.mark();
        for index in 0..length(array) {
            let item = self.item(array, index);
            let values = [Some(item), Some(Value::Int(index as i64)), Some(array)];
            std::iter::zip(&each.parameters, values).for_each(|(slot, value)| self.slots[*slot] = value);
            self.count_item()?;
            let result = self.evaluate(&each.body, context)?;
            match each.kind {
                EachKind::Filter if result.is_some_and(|result| boolean(self.heap, result)) => self.heap.push(item),
                EachKind::Map => result.into_iter().for_each(|result| self.heap.push(result)),
                _ => {}
            }
        }
        self.close_sequence(mark)
    }

    fn reduce(&mut self, each: &EachItem, array: Value, initial: Option<Value>, context: Option<Value>) -> Evaluated {
        let first = usize::from(initial.is_none() && length(array) > 0);
        let mut result = if first == 1 { Some(self.item(array, 0)) } else { initial };
        for index in first..length(array) {
            let values = [result, Some(self.item(array, index)), Some(Value::Int(index as i64)), Some(array)];
            std::iter::zip(&each.parameters, values).for_each(|(slot, value)| self.slots[*slot] = value);
            self.count_item()?;
            result = self.evaluate(&each.body, context)?;
        }
        Ok(result)
    }

    /// The element of an array, or the value itself.
    pub(super) fn item(&self, array: Value, index: usize) -> Value {
        match array {
            Value::Array(list) => self.heap.items(list)[index],
            single => single,
        }
    }

    /// Pushes the elements of an array, or the value itself.
    pub(super) fn push_items(&mut self, value: Value) -> Result<(), Stop> {
        self.check_room(length(value))?;
        for index in 0..length(value) {
            let item = self.item(value, index);
            self.heap.push(item);
        }
        Ok(())
    }

    /// As [`sequence`], within the bound on memory.
    pub(super) fn close_sequence(&mut self, mark: Mark) -> Evaluated {
        let is_array = self.heap.pushed(mark).len() > 1;
        let value = sequence(self.heap, mark)?;
        if is_array {
            self.check_memory()?;
        }
        Ok(value)
    }

    pub(super) fn close_array(&mut self, mark: Mark) -> Result<Value, Stop> {
        let array = self.heap.array_from(mark)?;
        self.check_memory()?;
        Ok(array)
    }

    /// Before a function or predicate is applied to one more item.
    pub(super) fn count_item(&mut self) -> Result<(), Stop> {
        self.items += 1;
        if self.items > MAX_ITEMS {
            return Err(Stop::thrown(crate::jsonata::error::TIMEOUT));
        }
        Ok(())
    }

    pub(super) fn check_memory(&self) -> Result<(), Stop> {
        self.check_room(0)
    }

    /// Whether there is room for so many more values. The heap keeps what is not needed any more, too; the library knows
    /// what is.
    pub(super) fn check_room(&self, values: usize) -> Result<(), Stop> {
        let bytes = values.saturating_mul(size_of::<Value>()).saturating_add(self.heap.bytes_used());
        if bytes > self.max_bytes { Err(Stop::Library) } else { Ok(()) }
    }
}

/// What was pushed, as a sequence: none is undefined, one is itself.
pub(super) fn sequence(heap: &mut Heap, mark: Mark) -> Evaluated {
    match *heap.pushed(mark) {
        [] => Ok(None),
        [single] => {
            heap.abandon(mark);
            Ok(Some(single))
        }
        _ => Ok(Some(heap.array_from(mark)?)),
    }
}

/// What is said of a key that is no string.
pub(super) fn key_error(heap: &Heap, key: Value) -> Stop {
    let shown = text::json(heap, key);
    Stop::thrown(format!("T1003: Key in object structure must evaluate to a string; got: {shown}"))
}

/// The first number and the length of a range; `None` if a side is undefined or there is nothing between them.
pub(super) fn range_bounds(
    heap: &Heap,
    first: Option<Value>,
    last: Option<Value>,
) -> Result<Option<(f64, usize)>, Stop> {
    let whole = |value: Option<Value>, text: &'static str| match value.map(|value| heap.number(value)) {
        None => Ok(None),
        Some(Some(number)) if number.as_f64().fract() == 0.0 => Ok(Some(number.as_f64())),
        Some(_) => Err(Stop::thrown(text)),
    };
    let first = whole(first, "T2003: The left side of the range operator (..) must evaluate to an integer")?;
    let last = whole(last, "T2004: The right side of the range operator (..) must evaluate to an integer")?;
    let (Some(first), Some(last)) = (first, last) else { return Ok(None) };
    let count = last - first + 1.0;
    if count > MAX_RANGE {
        return Err(Stop::thrown(format!(
            "D2014: The size of the sequence allocated by the range operator (..) must not exceed 1e7.  Attempted to \
             allocate {}.",
            number::text(count)
        )));
    }
    Ok((count >= 1.0).then_some((first, count as usize)))
}

/// The number of elements; a single value counts as one.
pub(super) fn length(value: Value) -> usize {
    match value {
        Value::Array(list) => list.len(),
        _ => 1,
    }
}
