//! References that the service refuses when a state machine is created, and the variables that an expression reads.

use super::error::SyntaxError;
use super::function::Function;
use super::scope::StatesField;
use super::syntax::{self, Kind, Stage, Tree};

/// A reference that can never have a value, or is reserved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// A name or wildcard where there is no context to look it up in.
    #[error("Reference to '{0}' at the top level is not supported.")]
    TopLevel(Box<str>),
    /// `$$`: an expression has no input document.
    #[error("Reference to '$$' is not supported.")]
    Root,
    /// A member of `$states` that the field of the state does not have.
    #[error("Field '$states.{0}' does not exist.")]
    Field(Box<str>),
    /// `$states := …`, or a parameter of that name.
    #[error("Assignment to the reserved variable '$states' is not supported.")]
    Reserved,
}

/// What an expression refers to.
#[derive(Debug, Default)]
pub struct References {
    /// Workflow variables, in order of appearance.
    variables: Vec<Box<str>>,
    fields: Vec<StatesField>,
    states_path: Option<StatesPath>,
    /// What it may read of the context object.
    context: ContextParts,
    /// Something asks for `$states` as a whole, or for a member that there is not.
    unsupported: Vec<Unsupported>,
}

#[derive(Debug, Default)]
struct ContextParts {
    names: Vec<Box<str>>,
    /// It may read any part.
    is_whole: bool,
}

/// What an expression like `$states.input.order.id` stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatesPath {
    /// The member of `$states`.
    pub field: StatesField,
    /// The names behind it.
    pub names: Vec<Box<str>>,
}

impl References {
    /// Reads the text between the delimiters, without compiling it.
    ///
    /// # Errors
    /// [`SyntaxError`] with the message of the reference implementation.
    pub fn read(text: &str) -> Result<References, SyntaxError> {
        Ok(References::of(&syntax::parse(text.trim())?.tree))
    }

    pub(super) fn of(tree: &Tree) -> References {
        let mut walk = Walk::default();
        walk.visit(tree, true);
        walk.found.states_path = states_path(tree);
        walk.found
    }

    /// The workflow variables whose values are read, without `$`, in order of appearance. Functions of the language are not
    /// among them, nor what is only asked for its existence.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|name| &**name)
    }

    /// Whether the expression may read this part of the context object.
    pub fn may_read_context(&self, part: &str) -> bool {
        self.context.is_whole || self.context.names.iter().any(|name| &**name == part)
    }

    /// The place in `$states` that the expression stands for, if it is nothing but names.
    pub fn states_path(&self) -> Option<&StatesPath> {
        self.states_path.as_ref()
    }

    /// The references that the service refuses when a state machine is created, in a field that has these members of
    /// `$states`.
    pub fn unsupported(&self, offered: &[StatesField]) -> Vec<Unsupported> {
        let missing = self.fields.iter().filter(|field| !offered.contains(field));
        let missing = missing.map(|field| Unsupported::Field(field.as_str().into()));
        self.unsupported.iter().cloned().chain(missing).collect()
    }

    fn refuse(&mut self, what: Unsupported) {
        if !self.unsupported.contains(&what) {
            self.unsupported.push(what);
        }
    }
}

fn states_path(tree: &Tree) -> Option<StatesPath> {
    let Kind::Path { steps, keep_array: false } = &tree.kind else { return None };
    let is_plain = |tree: &Tree| {
        tree.predicates.is_empty() && tree.stages.is_empty() && tree.group.is_none() && !tree.keep_array && !tree.tuple
    };
    let [states, names @ ..] = steps.as_slice() else { return None };
    let is_states = matches!(&states.kind, Kind::Variable(name) if &**name == "states");
    if !is_states || !is_plain(tree) || !steps.iter().all(is_plain) {
        return None;
    }
    let mut names = names.iter().map(|step| match &step.kind {
        Kind::Name(name) => Some(name.clone()),
        _ => None,
    });
    let field = names.next()??;
    let field = StatesField::ALL.into_iter().find(|known| *known.as_str() == *field)?;
    Some(StatesPath { field, names: names.collect::<Option<_>>()? })
}

#[derive(Default)]
struct Walk {
    found: References,
    /// Names bound where the walk is, innermost last.
    bound: Vec<Box<str>>,
}

impl Walk {
    fn variable(&mut self, name: &str, top: bool) {
        match name {
            "" if top => self.found.refuse(Unsupported::TopLevel("$".into())),
            "" => {}
            "$" => self.found.refuse(Unsupported::Root),
            name => {
                self.found.context.is_whole |= name == "states";
                let is_local = self.bound.iter().any(|bound| &**bound == name) || Function::find(name).is_some();
                if name != "states" && !is_local && !self.found.variables.iter().any(|known| &**known == name) {
                    self.found.variables.push(name.into());
                }
            }
        }
    }

