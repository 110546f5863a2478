//! One state of each type.

use super::{Compiler, Names};
use crate::asl;
use crate::asl::{Dynamic, JitterStrategy, MapMode, Node, QueryLanguage, Spanned, StateKind};
use crate::expr::{Instant, intrinsic};
use crate::program::{
    Cap, CatchClause, Common, ErrorMatcher, Fail, FailText, Items, Kind, Map, Parallel, Pass, RetryClause, Role,
    Seconds, State, Task, Wait, Work,
};

impl Compiler {
    /// Compiles a state; `None` after a fault.
    pub(super) fn state(&mut self, state: &asl::State, names: Names<'_>) -> Option<State> {
        let outer = (self.language, self.state_location);
        (self.language, self.state_location) = (state.query_language, state.location.len() + 1);
        let compiled = self.fields_of_state(state, names);
        (self.language, self.state_location) = outer;
        compiled
    }

    fn fields_of_state(&mut self, state: &asl::State, names: Names<'_>) -> Option<State> {
        let at = |field: &str| format!("{}/{field}", state.location);
        let input_path = self.selection(&state.input_path, || at("InputPath"));
        let output_path = self.selection(&state.output_path, || at("OutputPath"));
        let assign = self.optional_payload(&state.assign, &at("Assign"));
        let output = self.optional_payload(&state.output, &at("Output"));
        let kind = match &state.kind {
            StateKind::Pass(pass) => self.pass(pass, names, &state.location),
            StateKind::Task(task) => self.task(task, names, &state.location),
            StateKind::Choice(choice) => self.choice(choice, names),
            StateKind::Wait(wait) => self.wait(wait, names, &state.location),
            StateKind::Succeed(_) => Some(Kind::Succeed),
            StateKind::Fail(fail) => self.fail(fail, &state.location),
            StateKind::Parallel(parallel) => self.parallel(parallel, names, &state.location),
            StateKind::Map(map) => self.map(map, &state.name, names, &state.location),
        };
        Some(State {
            name: state.name.as_str().into(),
            name_value: self.constants.string(&state.name),
            input_path: input_path?,
            output_path: output_path?,
            assign: assign?,
            output: output?,
            kind: kind?,
        })
    }

    fn pass(&mut self, pass: &asl::PassState, names: Names<'_>, location: &str) -> Option<Kind> {
        let parameters = self.optional_payload(&pass.parameters, &format!("{location}/Parameters"));
        let result_path = self.result_path(&pass.result_path, || format!("{location}/ResultPath"));
        let result = pass.result.as_ref().map(|node| self.constant(node));
        let next = names.next(&pass.transition);
        Some(Kind::Pass(Pass { result, common: Common { parameters: parameters?, result_path: result_path?, next } }))
    }

    fn task(&mut self, task: &asl::TaskState, names: Names<'_>, location: &str) -> Option<Kind> {
        self.can_suspend = true;
        let callee = self.callee(&task.resource.value, Role::Task);
        let timeout = self.seconds(&task.timeout_seconds, &format!("{location}/TimeoutSeconds"));
        let heartbeat = self.seconds(&task.heartbeat_seconds, &format!("{location}/HeartbeatSeconds"));
        let credentials = self.optional_payload(&task.credentials, &format!("{location}/Credentials"));
        let work = self.work(&task.work, parameters(&task.parameters, &task.arguments), names, location);
        Some(Kind::Task(Box::new(Task {
            callee,
            timeout: timeout?,
            heartbeat: heartbeat?,
            credentials: credentials?,
            work: work?,
        })))
    }

