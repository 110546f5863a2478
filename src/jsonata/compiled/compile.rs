//! From the library's tree to our own form. What is not covered gives `None`.

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage, UnaryOp};

use super::function::Function;
use super::node::{
    Arithmetic, Call, Comparison, EachItem, EachKind, Element, Filter, Node, Path, Start, Step, StepKind,
};
use crate::expr::ContextField;
use crate::jsonata::scope::StatesField;
use crate::value::{Heap, Key, Value};

/// Levels of nodes inside nodes. Deeper trees are left to the library, which stops where the service does.
const MAX_DEPTH: usize = 90;

pub(super) struct Compiler<'a> {
    /// Where strings go.
    constants: &'a mut Heap,
    /// Names bound where the compiler is, and their slots; innermost last.
    bound: Vec<(Box<str>, usize)>,
    pub(super) slots: usize,
    depth: usize,
    /// Paths with `[]` or `.[…]`, and local variables read so far: see [`map`](Compiler::map).
    shaped: usize,
    locals_read: usize,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(constants: &'a mut Heap) -> Compiler<'a> {
        Compiler { constants, bound: Vec::new(), slots: 0, depth: 0, shaped: 0, locals_read: 0 }
    }

    /// An expression as a whole or as an item of a block, where an assignment may stand.
    pub(super) fn statement(&mut self, ast: &AstNode) -> Option<Node> {
        let AstNode::Binary { op: BinaryOp::ColonEqual, lhs, rhs } = ast else { return self.node(ast) };
        let AstNode::Variable(name) = &**lhs else { return None };
        let value = self.deeper(|own| own.statement(rhs))?;
        Some(Node::Assign(self.bind(name), Box::new(value)))
    }

    fn bind(&mut self, name: &str) -> usize {
        let slot = self.slots;
        self.slots += 1;
        self.bound.push((name.into(), slot));
        slot
    }

    fn deeper<T>(&mut self, compile: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let compiled = compile(self);
        self.depth -= 1;
        compiled
    }

    fn node(&mut self, ast: &AstNode) -> Option<Node> {
        self.deeper(|own| own.any(ast))
    }

    fn pair(&mut self, first: &AstNode, second: &AstNode) -> Option<Box<[Node; 2]>> {
        Some(Box::new([self.node(first)?, self.node(second)?]))
    }

    fn any(&mut self, ast: &AstNode) -> Option<Node> {
        Some(match ast {
            AstNode::String(text) => Node::Constant(self.constants.string(text)),
            AstNode::Number(number) => Node::Number(*number),
            AstNode::Boolean(value) => Node::Constant(Value::bool(*value)),
            AstNode::Null => Node::Constant(Value::Null),
            AstNode::Undefined => Node::Undefined,
            AstNode::Variable(name) => self.variable(name)?,
            AstNode::Path { steps } => self.path(steps)?,
            AstNode::Binary { op, lhs, rhs } => self.binary(*op, lhs, rhs)?,
            AstNode::Unary { op: UnaryOp::Negate, operand } => match self.node(operand)? {
                Node::Number(number) => Node::Number(-number),
                operand => Node::Negate(Box::new(operand)),
            },
            AstNode::Function { name, args, is_builtin: true } => self.call(name, None, args)?,
            AstNode::Array(items) => self.array(items)?,
            AstNode::Object(pairs) => self.object(pairs)?,
            AstNode::Block(items) => {
                let outer = self.bound.len();
                let items = items.iter().map(|item| self.statement(item)).collect::<Option<_>>();
                self.bound.truncate(outer);
                Node::Block(items?)
            }
            AstNode::Conditional { condition, then_branch, else_branch } => {
                let other = match else_branch {
                    Some(other) => Some(self.node(other)?),
                    None => None,
                };
                Node::Conditional(Box::new((self.node(condition)?, self.node(then_branch)?, other)))
            }
            _ => return None,
        })
    }

    fn variable(&mut self, name: &str) -> Option<Node> {
        if name.is_empty() {
            return Some(Node::Context);
        }
        if let Some((_, slot)) = self.bound.iter().rev().find(|(bound, _)| **bound == *name) {
            self.locals_read += 1;
            return Some(Node::Local(*slot));
        }
        // A built-in function as a value, and all members of `$states`.
        let is_covered = name != "states" && !Function::is_name(name);
        is_covered.then(|| Node::Variable(name.into()))
    }

    fn binary(&mut self, op: BinaryOp, lhs: &AstNode, rhs: &AstNode) -> Option<Node> {
        let arithmetic = |op| move |sides| Node::Arithmetic(op, sides);
        let compare = |op| move |sides| Node::Compare(op, sides);
        Some(match op {
            BinaryOp::Add => arithmetic(Arithmetic::Add)(self.pair(lhs, rhs)?),
            BinaryOp::Subtract => arithmetic(Arithmetic::Subtract)(self.pair(lhs, rhs)?),
            BinaryOp::Multiply => arithmetic(Arithmetic::Multiply)(self.pair(lhs, rhs)?),
            BinaryOp::Divide => arithmetic(Arithmetic::Divide)(self.pair(lhs, rhs)?),
            BinaryOp::Modulo => arithmetic(Arithmetic::Modulo)(self.pair(lhs, rhs)?),
            BinaryOp::LessThan => compare(Comparison::Less)(self.pair(lhs, rhs)?),
            BinaryOp::LessThanOrEqual => compare(Comparison::LessOrEqual)(self.pair(lhs, rhs)?),
            BinaryOp::GreaterThan => compare(Comparison::Greater)(self.pair(lhs, rhs)?),
            BinaryOp::GreaterThanOrEqual => compare(Comparison::GreaterOrEqual)(self.pair(lhs, rhs)?),
            BinaryOp::Equal => Node::Equal { negated: false, sides: self.pair(lhs, rhs)? },
            BinaryOp::NotEqual => Node::Equal { negated: true, sides: self.pair(lhs, rhs)? },
            BinaryOp::In => Node::In(self.pair(lhs, rhs)?),
            BinaryOp::And => Node::And(self.pair(lhs, rhs)?),
            BinaryOp::Or => Node::Or(self.pair(lhs, rhs)?),
            BinaryOp::Concatenate => {
                let mut parts = match self.node(lhs)? {
                    Node::Join(parts) => parts.into_vec(),
                    part => vec![part],
                };
                parts.push(self.node(rhs)?);
                Node::Join(parts.into())
            }
            BinaryOp::ChainPipe => match rhs {
                AstNode::Function { name, args, is_builtin: true } => self.call(name, Some(lhs), args)?,
                AstNode::Variable(name) => self.call(name, Some(lhs), &[])?,
                _ => return None,
            },
            _ => return None,
        })
    }

    fn array(&mut self, items: &[AstNode]) -> Option<Node> {
        let element = |own: &mut Self, item: &AstNode| {
            Some(match item {
                AstNode::Array(_) => Element::Nested(own.node(item)?),
                AstNode::Binary { op: BinaryOp::Range, lhs, rhs } => Element::Range(own.node(lhs)?, own.node(rhs)?),
                // The reference takes `[…][0]` for an element of its own, too.
                AstNode::Path { steps } if matches!(steps.first(), Some(step) if is_array(&step.node)) => return None,
                item => Element::Flat(own.node(item)?),
            })
        };
        Some(Node::Array(items.iter().map(|item| element(self, item)).collect::<Option<_>>()?))
    }

    fn object(&mut self, pairs: &[(AstNode, AstNode)]) -> Option<Node> {
        let literal = |index: usize| match &pairs[index].0 {
            AstNode::String(key) => Some(key),
            _ => None,
        };
        let has_twin =
            |index: usize| literal(index).is_some() && (0..index).any(|other| literal(other) == literal(index));
        if pairs.len() > 64 || (0..pairs.len()).any(has_twin) {
            return None;
        }
        if (0..pairs.len()).all(|index| literal(index).is_some()) {
            let entry = |own: &mut Self, (key, value): &(AstNode, AstNode)| {
                let AstNode::String(key) = key else { return None };
                Some((own.constants.key(key), own.node(value)?))
            };
            return Some(Node::Record(pairs.iter().map(|pair| entry(self, pair)).collect::<Option<_>>()?));
        }
        let pair = |own: &mut Self, (key, value): &(AstNode, AstNode)| Some((own.node(key)?, own.node(value)?));
        Some(Node::Object(pairs.iter().map(|entry| pair(self, entry)).collect::<Option<_>>()?))
    }

    fn path(&mut self, steps: &[PathStep]) -> Option<Node> {
        let is_plain = |step: &PathStep| {
            step.focus.is_none()
                && step.index_var.is_none()
                && step.ancestor_label.is_none()
                && !step.is_tuple
                && !step.inner_tuple
        };
        let (first, rest) = steps.split_first()?;
        if !steps.iter().all(is_plain) {
            return None;
        }
        let keep_array = steps.iter().any(|step| step.stages.contains(&Stage::KeepArray));
        let (start, skipped) = self.start(first, rest, keep_array)?;
        let filters = match &start {
            Start::Items | Start::ContextField(..) => Box::default(),
            Start::States(_) => self.filters(&rest.first()?.stages)?,
            Start::Node { .. } => self.filters(&first.stages)?,
        };
        let count = rest.len();
        let mut compiled = Vec::new();
        if matches!(start, Start::Items) {
            compiled.push(self.step(first, count == 0)?);
        }
        for (at, step) in rest.iter().enumerate().skip(skipped) {
            compiled.push(self.step(step, at + 1 == count)?);
        }
        self.shaped += usize::from(keep_array);
        Some(Node::Path(Box::new(Path { start, filters, steps: compiled.into(), keep_array })))
    }

    /// What the path starts with, and how many of the steps after the first belong to it.
    fn start(&mut self, first: &PathStep, rest: &[PathStep], keep_array: bool) -> Option<(Start, usize)> {
        match &first.node {
            AstNode::Name(_) => Some((Start::Items, 0)),
            AstNode::Variable(name) if name == "states" && first.stages.is_empty() => states(rest),
            // The reference keeps arrays only where it made them.
            _ if rest.is_empty() && keep_array => None,
            AstNode::Variable(_) if !rest.is_empty() => {
                Some((Start::Node { node: self.map(&first.node)?, mapped: false }, 0))
            }
            AstNode::Variable(_) => Some((Start::Node { node: self.node(&first.node)?, mapped: false }, 0)),
            // With further steps, the reference evaluates an array constructor in another way.
            AstNode::Array(_) if rest.is_empty() => {
                Some((Start::Node { node: self.node(&first.node)?, mapped: false }, 0))
            }
            AstNode::Block(_) | AstNode::Function { .. } | AstNode::Object(_) | AstNode::Conditional { .. } => {
                let node = if rest.is_empty() { self.node(&first.node)? } else { self.map(&first.node)? };
                Some((Start::Node { node, mapped: !rest.is_empty() }, 0))
            }
            _ => None,
        }
    }

    fn step(&mut self, step: &PathStep, last: bool) -> Option<Step> {
        let kind = match &step.node {
            AstNode::Name(name) => StepKind::Name(Key::new(&**name)),
            AstNode::FunctionApplication(inner) => StepKind::Map(self.map(inner)?),
            AstNode::Object(_) | AstNode::Block(_) => StepKind::Map(self.map(&step.node)?),
            AstNode::ArrayGroup(items) if last && step.stages.is_empty() => {
                let array = self.array(items)?;
                self.shaped += 1;
                StepKind::Group(array)
            }
            _ => return None,
        };
        Some(Step { kind, filters: self.filters(&step.stages)? })
    }

    /// An expression that is mapped over items. Arrays that `[]` kept or `.[…]` made have another shape there than those
    /// of the data. The difference is not known here, so what may have such arrays is not covered.
    fn map(&mut self, ast: &AstNode) -> Option<Node> {
        let (shaped, locals_read) = (self.shaped, self.locals_read);
        let node = self.node(ast)?;
        let may_be_shaped = self.shaped > shaped || (shaped > 0 && self.locals_read > locals_read);
        (!may_be_shaped).then_some(node)
    }

    fn filters(&mut self, stages: &[Stage]) -> Option<Box<[Filter]>> {
        let mut filters = Vec::new();
        for stage in stages {
            match stage {
                Stage::Filter(filter) => filters.push(match self.node(filter)? {
                    Node::Number(index) => Filter::Index(index.floor()),
                    condition => Filter::Where(condition),
                }),
                Stage::KeepArray => {}
                Stage::Index(_) => return None,
            }
        }
        Some(filters.into())
    }

    /// A call, with the left side of `~>` as its first argument if there is one.
    fn call(&mut self, name: &str, piped: Option<&AstNode>, arguments: &[AstNode]) -> Option<Node> {
        if self.bound.iter().any(|(bound, _)| **bound == *name) {
            return None;
        }
        let all: Vec<&AstNode> = piped.into_iter().chain(arguments).collect();
        let each = match name {
            "map" => Some(EachKind::Map),
            "filter" => Some(EachKind::Filter),
            "reduce" => Some(EachKind::Reduce),
            _ => None,
        };
        if let Some(kind) = each {
            return self.each(kind, &all);
        }
        let function = Function::find(name)?;
        if all.len() > super::function::MAX_ARGUMENTS {
            return None;
        }
        let arguments = all.into_iter().map(|argument| self.node(argument)).collect::<Option<_>>()?;
        Some(Node::Call(Box::new(Call { function, arguments })))
    }

    fn each(&mut self, kind: EachKind, arguments: &[&AstNode]) -> Option<Node> {
        let (array, lambda, initial) = match (kind, arguments) {
            (_, [array, lambda]) => (array, lambda, None),
            (EachKind::Reduce, [array, lambda, initial]) => (array, lambda, Some(initial)),
            _ => return None,
        };
        let AstNode::Lambda { params, body, signature: None, .. } = lambda else { return None };
        if ends_in_sequence(body) {
            return None;
        }
        let (least, most) = if kind == EachKind::Reduce { (2, 4) } else { (0, 3) };
        if !(least..=most).contains(&params.len()) {
            return None;
        }
        let array = self.node(array)?;
        let initial = match initial {
            Some(initial) => Some(self.node(initial)?),
            None => None,
        };
        let outer = self.bound.len();
        let parameters = params.iter().map(|name| self.bind(name)).collect();
        // The call and the body are levels of their own.
        let body = self.deeper(|own| own.node(body));
        self.bound.truncate(outer);
        Some(Node::EachItem(Box::new(EachItem { kind, array, parameters, body: body?, initial })))
    }
}

