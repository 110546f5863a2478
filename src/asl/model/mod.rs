//! The typed definition: what a valid text says, with the places where it says it.
//!
//! Values that are evaluated against data (templates, expressions, paths) stay text or [`Node`]; the compiler gives
//! them their meaning.

use std::sync::Arc;

use super::node::{Node, Span, Spanned};
use crate::resource::Resource;

mod choice;
mod distributed;

pub use choice::{ChoiceRule, ChoiceState, Condition, DataTest, Operand, Operator};
pub use distributed::{
    Destination, InputType, ItemBatcher, ItemReader, ItemSource, OutputType, ResultWriter, Transformation,
};

/// A whole, valid definition.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The top-level machine.
    pub machine: Machine,
    /// How long an execution may last, in seconds.
    pub timeout_seconds: Option<u64>,
    /// `Version`, as given.
    pub version: Option<String>,
    /// `Comment`, as given.
    pub comment: Option<String>,
    /// `QueryLanguage` of the machine; states carry their own, resolved.
    pub query_language: QueryLanguage,
    /// The text that all spans point into.
    pub source: Arc<str>,
}

/// A machine: the top-level one, a branch of a Parallel, or the item processor of a Map.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The name of the first state; it exists in `states`.
    pub start_at: Spanned<String>,
    /// The states, in document order.
    pub states: Vec<State>,
    /// The place as AWS writes it: `/`, `/States/P/Branches[0]`, `/States/M/ItemProcessor`.
    pub location: String,
    /// Where the machine stands.
    pub span: Span,
}

impl Machine {
    /// The state of that name and its index in `states`.
    pub fn state(&self, name: &str) -> Option<(usize, &State)> {
        self.states.iter().enumerate().find(|(_, state)| state.name == name)
    }
}

/// Who evaluates a state's expressions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueryLanguage {
    /// Paths, `.$` templates, intrinsic functions.
    #[default]
    JSONPath,
    /// `{% %}` strings.
    JSONata,
}

impl QueryLanguage {
    /// As written.
    pub fn as_str(self) -> &'static str {
        match self {
            QueryLanguage::JSONPath => "JSONPath",
            QueryLanguage::JSONata => "JSONata",
        }
    }
}

/// A state: what all types share.
#[derive(Clone, Debug)]
pub struct State {
    /// The name; unique in the whole definition.
    pub name: String,
    /// `Comment`, as given.
    pub comment: Option<String>,
    /// The language of this state: its own, else the top-level machine's.
    pub query_language: QueryLanguage,
    /// JSONPath; absent in Fail.
    pub input_path: PathField,
    /// JSONPath; absent in Fail.
    pub output_path: PathField,
    /// Variables to set; absent in Succeed and Fail. An object.
    pub assign: Option<Node>,
    /// JSONata; absent in Fail.
    pub output: Option<Node>,
    /// What the type adds.
    pub kind: StateKind,
    /// The place as AWS writes it: `/States/P/Branches[0]/States/A`.
    pub location: String,
    /// Where the state's object stands.
    pub span: Span,
    /// Where the state's name stands.
    pub name_span: Span,
}

/// The types of states.
#[derive(Clone, Debug)]
pub enum StateKind {
    /// Hands its input or a literal on.
    Pass(PassState),
    /// Calls a resource.
    Task(TaskState),
    /// Goes on by rules.
    Choice(ChoiceState),
    /// Lets time pass.
    Wait(WaitState),
    /// Ends its machine well.
    Succeed(SucceedState),
    /// Ends its machine with an error.
    Fail(FailState),
    /// Runs several machines on the same input.
    Parallel(ParallelState),
    /// Runs a machine for every item.
    Map(Box<MapState>),
}

impl StateKind {
    /// What Task, Parallel and Map share.
    pub fn work(&self) -> Option<&Work> {
        match self {
            StateKind::Task(task) => Some(&task.work),
            StateKind::Parallel(parallel) => Some(&parallel.work),
            StateKind::Map(map) => Some(&map.work),
            _ => None,
        }
    }

    /// `Type` as written.
    pub fn type_name(&self) -> &'static str {
        match self {
            StateKind::Pass(_) => "Pass",
            StateKind::Task(_) => "Task",
            StateKind::Choice(_) => "Choice",
            StateKind::Wait(_) => "Wait",
            StateKind::Succeed(_) => "Succeed",
            StateKind::Fail(_) => "Fail",
            StateKind::Parallel(_) => "Parallel",
            StateKind::Map(_) => "Map",
        }
    }
}

/// Where a state goes when it is done.
#[derive(Clone, Debug, PartialEq)]
pub enum Transition {
    /// To the named state of the same machine; it exists.
    Next(Spanned<String>),
    /// `"End": true`
    End,
}

/// `InputPath`, `OutputPath`, `ResultPath`: absent, `null` and a path mean three things.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum PathField {
    /// Not given: `$`.
    #[default]
    Absent,
    /// `null`: nothing is read, or nothing is written.
    Null(Span),
    /// A path.
    Path(Spanned<String>),
}

/// A value that is given in the definition or found when the state runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Dynamic<T> {
    /// `"X": value`
    Literal(Spanned<T>),
    /// `"XPath": "$.…"` (JSONPath)
    Path(Spanned<String>),
    /// `"X": "{% … %}"` (JSONata), delimiters included.
    Expression(Spanned<String>),
}

impl<T> Dynamic<T> {
    /// The value, if the definition gives it.
    pub fn literal(&self) -> Option<&T> {
        match self {
            Dynamic::Literal(literal) => Some(&literal.value),
            Dynamic::Path(_) | Dynamic::Expression(_) => None,
        }
    }
}

