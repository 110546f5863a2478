//! From the library's tree to our form. `None` wherever the tree holds something that has no such form.

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage as LibraryStage, UnaryOp};

use super::{
    Arithmetic, Comparison, Compiled, Element, Function, Higher, HigherFunction, MAX_LOCALS, Node, Path, Stage, Step,
    StepKind,
};
use crate::expr::ContextField;
use crate::jsonata::scope::StatesField;
use crate::value::{Double, Heap, Key, Str, Value};

/// Deeper expressions are the library's, which counts depth as the service does.
const MAX_DEPTH: usize = 24;
/// The largest magnitude below which every whole number is a double of its own.
const MAX_SAFE: f64 = 9_007_199_254_740_992.0;

impl Compiled {
    /// Compiles the tree; values that it holds become constants.
    pub(in crate::jsonata) fn new(ast: &AstNode, constants: &mut Heap) -> Option<Compiled> {
        let mut compiler = Compiler { constants, locals: Vec::new(), used: 0, functions: Vec::new(), depth: 0 };
        let root = compiler.node(ast, false)?;
        Some(Compiled { root, functions: compiler.functions })
    }
}

struct Compiler<'a> {
    constants: &'a mut Heap,
    /// Variables in scope, innermost last, and their places.
    locals: Vec<(Box<str>, usize)>,
    /// Places that were given away.
    used: usize,
    functions: Vec<Box<str>>,
    depth: usize,
}

