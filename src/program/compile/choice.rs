//! Choice rules: comparisons are typed and their operands parsed.

use super::{Compiler, Names};
use crate::asl;
use crate::expr::condition::{OperandForm, Pattern, StringTable};
use crate::expr::{Condition, Instant, Operand, Operator, Path, Test};
use crate::program::{Choice, ChoiceRule, Kind, RuleCondition};
use crate::value::Num;

impl Compiler {
    pub(super) fn choice(&mut self, choice: &asl::ChoiceState, names: Names<'_>) -> Option<Kind> {
        let rules: Vec<_> = choice.choices.iter().map(|rule| self.rule(rule, names)).collect();
        let default = choice.default.as_ref().map(|name| names.find(&name.value));
        let rules: Vec<ChoiceRule> = rules.into_iter().collect::<Option<_>>()?;
        let tables = StringTable::find(rules.iter().map(|rule| match &rule.condition {
            RuleCondition::Test(condition) => Some(condition),
            RuleCondition::Constant(_) | RuleCondition::Query(_) => None,
        }));
        Some(Kind::Choice(Choice { rules, tables, default }))
    }

    fn rule(&mut self, rule: &asl::ChoiceRule, names: Names<'_>) -> Option<ChoiceRule> {
        let condition = self.rule_condition(&rule.condition, &rule.location);
        let assign = self.optional_payload(&rule.assign, &format!("{}/Assign", rule.location));
        let output = self.optional_payload(&rule.output, &format!("{}/Output", rule.location));
        let next = names.find(&rule.next.value);
        Some(ChoiceRule { condition: condition?, assign: assign?, output: output?, next })
    }

    fn rule_condition(&mut self, condition: &asl::Condition, location: &str) -> Option<RuleCondition> {
        let asl::Condition::Expression(node) = condition else {
            return self.condition(condition, location).map(RuleCondition::Test);
        };
        match (node.as_bool(), node.as_str()) {
            (Some(constant), _) => Some(RuleCondition::Constant(constant)),
            (None, text) => {
                let text = text.unwrap_or_default();
                self.query(text, &format!("{location}/Condition"), &node.span).map(RuleCondition::Query)
            }
        }
    }

    fn condition(&mut self, condition: &asl::Condition, location: &str) -> Option<Condition> {
        Some(match condition {
            asl::Condition::And(all) => Condition::And(self.conditions(all, location)?),
            asl::Condition::Or(any) => Condition::Or(self.conditions(any, location)?),
            asl::Condition::Not(inner) => Condition::Not(Box::new(self.condition(inner, location)?)),
            asl::Condition::Test(test) => Condition::Test(self.test(test, location)?),
            // The reader lets expressions stand only at the top of a rule.
            asl::Condition::Expression(node) => {
                self.fault("A JSONata condition cannot be nested".to_owned(), location.to_owned(), &node.span);
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
        let built = Operator::from_name(name).and_then(|(operator, form)| {
            Some(Test { variable, operator, operand: self.operand(&test.operand, form)? })
        });
        if built.is_none() {
            let mut operand = String::new();
            test.operand.write_json(&mut operand);
            self.fault(format!("{name} cannot compare with {operand}"), location.to_owned(), &test.operand.span);
        }
        built
    }

    fn operand(&mut self, node: &asl::Node, form: OperandForm) -> Option<Operand> {
        Some(match form {
            OperandForm::String => Operand::String(node.as_str()?.into()),
            OperandForm::Number => Operand::Number(match &node.kind {
                asl::NodeKind::Number(digits) => Num::parse(digits)?,
                _ => return None,
            }),
            OperandForm::Boolean => Operand::Boolean(node.as_bool()?),
            OperandForm::Timestamp => Operand::Timestamp(Instant::parse(node.as_str()?)?),
            OperandForm::Pattern => Operand::Pattern(Pattern::new(node.as_str()?)),
            OperandForm::Path => {
                let path = Path::parse(node.as_str()?).ok()?;
                self.note_path(&path);
                Operand::Path(path)
            }
        })
    }
}
