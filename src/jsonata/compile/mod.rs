//! From the tree to the form that is evaluated: names become symbols, literals values among the constants, and what most
//! paths begin with gets a way of its own.

mod node;
mod path;

pub(super) use node::{
    Arithmetic, Block, Call, Comparison, Condition, Element, Filter, Lambda, Node, Pairs, Partial, Path, Program,
    Record, Regex, Shaped, Stage, Start, Step, StepKind, Symbol, Term, Transform, Variable,
};

use super::error::SyntaxError;
use super::function::Function;
use super::number;
use super::regex;
use super::syntax::{Group, Kind, Label, Parsed, Tree, Word};
use crate::value::{Exceeded, Heap, Key, Str, Value};

/// Compiles a tree. Literals become values of `constants`, the heap that executions are seeded from.
pub(super) fn compile(parsed: &Parsed, constants: &mut Heap) -> Result<Program, SyntaxError> {
    let mut compiler = Compiler { constants, labels: &parsed.labels, symbols: Vec::new() };
    compiler.bind_all(&parsed.tree);
    let root = compiler.node(&parsed.tree)?;
    Ok(Program { root, symbols: compiler.symbols })
}

struct Compiler<'a> {
    constants: &'a mut Heap,
    labels: &'a [Label],
    symbols: Vec<Box<str>>,
}

type Compiled<T> = Result<T, SyntaxError>;

