//! Random states in JSONata.

use serde_json::{Value, json};

use crate::machines::Dice;

/// Expressions that any field may hold.
const EXPRESSIONS: [&str; 16] = [
    "$states.input",
    "$states.input.list",
    "$states.input.list.a",
    "$states.input.list[a > 1]",
    "$states.context.Execution.Input.list[-1]",
    "$states.context.State.Name & '!'",
    "$states.context.Map.Item.Value",
    "$sum($states.context.Execution.Input.list.a)",
    "{'n': $states.input.a, 'all': [$states.input.list, 1]}",
    "$exists($states.input.r) ? 'r' : $count($states.input.list)",
    "$map($states.input.list, function($x, $i) { $i })",
    "$merge([{'a': 1}, {'list': $append($states.input.list, $random())}])",
    "($x := $states.context.Execution.Input.a; [0..$x])",
    "$string($states.input)",
    "$missing",
    "1 + $states.input.list[0]",
];

const CONDITIONS: [&str; 5] = [
    "$states.input.a = 2",
    "$count($states.input.list) > 2",
    "$states.input.a > 1 and $exists($states.input.list)",
    "$states.context.Execution.Input.a in [0, 3]",
    "$states.input",
];

impl Dice<'_> {
    /// Turns a state into one of JSONata: its type, and how it goes on, stay.
    pub fn translate(&mut self, kind: &str, depth: usize, names: &[String], state: &mut Value) {
        state["QueryLanguage"] = json!("JSONata");
        if !matches!(kind, "Fail" | "Map" | "Parallel") || self.rarely(3) {
            state["Output"] = self.structure();
        }
        if kind != "Succeed" && self.rarely(4) {
            state["Assign"] =
                json!({(format!("v{depth}")): self.expression(), (format!("w{depth}")): [1, self.expression()]});
        }
        match kind {
            "Task" | "Parallel" if self.rarely(3) => state["Arguments"] = self.structure(),
            "Wait" => state["Seconds"] = json!("{% $count($states.input.list) %}"),
            "Map" => self.items(state),
            "Choice" => {
                let rules = (0..=self.roll(2)).map(|_| {
                    let condition = format!("{{% {} %}}", self.one_of(&CONDITIONS));
                    let mut rule = json!({"Condition": condition, "Next": self.one_of(names)});
                    if self.rarely(2) {
                        rule["Output"] = self.structure();
                    }
                    rule
                });
                state["Choices"] = rules.collect();
            }
            _ => {}
        }
        if matches!(kind, "Task" | "Map" | "Parallel") && self.rarely(2) {
            state["Retry"] =
                json!([{"ErrorEquals": ["States.QueryEvaluationError", "E"], "MaxAttempts": self.roll(3)}]);
            state["Catch"] = json!([
                {"ErrorEquals": ["E"], "Next": self.one_of(names), "Output": {"was": "{% $states.input %}", "e": "{% $states.errorOutput %}"}},
                {"ErrorEquals": ["States.ALL"], "Next": self.one_of(names)}]);
        }
    }

    fn items(&mut self, state: &mut Value) {
        state["Items"] = match self.roll(3) {
            0 => json!("{% [$states.context.Execution.Input.list] %}"),
            1 => json!([1, self.expression()]),
            _ => json!("{% $states.input.list %}"),
        };
        if self.rarely(2) {
            state["ItemSelector"] =
                json!({"a": "{% $states.context.Map.Item.Index %}", "list": ["{% $states.context.Map.Item.Value %}"]});
        }
    }

    pub fn structure(&mut self) -> Value {
        match self.roll(3) {
            0 => json!({"a": 2, "list": [{"a": 3}, self.expression()], "x": self.expression()}),
            1 => json!("{% $states.context.Execution.Input %}"),
            _ => self.expression(),
        }
    }

    fn expression(&mut self) -> Value {
        json!(format!("{{% {} %}}", self.one_of(&EXPRESSIONS)))
    }
}
