//! From what is written to what is meant: locations become paths of steps, predicates and bindings go to their steps.

use super::super::error::SyntaxError;
use super::ancestry::{Ancestry, Slot};
use super::grammar::{Raw, RawKind};
use super::lexer::error;
use super::tree::{Group, Kind, Label, Lambda, Stage, Term, Tree, Word};

/// A part of the tree, and the `%` in it whose steps are yet to be found.
struct Shaped {
    tree: Tree,
    seeking: Vec<Slot>,
    /// Of a path: what its last step seeks.
    last_seeking: Vec<Slot>,
}

type Shape = Result<Shaped, SyntaxError>;

/// The tree of a whole text, and for each `%` in it the label that it uses.
pub(super) fn shape(raw: Raw) -> Result<(Tree, Vec<Label>), SyntaxError> {
    let mut shaper = Shaper { ancestry: Ancestry::default() };
    let Shaped { tree, seeking, .. } = shaper.shape(raw)?;
    if !seeking.is_empty() {
        return Err(no_parent(tree.position));
    }
    Ok((tree, shaper.ancestry.labels()))
}

pub(super) fn no_parent(position: usize) -> SyntaxError {
    error("S0217", "The object representing the 'parent' cannot be derived from this expression", position)
}

struct Shaper {
    ancestry: Ancestry,
}

impl Shaper {
    fn shape(&mut self, raw: Raw) -> Shape {
        let Raw { kind, position, keep_array, .. } = raw;
        let mut shaped = match kind {
            RawKind::Name(name) => {
                let mut step = Tree::new(Kind::Name(name.into()), position);
                step.keep_array = keep_array;
                plain(path(vec![step], keep_array, position))
            }
            RawKind::Infix(operator, sides) => self.infix(operator, *sides, position, keep_array)?,
            RawKind::Group(left, pairs) => self.group(*left, pairs, position)?,
            RawKind::Sort(left, terms) => self.sort(*left, terms, position)?,
            RawKind::Parent => {
                let slot = self.ancestry.seek();
                with_sought(Tree::new(Kind::Parent(slot.label()), position), vec![slot])
            }
            RawKind::Block(items) => self.block(items, position)?,
            RawKind::End => return Err(error("S0207", "Unexpected end of expression", position)),
            kind => self.other(kind, position)?,
        };
        shaped.tree.keep_array |= keep_array;
        Ok(shaped)
    }

    /// What has nothing to do with paths.
    fn other(&mut self, kind: RawKind, position: usize) -> Shape {
        let mut seeking = Vec::new();
        let mut take = |shaped: Shaped| {
            seeking.extend(shaped.seeking);
            shaped.tree
        };
        let kind = match kind {
            RawKind::Negate(operand) => {
                let operand = take(self.shape(*operand)?);
                if let Kind::Number(number) = operand.kind {
                    return Ok(plain(Tree { kind: Kind::Number(-number), ..operand }));
                }
                Kind::Negate(Box::new(operand))
            }
            RawKind::Array(items) => {
                Kind::Array(items.into_iter().map(|item| self.shape(item).map(&mut take)).collect::<Result<_, _>>()?)
            }
            RawKind::Object(pairs) => {
                let pair = |(key, value)| Ok((take(self.shape(key)?), take(self.shape(value)?)));
                Kind::Object(pairs.into_iter().map(pair).collect::<Result<_, _>>()?)
            }
            RawKind::Call(procedure, arguments) => {
                let arguments = arguments.into_iter().map(|item| self.shape(item).map(&mut take));
                let arguments = arguments.collect::<Result<_, _>>()?;
                Kind::Call { procedure: Box::new(self.shape(*procedure)?.tree), arguments }
            }
            RawKind::Partial(procedure, arguments) => {
                let argument = |item: Option<Raw>| item.map(|item| self.shape(item).map(&mut take)).transpose();
                let arguments = arguments.into_iter().map(argument).collect::<Result<_, _>>()?;
                Kind::Partial { procedure: Box::new(self.shape(*procedure)?.tree), arguments }
            }
            RawKind::Lambda { parameters, signature, body } => {
                let body = Box::new(self.shape(*body)?.tree);
                let parameters = parameters.into_iter().map(String::into).collect();
                Kind::Lambda(Lambda { parameters, signature, body })
            }
            RawKind::Condition(condition, then, other) => {
                let condition = Box::new(take(self.shape(*condition)?));
                let then = Box::new(take(self.shape(*then)?));
                let other = other.map(|other| self.shape(*other).map(&mut take)).transpose()?.map(Box::new);
                Kind::Condition { condition, then, other }
            }
            RawKind::Transform(pattern, update, delete) => {
                let mut part = |raw: Box<Raw>| self.shape(*raw).map(|shaped| Box::new(shaped.tree));
                Kind::Transform {
                    pattern: part(pattern)?,
                    update: part(update)?,
                    delete: delete.map(part).transpose()?,
                }
            }
            literal => literal_kind(literal),
        };
        Ok(with_sought(Tree::new(kind, position), seeking))
    }

