//! What a sheet of cases holds, and how an outcome is compared with it.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::driver::{Answer, Call, Outcome};
use stepstream::engine::{Limits, Purpose, TaskCall, TaskFailure};

/// A file of cases.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sheet {
    /// What the cases show, for whoever reads the file.
    #[serde(rename = "about")]
    _about: String,
    /// The state machine of the cases that have none of their own.
    definition: Option<Value>,
    pub cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    definition: Option<Value>,
    #[serde(default = "empty_object")]
    pub input: Value,
    /// What the tasks do, by state and call. The last entry also answers all later calls.
    #[serde(default)]
    tasks: BTreeMap<String, Vec<Task>>,
    limits: Option<CaseLimits>,
    /// What a run costs that used up its transitions.
    #[serde(default)]
    pub seconds_per_turn: f64,
    pub expect: Expect,
}

/// What a task does with a call.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Task {
    #[serde(default, deserialize_with = "given")]
    result: Option<Value>,
    /// Answers with what it was given.
    #[serde(default)]
    echo: bool,
    /// Never answers.
    #[serde(default)]
    silent: bool,
    error: Option<String>,
    cause: Option<String>,
    /// Seconds until the answer.
    #[serde(default)]
    after: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseLimits {
    timeout_seconds: Option<u64>,
    max_data_bytes: Option<u32>,
    max_assign_bytes: Option<u32>,
    max_variables_bytes: Option<u64>,
    max_transitions: Option<u64>,
    work_per_run: Option<u64>,
    max_heap_bytes: Option<usize>,
    max_inline_concurrency: Option<u32>,
    max_distributed_concurrency: Option<u32>,
    max_dataset_bytes: Option<usize>,
    max_dataset_items: Option<usize>,
}

/// What must come out. What a sheet leaves out is not compared, but for output, error and cause, which must be absent then.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    status: String,
    #[serde(default, deserialize_with = "given")]
    output: Option<Value>,
    error: Option<String>,
    cause: Option<String>,
    /// A part of the cause, where it is long.
    cause_has: Option<String>,
    failing_state: Option<String>,
    /// Names of the states that are entered, in order.
    states: Option<Vec<String>>,
    /// Types of the events, in order.
    events: Option<Vec<String>>,
    /// For each event the number of the one that it follows.
    previous_events: Option<Vec<u64>>,
    /// All members of the events with these numbers.
    #[serde(default)]
    details: BTreeMap<usize, Value>,
    /// Seconds from start to end.
    ends_after: Option<f64>,
    calls: Option<Vec<ExpectedCall>>,
    cancelled: Option<usize>,
    most_calls: Option<usize>,
    retries: Option<u64>,
    transitions: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedCall {
    state: String,
    /// Seconds since the start.
    at: Option<f64>,
    #[serde(default, deserialize_with = "given")]
    input: Option<Value>,
    resource: Option<String>,
    timeout: Option<u64>,
    heartbeat: Option<u64>,
    retry: Option<u32>,
    #[serde(default, deserialize_with = "given")]
    credentials: Option<Value>,
    token: Option<String>,
    /// Keys and contents of the objects that are stored, each unique id as `<uuid>`.
    objects: Option<BTreeMap<String, Value>>,
}

impl Sheet {
    pub fn read(path: &Path) -> Sheet {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub fn definition_of<'a>(&'a self, case: &'a Case) -> Option<&'a Value> {
        case.definition.as_ref().or(self.definition.as_ref())
    }
}

impl Case {
    pub fn has_limits(&self) -> bool {
        self.limits.is_some()
    }

    pub fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        let Some(own) = &self.limits else { return limits };
        limits.timeout = own.timeout_seconds.map_or(limits.timeout, Duration::from_secs);
        limits.max_data_bytes = own.max_data_bytes.unwrap_or(limits.max_data_bytes);
        limits.max_assign_bytes = own.max_assign_bytes.unwrap_or(limits.max_assign_bytes);
        limits.max_variables_bytes = own.max_variables_bytes.unwrap_or(limits.max_variables_bytes);
        limits.max_transitions = own.max_transitions.unwrap_or(limits.max_transitions);
        limits.work_per_run = own.work_per_run.unwrap_or(limits.work_per_run);
        limits.max_heap_bytes = own.max_heap_bytes.unwrap_or(limits.max_heap_bytes);
        limits.max_inline_concurrency = own.max_inline_concurrency.unwrap_or(limits.max_inline_concurrency);
        limits.max_distributed_concurrency =
            own.max_distributed_concurrency.unwrap_or(limits.max_distributed_concurrency);
        limits.max_dataset_bytes = own.max_dataset_bytes.unwrap_or(limits.max_dataset_bytes);
        limits.max_dataset_items = own.max_dataset_items.unwrap_or(limits.max_dataset_items);
        limits
    }

    /// The tasks of the case, at their first call.
    pub fn world(&self) -> impl FnMut(&TaskCall) -> Answer + '_ {
        let mut counts: HashMap<String, usize> = HashMap::new();
        move |call| {
            let count = counts.entry(call.state.to_string()).or_default();
            let answers = self.tasks.get(&*call.state).unwrap_or_else(|| panic!("no task answers {}", call.state));
            let task = answers.get(*count).or(answers.last()).expect("a task has at least one answer");
            *count += 1;
            task.answer(call)
        }
    }
}

impl Task {
    fn answer(&self, call: &TaskCall) -> Answer {
        let outcome = match &self.result {
            _ if self.silent => None,
            _ if self.echo => Some(Ok(call.input.clone())),
            // An object that is read is the text itself.
            Some(Value::String(text)) if call.purpose != Purpose::Task => Some(Ok(text.clone().into_bytes())),
            Some(result) => Some(Ok(result.to_string().into_bytes())),
            None => Some(Err(TaskFailure {
                error: self.error.clone(),
                cause: self.cause.clone(),
                ..TaskFailure::default()
            })),
        };
        Answer { after_millis: millis(self.after), outcome }
    }
}

