//! Choice rules: comparisons are typed and their operands parsed.

use super::{Compiler, Names};
use crate::asl::{self, Operand};
use crate::expr::{Condition, Operator, Path, Test};
use crate::program::{ChoiceRule, Kind};

impl Compiler {
    pub(super) fn choice(&mut self, choice: &asl::ChoiceState, names: Names<'_>) -> Option<Kind> {
        let rules: Vec<_> = choice.choices.iter().map(|rule| self.rule(rule, names)).collect();
        let default = choice.default.as_ref().map(|name| names.find(&name.value));
        Some(Kind::Choice { rules: rules.into_iter().collect::<Option<_>>()?, default })
    }

    fn rule(&mut self, rule: &asl::ChoiceRule, names: Names<'_>) -> Option<ChoiceRule> {
        let condition = self.condition(&rule.condition, &rule.location);
        let assign = self.optional_template(&rule.assign, &format!("{}/Assign", rule.location));
        Some(ChoiceRule { condition: condition?, assign: assign?, next: names.find(&rule.next.value) })
    }

    fn condition(&mut self, condition: &asl::Condition, location: &str) -> Option<Condition> {
        Some(match condition {
            asl::Condition::And(all) => Condition::And(self.conditions(all, location)?),
            asl::Condition::Or(any) => Condition::Or(self.conditions(any, location)?),
            asl::Condition::Not(inner) => Condition::Not(Box::new(self.condition(inner, location)?)),
            asl::Condition::Test(test) => Condition::Test(self.test(test, location)?),
            asl::Condition::Expression(node) => {
                self.fault("A JSONata condition cannot be run yet".to_owned(), location.to_owned(), &node.span);
                return None;
            }
        })
    }

    fn conditions(&mut self, conditions: &[asl::Condition], location: &str) -> Option<Vec<Condition>> {
        conditions.iter().map(|condition| self.condition(condition, location)).collect()
    }

    fn test(&mut self, test: &asl::DataTest, location: &str) -> Option<Test> {
        let variable = self.path(&test.variable, || format!("{location}/Variable"))?;
        let name = test.operator.as_str();
        let text = || test.operand.as_str().unwrap_or_default();
        let built = Operator::from_name(name).and_then(|operator| match test.operator.operand() {
            Operand::String | Operand::Timestamp => Test::with_text(variable, operator, text()),
            Operand::Number => Test::with_number(variable, operator, test.operand.as_f64().unwrap_or_default()),
            Operand::Boolean => Test::with_bool(variable, operator, test.operand.as_bool().unwrap_or_default()),
            Operand::Path => Test::with_path(variable, operator, Path::parse(text()).ok()?),
        });
        if built.is_none() {
            let mut operand = String::new();
            test.operand.write_json(&mut operand);
            self.fault(format!("{name} cannot compare with {operand}"), location.to_owned(), &test.operand.span);
        }
        built
    }
}