impl Compiler<'_> {
    /// Makes a symbol of each name that is bound anywhere.
    fn bind_all(&mut self, tree: &Tree) {
        match &tree.kind {
            Kind::Bind { name, .. } => {
                self.bind(name);
            }
            Kind::Lambda(lambda) => {
                for name in &lambda.parameters {
                    self.bind(name);
                }
            }
            _ => {}
        }
        let stages = tree.stages.iter().filter_map(|stage| match stage {
            super::syntax::Stage::Index(name) => Some(name),
            super::syntax::Stage::Filter(_) => None,
        });
        for name in tree.focus.iter().chain(&tree.index).chain(stages) {
            self.bind(name);
        }
        tree.children().into_iter().for_each(|child| self.bind_all(child));
    }

    fn bind(&mut self, name: &str) -> Symbol {
        self.symbol(name).unwrap_or_else(|| {
            self.symbols.push(name.into());
            Symbol(self.symbols.len() as u32 - 1)
        })
    }

    fn symbol(&self, name: &str) -> Option<Symbol> {
        self.symbols.iter().position(|known| **known == *name).map(|at| Symbol(at as u32))
    }

    /// The symbol of an ancestor. No variable can have such a name.
    fn label(&mut self, label: Label) -> Symbol {
        let Label(shared) = self.labels[label.0 as usize];
        self.bind(&format!("% {shared}"))
    }

    fn node(&mut self, tree: &Tree) -> Compiled<Node> {
        let node = self.bare(tree)?;
        // Those of a path are part of it.
        let is_plain = tree.predicates.is_empty() && tree.group.is_none() && !tree.keep_array;
        if is_plain || matches!(tree.kind, Kind::Path { .. }) {
            return Ok(node);
        }
        Ok(Node::Shaped(Box::new(Shaped {
            node,
            predicates: tree.predicates.iter().map(|predicate| self.filter(predicate)).collect::<Compiled<_>>()?,
            group: tree.group.as_ref().map(|group| self.group(group)).transpose()?,
            keep_array: tree.keep_array,
        })))
    }

    /// Without predicates and the like.
    fn bare(&mut self, tree: &Tree) -> Compiled<Node> {
        Ok(match &tree.kind {
            Kind::Name(name) => Node::Name(Key::new(&**name)),
            Kind::String(text) => Node::Constant(self.constants.string(text)),
            Kind::Number(number) => Node::Constant(number::value(self.constants, *number)),
            Kind::Word(Word::True) => Node::Constant(Value::True),
            Kind::Word(Word::False) => Node::Constant(Value::False),
            Kind::Word(Word::Null) => Node::Constant(Value::Null),
            Kind::Variable(name) => self.variable(name),
            Kind::Regex { pattern, flags } => match regex::Regex::new(pattern, flags) {
                Ok(regex) => Node::Regex(Box::new(Regex { regex })),
                Err(fault) => {
                    let message = format!("Invalid regular expression: /{pattern}/: {fault}").into();
                    return Err(SyntaxError { code: "".into(), message, position: tree.position });
                }
            },
            Kind::Wildcard => Node::Wildcard,
            Kind::Descendants => Node::Descendants,
            Kind::Parent(label) => Node::Parent(self.label(*label)),
            Kind::Path { steps, keep_array } => self.path(tree, steps, *keep_array)?,
            // A sort is always a step of a path, which makes it.
            Kind::Sort(_) => Node::Context,
            Kind::Binary { operator, sides } => self.binary(operator, sides)?,
            Kind::Negate(operand) => Node::Negate(Box::new(self.node(operand)?)),
            Kind::Array(items) => {
                let element =
                    |item: &Tree| Ok(Element { nested: matches!(item.kind, Kind::Array(_)), node: self.node(item)? });
                let elements = items.iter().map(element).collect::<Compiled<_>>()?;
                Node::Array { elements, constructed: tree.constructed }
            }
            Kind::Object(pairs) => self.object(pairs)?,
            Kind::Block(items) => self.block(items)?,
            Kind::Bind { name, value } => Node::Bind(self.bind(name), Box::new(self.node(value)?)),
            Kind::Condition { condition, then, other } => Node::Condition(Box::new(Condition {
                condition: self.node(condition)?,
                then: self.node(then)?,
                other: other.as_ref().map(|other| self.node(other)).transpose()?,
            })),
            Kind::Call { procedure, arguments } => self.call(procedure, arguments)?,
            Kind::Partial { procedure, arguments } => {
                let argument = |item: &Option<Tree>| item.as_ref().map(|item| self.node(item)).transpose();
                let arguments = arguments.iter().map(argument).collect::<Compiled<_>>()?;
                let meant = self.meant(procedure);
                Node::Partial(Box::new(Partial { procedure: self.node(procedure)?, arguments, meant }))
            }
            Kind::Lambda(lambda) => Node::Lambda(Box::new(Lambda {
                parameters: lambda.parameters.iter().map(|name| self.bind(name)).collect(),
                signature: lambda.signature.clone(),
                body: self.node(&lambda.body)?,
            })),
            Kind::Apply(sides) => Node::Apply(self.pair(sides)?),
            Kind::Transform { pattern, update, delete } => Node::Transform(Box::new(Transform {
                pattern: self.node(pattern)?,
                update: self.node(update)?,
                delete: delete.as_ref().map(|delete| self.node(delete)).transpose()?,
            })),
        })
    }

    fn all(&mut self, trees: &[Tree]) -> Compiled<Box<[Node]>> {
        trees.iter().map(|tree| self.node(tree)).collect()
    }

    fn block(&mut self, items: &[Tree]) -> Compiled<Node> {
        Ok(Node::Block(Box::new(Block { items: self.all(items)?, binds: items.iter().any(binds) })))
    }

    fn pair(&mut self, sides: &[Tree; 2]) -> Compiled<Box<[Node; 2]>> {
        Ok(Box::new([self.node(&sides[0])?, self.node(&sides[1])?]))
    }

    fn variable(&self, name: &str) -> Node {
        match name {
            "" => Node::Context,
            "states" if self.symbol(name).is_none() => Node::States,
            name => Node::Variable(Box::new(self.lookup(name))),
        }
    }

    fn lookup(&self, name: &str) -> Variable {
        Variable { name: name.into(), symbol: self.symbol(name), function: Function::find(name) }
    }

    /// The variable that a call of a field probably means.
    fn meant(&self, procedure: &Tree) -> Option<Box<Variable>> {
        field_called(procedure).map(|name| Box::new(self.lookup(name)))
    }

    fn call(&mut self, procedure: &Tree, arguments: &[Tree]) -> Compiled<Node> {
        let token = match &procedure.kind {
            Kind::Variable(name) => Some(name.clone()),
            Kind::Array(_) => Some("[".into()),
            _ => field_called(procedure).map(Box::from),
        };
        Ok(Node::Call(Box::new(Call {
            procedure: self.node(procedure)?,
            arguments: self.all(arguments)?,
            token,
            meant: self.meant(procedure),
        })))
    }

    fn binary(&mut self, operator: &str, sides: &[Tree; 2]) -> Compiled<Node> {
        let arithmetic = |op| move |sides| Node::Arithmetic(op, sides);
        let compare = |op| move |sides| Node::Compare(op, sides);
        let sides = self.pair(sides)?;
        Ok(match operator {
            "+" => arithmetic(Arithmetic::Add)(sides),
            "-" => arithmetic(Arithmetic::Subtract)(sides),
            "*" => arithmetic(Arithmetic::Multiply)(sides),
            "/" => arithmetic(Arithmetic::Divide)(sides),
            "%" => arithmetic(Arithmetic::Modulo)(sides),
            "<" => compare(Comparison::Less)(sides),
            "<=" => compare(Comparison::LessOrEqual)(sides),
            ">" => compare(Comparison::Greater)(sides),
            ">=" => compare(Comparison::GreaterOrEqual)(sides),
            "=" => Node::Equal { negated: false, sides },
            "!=" => Node::Equal { negated: true, sides },
            "in" => Node::In(sides),
            "and" => Node::And(sides),
            "or" => Node::Or(sides),
            ".." => Node::Range(sides),
            _ => {
                let [left, right] = *sides;
                let mut parts = match left {
                    Node::Join(parts) => parts.into_vec(),
                    part => vec![part],
                };
                parts.push(right);
                Node::Join(parts.into())
            }
        })
    }

    fn object(&mut self, pairs: &[(Tree, Tree)]) -> Compiled<Node> {
        let literal = |index: usize| match &pairs[index].0 {
            Tree { kind: Kind::String(key), predicates, group: None, .. } if predicates.is_empty() => Some(key),
            _ => None,
        };
        let is_new =
            |index: usize| literal(index).is_some() && (0..index).all(|other| literal(other) != literal(index));
        // The check is quadratic; nobody writes so many.
        if pairs.len() <= 256 && (0..pairs.len()).all(is_new) {
            let entry = |index: usize| {
                let key = literal(index).map_or("", |key| &**key);
                Ok((self.constants.key(key), self.node(&pairs[index].1)?))
            };
            let entries = (0..pairs.len()).map(entry).collect::<Compiled<_>>()?;
            if let Ok(record) = self.record(entries) {
                return Ok(Node::Record(Box::new(record)));
            }
        }
        Ok(Node::Object(Box::new(self.pairs(pairs)?)))
    }

    fn record(&mut self, entries: Vec<(Str, Node)>) -> Result<Record, Exceeded> {
        let known = entries.iter().map(|(key, node)| match node {
            Node::Constant(value) => (*key, Some(*value)),
            _ => (*key, None),
        });
        let outline = self.constants.outline(known)?;
        let parts = entries.into_iter().enumerate().map(|(place, (key, node))| (place, key, node));
        Ok(Record { outline, parts: parts.filter(|(_, _, node)| !matches!(node, Node::Constant(_))).collect() })
    }

    fn group(&mut self, group: &Group) -> Compiled<Pairs> {
        self.pairs(&group.pairs)
    }

    fn pairs(&mut self, pairs: &[(Tree, Tree)]) -> Compiled<Pairs> {
        let pair = |(key, value): &(Tree, Tree)| Ok((self.node(key)?, self.node(value)?));
        Ok(Pairs(pairs.iter().map(pair).collect::<Compiled<_>>()?))
    }

    fn filter(&mut self, predicate: &Tree) -> Compiled<Filter> {
        Ok(match predicate.kind {
            Kind::Number(index) => Filter::Index(index.floor()),
            _ => Filter::Where(self.node(predicate)?),
        })
    }
}

/// Whether `:=` stands anywhere in it.
fn binds(tree: &Tree) -> bool {
    matches!(tree.kind, Kind::Bind { .. }) || tree.children().into_iter().any(binds)
}

/// The first name of a path that is called.
fn field_called(procedure: &Tree) -> Option<&str> {
    let Kind::Path { steps, .. } = &procedure.kind else { return None };
    match &steps.first()?.kind {
        Kind::Name(name) | Kind::Variable(name) => Some(name),
        _ => None,
    }
}