impl Expect {
    /// Tells every difference.
    pub fn compare(&self, found: &Outcome, fault: &mut impl FnMut(String)) {
        let failure = found.failure.as_ref();
        let mut differ = |what: &str, expected: String, found: String| {
            if expected != found {
                fault(format!("{what}\n  expected {expected}\n  found    {found}"));
            }
        };
        differ("status", self.status.clone(), found.status.to_string());
        differ("output", shown(&self.output), shown(&found.output.as_deref().map(without_ids).as_deref().map(parse)));
        differ("error", shown(&self.error), shown(&failure.and_then(|failure| failure.error.clone())));
        let cause = failure.and_then(|failure| failure.cause.clone());
        match &self.cause_has {
            Some(part) if cause.as_ref().is_some_and(|cause| cause.contains(part)) => {}
            Some(part) => differ("part of the cause", part.clone(), shown(&cause)),
            None => differ("cause", shown(&self.cause), shown(&cause)),
        }
        let mut differ_if_given = |what: &str, expected: Option<String>, found: String| {
            if let Some(expected) = expected {
                differ(what, expected, found);
            }
        };
        let failing = failure.map(|failure| failure.state.to_string()).unwrap_or_default();
        differ_if_given("failing state", self.failing_state.clone(), failing);
        differ_if_given("states", self.states.as_ref().map(|states| states.join(" ")), found.states.join(" "));
        differ_if_given("events", self.events.as_ref().map(|events| events.join(" ")), found.events.join(" "));
        let previous = self.previous_events.as_ref().map(|numbers| format!("{numbers:?}"));
        differ_if_given("previous events", previous, format!("{:?}", found.previous_events));
        for (number, details) in &self.details {
            let found = found.details.get(number - 1);
            differ_if_given(&format!("details of event {number}"), Some(details.to_string()), shown(&found));
        }
        let millis_expected = self.ends_after.map(|seconds| millis(seconds).to_string());
        differ_if_given("milliseconds", millis_expected, found.elapsed_millis.to_string());
        differ_if_given("cancelled calls", self.cancelled.map(|n| n.to_string()), found.cancelled.to_string());
        differ_if_given("calls at once", self.most_calls.map(|n| n.to_string()), found.most_calls.to_string());
        differ_if_given("retries", self.retries.map(|n| n.to_string()), found.retries.to_string());
        differ_if_given("transitions", self.transitions.map(|n| n.to_string()), found.transitions.to_string());
        if let Some(calls) = &self.calls {
            let names = |calls: Vec<&str>| calls.join(" ");
            let expected = names(calls.iter().map(|call| call.state.as_str()).collect());
            differ("calls", expected, names(found.calls.iter().map(|call| call.state.as_str()).collect()));
            for (index, (expected, found)) in std::iter::zip(calls, &found.calls).enumerate() {
                expected.compare(index, found, &mut differ);
            }
        }
    }
}

impl ExpectedCall {
    fn compare(&self, index: usize, found: &Call, differ: &mut impl FnMut(&str, String, String)) {
        let mut differ_if_given = |what: &str, expected: Option<String>, found: String| {
            if let Some(expected) = expected {
                differ(&format!("{what} of call {index}"), expected, found);
            }
        };
        differ_if_given("time", self.at.map(|at| millis(at).to_string()), found.at_millis.to_string());
        differ_if_given("input", self.input.as_ref().map(Value::to_string), found.input.clone());
        differ_if_given("resource", self.resource.clone(), found.resource.clone());
        differ_if_given("timeout", self.timeout.map(|n| n.to_string()), found.timeout.unwrap_or(0).to_string());
        differ_if_given("heartbeat", self.heartbeat.map(|n| n.to_string()), found.heartbeat.unwrap_or(0).to_string());
        differ_if_given("retry count", self.retry.map(|n| n.to_string()), found.retry_count.to_string());
        let credentials = found.credentials.clone().unwrap_or_default();
        differ_if_given("credentials", self.credentials.as_ref().map(Value::to_string), credentials);
        let contents = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        let stored = |(key, body): &(String, String)| (without_ids(key), contents(&without_ids(body)));
        let stored: BTreeMap<String, Value> = found.objects.iter().map(stored).collect();
        differ_if_given("objects", self.objects.as_ref().map(|all| json!(all).to_string()), json!(stored).to_string());
        differ_if_given("token", self.token.clone(), found.task_token.clone().unwrap_or_default());
    }
}

/// The text with `<uuid>` in the place of each unique id.
fn without_ids(text: &str) -> String {
    const SHAPE: &[u8] = b"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    let is_id = |bytes: &[u8]| {
        let fits = |(byte, shape): (&u8, &u8)| if *shape == b'x' { byte.is_ascii_hexdigit() } else { byte == shape };
        bytes.len() == SHAPE.len() && std::iter::zip(bytes, SHAPE).all(fits)
    };
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let id = rest.as_bytes().get(..SHAPE.len()).is_some_and(is_id);
        if id {
            out.push_str("<uuid>");
        } else {
            out.push(first);
        }
        rest = &rest[if id { SHAPE.len() } else { first.len_utf8() }..];
    }
    out
}

fn shown<T: ToString>(value: &Option<T>) -> String {
    value.as_ref().map_or_else(|| "nothing".to_owned(), T::to_string)
}

fn parse(json: &str) -> Value {
    serde_json::from_str(json).expect("outputs are JSON")
}

fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}

fn empty_object() -> Value {
    Value::Object(serde_json::Map::new())
}

/// Tells a given `null` from nothing.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
