//! Paths: their steps, and ways of their own for what most of them begin with.

use super::{Compiled, Compiler, Node, Path, Stage, Start, Step, StepKind, Term};
use crate::expr::ContextField;
use crate::jsonata::scope::StatesField;
use crate::jsonata::syntax::{self, Kind, Tree};
use crate::value::Key;

impl Compiler<'_> {
    pub(super) fn path(&mut self, tree: &Tree, steps: &[Tree], keep_array: bool) -> Compiled<Node> {
        let (start, skipped) = self.start(steps)?;
        let group = tree.group.as_ref().map(|group| self.group(group)).transpose()?;
        let compiled: Vec<Step> = steps.iter().skip(skipped).map(|step| self.step(step)).collect::<Compiled<_>>()?;
        let is_name = |step: &Step| matches!(step.kind, StepKind::Node(Node::Name(_))) && step.stages.is_empty();
        let has_names = match &start {
            Start::Items | Start::ContextField(..) => true,
            Start::States(_, filters) => filters.is_empty(),
            Start::Whole | Start::Constructor(_) => false,
        };
        let is_bare = !keep_array && !tree.keep_array && group.is_none();
        Ok(Node::Path(Box::new(Path {
            names_only: has_names && is_bare && compiled.iter().all(|step| is_name(step) && !step.binds),
            start,
            keep_array,
            keep_whole: tree.keep_array,
            binds: compiled.iter().any(|step| step.binds),
            hands_on: tree.tuple,
            steps: compiled.into(),
            group,
        })))
    }

    /// What the path starts with, and how many of the steps belong to it.
    fn start(&mut self, steps: &[Tree]) -> Compiled<(Start, usize)> {
        let Some(first) = steps.first() else { return Ok((Start::Items, 0)) };
        match &first.kind {
            Kind::Variable(name) if &**name == "states" && is_plain(first) && self.symbol(name).is_none() => {
                match self.states(&steps[1..])? {
                    Some((start, count)) => Ok((start, count + 1)),
                    None => Ok((Start::Whole, 0)),
                }
            }
            Kind::Variable(_) => Ok((Start::Whole, 0)),
            Kind::Array(_) if first.constructed && !first.tuple => Ok((Start::Constructor(self.node(first)?), 1)),
            Kind::Block(_) if first.constructed && !first.tuple => Ok((Start::Constructor(self.node(first)?), 1)),
            _ => Ok((Start::Items, 0)),
        }
    }

    /// A path from `$states.…`, and how many of the steps after it belong to its start.
    fn states(&mut self, rest: &[Tree]) -> Compiled<Option<(Start, usize)>> {
        let Some((step, name)) = rest.first().and_then(|step| Some((step, name_of(step)?))) else { return Ok(None) };
        let field = StatesField::ALL.into_iter().find(|known| known.as_str() == name);
        let Some(field) = field.filter(|_| !step.tuple && step.group.is_none()) else { return Ok(None) };
        if field == StatesField::Context {
            let plain = rest.iter().take_while(|step| is_plain(step));
            let names: Vec<&str> = plain.map_while(name_of).collect();
            if let Some((part, count)) = names.get(1..).and_then(ContextField::leading) {
                let names = names[1..=count].iter().map(|name| Key::new(*name)).collect();
                return Ok(Some((Start::ContextField(part, names), count + 1)));
            }
        }
        let mut filters = Vec::new();
        for stage in &step.stages {
            if let syntax::Stage::Filter(filter) = stage {
                filters.push(self.filter(filter)?);
            }
        }
        Ok(Some((Start::States(field, filters.into()), 1)))
    }

    fn step(&mut self, tree: &Tree) -> Compiled<Step> {
        let kind = match &tree.kind {
            Kind::Sort(terms) => {
                let term = |term: &syntax::Term| Ok(Term { key: self.node(&term.key)?, descending: term.descending });
                StepKind::Sort(terms.iter().map(term).collect::<Compiled<_>>()?)
            }
            // `[]` on a step is noted on its path.
            Kind::Name(name) if tree.predicates.is_empty() => StepKind::Node(Node::Name(Key::new(&**name))),
            _ => StepKind::Node(self.node(tree)?),
        };
        let stage = |stage: &syntax::Stage| {
            Ok(match stage {
                syntax::Stage::Filter(filter) => Stage::Filter(self.filter(filter)?),
                syntax::Stage::Index(name) => Stage::Index(self.bind(name)),
            })
        };
        Ok(Step {
            kind,
            stages: tree.stages.iter().map(stage).collect::<Compiled<_>>()?,
            focus: tree.focus.as_ref().map(|name| self.bind(name)),
            index: tree.index.as_ref().map(|name| self.bind(name)),
            ancestor: tree.ancestor.map(|label| self.label(label)),
            binds: tree.tuple,
        })
    }
}

fn name_of(step: &Tree) -> Option<&str> {
    match &step.kind {
        Kind::Name(name) => Some(name),
        _ => None,
    }
}

/// Whether nothing is done to the result of the step.
fn is_plain(step: &Tree) -> bool {
    let is_bare = step.predicates.is_empty() && step.stages.is_empty() && step.group.is_none();
    is_bare && !step.tuple && step.focus.is_none() && step.index.is_none()
}
