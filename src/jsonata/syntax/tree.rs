//! The tree of an expression: what checks look at, and what is compiled.
//!
//! It has the shape that the reference implementation's evaluator works on: locations are paths of steps, predicates and
//! variable bindings belong to their steps, and `%` names the step whose item it stands for.

use super::super::signature::Signature;

/// A part of an expression.
#[derive(Debug)]
pub(in crate::jsonata) struct Tree {
    pub(in crate::jsonata) kind: Kind,
    /// The byte of the text that errors point at.
    pub(in crate::jsonata) position: usize,
    /// Predicates on the value.
    pub(in crate::jsonata) predicates: Vec<Tree>,
    /// Of a step: what is done to its result on each item.
    pub(in crate::jsonata) stages: Vec<Stage>,
    pub(in crate::jsonata) group: Option<Group>,
    /// `[]`: a single result stays an array.
    pub(in crate::jsonata) keep_array: bool,
    /// An array constructor that is an item of its own where a path begins or ends with it.
    pub(in crate::jsonata) constructed: bool,
    /// `@$name`
    pub(in crate::jsonata) focus: Option<Box<str>>,
    /// `#$name`
    pub(in crate::jsonata) index: Option<Box<str>>,
    /// The step's input is what a `%` stands for.
    pub(in crate::jsonata) ancestor: Option<Label>,
    /// Items come with bindings.
    pub(in crate::jsonata) tuple: bool,
}

/// The name under which an ancestor is bound. Several `%` may share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jsonata) struct Label(pub(in crate::jsonata) u32);

/// What is done to the result of a step.
#[derive(Debug)]
pub(in crate::jsonata) enum Stage {
    Filter(Tree),
    /// `#$name` behind a predicate.
    Index(Box<str>),
}

/// `{key: value, …}` behind an expression.
#[derive(Debug)]
pub(in crate::jsonata) struct Group {
    pub(in crate::jsonata) pairs: Vec<(Tree, Tree)>,
}

/// A key of an order-by clause.
#[derive(Debug)]
pub(in crate::jsonata) struct Term {
    pub(in crate::jsonata) key: Tree,
    pub(in crate::jsonata) descending: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jsonata) enum Word {
    True,
    False,
    Null,
}

impl Word {
    pub(in crate::jsonata) fn as_str(self) -> &'static str {
        match self {
            Word::True => "true",
            Word::False => "false",
            Word::Null => "null",
        }
    }
}

#[derive(Debug)]
pub(in crate::jsonata) enum Kind {
    /// A field; always a step.
    Name(Box<str>),
    String(Box<str>),
    Number(f64),
    Word(Word),
    /// `$` has no name, `$$` the name `$`.
    Variable(Box<str>),
    Regex {
        pattern: Box<str>,
        flags: Box<str>,
    },
    /// `*`
    Wildcard,
    /// `**`
    Descendants,
    /// `%`
    Parent(Label),
    /// `keep_array`: a step has `[]`.
    Path {
        steps: Vec<Tree>,
        keep_array: bool,
    },
    /// `^(…)`; always a step.
    Sort(Vec<Term>),
    Binary {
        operator: &'static str,
        sides: Box<[Tree; 2]>,
    },
    Negate(Box<Tree>),
    Array(Vec<Tree>),
    Object(Vec<(Tree, Tree)>),
    Block(Vec<Tree>),
    /// `$name := value`
    Bind {
        name: Box<str>,
        value: Box<Tree>,
    },
    Condition {
        condition: Box<Tree>,
        then: Box<Tree>,
        other: Option<Box<Tree>>,
    },
    Call {
        procedure: Box<Tree>,
        arguments: Vec<Tree>,
    },
    /// A call with at least one `?`, which is `None`.
    Partial {
        procedure: Box<Tree>,
        arguments: Vec<Option<Tree>>,
    },
    Lambda(Lambda),
    /// `value ~> function`
    Apply(Box<[Tree; 2]>),
    /// `|pattern|update, delete|`
    Transform {
        pattern: Box<Tree>,
        update: Box<Tree>,
        delete: Option<Box<Tree>>,
    },
}

#[derive(Debug)]
pub(in crate::jsonata) struct Lambda {
    pub(in crate::jsonata) parameters: Vec<Box<str>>,
    pub(in crate::jsonata) signature: Option<Signature>,
    pub(in crate::jsonata) body: Box<Tree>,
}

impl Tree {
    pub(super) fn new(kind: Kind, position: usize) -> Tree {
        Tree {
            kind,
            position,
            predicates: Vec::new(),
            stages: Vec::new(),
            group: None,
            keep_array: false,
            constructed: false,
            focus: None,
            index: None,
            ancestor: None,
            tuple: false,
        }
    }

    /// What the node itself consists of, without what stands behind it.
    pub(in crate::jsonata) fn parts(&self) -> Vec<&Tree> {
        match &self.kind {
            Kind::Path { steps, .. } => steps.iter().collect(),
            Kind::Sort(terms) => terms.iter().map(|term| &term.key).collect(),
            Kind::Binary { sides, .. } | Kind::Apply(sides) => sides.iter().collect(),
            Kind::Negate(inner) | Kind::Bind { value: inner, .. } => vec![inner],
            Kind::Array(items) | Kind::Block(items) => items.iter().collect(),
            Kind::Object(pairs) => pairs.iter().flat_map(|(key, value)| [key, value]).collect(),
            Kind::Condition { condition, then, other } => {
                [condition, then].into_iter().chain(other).map(|part| &**part).collect()
            }
            Kind::Call { procedure, arguments } => std::iter::once(&**procedure).chain(arguments).collect(),
            Kind::Partial { procedure, arguments } => {
                std::iter::once(&**procedure).chain(arguments.iter().flatten()).collect()
            }
            Kind::Lambda(lambda) => vec![&lambda.body],
            Kind::Transform { pattern, update, delete } => {
                [pattern, update].into_iter().chain(delete).map(|part| &**part).collect()
            }
            Kind::Name(_)
            | Kind::String(_)
            | Kind::Number(_)
            | Kind::Word(_)
            | Kind::Variable(_)
            | Kind::Regex { .. }
            | Kind::Wildcard
            | Kind::Descendants
            | Kind::Parent(_) => Vec::new(),
        }
    }

    /// Everything right below.
    pub(in crate::jsonata) fn children(&self) -> Vec<&Tree> {
        let mut children = self.parts();
        children.extend(&self.predicates);
        children.extend(self.stages.iter().filter_map(|stage| match stage {
            Stage::Filter(filter) => Some(filter),
            Stage::Index(_) => None,
        }));
        children.extend(self.group.iter().flat_map(|group| &group.pairs).flat_map(|(key, value)| [key, value]));
        children
    }
}
