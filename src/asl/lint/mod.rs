//! Advice on valid definitions: what runs, but probably not as meant.

use std::collections::HashSet;

use super::diagnostic::{Code, Diagnostic};
use super::model::{
    Catcher, ChoiceState, Definition, Dynamic, Machine, MapMode, MapState, PathField, QueryLanguage, Retrier, State,
    StateKind, TaskState, WaitUntil,
};
use super::node::Spanned;

mod errors;
mod values;

/// How long an Express execution may last, in seconds.
const EXPRESS_SECONDS: u64 = 300;

/// Iterations that an inline Map runs at once, at most.
const INLINE_CONCURRENCY: u64 = 40;

/// From this delay on, in seconds, growing retry delays without a cap are pointed out.
const LONG_DELAY_SECONDS: f64 = 60.0;

/// All advice for a definition, in document order.
pub(super) fn lint(definition: &Definition) -> Vec<Diagnostic> {
    let limit = definition.timeout_seconds.unwrap_or(EXPRESS_SECONDS).min(EXPRESS_SECONDS);
    let mut linter = Linter { execution_seconds: limit, advice: Vec::new() };
    linter.machine(&definition.machine);
    linter.advice.sort_by_key(Diagnostic::position);
    linter.advice
}

struct Linter {
    execution_seconds: u64,
    advice: Vec<Diagnostic>,
}

impl Linter {
    fn machine(&mut self, machine: &Machine) {
        for state in &machine.states {
            self.state(state);
        }
    }

    fn state(&mut self, state: &State) {
        values::advice(state, &mut self.advice);
        match &state.kind {
            StateKind::Task(task) => self.task(state, task),
            StateKind::Parallel(parallel) => parallel.branches.iter().for_each(|branch| self.machine(branch)),
            StateKind::Map(map) => {
                self.map(state, map);
                self.machine(&map.item_processor);
            }
            StateKind::Wait(wait) => self.wait(state, &wait.until),
            StateKind::Choice(choice) => self.choice(state, choice),
            StateKind::Pass(_) | StateKind::Succeed(_) | StateKind::Fail(_) => {}
        }
        if let Some(work) = state.kind.work() {
            self.handlers(state, &work.retry, &work.catch);
        }
    }

    fn task(&mut self, state: &State, task: &TaskState) {
        if task.timeout_seconds.is_none() {
            let message = "The task has no timeout: a call that never answers holds the execution until its own limit";
            let hint = "Set TimeoutSeconds a little above the slowest answer that you accept.";
            self.advise(Code::TaskWithoutTimeout, state.location.clone(), &state.name_span, message, hint);
        }
        let answers = !task.resource.value.outlasts_its_answer();
        if let Some(heartbeat) = task.heartbeat_seconds.as_ref().filter(|_| answers) {
            let message = "HeartbeatSeconds has no effect: a call that is answered at once has no heartbeat";
            let location = format!("{}/HeartbeatSeconds", state.location);
            self.advise(Code::FieldWithoutEffect, location, dynamic_span(heartbeat), message, "Use TimeoutSeconds.");
        }
    }

    fn wait(&mut self, state: &State, until: &WaitUntil) {
        let WaitUntil::Seconds(Dynamic::Literal(seconds)) = until else { return };
        if seconds.value >= self.execution_seconds {
            let message = format!(
                "The state waits {} s, but the execution may last {} s only",
                seconds.value, self.execution_seconds
            );
            let hint = "It will end with States.Timeout. Put longer delays outside, between two workflows.";
            self.advise(
                Code::WaitExceedsExecution,
                format!("{}/Seconds", state.location),
                &seconds.span,
                message,
                hint,
            );
        }
    }

    fn choice(&mut self, state: &State, choice: &ChoiceState) {
        if choice.default.is_none() {
            let message = "Without a Default, the execution fails when no rule matches";
            let hint = "Add a Default, if only to a Fail state that says what was unexpected.";
            self.advise(Code::ChoiceWithoutDefault, state.location.clone(), &state.name_span, message, hint);
        }
    }

    fn map(&mut self, state: &State, map: &MapState) {
        if let Some(Dynamic::Literal(limit)) = &map.max_concurrency
            && map.mode == MapMode::Inline
            && limit.value > INLINE_CONCURRENCY
        {
            let message = format!("An inline Map runs at most {INLINE_CONCURRENCY} iterations at once");
            let location = format!("{}/MaxConcurrency", state.location);
            self.advise(Code::ConcurrencyAboveLimit, location, &limit.span, message, "Lower it, or leave it out.");
        }
    }

