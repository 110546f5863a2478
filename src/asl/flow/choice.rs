//! Which rules of a Choice can match, as far as that is certain.

use super::super::model::{ChoiceState, Condition, DataTest, Operand, Operator, State};
use super::super::node::Spanned;
use super::places::Scope;
use super::{Data, Exits, Flow};
use crate::expr::path::Path;
use crate::expr::{Place, Root};

impl<'a> Flow<'a> {
    pub(super) fn choice(
        &mut self,
        state: &'a State,
        choice: &'a ChoiceState,
        data: &Data,
        scope: &Scope<'_>,
    ) -> Exits<'a> {
        let mut exits = Exits::default();
        let output = self.selected(&state.output_path, scope, &format!("{}/OutputPath", state.location));
        for rule in &choice.choices {
            let matches = self.condition(&rule.condition, scope, &rule.location);
            if matches == Some(false) {
                continue;
            }
            let assigned = self.assign(rule.assign.as_ref(), scope, &rule.location);
            let data = Data { input: output.clone(), variables: data.variables.with(assigned) };
            exits.next.push((&rule.next.value, data));
            if matches == Some(true) {
                // Later rules are not looked at.
                return exits;
            }
        }
        if let Some(default) = &choice.default {
            let assigned = self.assign(state.assign.as_ref(), scope, &state.location);
            exits.next.push((&default.value, Data { input: output, variables: data.variables.with(assigned) }));
        }
        exits
    }

    /// What the condition gives, if that is certain.
    fn condition(&mut self, condition: &Condition, scope: &Scope<'_>, location: &str) -> Option<bool> {
        match condition {
            Condition::And(all) => {
                let mut sum = Some(true);
                for one in all {
                    match self.condition(one, scope, location) {
                        Some(false) => return Some(false),
                        None => sum = None,
                        Some(true) => {}
                    }
                }
                sum
            }
            Condition::Or(any) => {
                let mut sum = Some(false);
                for one in any {
                    match self.condition(one, scope, location) {
                        Some(true) => return Some(true),
                        None => sum = None,
                        Some(false) => {}
                    }
                }
                sum
            }
            Condition::Not(inner) => self.condition(inner, scope, location).map(|matches| !matches),
            Condition::Test(test) => self.test(test, scope, location),
            Condition::Expression(_) => None,
        }
    }

    fn test(&mut self, test: &DataTest, scope: &Scope<'_>, location: &str) -> Option<bool> {
        if test.operator == Operator::IsPresent {
            let wanted = test.operand.as_bool()?;
            return never_exists(&test.variable, scope).then_some(!wanted);
        }
        self.path(&test.variable, scope, &format!("{location}/Variable"));
        if test.operator.operand() == Operand::Path
            && let Some(text) = test.operand.as_str()
        {
            let path = Spanned { value: text.to_owned(), span: test.operand.span.clone() };
            self.path(&path, scope, &format!("{location}/{}", test.operator.as_str()));
        }
        None
    }
}

/// Whether a path leads to nothing, ever.
fn never_exists(path: &Spanned<String>, scope: &Scope<'_>) -> bool {
    let Ok(path) = Path::parse(&path.value) else { return false };
    let root = match path.root() {
        Root::Input => scope.data.clone(),
        Root::Context => scope.context.clone(),
        Root::Variable(name) => match scope.variables.get(name) {
            Some(shape) => shape.clone(),
            None => return false,
        },
    };
    let Some(mut places) = path.places() else { return false };
    places
        .try_fold(root, |shape, place| match place {
            Place::Name(name) => shape.name(name),
            Place::Index(index) if index < 0 => None,
            Place::Index(_) => shape.index(),
        })
        .is_none()
}
