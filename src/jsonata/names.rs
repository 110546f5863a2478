//! What an expression asks its scope for.

use jsonata_core::ast::{AstNode, PathStep, Stage};

use super::scope::StatesField;

/// The variables that an expression reads, its own included, and the members of `$states`.
#[derive(Debug, Default)]
pub(super) struct Names {
    fields: Vec<StatesField>,
    variables: Vec<Box<str>>,
}

impl Names {
    pub(super) fn of(ast: &AstNode) -> Names {
        let mut names = Names::default();
        names.visit(ast);
        names
    }

    /// Whether the member of `$states` is read.
    pub(super) fn uses(&self, field: StatesField) -> bool {
        self.fields.contains(&field)
    }

    /// The names of variables, without `$`.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|name| &**name)
    }

    fn read(&mut self, variable: &str) {
        match variable {
            "states" => self.fields = StatesField::ALL.to_vec(),
            "" => {}
            name if self.variables.iter().all(|known| &**known != name) => self.variables.push(name.into()),
            _ => {}
        }
    }

    fn read_field(&mut self, name: &str) {
        let field = StatesField::ALL.into_iter().find(|field| field.as_str() == name);
        if let Some(field) = field.filter(|field| !self.fields.contains(field)) {
            self.fields.push(field);
        }
    }

    fn path(&mut self, steps: &[PathStep]) {
        let mut rest = steps;
        if let [first, second, ..] = steps
            && let (AstNode::Variable(variable), AstNode::Name(field)) = (&first.node, &second.node)
            && variable == "states"
        {
            self.read_field(field);
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
