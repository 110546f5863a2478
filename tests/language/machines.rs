//! Random state machines, inputs and tasks. They are drawn from dice, a list of random bytes: zeros, to which a failing
//! case shrinks, give the simplest choices.

use serde_json::{Map, Value, json};

use crate::driver::Answer;
use stepstream::engine::{TaskCall, TaskFailure};

/// Bytes to draw choices from; zeros when they are used up.
pub struct Dice<'a> {
    bytes: &'a [u8],
    states: usize,
}

/// Paths that name one place, as Choice takes them.
const PLACES: [&str; 6] = ["$", "$$.State.Name", "$$.Execution.Input.a", "$.a", "$$.Map.Item.Value", "$.list[0]"];

/// Most of them find something wherever they are applied, or machines would seldom get anywhere.
const PATHS: [&str; 14] = [
    "$",
    "$$.State.Name",
    "$$.Execution.Input.list",
    "$..a",
    "$.list[*]",
    "$$.Execution.Input.a",
    "$..list[?(@.a > 1)]",
    "$$",
    "$.list[-2:]",
    "$.r[?(@.x)]",
    "$.a",
    "$$.Map.Item.Value",
    "$missing",
    "$['x y']",
];
const CALLS: [&str; 8] = [
    "States.Format('{}-{}', $$.Execution.Input, $$.State.Name)",
    "States.ArrayRange(0, 3, 1)",
    "States.Array($, $..a, null)",
    "States.UUID()",
    "States.MathRandom(0, 100)",
    "States.JsonToString($)",
    "States.MathAdd($$.Execution.Input.a, 1)",
    "States.ArrayLength($.list)",
];
const ERRORS: [&str; 6] = ["E", "F", "E", "States.Timeout", "States.DataLimitExceeded", "States.Runtime"];