    fn block(&mut self, items: Vec<Raw>, position: usize) -> Shape {
        let mut seeking = Vec::new();
        let mut trees = Vec::new();
        for item in items {
            let item = self.shape(item)?;
            seeking.extend(item.seeking);
            trees.push(item.tree);
        }
        let constructed = trees.iter().any(begins_constructed);
        let tree = Tree { constructed, ..Tree::new(Kind::Block(trees), position) };
        Ok(with_sought(tree, seeking))
    }

    fn infix(&mut self, operator: &'static str, [left, right]: [Raw; 2], position: usize, keep_array: bool) -> Shape {
        match operator {
            "." => self.dot(left, right),
            "[" => self.predicate(left, right, position),
            "@" => self.focus(left, right, position, keep_array),
            "#" => self.index(left, right),
            ":=" => {
                let RawKind::Variable(name) = left.kind else { return self.shape(left) };
                let Shaped { tree, seeking, .. } = self.shape(right)?;
                let kind = Kind::Bind { name: name.into(), value: Box::new(tree) };
                Ok(with_sought(Tree::new(kind, position), seeking))
            }
            "~>" => {
                let sides = [self.shape(left)?.tree, self.shape(right)?.tree];
                let keep_array = sides.iter().any(|side| side.keep_array);
                Ok(plain(Tree { keep_array, ..Tree::new(Kind::Apply(Box::new(sides)), position) }))
            }
            operator => {
                let (left, right) = (self.shape(left)?, self.shape(right)?);
                let seeking = [left.seeking, right.seeking].concat();
                let kind = Kind::Binary { operator, sides: Box::new([left.tree, right.tree]) };
                Ok(with_sought(Tree::new(kind, position), seeking))
            }
        }
    }

    fn dot(&mut self, left: Raw, right: Raw) -> Shape {
        let left = self.shape(left)?;
        let mut seeking = match left.tree.kind {
            Kind::Path { .. } | Kind::Parent(_) => left.seeking,
            _ => Vec::new(),
        };
        let mut path = into_path(left.tree);
        let mut right = self.shape(right)?;
        let Kind::Path { steps, keep_array } = &mut path.kind else { return Ok(plain(path)) };
        let mut last_seeking = right.seeking;
        match right.tree.kind {
            Kind::Path { steps: more, .. } => {
                steps.extend(more);
                last_seeking = right.last_seeking;
            }
            _ => {
                right.tree.stages = std::mem::take(&mut right.tree.predicates).into_iter().map(Stage::Filter).collect();
                steps.push(right.tree);
            }
        }
        for step in steps.iter_mut() {
            let value = match &step.kind {
                Kind::Number(number) => number.to_string(),
                Kind::Word(word) => word.as_str().to_owned(),
                Kind::String(text) => {
                    step.kind = Kind::Name(text.clone());
                    continue;
                }
                _ => continue,
            };
            let text = format!("The literal value {value} cannot be used as a step within a path expression");
            return Err(error("S0213", &text, step.position));
        }
        *keep_array |= steps.iter().any(|step| step.keep_array);
        let last = steps.len() - 1;
        for at in [0, last] {
            steps[at].constructed |= matches!(steps[at].kind, Kind::Array(_));
        }
        seeking.extend(self.ancestry.resolve(steps, &last_seeking)?);
        Ok(Shaped { tree: path, seeking, last_seeking })
    }

    fn predicate(&mut self, left: Raw, right: Raw, position: usize) -> Shape {
        let mut shaped = self.shape(left)?;
        let is_path = matches!(shaped.tree.kind, Kind::Path { .. });
        let step = last_step(&mut shaped.tree);
        if step.group.is_some() {
            return Err(error("S0209", "A predicate cannot follow a grouping expression in a step", position));
        }
        let mut predicate = self.shape(right)?;
        if matches!(predicate.tree.kind, Kind::Parent(_)) {
            predicate.seeking.clear();
        }
        self.ancestry.leave_predicate(step, &predicate.seeking)?;
        match is_path {
            true => {
                step.stages.push(Stage::Filter(predicate.tree));
                shaped.last_seeking.extend(predicate.seeking);
            }
            false => {
                step.predicates.push(predicate.tree);
                shaped.seeking.extend(predicate.seeking);
            }
        }
        Ok(shaped)
    }

