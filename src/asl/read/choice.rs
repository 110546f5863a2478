//! Choice states.

use super::super::diagnostic::Code;
use super::super::model::{ChoiceRule, ChoiceState, Condition, DataTest, Operand, Operator, QueryLanguage};
use super::super::node::{Member, Node};
use super::super::syntax;
use super::object::unquoted_hint;
use super::{Object, Reader, template};
use crate::suggest;

impl Reader {
    pub(super) fn choice(&mut self, object: &Object<'_>) -> Option<ChoiceState> {
        self.require(object, &["Choices"]);
        let default = self.target(object, "Default");
        let rules = object.get("Choices")?;
        let Some(rules) = rules.as_array() else {
            self.error(object.at("Choices"), &rules.span, "Expected value of type Array");
            return None;
        };
        if rules.is_empty() {
            self.error(object.at("Choices"), &object.mark, "Value cannot be empty");
            return None;
        }
        let mut choices = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            let location = format!("{}[{index}]", object.at("Choices"));
            choices.push(self.object(rule, location, object.language).and_then(|rule| self.choice_rule(&rule)));
        }
        let choices: Option<Vec<_>> = choices.into_iter().collect();
        Some(ChoiceState { choices: choices?, default })
    }

    fn choice_rule(&mut self, object: &Object<'_>) -> Option<ChoiceRule> {
        self.require(object, &["Next"]);
        let next = self.target(object, "Next");
        let assign = self.assign(object);
        let output = self.template(object, "Output");
        let condition = match object.language {
            QueryLanguage::JSONata => self.expression_condition(object),
            QueryLanguage::JSONPath => self.condition(object, true),
        };
        Some(ChoiceRule {
            condition: condition?,
            next: next?,
            assign,
            output,
            location: object.location.clone(),
            span: object.span.clone(),
        })
    }

    fn expression_condition(&mut self, object: &Object<'_>) -> Option<Condition> {
        self.check_rule_fields(object, true);
        self.require(object, &["Condition"]);
        let node = object.get("Condition")?;
        self.check_expressions(object, "Condition");
        if node.as_bool().is_none() && !node.as_str().is_some_and(template::is_expression) {
            let message = "Expected value of type Boolean or a JSONata expression";
            self.error(object.at("Condition"), &node.span, message).hint =
                Some("Write it like \"{% $states.input.total > 100 %}\".".to_owned());
            return None;
        }
        Some(Condition::Expression(node.clone()))
    }

    fn condition(&mut self, object: &Object<'_>, top_level: bool) -> Option<Condition> {
        self.check_rule_fields(object, top_level);
        let operator = self.rule_operator(object)?;
        match operator.key.as_str() {
            "And" => self.nested(object, operator).map(Condition::And),
            "Or" => self.nested(object, operator).map(Condition::Or),
            "Not" => {
                let rule = self.object(&operator.value, object.at("Not"), object.language)?;
                self.condition(&rule, false).map(|rule| Condition::Not(Box::new(rule)))
            }
            _ => self.data_test(object, operator).map(Condition::Test),
        }
    }

    fn nested(&mut self, object: &Object<'_>, operator: &Member) -> Option<Vec<Condition>> {
        let location = object.at(&operator.key);
        let Some(rules) = operator.value.as_array() else {
            self.error(location, &operator.value.span, "Expected value of type Array");
            return None;
        };
        if rules.is_empty() {
            self.error(location, &operator.value.span, "Value cannot be empty");
            return None;
        }
        let mut conditions = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            let rule = self.object(rule, format!("{location}[{index}]"), object.language);
            conditions.push(rule.and_then(|rule| self.condition(&rule, false)));
        }
        conditions.into_iter().collect()
    }

    fn data_test(&mut self, object: &Object<'_>, member: &Member) -> Option<DataTest> {
        self.require(object, &["Variable"]);
        let variable = self.reference_path(object, "Variable");
        let operator = Operator::from_name(&member.key)?;
        let valid = self.check_operand(object, operator, &member.value);
        Some(DataTest {
            operator,
            variable: variable?,
            operand: valid.then(|| member.value.clone())?,
            operator_span: member.key_span.clone(),
        })
    }

    fn check_operand(&mut self, object: &Object<'_>, operator: Operator, node: &Node) -> bool {
        let name = operator.as_str();
        let expected = match operator.operand() {
            Operand::Path => return self.reference_path(object, name).is_some(),
            Operand::Number => node.as_f64().is_none().then_some("Number"),
            Operand::Boolean => node.as_bool().is_none().then_some("Boolean"),
            Operand::String | Operand::Timestamp => node.as_str().is_none().then_some("String"),
        };
        if let Some(expected) = expected {
            let fault = self.error(object.at(name), &node.span, format!("Expected value of type {expected}"));
            fault.hint = operand_hint(name, expected, node);
            return false;
        }
        let Some(text) = node.as_str() else { return true };
        if operator.operand() == Operand::Timestamp && !syntax::timestamp(text) {
            self.error(object.at(name), &node.span, "String does not match RFC3339 timestamp");
            return false;
        }
        if operator.operand() == Operand::String && syntax::looks_like_template_value(text) {
            let message = "Field value looks like a path, but field name does not end with 'Path'";
            let hint =
                format!("To compare with a value of the data, write '{name}Path'; here the text itself is compared.");
            self.warning(Code::NoPath, object.at(name), &node.span, message).hint = Some(hint);
        }
        true
    }

    fn rule_operator<'a>(&mut self, object: &Object<'a>) -> Option<&'a Member> {
        let names: Vec<&str> = operator_names().collect();
        let given = object.members.iter().filter(|member| names.contains(&member.key.as_str())).count();
        let unknown = object.members.iter().any(|member| !is_rule_field(&member.key));
        if given == 0 && unknown {
            // The unknown field is the operator, and has been reported.
            return None;
        }
        self.one_of(object, &names, false)
    }

    fn check_rule_fields(&mut self, object: &Object<'_>, top_level: bool) {
        for member in object.members {
            let key = member.key.as_str();
            let path_only = key == "Variable" || operator_names().any(|name| name == key);
            let language = match key {
                "Condition" | "Output" => Some(QueryLanguage::JSONata),
                _ if path_only => Some(QueryLanguage::JSONPath),
                _ => None,
            };
            let outermost_only = matches!(key, "Next" | "Assign");
            if let Some(language) = language.filter(|language| *language != object.language) {
                self.foreign_field(object, member, language);
            } else if !is_rule_field(key) || (outermost_only && !top_level) {
                let hint = match suggest::closest(key, operator_names().chain(["Variable", "Next"])) {
                    Some(_) if outermost_only => format!("'{key}' belongs to the outermost rule."),
                    Some(name) => format!("Did you mean '{name}'?"),
                    None => "Comparisons are named like StringEquals or NumericLessThan.".to_owned(),
                };
                let message = format!("Field '{key}' is not supported");
                self.error(object.location.clone(), &member.key_span, message).hint = Some(hint);
            }
        }
    }
}

/// For an operand of the wrong type.
fn operand_hint(name: &str, expected: &str, node: &Node) -> Option<String> {
    let text = node.as_str();
    if text.is_some_and(|text| syntax::path(text).is_ok()) && Operator::from_name(&format!("{name}Path")).is_some() {
        return Some(format!("To compare with a value of the data, write '{name}Path'."));
    }
    match text {
        Some(_) => unquoted_hint(node),
        None if expected == "String" => Some("Put the value in quotes, or compare numbers with Numeric….".to_owned()),
        None => None,
    }
}

fn is_rule_field(key: &str) -> bool {
    matches!(key, "Variable" | "Condition" | "Next" | "Assign" | "Output" | "Comment")
        || operator_names().any(|name| name == key)
}

fn operator_names() -> impl Iterator<Item = &'static str> {
    Operator::ALL.iter().map(|operator| operator.as_str()).chain(["And", "Or", "Not"])
}
