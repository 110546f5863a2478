//! What goes in and out of an execution besides values.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use super::pool::Id;
use crate::program::Role;
use crate::resource::Resource;
use crate::value::{ParseError, ParseErrorKind, Value};

/// What [`Execution::run`](super::Execution::run) came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Progress {
    /// The execution has ended (or was never started).
    #[default]
    Ended,
    /// It waits for the outcome of a call, or for time to pass.
    Suspended,
    /// It used up its transitions for now: run it again, after others.
    Yielded,
}

/// How an execution ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// With an output.
    Succeeded,
    /// With an error.
    Failed,
    /// By its time limit.
    TimedOut,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Status::Succeeded => "SUCCEEDED",
            Status::Failed => "FAILED",
            Status::TimedOut => "TIMED_OUT",
        })
    }
}

/// Why an execution failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The error name; a Fail state may leave it out.
    pub error: Option<String>,
    /// The explanation, if there is one.
    pub cause: Option<String>,
    /// The state that failed; the innermost, if states are nested.
    pub state: Arc<str>,
}

/// What the engine asks of the world.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Call a task and deliver its outcome.
    Call(TaskCall),
    /// The outcome of that call is no longer wanted.
    Cancel(CallId),
}

/// Names a call within its execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallId {
    pub(super) frame: Id,
    pub(super) ordinal: u64,
}

impl CallId {
    /// Number of the call within its execution, from 0.
    pub fn ordinal(self) -> u64 {
        self.ordinal
    }
}

/// What a call is to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// The work of a Task state. The answer is its result as JSON.
    #[default]
    Task,
    /// Read the object that the input names by `Bucket` and `Key`, for an ItemReader. The answer is its bytes.
    ReadObject {
        /// Bytes that the object may have.
        max_bytes: usize,
    },
    /// List the objects of the input's `Bucket` whose keys begin with its `Prefix`, for an ItemReader. The answer is a JSON
    /// array of `{"Etag", "LastModified", "Key", "Size", "StorageClass"}`.
    ListObjects {
        /// Entries that are wanted.
        max_entries: usize,
    },
    /// Store these objects in the input's `Bucket`, in this order, for a ResultWriter. The answer may be anything.
    WriteObjects(Vec<DataObject>),
}

/// An object to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataObject {
    /// Its key in the bucket: names, with `/` between them.
    pub key: String,
    /// What it holds.
    pub body: Vec<u8>,
    /// Where in the body its records stand, in order: the elements of its array, its lines; of a manifest, the whole.
    pub records: Vec<Range<usize>>,
}

impl Purpose {
    /// What the call is made for.
    pub fn role(&self) -> Role {
        match self {
            Purpose::Task => Role::Task,
            Purpose::ReadObject { .. } | Purpose::ListObjects { .. } => Role::ItemReader,
            Purpose::WriteObjects(_) => Role::ResultWriter,
        }
    }
}

impl DataObject {
    /// The text of each record.
    pub fn records(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.records.iter().map(|range| self.body.get(range.clone()).unwrap_or_default())
    }
}

/// A call of a task: one attempt of a Task state, or data that a distributed Map reads or writes.
#[derive(Clone, Debug)]
pub struct TaskCall {
    /// Goes back with the outcome.
    pub id: CallId,
    /// What to do.
    pub purpose: Purpose,
    /// The `Resource` of the state, ItemReader or ResultWriter.
    pub resource: Arc<Resource>,
    /// The place of the Resource, in its role, in [`Program::resources`](crate::program::Program::resources).
    pub resource_index: usize,
    /// The state's name.
    pub state: Arc<str>,
    /// The task's input as JSON.
    pub input: Vec<u8>,
    /// The state's `Credentials` as JSON.
    pub credentials: Option<String>,
    /// How long the attempt may take. The engine itself ends it then; the connector may give up early.
    pub timeout: Option<Duration>,
    /// How long a callback task may be silent.
    pub heartbeat: Option<Duration>,
    /// Retries of the state before this attempt.
    pub retry_count: u32,
    /// Number of the call within its execution, from 0: it depends on timing and retries. For what is the same when the event
    /// is delivered again see [`place`](TaskCall::place).
    pub ordinal: u64,
    /// Where in the execution the call is made: the path of its state through branches and iterations, each state with the
    /// number of its visit in its machine, such as `Book:1/0/Charge:2`: the second visit of `Charge` in branch 0 of `Book`.
    ///
    /// It is the same for all attempts of a visit, whether the state itself is retried or one around it, and whatever the
    /// timing of siblings and the retries elsewhere. So when the event is delivered again, an operation that is asked for
    /// again has the same place; and no other has it. Letters, digits and `-_.:/%` only; at most 160 bytes.
    pub place: String,
    /// Which attempt of this visit it is, from 1.
    pub attempt: u32,
    /// The token that a callback names, for tasks that wait for one.
    pub task_token: Option<String>,
}