    fn wait(&mut self, wait: &asl::WaitState, names: Names<'_>, location: &str) -> Option<Kind> {
        self.can_suspend = true;
        let until = match &wait.until {
            asl::WaitUntil::Seconds(Dynamic::Literal(seconds)) => Wait::Seconds(seconds.value),
            asl::WaitUntil::Timestamp(Dynamic::Literal(text)) => match Instant::parse(&text.value) {
                Some(instant) => Wait::Timestamp(instant.epoch_millis()),
                None => {
                    let message = "String does not match RFC3339 timestamp".to_owned();
                    self.fault(message, format!("{location}/Timestamp"), &text.span);
                    return None;
                }
            },
            asl::WaitUntil::Seconds(Dynamic::Path(path)) => {
                Wait::SecondsPath(self.path(path, || format!("{location}/SecondsPath"))?)
            }
            asl::WaitUntil::Timestamp(Dynamic::Path(path)) => {
                Wait::TimestampPath(self.path(path, || format!("{location}/TimestampPath"))?)
            }
            asl::WaitUntil::Seconds(Dynamic::Expression(text)) => {
                Wait::SecondsQuery(self.query(&text.value, &format!("{location}/Seconds"), &text.span)?)
            }
            asl::WaitUntil::Timestamp(Dynamic::Expression(text)) => {
                Wait::TimestampQuery(self.query(&text.value, &format!("{location}/Timestamp"), &text.span)?)
            }
        };
        Some(Kind::Wait(until, names.next(&wait.transition)))
    }

    fn fail(&mut self, fail: &asl::FailState, location: &str) -> Option<Kind> {
        let error = self.fail_text(&fail.error, &format!("{location}/ErrorPath"));
        let cause = self.fail_text(&fail.cause, &format!("{location}/CausePath"));
        Some(Kind::Fail(Fail { error: error?, cause: cause? }))
    }

    fn fail_text(&mut self, text: &Option<Dynamic<String>>, location: &str) -> Option<FailText> {
        Some(match text {
            None => FailText::None,
            Some(Dynamic::Literal(literal)) => FailText::Constant(literal.value.as_str().into()),
            Some(Dynamic::Expression(text)) => FailText::Query(self.query(
                &text.value,
                location.strip_suffix("Path").unwrap_or(location),
                &text.span,
            )?),
            Some(Dynamic::Path(path)) if path.value.starts_with('$') => {
                FailText::Path(self.path(path, || location.to_owned())?)
            }
            Some(Dynamic::Path(call)) => match intrinsic::Call::parse(&call.value, &mut self.constants) {
                Ok(call) => FailText::Call(call),
                Err(error) => {
                    let message = format!("The value '{}' is neither a path nor a call: {error}", call.value);
                    self.fault(message, location.to_owned(), &call.span);
                    return None;
                }
            },
        })
    }

    fn parallel(&mut self, parallel: &asl::ParallelState, names: Names<'_>, location: &str) -> Option<Kind> {
        let branches = parallel.branches.iter().map(|branch| self.machine(branch)).collect();
        let parameters = parameters(&parallel.parameters, &parallel.arguments);
        Some(Kind::Parallel(Parallel { branches, work: self.work(&parallel.work, parameters, names, location)? }))
    }

    fn map(&mut self, map: &asl::MapState, name: &str, names: Names<'_>, location: &str) -> Option<Kind> {
        let start = self.machine(&map.item_processor);
        let item_selector = self.optional_payload(&map.item_selector, &format!("{location}/ItemSelector"));
        let items = self.items(map, location)?;
        let distributed = match map.mode {
            MapMode::Inline => None,
            MapMode::Distributed => Some(self.distributed(map, name, location)),
        };
        let max_concurrency = self.cap(&map.max_concurrency, &format!("{location}/MaxConcurrency"))?;
        let work = self.work(&map.work, None, names, location)?;
        let item_selector = item_selector?;
        let distributed = match distributed {
            Some(distributed) => Some(distributed?),
            None => None,
        };
        Some(Kind::Map(Box::new(Map { items, item_selector, start, max_concurrency, distributed, work })))
    }

    fn items(&mut self, map: &asl::MapState, location: &str) -> Option<Items> {
        match (&map.items, &map.items_path) {
            (Some(items), _) => self.payload(items, &format!("{location}/Items")).map(Items::Payload),
            (None, Some(path)) => self.path(path, || format!("{location}/ItemsPath")).map(Items::Path),
            (None, None) if self.language == QueryLanguage::JSONata => Some(Items::Input),
            (None, None) => Some(Items::Data),
        }
    }