impl Compiler<'_> {
    /// `item`: whether the part is evaluated for an item, so that names and `$` mean something.
    fn node(&mut self, ast: &AstNode, item: bool) -> Option<Node> {
        self.depth += 1;
        let node = if self.depth > MAX_DEPTH { None } else { self.any(ast, item) };
        self.depth -= 1;
        node
    }

    fn any(&mut self, ast: &AstNode, item: bool) -> Option<Node> {
        Some(match ast {
            AstNode::String(text) => Node::Constant(self.constants.string(text)),
            AstNode::Number(number) => Node::Constant(literal(*number)?),
            AstNode::Boolean(value) => Node::Constant(Value::bool(*value)),
            AstNode::Null => Node::Constant(Value::Null),
            AstNode::Variable(name) => self.variable(name, item)?,
            AstNode::Path { steps } => self.path(steps, item)?,
            AstNode::Binary { op, lhs, rhs } => self.binary(*op, lhs, rhs, item)?,
            AstNode::Unary { op: UnaryOp::Negate, operand } => match &**operand {
                AstNode::Number(number) => Node::Constant(literal(-number)?),
                other => Node::Negate(Box::new(self.node(other, item)?)),
            },
            AstNode::Conditional { condition, then_branch, else_branch } => {
                let otherwise = match else_branch {
                    Some(branch) => self.node(branch, item)?,
                    None => Node::Undefined,
                };
                Node::Conditional(Box::new([self.node(condition, item)?, self.node(then_branch, item)?, otherwise]))
            }
            AstNode::Array(items) => {
                Node::Array(items.iter().map(|element| self.element(element, item)).collect::<Option<_>>()?)
            }
            AstNode::Object(pairs) => self.object(pairs, item)?,
            AstNode::Block(statements) => self.block(statements, item)?,
            AstNode::Function { name, args, is_builtin: true } => self.call(name, args, item)?,
            _ => return None,
        })
    }

    fn variable(&mut self, name: &str, item: bool) -> Option<Node> {
        match name {
            "" => item.then_some(Node::Input),
            "states" => None,
            name => Some(match self.locals.iter().rev().find(|(local, _)| **local == *name) {
                Some((_, place)) => Node::Local(*place),
                None => Node::Variable(name.into()),
            }),
        }
    }

    fn path(&mut self, steps: &[PathStep], item: bool) -> Option<Node> {
        let plain = |step: &PathStep| {
            let tuple = step.is_tuple || step.inner_tuple || step.ancestor_label.is_some();
            !tuple && step.focus.is_none() && step.index_var.is_none()
        };
        if !steps.iter().all(plain) {
            return None;
        }
        let (head, taken) = self.head(steps, item)?;
        // What stands behind the last step of the head belongs to it.
        let head_stages: &[LibraryStage] = if taken == 0 { &[] } else { &steps[taken - 1].stages };
        let mut keep_array = false;
        let head_stages = self.stages(head_stages, &mut keep_array)?;
        if keep_array {
            return None;
        }
        let mut compiled = Vec::new();
        for step in &steps[taken..] {
            let kind = self.step(&step.node)?;
            compiled.push(Step { kind, stages: self.stages(&step.stages, &mut keep_array)? });
        }
        if compiled.is_empty() && head_stages.is_empty() {
            return Some(head);
        }
        Some(Node::Path(Box::new(Path { head, head_stages, steps: compiled, keep_array })))
    }

    /// What a path begins with, and how many steps that takes.
    fn head(&mut self, steps: &[PathStep], item: bool) -> Option<(Node, usize)> {
        match &steps.first()?.node {
            AstNode::Variable(name) if name == "states" => self.states(steps),
            AstNode::Variable(name) => Some((self.variable(name, item)?, 1)),
            AstNode::Name(_) if item => Some((Node::Input, 0)),
            AstNode::Function { .. } => Some((self.node(&steps[0].node, item)?, 1)),
            _ => None,
        }
    }

    fn states(&mut self, steps: &[PathStep]) -> Option<(Node, usize)> {
        let name = |index: usize| match &steps.get(index)?.node {
            AstNode::Name(name) => Some(&**name),
            _ => None,
        };
        if !steps[0].stages.is_empty() {
            return None;
        }
        let field = StatesField::ALL.into_iter().find(|field| name(1) == Some(field.as_str()))?;
        if field == StatesField::Context {
            let names: Vec<&str> = (2..steps.len()).map_while(name).collect();
            if let Some((field, count)) = ContextField::leading(&names)
                && steps[1..1 + count].iter().all(|step| step.stages.is_empty())
            {
                return Some((Node::Context(field), 2 + count));
            }
        }
        Some((Node::States(field), 2))
    }

    fn step(&mut self, ast: &AstNode) -> Option<StepKind> {
        Some(match ast {
            AstNode::Name(name) => StepKind::Name(Key::new(&**name)),
            AstNode::Variable(name) if name.is_empty() => StepKind::Input,
            AstNode::FunctionApplication(inner) => StepKind::Node(self.node(inner, true)?),
            AstNode::Object(_) => StepKind::Node(self.node(ast, true)?),
            _ => return None,
        })
    }

    fn stages(&mut self, stages: &[LibraryStage], keep_array: &mut bool) -> Option<Vec<Stage>> {
        let mut compiled = Vec::new();
        for stage in stages {
            match stage {
                LibraryStage::KeepArray => *keep_array = true,
                LibraryStage::Filter(filter) => compiled.push(match &**filter {
                    AstNode::Number(index) => Stage::Index(position(*index)?),
                    AstNode::Unary { op: UnaryOp::Negate, operand } => match &**operand {
                        AstNode::Number(index) => Stage::Index(position(-index)?),
                        _ => Stage::Filter(self.node(filter, true)?),
                    },
                    filter => Stage::Filter(self.node(filter, true)?),
                }),
                LibraryStage::Index(_) => return None,
            }
        }
        Some(compiled)
    }

    fn binary(&mut self, op: BinaryOp, lhs: &AstNode, rhs: &AstNode, item: bool) -> Option<Node> {
        if op == BinaryOp::Concatenate {
            let mut parts = Vec::new();
            self.concat(lhs, item, &mut parts)?;
            self.concat(rhs, item, &mut parts)?;
            return Some(Node::Concat(parts));
        }
        let make: fn(Box<[Node; 2]>) -> Node = match op {
            BinaryOp::Add => |sides| Node::Arithmetic(Arithmetic::Add, sides),
            BinaryOp::Subtract => |sides| Node::Arithmetic(Arithmetic::Subtract, sides),
            BinaryOp::Multiply => |sides| Node::Arithmetic(Arithmetic::Multiply, sides),
            BinaryOp::Divide => |sides| Node::Arithmetic(Arithmetic::Divide, sides),
            BinaryOp::Modulo => |sides| Node::Arithmetic(Arithmetic::Modulo, sides),
            BinaryOp::Equal => |sides| Node::Equals { negated: false, sides },
            BinaryOp::NotEqual => |sides| Node::Equals { negated: true, sides },
            BinaryOp::LessThan => |sides| Node::Compare(Comparison::Less, sides),
            BinaryOp::LessThanOrEqual => |sides| Node::Compare(Comparison::LessEqual, sides),
            BinaryOp::GreaterThan => |sides| Node::Compare(Comparison::Greater, sides),
            BinaryOp::GreaterThanOrEqual => |sides| Node::Compare(Comparison::GreaterEqual, sides),
            BinaryOp::And => Node::And,
            BinaryOp::Or => Node::Or,
            BinaryOp::In => Node::In,
            _ => return None,
        };
        Some(make(Box::new([self.node(lhs, item)?, self.node(rhs, item)?])))
    }

    fn concat(&mut self, ast: &AstNode, item: bool, parts: &mut Vec<Node>) -> Option<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        match ast {
            AstNode::Binary { op: BinaryOp::Concatenate, lhs, rhs } => {
                self.concat(lhs, item, parts)?;
                self.concat(rhs, item, parts)?;
            }
            other => parts.push(self.node(other, item)?),
        }
        self.depth -= 1;
        Some(())
    }

    fn element(&mut self, ast: &AstNode, item: bool) -> Option<Element> {
        Some(match ast {
            AstNode::Array(_) => Element::Kept(self.node(ast, item)?),
            AstNode::Binary { op: BinaryOp::Range, lhs, rhs } => {
                Element::Range(Box::new([self.node(lhs, item)?, self.node(rhs, item)?]))
            }
            other => Element::Spread(self.node(other, item)?),
        })
    }

    fn object(&mut self, pairs: &[(AstNode, AstNode)], item: bool) -> Option<Node> {
        let mut entries: Vec<(Str, Node)> = Vec::new();
        let mut keys: Vec<&str> = Vec::new();
        for (key, value) in pairs {
            let AstNode::String(key) = key else { return None };
            if keys.contains(&&**key) {
                return None;
            }
            keys.push(key);
            let value = self.node(value, item)?;
            entries.push((self.constants.key(key), value));
        }
        Some(Node::Object(entries))
    }

    fn block(&mut self, statements: &[AstNode], item: bool) -> Option<Node> {
        let outer = self.locals.len();
        let mut compiled = Vec::new();
        for statement in statements {
            compiled.push(match statement {
                AstNode::Binary { op: BinaryOp::ColonEqual, lhs, rhs } => {
                    let AstNode::Variable(name) = &**lhs else { return None };
                    let value = self.node(rhs, item)?;
                    Node::Assign(self.bind(name)?, Box::new(value))
                }
                other => self.node(other, item)?,
            });
        }
        self.locals.truncate(outer);
        if compiled.is_empty() {
            return None;
        }
        Some(Node::Block(compiled))
    }

    /// Makes a variable known from here to the end of the block or function.
    fn bind(&mut self, name: &str) -> Option<usize> {
        let place = self.used;
        if place == MAX_LOCALS || matches!(name, "" | "states" | "$") {
            return None;
        }
        self.used += 1;
        self.locals.push((name.into(), place));
        Some(place)
    }

    fn call(&mut self, name: &str, arguments: &[AstNode], item: bool) -> Option<Node> {
        // A variable of the expression hides the function.
        if self.locals.iter().any(|(local, _)| **local == *name) {
            return None;
        }
        if self.functions.iter().all(|known| **known != *name) {
            self.functions.push(name.into());
        }
        let higher = match name {
            "map" => HigherFunction::Map,
            "filter" => HigherFunction::Filter,
            "reduce" => HigherFunction::Reduce,
            _ => {
                let function = Function::find(name, arguments.len())?;
                let arguments = arguments.iter().map(|argument| self.node(argument, item)).collect::<Option<_>>()?;
                return Some(Node::Call(function, arguments));
            }
        };
        let [items, AstNode::Lambda { params, body, signature: None, .. }, rest @ ..] = arguments else { return None };
        let least = if higher == HigherFunction::Reduce { 2 } else { 0 };
        let distinct = params.iter().enumerate().all(|(index, name)| !params[..index].contains(name));
        if params.len() < least || params.len() > 3 || !distinct {
            return None;
        }
        let items = self.node(items, item)?;
        let first = match (rest, higher) {
            ([], _) => None,
            ([first], HigherFunction::Reduce) => Some(self.node(first, item)?),
            _ => return None,
        };
        let outer = self.locals.len();
        let parameters = params.iter().map(|name| self.bind(name)).collect::<Option<Vec<_>>>()?;
        let body = self.node(body, item)?;
        self.locals.truncate(outer);
        Some(Node::Higher(Box::new(Higher { function: higher, items, parameters, body, first })))
    }
}

fn literal(number: f64) -> Option<Value> {
    if number.fract() == 0.0 && number.abs() < MAX_SAFE {
        return Some(Value::Int(number as i64));
    }
    number.is_finite().then(|| Value::Float(Double::new(number)))
}

fn position(index: f64) -> Option<i64> {
    (index.abs() < MAX_SAFE).then(|| index.floor() as i64)
}
