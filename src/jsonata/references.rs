//! References that the service refuses when a state machine is created, and the variables that an expression reads.

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};

use super::scope::StatesField;

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
pub(super) struct References {
    /// Workflow variables, in order of appearance.
    pub(super) variables: Vec<Box<str>>,
    pub(super) fields: Vec<StatesField>,
    /// Something asks for `$states` as a whole, or for a member that there is not.
    unsupported: Vec<Unsupported>,
}

impl References {
    pub(super) fn of(ast: &AstNode) -> References {
        let mut walk = Walk::default();
        walk.visit(ast, true);
        walk.found
    }

    /// What is not supported in a field that has these members of `$states`.
    pub(super) fn unsupported(&self, offered: &[StatesField]) -> Vec<Unsupported> {
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

#[derive(Default)]
struct Walk {
    found: References,
    /// Names bound where the walk is, innermost last.
    bound: Vec<Box<str>>,
}

impl Walk {
    fn variable(&mut self, name: &str, top: bool) {
        if name.is_empty() {
            if top {
                self.found.refuse(Unsupported::TopLevel("$".into()));
            }
            return;
        }
        let is_local = self.bound.iter().any(|bound| &**bound == name);
        if name != "states" && !is_local && !self.found.variables.iter().any(|known| &**known == name) {
            self.found.variables.push(name.into());
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
    fn visit(&mut self, node: &AstNode, top: bool) {
        match node {
            AstNode::Variable(name) => self.variable(name, top),
            AstNode::ParentVariable(_) => self.found.refuse(Unsupported::Root),
            AstNode::Name(name) if top => self.found.refuse(Unsupported::TopLevel((**name).into())),
            AstNode::Wildcard if top => self.found.refuse(Unsupported::TopLevel("*".into())),
            AstNode::Descendant if top => self.found.refuse(Unsupported::TopLevel("**".into())),
            AstNode::Path { steps } => self.path(steps, top),
            AstNode::Binary { op: BinaryOp::ColonEqual, lhs, rhs } => {
                // A function may call itself.
                if let AstNode::Variable(name) = &**lhs {
                    self.bind(name);
                }
                self.visit(rhs, top);
            }
            AstNode::Binary { lhs, rhs, .. } => self.all([&**lhs, rhs], top),
            AstNode::Unary { operand: inner, .. } | AstNode::FunctionApplication(inner) => self.visit(inner, top),
            AstNode::Function { name, args, is_builtin } => {
                if !is_builtin && top {
                    self.found.refuse(Unsupported::TopLevel((**name).into()));
                }
                self.all(args, top);
            }
            AstNode::Call { procedure, args } => {
                self.visit(procedure, top);
                self.all(args, top);
            }
            AstNode::Lambda { params, body, .. } => {
                let outer = self.bound.len();
                params.iter().for_each(|name| self.bind(name));
                self.visit(body, top);
                self.bound.truncate(outer);
            }
            AstNode::Block(items) => {
                let outer = self.bound.len();
                self.all(items, top);
                self.bound.truncate(outer);
            }
            AstNode::Array(items) | AstNode::ArrayGroup(items) => self.all(items, top),
            AstNode::Object(pairs) => self.pairs(pairs, top),
            AstNode::ObjectTransform { input, pattern } => {
                self.visit(input, top);
                self.pairs(pattern, false);
            }
            AstNode::Conditional { condition, then_branch, else_branch } => {
                self.all([&**condition, then_branch], top);
                self.all(else_branch.as_deref(), top);
            }
            AstNode::Sort { input, terms } => {
                self.visit(input, top);
                self.all(terms.iter().map(|(term, _)| term), false);
            }
            AstNode::Transform { location, update, delete } => {
                self.all([&**location, update], false);
                self.all(delete.as_deref(), false);
            }
            // Literals, and what only has a meaning inside a path.
            _ => {}
        }
    }

    fn all<'a>(&mut self, nodes: impl IntoIterator<Item = &'a AstNode>, top: bool) {
        nodes.into_iter().for_each(|node| self.visit(node, top));
    }

    fn pairs(&mut self, pairs: &[(AstNode, AstNode)], top: bool) {
        pairs.iter().for_each(|(key, value)| self.all([key, value], top));
    }

    fn path(&mut self, steps: &[PathStep], top: bool) {
        let is_states = |step: &PathStep| matches!(&step.node, AstNode::Variable(name) if name == "states");
        for (at, step) in steps.iter().enumerate() {
            match (&step.node, at) {
                (AstNode::Name(name), 1) if is_states(&steps[0]) => self.field(name),
                (node, at) => self.visit(node, top && at == 0),
            }
            for name in step.focus.iter().chain(&step.index_var) {
                self.bind(name);
            }
            for stage in &step.stages {
                match stage {
                    Stage::Filter(filter) => self.visit(filter, false),
                    Stage::Index(name) => self.bind(name),
                    Stage::KeepArray => {}
                }
            }
        }
    }
}