    /// What Task, Parallel and Map share; `parameters` is their input, and the name of its field.
    fn work(
        &mut self,
        work: &asl::Work,
        parameters: Option<(&Node, &'static str)>,
        names: Names<'_>,
        location: &str,
    ) -> Option<Work> {
        let parameters = match parameters {
            Some((node, field)) => self.payload(node, &format!("{location}/{field}")).map(Some),
            None => Some(None),
        };
        let result_selector = self.optional_payload(&work.result_selector, &format!("{location}/ResultSelector"));
        let result_path = self.result_path(&work.result_path, || format!("{location}/ResultPath"));
        let retry = work.retry.iter().map(|retrier| self.retrier(retrier)).collect();
        let catch: Vec<_> = work
            .catch
            .iter()
            .enumerate()
            .map(|(index, catcher)| self.catcher(catcher, names, &format!("{location}/Catch[{index}]")))
            .collect();
        Some(Work {
            common: Common { parameters: parameters?, result_path: result_path?, next: names.next(&work.transition) },
            result_selector: result_selector?,
            retry,
            catch: catch.into_iter().collect::<Option<_>>()?,
        })
    }

    fn retrier(&mut self, retrier: &asl::Retrier) -> RetryClause {
        self.can_suspend = true;
        RetryClause {
            errors: matchers(&retrier.error_equals),
            interval: retrier.interval_seconds as f64,
            max_attempts: retrier.max_attempts,
            backoff_rate: retrier.backoff_rate,
            max_delay: retrier.max_delay_seconds.map(|seconds| seconds as f64),
            jitter: retrier.jitter_strategy == JitterStrategy::Full,
        }
    }

    fn catcher(&mut self, catcher: &asl::Catcher, names: Names<'_>, location: &str) -> Option<CatchClause> {
        let result_path = self.result_path(&catcher.result_path, || format!("{location}/ResultPath"));
        let assign = self.optional_payload(&catcher.assign, &format!("{location}/Assign"));
        let output = self.optional_payload(&catcher.output, &format!("{location}/Output"));
        Some(CatchClause {
            errors: matchers(&catcher.error_equals),
            result_path: result_path?,
            assign: assign?,
            output: output?,
            next: names.find(&catcher.next.value),
        })
    }

    fn seconds(&mut self, seconds: &Option<Dynamic<u64>>, location: &str) -> Option<Seconds> {
        Some(match seconds {
            None => Seconds::None,
            Some(Dynamic::Literal(seconds)) => Seconds::Constant(seconds.value),
            Some(Dynamic::Path(path)) => Seconds::Path(self.path(path, || format!("{location}Path"))?),
            Some(Dynamic::Expression(text)) => Seconds::Query(self.query(&text.value, location, &text.span)?),
        })
    }

    pub(super) fn cap<T: Copy>(&mut self, cap: &Option<Dynamic<T>>, location: &str) -> Option<Cap<T>> {
        Some(match cap {
            None => Cap::None,
            Some(Dynamic::Literal(literal)) => Cap::Constant(literal.value),
            Some(Dynamic::Path(path)) => Cap::Path(self.path(path, || format!("{location}Path"))?),
            Some(Dynamic::Expression(text)) => Cap::Query(self.query(&text.value, location, &text.span)?),
        })
    }
}

/// The input of the work in either language, and the name of its field.
fn parameters<'a>(parameters: &'a Option<Node>, arguments: &'a Option<Node>) -> Option<(&'a Node, &'static str)> {
    let parameters = parameters.as_ref().map(|node| (node, "Parameters"));
    parameters.or_else(|| arguments.as_ref().map(|node| (node, "Arguments")))
}

fn matchers(names: &[Spanned<String>]) -> Vec<ErrorMatcher> {
    names
        .iter()
        .map(|name| match name.value.as_str() {
            "States.ALL" => ErrorMatcher::All,
            "States.TaskFailed" => ErrorMatcher::TaskFailed,
            name => ErrorMatcher::Name(name.into()),
        })
        .collect()
}