/// Whether the value of a function is that of a call which makes a sequence: there, the reference leaves a sequence of one
/// or none as it is.
fn ends_in_sequence(body: &AstNode) -> bool {
    match body {
        AstNode::Function { name, .. } => {
            ["map", "filter", "keys", "lookup", "spread", "distinct", "each"].contains(&&**name)
        }
        AstNode::Conditional { then_branch, else_branch, .. } => {
            ends_in_sequence(then_branch) || else_branch.as_deref().is_some_and(ends_in_sequence)
        }
        AstNode::Block(items) => items.last().is_some_and(ends_in_sequence),
        _ => false,
    }
}

fn is_array(node: &AstNode) -> bool {
    matches!(node, AstNode::Array(_) | AstNode::ArrayGroup(_))
}

/// A path from `$states.…`, and how many of the steps after the first belong to its start.
fn states(rest: &[PathStep]) -> Option<(Start, usize)> {
    let field = rest.first().and_then(|step| name(&step.node))?;
    let field = StatesField::ALL.into_iter().find(|known| known.as_str() == field)?;
    if field == StatesField::Context {
        let plain = rest.iter().take_while(|step| step.stages.is_empty());
        let names: Vec<&str> = plain.map_while(|step| name(&step.node)).collect();
        if let Some((part, count)) = names.get(1..).and_then(ContextField::leading) {
            let names = names[1..=count].iter().map(|name| Key::new(*name)).collect();
            return Some((Start::ContextField(part, names), count + 1));
        }
    }
    Some((Start::States(field), 1))
}

fn name(node: &AstNode) -> Option<&str> {
    match node {
        AstNode::Name(name) => Some(name),
        _ => None,
    }
}
