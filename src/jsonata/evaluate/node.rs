//! Evaluation of nodes.

use super::array::{CONSTRUCTED, SEQUENCE};
use super::foreign::{Callable, function};
use super::operator::{arithmetic, compare};
use super::path::Found;
use super::{Closure, Evaluated, Evaluation};
use crate::jsonata::compile::{Block, Element, Node, Shaped, Variable};
use crate::jsonata::error::Throw;
use crate::jsonata::number;
use crate::jsonata::scope::StatesField;
use crate::value::{Key, Value};

/// The largest range that the reference makes.
const MAX_RANGE: f64 = 1e7;

impl<'a> Evaluation<'a> {
    /// The value of a node where the context is this.
    #[inline]
    pub(super) fn evaluate(&mut self, node: &'a Node, context: Option<Value>) -> Evaluated {
        // The leaves, most of what there is to evaluate for the items of an array, take the shortest way.
        match (node, context) {
            (Node::Constant(value), _) => {
                self.check_depth(1)?;
                self.work(1)?;
                Ok(Some(*value))
            }
            (Node::Path(path), Some(item @ Value::Object(_))) => match self.names_of(path, item)? {
                Some(found) => Ok(found),
                None => self.evaluate_any(node, context),
            },
            _ => self.evaluate_any(node, context),
        }
    }

    fn evaluate_any(&mut self, node: &'a Node, context: Option<Value>) -> Evaluated {
        self.check_depth(1)?;
        self.work(1)?;
        self.depth += 1;
        // Paths do without the large frame of the rest.
        let value = match node {
            Node::Path(path) => self.path(path, context),
            node => self.value(node, context),
        };
        self.depth -= 1;
        let value = value?;
        Ok(if matches!(value, Some(Value::Array(_))) { self.normal(value) } else { value })
    }

    /// The value before a sequence of one is taken for its element.
    fn value(&mut self, node: &'a Node, context: Option<Value>) -> Evaluated {
        Ok(Some(match node {
            Node::Constant(value) => *value,
            Node::Context => return Ok(self.normal(context)),
            Node::Variable(variable) => {
                let value = self.variable(variable);
                self.has_foreign |= matches!(value, Some(Value::Foreign(_)));
                return Ok(value);
            }
            Node::Name(key) => return self.field(context, key),
            Node::Path(path) => return self.path(path, context),
            Node::Equal { negated, sides } => {
                let [left, right] = self.pair(sides, context)?;
                let (Some(left), Some(right)) = (left, right) else { return Ok(Some(Value::False)) };
                Value::bool(self.equal(left, right)? != *negated)
            }
            Node::And(sides) => Value::bool(self.truth(&sides[0], context)? && self.right(&sides[1], "and", context)?),
            Node::Or(sides) => Value::bool(self.truth(&sides[0], context)? || self.right(&sides[1], "or", context)?),
            Node::Join(parts) => self.join(parts, context)?,
            Node::Condition(condition) => {
                return match (self.truth(&condition.condition, context)?, &condition.other) {
                    (true, _) => self.evaluate(&condition.then, context),
                    (false, Some(other)) => self.evaluate(other, context),
                    (false, None) => Ok(None),
                };
            }
            Node::Arithmetic(op, sides) => {
                let [left, right] = self.pair(sides, context)?;
                return arithmetic(self, *op, left, right);
            }
            Node::Compare(op, sides) => {
                let [left, right] = self.pair(sides, context)?;
                return compare(self, *op, left, right);
            }
            Node::Call(call) => return self.call(call, None, context),
            Node::Record(entries) => self.record(entries, context)?,
            Node::Array { elements, constructed } => self.array(elements, *constructed, context)?,
            Node::Shaped(shaped) => return self.shaped(shaped, context),
            other => return self.rare(other, context),
        }))
    }

    /// The nodes that are less common.
    fn rare(&mut self, node: &'a Node, context: Option<Value>) -> Evaluated {
        Ok(Some(match node {
            Node::States => self.states()?,
            Node::Wildcard => return self.wildcard(context),
            Node::Descendants => return self.descendants(context),
            Node::Parent(symbol) => return Ok(self.environments.find(self.environment, *symbol).flatten()),
            Node::Negate(operand) => {
                let operand = self.evaluate(operand, context)?;
                return self.negate(operand);
            }
            Node::In(sides) => {
                let [left, right] = self.pair(sides, context)?;
                Value::bool(self.contains(left, right)?)
            }
            Node::Range(sides) => {
                let [first, last] = self.pair(sides, context)?;
                return self.range(first, last);
            }
            Node::Object(pairs) => return self.group(pairs, context).map(Some),
            Node::Block(block) => return self.block(block, context),
            Node::Bind(symbol, value) => {
                let value = self.evaluate(value, context)?;
                value.into_iter().for_each(|value| self.keep(value));
                self.environments.bind(self.environment, *symbol, value);
                return Ok(value);
            }
            Node::Lambda(lambda) => {
                let environment = self.environment;
                self.closure(Closure::Lambda { lambda, environment, context, left: None })?
            }
            Node::Regex(regex) => self.closure(Closure::Regex(regex))?,
            Node::Transform(transform) => {
                let environment = self.environment;
                self.closure(Closure::Transform { transform, environment })?
            }
            Node::Partial(partial) => return self.partial(partial, context).map(Some),
            Node::Apply(sides) => return self.apply_to(sides, context),
            _ => return Ok(None),
        }))
    }