/// A Pass state.
#[derive(Clone, Debug)]
pub struct PassState {
    /// The literal result, `null` included.
    pub result: Option<Node>,
    /// Payload template.
    pub parameters: Option<Node>,
    /// Where the result goes in the input.
    pub result_path: PathField,
    /// Where to go.
    pub transition: Transition,
}

/// A Task state.
#[derive(Clone, Debug)]
pub struct TaskState {
    /// What to call.
    pub resource: Spanned<Arc<Resource>>,
    /// JSONPath: payload template.
    pub parameters: Option<Node>,
    /// JSONata.
    pub arguments: Option<Node>,
    /// Seconds that one attempt may take.
    pub timeout_seconds: Option<Dynamic<u64>>,
    /// Seconds that may pass between heartbeats.
    pub heartbeat_seconds: Option<Dynamic<u64>>,
    /// An object with `RoleArn`, `RoleArn.$`, or in JSONata an expression.
    pub credentials: Option<Node>,
    /// What becomes of its result or error.
    pub work: Work,
}

/// What Task, Parallel and Map share: what becomes of their result or error.
#[derive(Clone, Debug)]
pub struct Work {
    /// JSONPath: payload template over the result; of Parallel and Map, over the array of outputs.
    pub result_selector: Option<Node>,
    /// JSONPath: where the result goes in the input.
    pub result_path: PathField,
    /// Retriers, in order.
    pub retry: Vec<Retrier>,
    /// Catchers, in order.
    pub catch: Vec<Catcher>,
    /// Where to go.
    pub transition: Transition,
}

/// A Wait state.
#[derive(Clone, Debug)]
pub struct WaitState {
    /// How long.
    pub until: WaitUntil,
    /// Where to go.
    pub transition: Transition,
}

/// What ends a Wait.
#[derive(Clone, Debug)]
pub enum WaitUntil {
    /// A number of seconds.
    Seconds(Dynamic<u64>),
    /// A point in time; a literal is a valid RFC 3339 timestamp.
    Timestamp(Dynamic<String>),
}

/// A Succeed state.
#[derive(Clone, Debug)]
pub struct SucceedState {}

/// A Fail state.
#[derive(Clone, Debug)]
pub struct FailState {
    /// The error name. A path may also be an intrinsic function call.
    pub error: Option<Dynamic<String>>,
    /// The explanation. A path may also be an intrinsic function call.
    pub cause: Option<Dynamic<String>>,
}

/// A Parallel state.
#[derive(Clone, Debug)]
pub struct ParallelState {
    /// The machines to run; at least one.
    pub branches: Vec<Machine>,
    /// JSONPath: payload template.
    pub parameters: Option<Node>,
    /// JSONata.
    pub arguments: Option<Node>,
    /// What becomes of its result or error.
    pub work: Work,
}

/// A Map state.
#[derive(Clone, Debug)]
pub struct MapState {
    /// The machine that runs for every item (`ItemProcessor`, or `Iterator` of old).
    pub item_processor: Machine,
    /// Whether items run inside this execution.
    pub mode: MapMode,
    /// The input of an iteration (`ItemSelector`, or `Parameters` of old); default: the item.
    pub item_selector: Option<Node>,
    /// JSONPath: where the items are; default `$`.
    pub items_path: Option<Spanned<String>>,
    /// JSONata: the items, an array or an expression.
    pub items: Option<Node>,
    /// Iterations at once; 0 or absent: no limit given.
    pub max_concurrency: Option<Dynamic<u64>>,
    /// Distributed: failed items that are borne.
    pub tolerated_failure_count: Option<Dynamic<u64>>,
    /// Distributed: share of failed items that is borne, 0–100.
    pub tolerated_failure_percentage: Option<Dynamic<f64>>,
    /// Distributed: where items are read from.
    pub item_reader: Option<ItemReader>,
    /// Distributed: how items are put together.
    pub item_batcher: Option<ItemBatcher>,
    /// Distributed: where results are written.
    pub result_writer: Option<ResultWriter>,
    /// Distributed: a part of the child executions' names.
    pub label: Option<Spanned<String>>,
    /// What becomes of its result or error.
    pub work: Work,
}

/// `ProcessorConfig.Mode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MapMode {
    /// Iterations are part of this execution.
    #[default]
    Inline,
    /// Each item is an execution of its own.
    Distributed,
}

/// One element of `Retry`.
#[derive(Clone, Debug)]
pub struct Retrier {
    /// Error names; at least one.
    pub error_equals: Vec<Spanned<String>>,
    /// Seconds before the first retry; at least 1.
    pub interval_seconds: u64,
    /// How often to retry; 0: never.
    pub max_attempts: u64,
    /// Factor between delays; at least 1.
    pub backoff_rate: f64,
    /// Cap of the delay, in seconds.
    pub max_delay_seconds: Option<u64>,
    /// Whether delays are drawn.
    pub jitter_strategy: JitterStrategy,
    /// Where the retrier stands.
    pub span: Span,
}

/// `JitterStrategy` of a retrier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JitterStrategy {
    /// The computed delay.
    #[default]
    None,
    /// A delay drawn between 0 and the computed one.
    Full,
}

/// One element of `Catch`.
#[derive(Clone, Debug)]
pub struct Catcher {
    /// Error names; at least one.
    pub error_equals: Vec<Spanned<String>>,
    /// Where to go; the state exists.
    pub next: Spanned<String>,
    /// JSONPath: where the error output goes in the raw input.
    pub result_path: PathField,
    /// JSONata: the output; default: the error output.
    pub output: Option<Node>,
    /// Variables to set. An object.
    pub assign: Option<Node>,
    /// Where the catcher stands.
    pub span: Span,
}