impl<'a> Dice<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Dice { bytes, states: 0 }
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        usize::from(*first) % sides
    }

    pub fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.roll(choices.len())].clone()
    }

    /// True one time in `sides`.
    pub fn rarely(&mut self, sides: usize) -> bool {
        self.roll(sides) == sides - 1
    }

    /// An event: in most cases an object that the paths find something in.
    pub fn event(&mut self) -> String {
        let value = if self.rarely(30) { self.value(2) } else { self.object(3) };
        value.to_string()
    }

    fn object(&mut self, depth: usize) -> Value {
        let mut list: Vec<_> = (0..self.roll(4)).map(|_| self.part(depth)).collect();
        list.push(json!({"a": 2}));
        json!({"a": self.roll(5), "b": {"c": self.part(depth)}, "list": list, "x y": []})
    }

    fn part(&mut self, depth: usize) -> Value {
        if depth > 1 && !self.rarely(4) { self.object(depth - 1) } else { self.value(depth - 1) }
    }

    /// A JSON value, mostly of the shape that the paths look for.
    pub fn value(&mut self, depth: usize) -> Value {
        match self.roll(if depth == 0 { 5 } else { 8 }) {
            0 => json!(1),
            1 => json!("text \u{1F600}\n"),
            2 => Value::Null,
            3 => json!(self.roll(2) == 0),
            4 => json!(-2.5e3),
            5 => (0..self.roll(5)).map(|_| self.value(depth - 1)).collect(),
            _ => self.object(depth),
        }
    }

    /// A state machine that the reader accepts.
    pub fn definition(&mut self) -> Value {
        self.machine(3)
    }

    fn machine(&mut self, depth: usize) -> Value {
        let first = self.states;
        let names: Vec<String> = (first..=first + self.roll(5)).map(|number| format!("S{number}")).collect();
        self.states += names.len();
        let mut states = Map::new();
        for (index, name) in names.iter().enumerate() {
            let state = self.state(depth, &names, names.get(index + 1));
            states.insert(name.clone(), state);
        }
        json!({"StartAt": names[0], "States": states})
    }

    fn state(&mut self, depth: usize, names: &[String], next: Option<&String>) -> Value {
        let kinds = if depth == 0 { 6 } else { 9 };
        let mut state = match (self.roll(kinds), next) {
            (0, None) => json!({"Type": "Succeed"}),
            (1, None) => return json!({"Type": "Fail", "Error": self.one_of(&ERRORS), "Cause": "why"}),
            (2, Some(next)) => self.choice(names, next),
            (3, _) => json!({"Type": "Wait", "Seconds": self.roll(4)}),
            (4 | 5, _) => self.task(),
            (6, _) => {
                let branches: Vec<_> = (0..=self.roll(3)).map(|_| self.machine(depth - 1)).collect();
                json!({"Type": "Parallel", "Branches": branches})
            }
            (7 | 8, _) => self.map(depth),
            _ => json!({"Type": "Pass"}),
        };
        let kind = state["Type"].as_str().expect("each has a type").to_owned();
        let jsonata = self.rarely(4);
        if state["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED" {
            self.distributed_fields(jsonata, &mut state);
        }
        if jsonata {
            without_paths(&mut state);
            self.translate(&kind, depth, names, &mut state);
        } else {
            self.data_fields(&kind, depth, &mut state);
            if matches!(&*kind, "Task" | "Map" | "Parallel") {
                self.handlers(names, &mut state);
            }
        }
        match next {
            _ if matches!(&*kind, "Succeed" | "Choice") => {}
            Some(next) => state["Next"] = json!(next),
            None => state["End"] = json!(true),
        }
        state
    }

    fn choice(&mut self, names: &[String], next: &str) -> Value {
        let rules: Vec<_> = (0..=self.roll(2))
            .map(|_| {
                let test = json!({"Variable": self.one_of(&PLACES), "IsPresent": self.roll(2) == 0});
                let rule = match self.roll(3) {
                    0 => test,
                    1 => json!({"And": [test, {"Variable": "$.a", "NumericGreaterThan": 1}]}),
                    _ => json!({"Not": {"Variable": self.one_of(&PLACES), "StringEquals": "text"}}),
                };
                let mut rule = rule;
                rule["Next"] = json!(self.one_of(names));
                rule
            })
            .collect();
        json!({"Type": "Choice", "Choices": rules, "Default": next})
    }

    fn task(&mut self) -> Value {
        let resources = ["arn:aws:states:::lambda:invoke", "arn:aws:lambda:us-east-1:000000000000:function:f"];
        let mut task = json!({"Type": "Task", "Resource": self.one_of(&resources)});
        if self.rarely(3) {
            task["TimeoutSeconds"] = json!(1 + self.roll(5));
        }
        task
    }

    fn map(&mut self, depth: usize) -> Value {
        let mut processor = self.machine(depth - 1);
        let mut map = json!({"Type": "Map", "ItemsPath": self.one_of(&["$$.Execution.Input.list", "$..a", "$$.Execution.Input.list", "$..list[*]", "$.list"]), "MaxConcurrency": self.roll(4)});
        if self.rarely(2) {
            processor["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"});
            map["ToleratedFailureCount"] = json!(self.roll(3));
        }
        if self.rarely(3) {
            map["ItemSelector"] = self.template();
        }
        map["ItemProcessor"] = processor;
        map
    }

    fn distributed_fields(&mut self, jsonata: bool, map: &mut Value) {
        let parameters = if jsonata { "Arguments" } else { "Parameters" };
        if self.rarely(2) {
            map["ItemBatcher"] = json!({"MaxItemsPerBatch": 1 + self.roll(3)});
            if self.rarely(2) {
                map["ItemBatcher"]["BatchInput"] = if jsonata { self.structure() } else { self.template() };
            }
        }
        if self.rarely(3) {
            let config = match self.roll(3) {
                0 => json!({"InputType": "JSON"}),
                1 => json!({"InputType": "JSONL", "MaxItems": 2}),
                _ => json!({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}),
            };
            let place = if jsonata {
                json!({"Bucket": "b", "Key": "{% $states.context.State.Name %}"})
            } else {
                json!({"Bucket": "b", "Key.$": "States.Format('{}', $$.State.Name)"})
            };
            map["ItemReader"] =
                json!({"Resource": "arn:aws:states:::s3:getObject", parameters: place, "ReaderConfig": config});
        }
        if !self.rarely(3) {
            let config = json!({"Transformation": self.one_of(&["NONE", "COMPACT", "FLATTEN"])});
            map["ResultWriter"] = json!({"WriterConfig": config});
            if !self.rarely(4) {
                map["ResultWriter"]["Resource"] = json!("arn:aws:states:::s3:putObject");
                map["ResultWriter"][parameters] = json!({"Bucket": "b", "Prefix": "p"});
            }
        }
    }

    fn data_fields(&mut self, kind: &str, depth: usize, state: &mut Value) {
        if self.rarely(9) {
            state["InputPath"] =
                self.one_of(&[json!("$$.Execution.Input"), json!("$"), json!(null), json!("$.a"), json!("$$")]);
        }
        if self.rarely(9) {
            state["OutputPath"] = self.one_of(&[json!("$"), json!(null), json!("$..*"), json!("$.a")]);
        }
        if kind != "Succeed" && self.rarely(4) {
            // Each level has names of its own, for those of an outer scope may not be assigned.
            state["Assign"] = json!({(format!("v{depth}")): 1, (format!("w{depth}.$")): self.one_of(&["$", "$..a", "$$.State.Name"])});
        }
        if matches!(kind, "Pass" | "Task" | "Parallel") && self.rarely(3) {
            state["Parameters"] = self.template();
        }
        if matches!(kind, "Task" | "Parallel" | "Map") && self.rarely(5) {
            state["ResultSelector"] = self.template();
        }
        if matches!(kind, "Pass" | "Task" | "Parallel" | "Map") && self.rarely(2) {
            state["ResultPath"] = self.one_of(&[json!(null), json!(null), json!("$"), json!("$.r.x"), json!("$.list")]);
        }
    }

    fn template(&mut self) -> Value {
        let mut template = json!({"fixed": self.value(1), "a": 2, "list": [{"a": 3}, "$.a"]});
        if self.rarely(2) {
            template["path.$"] = json!(self.one_of(&PATHS));
        }
        if self.rarely(2) {
            template["in"] = json!([{"call.$": self.one_of(&CALLS)}]);
        }
        template
    }

    fn handlers(&mut self, names: &[String], state: &mut Value) {
        if self.rarely(2) {
            state["Retry"] = json!([{"ErrorEquals": [self.one_of(&["States.TaskFailed", "E", "States.Timeout"])], "MaxAttempts": self.roll(3), "IntervalSeconds": 1 + self.roll(3),
                "JitterStrategy": self.one_of(&["NONE", "FULL"])}]);
        }
        if self.rarely(2) {
            state["Catch"] = json!([
                {"ErrorEquals": [self.one_of(&ERRORS)], "Next": self.one_of(names), "ResultPath": "$.error"},
                {"ErrorEquals": ["States.ALL"], "Next": self.one_of(names)}]);
        }
    }

    /// What a task does with a call.
    pub fn answer(&mut self, call: &TaskCall) -> Answer {
        let outcome = match self.roll(16) {
            0..=2 => Some(Ok(call.input.clone())),
            3..=8 => Some(Ok(self.object(1).to_string().into_bytes())),
            9 => Some(Ok(b"{no JSON".to_vec())),
            10 | 11 => None,
            _ => Some(Err(TaskFailure {
                error: Some(self.one_of(&ERRORS).to_owned()),
                cause: self.rarely(2).then(|| "why".to_owned()),
                ..TaskFailure::default()
            })),
        };
        Answer { after_millis: 700 * self.roll(4) as i64, outcome }
    }

    /// Replaces something somewhere in a definition.
    pub fn spoil(&mut self, value: &mut Value) {
        let children: Vec<&mut Value> = match value {
            Value::Array(elements) => elements.iter_mut().collect(),
            Value::Object(members) => members.values_mut().collect(),
            _ => Vec::new(),
        };
        let count = children.len();
        match children.into_iter().nth(if count == 0 { 0 } else { self.roll(count) }) {
            Some(child) if !self.rarely(6) => self.spoil(child),
            _ => {
                *value = match self.roll(5) {
                    0 => self.value(2),
                    1 => json!(self.one_of(&PATHS)),
                    2 => json!(self.one_of(&CALLS)),
                    3 => json!("$.a[?("),
                    _ => json!(u64::MAX),
                }
            }
        }
    }
}

/// Takes out what only JSONPath states have.
fn without_paths(state: &mut Value) {
    if let Some(state) = state.as_object_mut() {
        for field in ["ItemsPath", "ItemSelector"] {
            state.remove(field);
        }
    }
}