    /// `$boolean` of a node; undefined is false.
    pub(super) fn truth(&mut self, node: &'a Node, context: Option<Value>) -> Result<bool, Throw> {
        match self.evaluate(node, context)? {
            Some(value) => self.boolean(value),
            None => Ok(false),
        }
    }

    /// `$boolean` of the right side of a boolean operator.
    fn right(&mut self, node: &'a Node, operator: &str, context: Option<Value>) -> Result<bool, Throw> {
        self.truth(node, context).map_err(|thrown| thrown.right_of(operator))
    }

    fn pair(&mut self, sides: &'a [Node; 2], context: Option<Value>) -> Result<[Option<Value>; 2], Throw> {
        let left = self.evaluate(&sides[0], context)?;
        Ok([left, self.evaluate(&sides[1], context)?])
    }

    /// What a call by name calls: as [`evaluate`](Self::evaluate), but a function that is only called does not make the
    /// evaluation one whose result has to be looked at.
    pub(super) fn callee(&mut self, variable: &Variable) -> Evaluated {
        self.check_depth(1)?;
        self.work(1)?;
        let value = self.variable(variable);
        Ok(self.normal(value))
    }

    pub(super) fn variable(&mut self, variable: &Variable) -> Option<Value> {
        if let Some(symbol) = variable.symbol
            && let Some(value) = self.environments.find(self.environment, symbol)
        {
            return value;
        }
        if &*variable.name == "$" {
            return self.root;
        }
        let of_workflow = self.scope.variable(self.heap, &variable.name);
        of_workflow.or_else(|| variable.function.map(|known| function(Callable::BuiltIn(known))))
    }

    /// All members of `$states`.
    fn states(&mut self) -> Result<Value, Throw> {
        self.asked += 1;
        let mark = self.heap.mark();
        for field in StatesField::ALL {
            if let Some(value) = self.scope.states(self.heap, field) {
                let key = self.heap.key(field.as_str());
                self.heap.push_entry(key, value);
            }
        }
        Ok(self.heap.object_from(mark)?)
    }

    fn block(&mut self, block: &'a Block, context: Option<Value>) -> Evaluated {
        let (outer, before) = (self.environment, self.before());
        self.enter_block(block);
        let mut result = Ok(None);
        for item in &block.items {
            result = self.evaluate(item, context);
            if result.is_err() {
                break;
            }
        }
        self.environment = outer;
        self.leave(before, result)
    }

    /// An environment for the names that a block binds.
    pub(super) fn enter_block(&mut self, block: &Block) {
        if block.binds {
            self.environment = self.environments.enter(self.environment);
        }
    }

    fn shaped(&mut self, shaped: &'a Shaped, context: Option<Value>) -> Evaluated {
        let value = self.value(&shaped.node, context)?;
        let value = match shaped.predicates.is_empty() {
            true => value,
            false => {
                let mut found = value.map_or(Found::Nothing, Found::Value);
                for predicate in &shaped.predicates {
                    found = self.filter(predicate, found)?;
                }
                self.close_found(found)?
            }
        };
        let value = match &shaped.group {
            Some(pairs) => Some(self.group(pairs, value)?),
            None => value,
        };
        if let Some(Value::Array(list)) = value
            && shaped.keep_array
            && self.marks(list) & SEQUENCE != 0
        {
            let marks = self.marks(list) | super::array::KEPT;
            self.heap.set_tag(list, marks);
        }
        Ok(value)
    }

    fn join(&mut self, parts: &'a [Node], context: Option<Value>) -> Result<Value, Throw> {
        // The first part is as deep inside as there are operators.
        let inner = parts.len() as u32 - 1;
        self.check_depth(inner)?;
        let mark = self.heap.mark();
        let depth = self.depth;
        for (index, part) in parts.iter().enumerate() {
            self.depth = depth + inner - (index as u32).max(1);
            let value = self.evaluate(part, context);
            self.depth = depth;
            if let Some(value) = value? {
                self.heap.push(value);
            }
        }
        let count = self.heap.pushed(mark).len();
        let text = self.heap.begin_text();
        for index in 0..count {
            let part = self.heap.pushed(mark)[index];
            self.afford(self.heap.appended_size(part))?;
            self.append_text(part)?;
        }
        self.heap.abandon(mark);
        Ok(self.heap.finish_text(text))
    }