    fn handlers(&mut self, state: &State, retry: &[Retrier], catch: &[Catcher]) {
        for (index, retrier) in retry.iter().enumerate() {
            let location = format!("{}/Retry[{index}]", state.location);
            self.advice.extend(retrier.error_equals.iter().filter_map(|name| errors::advice(name, &location)));
            self.retrier(location, retrier);
        }
        for (index, catcher) in catch.iter().enumerate() {
            let location = format!("{}/Catch[{index}]", state.location);
            self.advice.extend(catcher.error_equals.iter().filter_map(|name| errors::advice(name, &location)));
            self.catcher(location, state.query_language, catcher);
        }
        self.unreachable(
            &format!("{}/Retry", state.location),
            retry.iter().map(|retrier| retrier.error_equals.as_slice()),
        );
        self.unreachable(
            &format!("{}/Catch", state.location),
            catch.iter().map(|catcher| catcher.error_equals.as_slice()),
        );
    }

    fn retrier(&mut self, location: String, retrier: &Retrier) {
        if retrier.max_delay_seconds.is_some() || retrier.backoff_rate <= 1.0 || retrier.max_attempts == 0 {
            return;
        }
        let exponent = retrier.max_attempts as f64 - 1.0;
        let longest = retrier.interval_seconds as f64 * retrier.backoff_rate.powf(exponent);
        if longest > LONG_DELAY_SECONDS.max(retrier.interval_seconds as f64) {
            let message = format!("The delay between retries grows to {} without a cap", human_seconds(longest));
            let hint = "Set MaxDelaySeconds, or lower MaxAttempts.";
            self.advise(Code::RetryWithoutCap, location, &retrier.span, message, hint);
        }
    }

    fn catcher(&mut self, location: String, language: QueryLanguage, catcher: &Catcher) {
        let discards = match language {
            QueryLanguage::JSONPath => match &catcher.result_path {
                PathField::Absent => true,
                PathField::Path(path) => path.value == "$",
                PathField::Null(_) => false,
            },
            QueryLanguage::JSONata => catcher.output.is_none(),
        };
        // Who keeps the error in a variable has chosen what to keep.
        if discards && catcher.assign.is_none() {
            let message = "The catcher replaces the state's input by the error; the event's data is lost";
            let hint = match language {
                QueryLanguage::JSONPath => "Keep both with \"ResultPath\": \"$.error\".",
                QueryLanguage::JSONata => "Keep both with an Output that merges $states.input and $states.errorOutput.",
            };
            self.advise(Code::CatchDiscardsInput, location, &catcher.next.span, message, hint);
        }
    }

    /// Points out handlers all of whose errors an earlier one takes.
    fn unreachable<'a>(&mut self, location: &str, handlers: impl Iterator<Item = &'a [Spanned<String>]>) {
        let mut taken: HashSet<&str> = HashSet::new();
        for (index, names) in handlers.enumerate() {
            if let (true, Some(first)) = (names.iter().all(|name| taken.contains(name.value.as_str())), names.first()) {
                let message = "Never used: an earlier element of the list takes these errors";
                let hint = "Elements are tried in order; put the special ones first.";
                self.advise(Code::UnreachableHandler, format!("{location}[{index}]"), &first.span, message, hint);
            }
            taken.extend(names.iter().map(|name| name.value.as_str()));
        }
    }

    fn advise(
        &mut self,
        code: Code,
        location: String,
        span: &super::node::Span,
        message: impl Into<String>,
        hint: &str,
    ) {
        self.advice.push(Diagnostic::warning(code, message).at(location, span.clone()).with_hint(hint));
    }
}

fn dynamic_span<T>(value: &Dynamic<T>) -> &super::node::Span {
    match value {
        Dynamic::Literal(literal) => &literal.span,
        Dynamic::Path(text) | Dynamic::Expression(text) => &text.span,
    }
}

fn human_seconds(seconds: f64) -> String {
    if seconds < 7200.0 {
        format!("{seconds:.0} s")
    } else if seconds < 172_800.0 {
        format!("{:.0} hours", seconds / 3600.0)
    } else if seconds < 1e9 {
        format!("{:.0} days", seconds / 86_400.0)
    } else {
        "decades".to_owned()
    }
}