    fn bind(&mut self, name: &str) {
        if name == "states" {
            self.found.refuse(Unsupported::Reserved);
        }
        self.bound.push(name.into());
    }

    fn field(&mut self, name: &str) {
        match StatesField::ALL.into_iter().find(|field| field.as_str() == name) {
            Some(field) if !self.found.fields.contains(&field) => self.found.fields.push(field),
            Some(_) => {}
            None => self.found.refuse(Unsupported::Field(name.into())),
        }
    }

    /// `top`: there is no context that names could be looked up in.
    fn visit(&mut self, tree: &Tree, top: bool) {
        match &tree.kind {
            Kind::Variable(name) => self.variable(name, top),
            Kind::Name(name) if top => self.found.refuse(Unsupported::TopLevel(name.clone())),
            Kind::Wildcard if top => self.found.refuse(Unsupported::TopLevel("*".into())),
            Kind::Descendants if top => self.found.refuse(Unsupported::TopLevel("**".into())),
            Kind::Path { steps, .. } => self.path(steps, top),
            Kind::Bind { name, value } => {
                // A function may call itself.
                self.bind(name);
                self.visit(value, top);
            }
            Kind::Call { procedure, arguments } => self.call(procedure, arguments, top),
            Kind::Lambda(lambda) => {
                let outer = self.bound.len();
                lambda.parameters.iter().for_each(|name| self.bind(name));
                self.visit(&lambda.body, top);
                self.bound.truncate(outer);
            }
            Kind::Block(items) => {
                let outer = self.bound.len();
                self.all(items, top);
                self.bound.truncate(outer);
            }
            Kind::Sort(terms) => self.all(terms.iter().map(|term| &term.key), false),
            Kind::Transform { pattern, update, delete } => {
                self.all([&**pattern, update], false);
                self.all(delete.as_deref(), false);
            }
            _ => self.all(tree.parts(), top),
        }
        self.all(&tree.predicates, false);
        let pairs = tree.group.iter().flat_map(|group| &group.pairs);
        self.all(pairs.flat_map(|(key, value)| [key, value]), false);
    }

    /// What is called by a name is no workflow variable: those are no functions.
    fn call(&mut self, procedure: &Tree, arguments: &[Tree], top: bool) {
        if !matches!(procedure.kind, Kind::Variable(_)) {
            self.visit(procedure, top);
        }
        match arguments {
            [asked] if matches!(&procedure.kind, Kind::Variable(name) if &**name == "exists") => self.asked(asked, top),
            arguments => self.all(arguments, top),
        }
    }

    /// A variable that is asked for its existence need not have a value.
    fn asked(&mut self, asked: &Tree, top: bool) {
        let before = self.found.variables.len();
        self.visit(asked, top);
        let variable = match &asked.kind {
            Kind::Path { steps, .. } => &steps[0].kind,
            kind => kind,
        };
        if let Kind::Variable(name) = variable {
            let mut at = 0;
            self.found.variables.retain(|known| {
                at += 1;
                at <= before || known != name
            });
        }
    }

    fn all<'a>(&mut self, trees: impl IntoIterator<Item = &'a Tree>, top: bool) {
        trees.into_iter().for_each(|tree| self.visit(tree, top));
    }

    /// `next`: the step behind the context object.
    fn context(&mut self, next: Option<&Tree>) {
        match next.map(|step| &step.kind) {
            Some(Kind::Name(part)) => self.found.context.names.push(part.clone()),
            _ => self.found.context.is_whole = true,
        }
    }

    fn path(&mut self, steps: &[Tree], top: bool) {
        let is_states = matches!(&steps[0].kind, Kind::Variable(name) if &**name == "states");
        for (at, step) in steps.iter().enumerate() {
            match (&step.kind, at) {
                (Kind::Variable(_), 0)
                    if is_states && matches!(steps.get(1).map(|step| &step.kind), Some(Kind::Name(_))) => {}
                (Kind::Name(name), 1) if is_states => {
                    self.field(name);
                    if &**name == StatesField::Context.as_str() {
                        self.context(steps.get(2));
                    }
                }
                _ => self.visit(step, top && at == 0),
            }
            for name in step.focus.iter().chain(&step.index) {
                self.bind(name);
            }
            for stage in &step.stages {
                match stage {
                    Stage::Filter(filter) => self.visit(filter, false),
                    Stage::Index(name) => self.bind(name),
                }
            }
        }
    }
}