    fn array(&mut self, elements: &'a [Element], constructed: bool, context: Option<Value>) -> Result<Value, Throw> {
        let mark = self.heap.mark();
        for element in elements {
            if let Node::Range(sides) = &element.node {
                self.check_depth(2)?;
                let [first, last] = self.pair(sides, context)?;
                self.push_range(first, last)?;
                continue;
            }
            match self.evaluate(&element.node, context)? {
                Some(value) if element.nested => self.push(value),
                Some(value) => self.push_items(value)?,
                None => {}
            }
        }
        let array = self.close_array(mark)?;
        if constructed {
            self.set_marks(array, CONSTRUCTED);
        }
        Ok(array)
    }

    /// `first..last` as a sequence.
    fn range(&mut self, first: Option<Value>, last: Option<Value>) -> Evaluated {
        let mark = self.heap.mark();
        if !self.push_range(first, last)? {
            return Ok(None);
        }
        self.close_sequence(mark).map(Some)
    }

    /// Pushes the numbers of a range; whether it is one.
    fn push_range(&mut self, first: Option<Value>, last: Option<Value>) -> Result<bool, Throw> {
        let whole = |own: &Self, value: Option<Value>, code: &str, side: &str| {
            let Some(value) = value else { return Ok(None) };
            match own.double(value) {
                Some(number) if number.fract() == 0.0 => Ok(Some(number)),
                _ => Err(Throw::new(
                    code,
                    format!("The {side} side of the range operator (..) must evaluate to an integer"),
                )),
            }
        };
        let first = whole(self, first, "T2003", "left")?;
        let last = whole(self, last, "T2004", "right")?;
        let (Some(first), Some(last)) = (first, last) else { return Ok(false) };
        if first > last {
            return Ok(false);
        }
        let count = last - first + 1.0;
        if count > MAX_RANGE {
            let shown = number::text(count);
            let text = format!(
                "The size of the sequence allocated by the range operator (..) must not exceed 1e6.  Attempted to \
                 allocate {shown}."
            );
            return Err(Throw::new("D2014", text));
        }
        let count = count as usize;
        self.afford(count.saturating_mul(size_of::<Value>()))?;
        self.work(count)?;
        for index in 0..count {
            let value = number::value(self.heap, first + index as f64);
            self.heap.push(value);
        }
        Ok(true)
    }

    /// The field of an object, or of the objects in an array.
    pub(in crate::jsonata) fn field(&mut self, input: Option<Value>, key: &Key) -> Evaluated {
        match input {
            Some(Value::Object(object)) => Ok(self.heap.find(object, key).copied()),
            Some(array @ Value::Array(_)) => {
                let mark = self.heap.mark();
                self.push_fields(array, key)?;
                self.close_sequence(mark).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn push_fields(&mut self, array: Value, key: &Key) -> Result<(), Throw> {
        let Value::Array(list) = array else { return Ok(()) };
        self.work(list.len())?;
        for index in 0..list.len() {
            match self.heap.items(list)[index] {
                Value::Object(object) => {
                    if let Some(found) = self.heap.find(object, key).copied() {
                        self.push_items(found)?;
                    }
                }
                inner @ Value::Array(_) => self.push_fields(inner, key)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// `*`: a sequence, unless an array was among the values.
    fn wildcard(&mut self, context: Option<Value>) -> Evaluated {
        let mark = self.heap.mark();
        let mut has_array = false;
        match self.normal(context) {
            Some(Value::Object(object)) => {
                for index in 0..object.len() {
                    let (_, value) = self.heap.entry(object, index);
                    has_array |= matches!(value, Value::Array(_));
                    self.push_flat(value)?;
                }
            }
            Some(array @ Value::Array(_)) => {
                for index in 0..super::array::length(array) {
                    let value = self.item(array, index);
                    has_array |= matches!(value, Value::Array(_));
                    self.push_flat(value)?;
                }
            }
            _ => return Ok(None),
        }
        match has_array {
            true => self.close_array(mark).map(Some),
            false => self.close_sequence(mark).map(Some),
        }
    }

    /// Pushes what is in an array at any depth, or the value itself.
    fn push_flat(&mut self, value: Value) -> Result<(), Throw> {
        self.work(1)?;
        let Value::Array(list) = value else {
            self.push(value);
            return Ok(());
        };
        for index in 0..list.len() {
            let item = self.heap.items(list)[index];
            self.push_flat(item)?;
        }
        self.check_paid()
    }

    /// `**`
    fn descendants(&mut self, context: Option<Value>) -> Evaluated {
        let Some(context) = context else { return Ok(None) };
        let mark = self.heap.mark();
        self.push_descendants(context)?;
        match *self.heap.pushed(mark) {
            [single] => {
                self.heap.abandon(mark);
                Ok(Some(single))
            }
            _ => self.close_sequence(mark).map(Some),
        }
    }

    fn push_descendants(&mut self, value: Value) -> Result<(), Throw> {
        self.work(1)?;
        match value {
            Value::Array(list) => {
                for index in 0..list.len() {
                    let item = self.heap.items(list)[index];
                    self.push_descendants(item)?;
                }
            }
            Value::Object(object) => {
                self.push(value);
                for index in 0..object.len() {
                    let (_, item) = self.heap.entry(object, index);
                    self.push_descendants(item)?;
                }
            }
            scalar => self.push(scalar),
        }
        Ok(())
    }
}
