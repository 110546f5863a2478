//! States as the engine runs them.

use std::sync::Arc;

use super::payload::{Payload, Query};
use super::{Callee, Distributed};
use crate::expr::condition::StringTable;
use crate::expr::{Condition, Path, ReferencePath, intrinsic};
use crate::value::{Str, Value};

/// Index of a state in its program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StateId(pub(crate) u32);

/// A compiled state.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) name: Arc<str>,
    /// The name as a value among the constants.
    pub(crate) name_value: Value,
    pub(crate) input_path: Selection,
    pub(crate) output_path: Selection,
    pub(crate) assign: Option<Payload>,
    /// JSONata `Output`.
    pub(crate) output: Option<Payload>,
    pub(crate) kind: Kind,
}

impl State {
    /// Whether its data goes through it whole, and no variable takes part of it.
    pub(crate) fn keeps_data(&self) -> bool {
        matches!((&self.input_path, &self.output_path), (Selection::Whole, Selection::Whole)) && self.assign.is_none()
    }
}

/// `InputPath` or `OutputPath`.
#[derive(Debug)]
pub(crate) enum Selection {
    /// `$`
    Whole,
    /// `null`: `{}`
    Nothing,
    Path(Path),
}

/// `ResultPath`.
#[derive(Debug)]
pub(crate) enum ResultPath {
    /// `$`: the result is the output.
    Replace,
    /// `null`: the input is the output.
    Discard,
    Write(ReferencePath),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Next {
    State(StateId),
    End,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Pass(Pass),
    Task(Box<Task>),
    Choice(Choice),
    Wait(Wait, Next),
    Succeed,
    Fail(Fail),
    Parallel(Parallel),
    Map(Box<Map>),
}

impl Kind {
    /// Retriers, catchers and result handling, where the type has them.
    pub(crate) fn work(&self) -> Option<&Work> {
        match self {
            Kind::Task(task) => Some(&task.work),
            Kind::Parallel(parallel) => Some(&parallel.work),
            Kind::Map(map) => Some(&map.work),
            _ => None,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Pass {
    pub(crate) result: Option<Value>,
    pub(crate) common: Common,
}

/// What Pass, Task, Parallel and Map share.
#[derive(Debug)]
pub(crate) struct Common {
    /// `Parameters`, or JSONata `Arguments`.
    pub(crate) parameters: Option<Payload>,
    pub(crate) result_path: ResultPath,
    pub(crate) next: Next,
}

/// What Task, Parallel and Map share.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) common: Common,
    pub(crate) result_selector: Option<Payload>,
    pub(crate) retry: Vec<RetryClause>,
    pub(crate) catch: Vec<CatchClause>,
}

#[derive(Debug)]
pub(crate) struct RetryClause {
    pub(crate) errors: Vec<ErrorMatcher>,
    pub(crate) interval: f64,
    pub(crate) max_attempts: u64,
    pub(crate) backoff_rate: f64,
    pub(crate) max_delay: Option<f64>,
    pub(crate) jitter: bool,
}

#[derive(Debug)]
pub(crate) struct CatchClause {
    pub(crate) errors: Vec<ErrorMatcher>,
    pub(crate) result_path: ResultPath,
    pub(crate) assign: Option<Payload>,
    /// JSONata `Output`.
    pub(crate) output: Option<Payload>,
    pub(crate) next: StateId,
}

/// One entry of `ErrorEquals`.
#[derive(Debug)]
pub(crate) enum ErrorMatcher {
    /// `States.ALL`
    All,
    /// `States.TaskFailed`
    TaskFailed,
    Name(Box<str>),
}

#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) callee: Callee,
    pub(crate) timeout: Seconds,
    pub(crate) heartbeat: Seconds,
    pub(crate) credentials: Option<Payload>,
    pub(crate) work: Work,
}

/// A number of seconds that is given, or found when the state runs.
#[derive(Debug)]
pub(crate) enum Seconds {
    None,
    Constant(u64),
    Path(Path),
    Query(Query),
}

#[derive(Debug)]
pub(crate) enum Wait {
    Seconds(u64),
    SecondsPath(Path),
    SecondsQuery(Query),
    /// Milliseconds since the Unix epoch.
    Timestamp(i64),
    TimestampPath(Path),
    TimestampQuery(Query),
}

#[derive(Debug)]
pub(crate) struct Fail {
    pub(crate) error: FailText,
    pub(crate) cause: FailText,
}

/// `Error`, `Cause` and their paths.
#[derive(Debug)]
pub(crate) enum FailText {
    None,
    Constant(Box<str>),
    Path(Path),
    Call(intrinsic::Call),
    Query(Query),
}

#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) rules: Vec<ChoiceRule>,
    /// What stands for some of the rules, in their order.
    pub(crate) tables: Vec<StringTable>,
    pub(crate) default: Option<StateId>,
}

#[derive(Debug)]
pub(crate) struct ChoiceRule {
    pub(crate) condition: RuleCondition,
    pub(crate) assign: Option<Payload>,
    /// JSONata `Output`.
    pub(crate) output: Option<Payload>,
    pub(crate) next: StateId,
}

/// When a rule matches.
#[derive(Debug)]
pub(crate) enum RuleCondition {
    /// JSONPath: comparisons.
    Test(Condition),
    /// JSONata: a literal.
    Constant(bool),
    /// JSONata: an expression that gives a boolean.
    Query(Query),
}

#[derive(Debug)]
pub(crate) struct Parallel {
    /// First state of each branch.
    pub(crate) branches: Vec<StateId>,
    pub(crate) work: Work,
}

#[derive(Debug)]
pub(crate) struct Map {
    pub(crate) items: Items,
    pub(crate) item_selector: Option<Payload>,
    /// First state of the item processor.
    pub(crate) start: StateId,
    pub(crate) max_concurrency: Cap<u64>,
    /// Present in distributed mode.
    pub(crate) distributed: Option<Distributed>,
    pub(crate) work: Work,
}

/// Where the items of a Map are.
#[derive(Debug)]
pub(crate) enum Items {
    /// JSONPath: the effective input.
    Data,
    /// `ItemsPath`
    Path(Path),
    /// JSONata: the state input.
    Input,
    /// JSONata `Items`.
    Payload(Payload),
}

/// A number that is given, found when the state runs, or absent.
#[derive(Debug)]
pub(crate) enum Cap<T> {
    None,
    Constant(T),
    Path(Path),
    Query(Query),
}

/// Failed items that a distributed Map bears.
#[derive(Debug)]
pub(crate) struct Tolerance {
    pub(crate) count: Cap<u64>,
    pub(crate) percentage: Cap<f64>,
}

/// Keys of the context object.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) execution: Str,
    pub(crate) id: Str,
    pub(crate) input: Str,
    pub(crate) start_time: Str,
    pub(crate) name: Str,
    pub(crate) role_arn: Str,
    pub(crate) redrive_count: Str,
    pub(crate) state_machine: Str,
    pub(crate) state: Str,
    pub(crate) entered_time: Str,
    pub(crate) retry_count: Str,
    pub(crate) task: Str,
    pub(crate) token: Str,
    pub(crate) map: Str,
    pub(crate) item: Str,
    pub(crate) index: Str,
    pub(crate) value: Str,
    pub(crate) key: Str,
    pub(crate) source: Str,
    pub(crate) kafka: Str,
}