/// Longest error name, in characters (a quota of the service).
pub const MAX_ERROR_CHARS: usize = 256;
/// Longest cause, in characters (a quota of the service). Causes show inputs, which are larger.
pub const MAX_CAUSE_CHARS: usize = 32_768;

/// How a task failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskFailure {
    /// The error name.
    pub error: Option<String>,
    /// The explanation.
    pub cause: Option<String>,
    /// Whether the attempt ran into its timeout or heartbeat.
    pub timed_out: bool,
    /// Whether no call could be made of what the state's fields came to: the engine puts the state's name in front of the
    /// cause then, and such a failure is no event of the task.
    pub of_fields: bool,
    /// How far the call came. The engine doesn't look at it: to a Retry and a Catch all failures are equal.
    pub contact: Contact,
}

/// How far a call that failed came to the other side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Contact {
    /// It was answered, or failed without the other side.
    #[default]
    Answered,
    /// It was sent, but no answer came: the connection broke, or the connector's time was over. It may have been carried out.
    Broken,
    /// The other side is not there: no connection, or a gateway or the service itself says so.
    Unreachable,
}

impl TaskFailure {
    /// A failure with name and cause, each cut to the service's quotas.
    pub fn new(error: impl Into<String>, cause: impl Into<String>) -> TaskFailure {
        TaskFailure {
            error: Some(cut(error.into(), MAX_ERROR_CHARS)),
            cause: Some(cut(cause.into(), MAX_CAUSE_CHARS)),
            ..TaskFailure::default()
        }
    }

    /// A failure as somebody else gave it, who may have left out either.
    pub fn given(error: Option<&str>, cause: Option<&str>) -> TaskFailure {
        TaskFailure {
            error: error.map(|error| cut(error.to_owned(), MAX_ERROR_CHARS)),
            cause: cause.map(|cause| cut(cause.to_owned(), MAX_CAUSE_CHARS)),
            ..TaskFailure::default()
        }
    }

    /// The attempt ran into its timeout. The service gives no cause.
    pub fn timeout() -> TaskFailure {
        TaskFailure { error: Some("States.Timeout".to_owned()), timed_out: true, ..TaskFailure::default() }
    }

    /// The same failure of a call that came so far.
    #[must_use]
    pub fn at(mut self, contact: Contact) -> TaskFailure {
        self.contact = contact;
        self
    }

    /// The result has more bytes than data may have. `what` is the service's name (`lambda`), the function's ARN, or the
    /// resource.
    pub fn result_too_large(what: &str) -> TaskFailure {
        TaskFailure::new("States.DataLimitExceeded", too_large(what))
    }
}

/// The service's words for data beyond its limit; `what` is a state's name, too.
pub(super) fn too_large(what: &str) -> String {
    format!(
        "The state/task '{what}' returned a result with a size exceeding the maximum number of bytes service limit."
    )
}

/// The text, or as many characters of it as a quota allows.
pub(super) fn cut(mut text: String, max_chars: usize) -> String {
    // A text of so few bytes cannot have more characters: the common case costs one comparison.
    if text.len() > max_chars
        && let Some((end, _)) = text.char_indices().nth(max_chars)
    {
        text.truncate(end);
    }
    text
}

/// Why an event cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The event is not JSON.
    #[error("the event is not valid JSON: {0}")]
    NotJson(ParseError),
    /// The event is nested too deep.
    #[error("the event is nested deeper than {limit} levels (max_depth)")]
    TooDeep {
        /// Levels allowed.
        limit: u16,
    },
    /// The event is too large.
    #[error("the event has {size} bytes, the limit is {limit} (max_event_bytes)")]
    TooLarge {
        /// Bytes of the event.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
}

impl From<ParseError> for EventError {
    fn from(error: ParseError) -> Self {
        match error.kind {
            ParseErrorKind::TooDeep(limit) => EventError::TooDeep { limit },
            _ => EventError::NotJson(error),
        }
    }
}

impl EventError {
    /// A short stable name of the reason: `not-json`, `too-deep` or `too-large`.
    pub fn reason(&self) -> &'static str {
        match self {
            EventError::NotJson(_) => "not-json",
            EventError::TooDeep { .. } => "too-deep",
            EventError::TooLarge { .. } => "too-large",
        }
    }
}

/// How the execution ended, with what it ended.
#[derive(Debug)]
pub(super) enum End {
    Succeeded(Value),
    Failed(Failure),
    TimedOut(Failure),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_cut_by_characters_not_bytes() {
        let failure = TaskFailure::new("E", "ä".repeat(MAX_CAUSE_CHARS + 5));
        assert_eq!(failure.cause.map(|cause| cause.chars().count()), Some(MAX_CAUSE_CHARS));
    }

    #[test]
    fn what_fits_stays_whole() {
        let failure = TaskFailure::new("E".repeat(MAX_ERROR_CHARS), "ä".repeat(MAX_CAUSE_CHARS));
        assert_eq!(failure.error.map(|error| error.len()), Some(MAX_ERROR_CHARS));
        assert_eq!(failure.cause.map(|cause| cause.chars().count()), Some(MAX_CAUSE_CHARS));
    }
}
