//! Evaluation of a part, by its kind.

use super::{Answer, Element, GiveUp, Higher, HigherFunction, MAX_LOCALS, Node};
use crate::jsonata::scope::Scope;
use crate::value::{Heap, List, Mark, Value};

/// Parts that an evaluation may visit: beyond, the library's time limit has to watch over it.
const MAX_STEPS: u32 = 200_000;
/// Numbers that a range may make here.
const MAX_RANGE: i64 = 10_000;

/// An evaluation under way.
pub(super) struct Evaluation<'a, S> {
    pub(super) heap: &'a mut Heap,
    pub(super) scope: &'a mut S,
    locals: [Option<Value>; MAX_LOCALS],
    steps: u32,
}

impl<'a, S: Scope> Evaluation<'a, S> {
    pub(super) fn new(heap: &'a mut Heap, scope: &'a mut S) -> Self {
        Evaluation { heap, scope, locals: [None; MAX_LOCALS], steps: 0 }
    }

    /// The value of a part; `None` is undefined. `input` is what `$` means.
    pub(super) fn value(&mut self, node: &Node, input: Option<Value>) -> Answer<Option<Value>> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(GiveUp);
        }
        Ok(match node {
            Node::Constant(value) => Some(*value),
            Node::Input => input,
            Node::States(field) => self.scope.states(self.heap, *field),
            Node::Context(field) => match self.scope.context_field(self.heap, *field) {
                Some(value) => Some(value),
                // What it lacks may still be in the whole object.
                None => return Err(GiveUp),
            },
            Node::Variable(name) => self.scope.variable(self.heap, name),
            Node::Local(place) => self.locals[*place],
            Node::Path(path) => self.path(path, input)?,
            Node::Arithmetic(operator, sides) => self.arithmetic(*operator, sides, input)?,
            Node::Compare(comparison, sides) => self.compare(*comparison, sides, input)?,
            Node::Equals { negated, sides } => Some(Value::bool(self.equals(*negated, sides, input)?)),
            Node::In(sides) => Some(Value::bool(self.contains(sides, input)?)),
            Node::And(sides) => Some(Value::bool(self.holds(&sides[0], input)? && self.holds(&sides[1], input)?)),
            Node::Or(sides) => Some(Value::bool(self.holds(&sides[0], input)? || self.holds(&sides[1], input)?)),
            Node::Negate(operand) => self.negate(operand, input)?,
            Node::Concat(parts) => Some(self.concat(parts, input)?),
            Node::Conditional(parts) => {
                let chosen = if self.holds(&parts[0], input)? { &parts[1] } else { &parts[2] };
                self.value(chosen, input)?
            }
            Node::Undefined => None,
            Node::Array(elements) => Some(self.array(elements, input)?),
            Node::Object(entries) => {
                let mark = self.heap.mark();
                for (key, value) in entries {
                    if let Some(value) = self.value(value, input)? {
                        self.heap.push_entry(*key, value);
                    }
                }
                Some(self.heap.object_from(mark).map_err(|_| GiveUp)?)
            }
            Node::Block(statements) => {
                let mut last = None;
                for statement in statements {
                    last = self.value(statement, input)?;
                }
                last
            }
            Node::Assign(place, value) => {
                let value = self.value(value, input)?;
                self.locals[*place] = value;
                value
            }
            Node::Call(function, arguments) => self.call(*function, arguments, input)?,
            Node::Higher(higher) => self.higher(higher, input)?,
        })
    }

    fn array(&mut self, elements: &[Element], input: Option<Value>) -> Answer<Value> {
        let mark = self.heap.mark();
        for element in elements {
            match element {
                Element::Kept(node) => {
                    if let Some(value) = self.value(node, input)? {
                        self.heap.push(value);
                    }
                }
                Element::Spread(node) => match self.value(node, input)? {
                    Some(Value::Array(list)) => self.spread(list),
                    Some(value) => self.heap.push(value),
                    None => {}
                },
                Element::Range(ends) => self.range(ends, input)?,
            }
        }
        self.heap.array_from(mark).map_err(|_| GiveUp)
    }

    /// Adds the elements of an array to what is being built.
    pub(super) fn spread(&mut self, list: List) {
        for index in 0..list.len() {
            let item = self.heap.items(list)[index];
            self.heap.push(item);
        }
    }

    fn range(&mut self, ends: &[Node; 2], input: Option<Value>) -> Answer<()> {
        let (Some(first), Some(last)) = (self.value(&ends[0], input)?, self.value(&ends[1], input)?) else {
            return Err(GiveUp);
        };
        let (first, last) = (self.whole(first)?, self.whole(last)?);
        if last.saturating_sub(first) >= MAX_RANGE {
            return Err(GiveUp);
        }
        (first..=last).for_each(|number| self.heap.push(Value::Int(number)));
        Ok(())
    }

    fn higher(&mut self, higher: &Higher, input: Option<Value>) -> Answer<Option<Value>> {
        let Some(items) = self.value(&higher.items, input)? else {
            // The library evaluates the other arguments all the same; they can fail.
            return if higher.first.is_some() { Err(GiveUp) } else { Ok(None) };
        };
        // A single value is an array of one.
        let Value::Array(list) = items else { return Err(GiveUp) };
        match higher.function {
            HigherFunction::Reduce => self.reduce(higher, list, input),
            HigherFunction::Map | HigherFunction::Filter => {
                let mark = self.heap.mark();
                for index in 0..list.len() {
                    let item = self.heap.items(list)[index];
                    let arguments = [Some(item), Some(Value::Int(index as i64)), Some(items)];
                    self.set(higher, &arguments);
                    match higher.function {
                        HigherFunction::Filter if self.holds(&higher.body, input)? => self.heap.push(item),
                        HigherFunction::Map => {
                            if let Some(value) = self.value(&higher.body, input)? {
                                self.heap.push(value);
                            }
                        }
                        _ => {}
                    }
                }
                self.sequence(mark)
            }
        }
    }

    fn reduce(&mut self, higher: &Higher, list: List, input: Option<Value>) -> Answer<Option<Value>> {
        let (mut result, from) = match &higher.first {
            Some(first) => (self.value(first, input)?, 0),
            None => (self.heap.items(list).first().copied(), 1),
        };
        if result.is_none() && (higher.first.is_some() || !list.is_empty()) {
            return Err(GiveUp);
        }
        for index in from..list.len() {
            let item = self.heap.items(list)[index];
            self.set(higher, &[result, Some(item), Some(Value::Int(index as i64))]);
            result = self.value(&higher.body, input)?;
        }
        Ok(result)
    }

    fn set(&mut self, higher: &Higher, arguments: &[Option<Value>; 3]) {
        for (place, argument) in higher.parameters.iter().zip(arguments) {
            self.locals[*place] = *argument;
        }
    }

    /// What a list of results collapses to: nothing, the only one, or an array.
    pub(super) fn sequence(&mut self, mark: Mark) -> Answer<Option<Value>> {
        match *self.heap.pushed(mark) {
            [] => Ok(None),
            [only] => {
                self.heap.abandon(mark);
                Ok(Some(only))
            }
            _ => self.heap.array_from(mark).map(Some).map_err(|_| GiveUp),
        }
    }
}