    fn group(&mut self, left: Raw, pairs: Vec<(Raw, Raw)>, position: usize) -> Shape {
        let mut shaped = self.shape(left)?;
        if shaped.tree.group.is_some() {
            return Err(error("S0210", "Each step can only have one grouping expression", position));
        }
        let pair = |(key, value)| Ok((self.shape(key)?.tree, self.shape(value)?.tree));
        let pairs = pairs.into_iter().map(pair).collect::<Result<_, SyntaxError>>()?;
        shaped.tree.group = Some(Group { pairs });
        Ok(shaped)
    }

    fn sort(&mut self, left: Raw, terms: Vec<(bool, Raw)>, position: usize) -> Shape {
        let left = self.shape(left)?;
        let mut seeking = if matches!(left.tree.kind, Kind::Path { .. }) { left.seeking } else { Vec::new() };
        let mut tree = into_path(left.tree);
        let mut sought = Vec::new();
        let term = |(descending, key)| {
            let key = self.shape(key)?;
            sought.extend(key.seeking);
            Ok(Term { key: key.tree, descending })
        };
        let terms = terms.into_iter().map(term).collect::<Result<_, SyntaxError>>()?;
        if let Kind::Path { steps, .. } = &mut tree.kind {
            steps.push(Tree::new(Kind::Sort(terms), position));
            seeking.extend(self.ancestry.resolve(steps, &sought)?);
        }
        Ok(Shaped { tree, seeking, last_seeking: sought })
    }

    fn focus(&mut self, left: Raw, right: Raw, position: usize, keep_array: bool) -> Shape {
        let mut shaped = self.shape(left)?;
        let step = last_step(&mut shaped.tree);
        if !step.stages.is_empty() || !step.predicates.is_empty() {
            return Err(error("S0215", "A context variable binding must precede any predicates on a step", position));
        }
        if matches!(step.kind, Kind::Sort(_)) {
            let text = "A context variable binding must precede the 'order-by' clause on a step";
            return Err(error("S0216", text, position));
        }
        step.keep_array |= keep_array;
        step.focus = variable(right);
        step.tuple = true;
        Ok(shaped)
    }

    fn index(&mut self, left: Raw, right: Raw) -> Shape {
        let mut shaped = self.shape(left)?;
        if !matches!(shaped.tree.kind, Kind::Path { .. }) {
            shaped.tree.stages = std::mem::take(&mut shaped.tree.predicates).into_iter().map(Stage::Filter).collect();
            shaped.tree = into_path(shaped.tree);
            shaped.last_seeking = std::mem::take(&mut shaped.seeking);
        }
        let step = last_step(&mut shaped.tree);
        match (step.stages.is_empty(), variable(right)) {
            (false, Some(name)) => step.stages.push(Stage::Index(name)),
            (_, name) => step.index = name,
        }
        step.tuple = true;
        Ok(shaped)
    }
}

fn plain(tree: Tree) -> Shaped {
    with_sought(tree, Vec::new())
}

fn with_sought(tree: Tree, seeking: Vec<Slot>) -> Shaped {
    Shaped { tree, seeking, last_seeking: Vec::new() }
}

fn path(steps: Vec<Tree>, keep_array: bool, position: usize) -> Tree {
    Tree::new(Kind::Path { steps, keep_array }, position)
}

fn into_path(tree: Tree) -> Tree {
    match tree.kind {
        Kind::Path { .. } => tree,
        _ => {
            let position = tree.position;
            path(vec![tree], false, position)
        }
    }
}

/// The last step of a path, or the tree itself.
fn last_step(tree: &mut Tree) -> &mut Tree {
    if !matches!(&tree.kind, Kind::Path { steps, .. } if !steps.is_empty()) {
        return tree;
    }
    let Kind::Path { steps, .. } = &mut tree.kind else { unreachable!("it is a path") };
    let last = steps.len() - 1;
    &mut steps[last]
}

fn variable(raw: Raw) -> Option<Box<str>> {
    match raw.kind {
        RawKind::Variable(name) => Some(name.into()),
        _ => None,
    }
}

fn begins_constructed(tree: &Tree) -> bool {
    tree.constructed
        || matches!(&tree.kind, Kind::Path { steps, .. } if steps.first().is_some_and(|step| step.constructed))
}

fn literal_kind(raw: RawKind) -> Kind {
    match raw {
        RawKind::Variable(name) => Kind::Variable(name.into()),
        RawKind::String(text) => Kind::String(text.into()),
        RawKind::Number(number) => Kind::Number(number),
        RawKind::Word(word) => Kind::Word(word),
        RawKind::Regex { pattern, flags } => Kind::Regex { pattern: pattern.into(), flags: flags.into() },
        RawKind::Wildcard => Kind::Wildcard,
        RawKind::Descendants => Kind::Descendants,
        _ => Kind::Word(Word::Null),
    }
}
