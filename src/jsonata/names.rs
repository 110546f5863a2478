//! What an expression asks its scope for.

use jsonata_core::ast::{AstNode, PathStep, Stage};

use super::scope::StatesField;

/// The variables that an expression reads, its own included, and the members of `$states`.
#[derive(Debug, Default)]
pub(super) struct Names {
    fields: Vec<(StatesField, Needed)>,
    variables: Vec<Box<str>>,
}

/// What of a value is read.
#[derive(Debug, Default)]
pub(super) struct Needed {
    /// All of it.
    pub(super) whole: bool,
    /// Otherwise, only these fields of it, or of its items.
    pub(super) fields: Vec<(Box<str>, Needed)>,
}

impl Needed {
    /// Adds what lies at the end of these names.
    fn add(&mut self, names: &[&str]) {
        let Some((name, rest)) = names.split_first() else {
            self.whole = true;
            return;
        };
        let at = self.fields.iter().position(|(known, _)| **known == **name).unwrap_or_else(|| {
            self.fields.push(((*name).into(), Needed::default()));
            self.fields.len() - 1
        });
        self.fields[at].1.add(rest);
    }
}

impl Names {
    pub(super) fn of(ast: &AstNode) -> Names {
        let mut names = Names::default();
        names.visit(ast);
        names
    }

    /// What of a member of `$states` is read, if anything.
    pub(super) fn needed(&self, field: StatesField) -> Option<&Needed> {
        self.fields.iter().find(|(known, _)| *known == field).map(|(_, needed)| needed)
    }

    /// The names of variables, without `$`.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|name| &**name)
    }

    fn read(&mut self, variable: &str) {
        match variable {
            "states" => StatesField::ALL.into_iter().for_each(|field| self.read_field(field.as_str(), &[])),
            "" => {}
            name if self.variables.iter().all(|known| &**known != name) => self.variables.push(name.into()),
            _ => {}
        }
    }

    /// Notes that a member of `$states` is read, or what lies in it at the end of these names.
    fn read_field(&mut self, name: &str, names: &[&str]) {
        let Some(field) = StatesField::ALL.into_iter().find(|field| field.as_str() == name) else { return };
        let at = self.fields.iter().position(|(known, _)| *known == field).unwrap_or_else(|| {
            self.fields.push((field, Needed::default()));
            self.fields.len() - 1
        });
        self.fields[at].1.add(names);
    }

    fn path(&mut self, steps: &[PathStep]) {
        let mut rest = steps;
        if let [first, second, ..] = steps
            && let (AstNode::Variable(variable), AstNode::Name(field)) = (&first.node, &second.node)
            && variable == "states"
        {
            // Up to the first step that is more than a name: what it is applied to is needed as it is.
            let mut names = Vec::new();
            for (step, next) in std::iter::zip(&steps[1..], &steps[2..]) {
                match &next.node {
                    AstNode::Name(name) if is_plain(step) && !keeps_input(next) => names.push(&**name),
                    _ => break,
                }
            }
            self.read_field(field, &names);
            first.stages.iter().for_each(|stage| self.stage(stage));
            rest = &steps[1..];
        }
        for step in rest {
            self.visit(&step.node);
            step.stages.iter().for_each(|stage| self.stage(stage));
        }
    }

    fn stage(&mut self, stage: &Stage) {
        if let Stage::Filter(filter) = stage {
            self.visit(filter);
        }
    }

    fn pairs(&mut self, pairs: &[(AstNode, AstNode)]) {
        for (key, value) in pairs {
            self.visit(key);
            self.visit(value);
        }
    }

    fn visit(&mut self, node: &AstNode) {
        match node {
            AstNode::Variable(name) => self.read(name),
            AstNode::Path { steps } => self.path(steps),
            AstNode::Binary { lhs, rhs, .. } => {
                self.visit(lhs);
                self.visit(rhs);
            }
            AstNode::Unary { operand, .. } => self.visit(operand),
            AstNode::Function { name, args, .. } => {
                self.read(name);
                args.iter().for_each(|argument| self.visit(argument));
            }
            AstNode::Call { procedure, args } => {
                self.visit(procedure);
                args.iter().for_each(|argument| self.visit(argument));
            }
            AstNode::Lambda { body, .. } => self.visit(body),
            AstNode::Array(items) | AstNode::ArrayGroup(items) | AstNode::Block(items) => {
                items.iter().for_each(|item| self.visit(item));
            }
            AstNode::Object(pairs) => self.pairs(pairs),
            AstNode::ObjectTransform { input, pattern } => {
                self.visit(input);
                self.pairs(pattern);
            }
            AstNode::Conditional { condition, then_branch, else_branch } => {
                self.visit(condition);
                self.visit(then_branch);
                if let Some(other) = else_branch {
                    self.visit(other);
                }
            }
            AstNode::FunctionApplication(inner) => self.visit(inner),
            AstNode::Sort { input, terms } => {
                self.visit(input);
                terms.iter().for_each(|(term, _)| self.visit(term));
            }
            AstNode::Transform { location, update, delete } => {
                self.visit(location);
                self.visit(update);
                if let Some(delete) = delete {
                    self.visit(delete);
                }
            }
            AstNode::String(_)
            | AstNode::Name(_)
            | AstNode::Number(_)
            | AstNode::Boolean(_)
            | AstNode::Null
            | AstNode::Undefined
            | AstNode::Placeholder
            | AstNode::Regex { .. }
            | AstNode::ParentVariable(_)
            | AstNode::Wildcard
            | AstNode::Descendant
            | AstNode::Parent(_) => {}
        }
    }
}

/// Whether what the step is applied to is seen after it: by `%`, or because `@` leaves the context as it is.
fn keeps_input(step: &PathStep) -> bool {
    step.ancestor_label.is_some() || step.focus.is_some() || step.is_tuple
}

/// Whether nothing but the next step sees what this one leads to.
fn is_plain(step: &PathStep) -> bool {
    step.stages.is_empty()
        && step.focus.is_none()
        && step.index_var.is_none()
        && step.ancestor_label.is_none()
        && !step.is_tuple
        && !step.inner_tuple
}
