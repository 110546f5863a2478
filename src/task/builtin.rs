//! Connectors that need no other side: for load tests and for trying things out.

use std::sync::Arc;
use std::time::Duration;

use super::{
    Answer, BoxFuture, Connector, ConnectorKind, OptionsError, Request, Resource, Role, TaskFailure, only_tasks,
};
use crate::config::Options;

/// The kind `builtin`.
pub static BUILTIN: ConnectorKind = ConnectorKind {
    name: "builtin",
    options: &["builtin", "duration", "probability", "error"],
    can_pause: false,
    make,
    address: None,
    suggestion: |_, _| None,
    implied: ConnectorKind::nothing_implied,
};

const LONGEST_DURATION: Duration = Duration::from_secs(3600);

fn make(options: &mut Options<'_>, _: Duration) -> Option<Arc<dyn Connector>> {
    options.required("builtin", "say which: builtin = \"echo\", \"sleep\" or \"fail\"")?;
    let builtin = options.choice("builtin", &[("echo", "echo"), ("sleep", "sleep"), ("fail", "fail")])?;
    let delay = options.duration("duration", Duration::ZERO, Duration::ZERO..=LONGEST_DURATION);
    let probability = options.probability("probability");
    let error = options.text("error");
    let (needs, hint, has_no): (_, _, &[&str]) = match builtin {
        "echo" => (None, "", &["duration", "probability", "error"]),
        "sleep" => (Some("duration"), "say how long: duration = \"5ms\"", &["probability", "error"]),
        _ => (Some("probability"), "say how often: probability = 0.01", &[]),
    };
    for option in has_no.iter().filter(|option| options.has(option)).collect::<Vec<_>>() {
        options.mistake(option, format!("builtin \"{builtin}\" takes no `{option}`"), Some("leave it out".to_owned()));
    }
    if let Some(option) = needs.filter(|option| !options.has(option)) {
        options.mistake("builtin", format!("builtin \"{builtin}\" needs `{option}`"), Some(hint.to_owned()));
    }
    let made = BuiltinConnector::new(BuiltinOptions {
        delay,
        failure_probability: probability.unwrap_or(0.0),
        error: error.map_or(BuiltinOptions::echo().error, |text| text.value),
        ..BuiltinOptions::echo()
    });
    match made {
        Ok(connector) => Some(Arc::new(connector)),
        Err(error) => {
            options.mistake("probability", error.to_string(), None);
            None
        }
    }
}

/// What a builtin connector does with a call.
#[derive(Debug, Clone, PartialEq)]
pub struct BuiltinOptions {
    /// How long an answer takes.
    pub delay: Duration,
    /// The chance of a failure per call, from 0 (never) to 1 (always).
    pub failure_probability: f64,
    /// Error name of a failure.
    pub error: String,
    /// Cause of a failure.
    pub cause: String,
}

impl BuiltinOptions {
    /// Answers at once with the input.
    pub fn echo() -> Self {
        BuiltinOptions {
            delay: Duration::ZERO,
            failure_probability: 0.0,
            error: "Builtin.Fail".to_owned(),
            cause: "The builtin connector is configured to fail.".to_owned(),
        }
    }

    /// Answers with the input after `delay`.
    pub fn sleep(delay: Duration) -> Self {
        BuiltinOptions { delay, ..Self::echo() }
    }

    /// Fails with the given probability, else answers with the input.
    pub fn fail(probability: f64) -> Self {
        BuiltinOptions { failure_probability: probability, ..Self::echo() }
    }
}

/// Answers with the task's input, late or with a failure as its options say.
#[derive(Debug)]
pub struct BuiltinConnector {
    options: BuiltinOptions,
}

impl BuiltinConnector {
    /// Fails when the probability is not within 0 to 1.
    pub fn new(options: BuiltinOptions) -> Result<Self, OptionsError> {
        if !(0.0..=1.0).contains(&options.failure_probability) {
            return Err(OptionsError::Probability { value: options.failure_probability });
        }
        Ok(BuiltinConnector { options })
    }

    fn outcome(&self, input: Vec<u8>) -> Answer {
        let fails = self.options.failure_probability > 0.0 && fastrand::f64() < self.options.failure_probability;
        if fails {
            return Err(TaskFailure::new(self.options.error.as_str(), self.options.cause.as_str()));
        }
        Ok(input)
    }
}

impl Connector for BuiltinConnector {
    fn call(&self, request: Request) -> BoxFuture<'static, Answer> {
        let answer = request.refuse_data(self.kind()).and_then(|()| self.outcome(request.input));
        let delay = self.options.delay;
        let timeout = request.timeout;
        Box::pin(async move {
            if delay.is_zero() {
                return answer;
            }
            match timeout {
                Some(timeout) if timeout < delay => {
                    tokio::time::sleep(timeout).await;
                    Err(TaskFailure::timeout())
                }
                _ => {
                    tokio::time::sleep(delay).await;
                    answer
                }
            }
        })
    }

    fn awaits_callback(&self, _: &Resource) -> bool {
        false
    }

    /// It stands in for anything that answers, in load tests; it waits for nothing.
    fn refuses(&self, _: &Resource, role: Role) -> Option<String> {
        only_tasks(role)
    }

    fn kind(&self) -> &'static str {
        BUILTIN.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::testing::{block_on, request};

    fn call(options: BuiltinOptions, request: Request) -> Answer {
        block_on(BuiltinConnector::new(options).expect("valid options").call(request))
    }

    #[test]
    fn echo_gives_the_input_back_byte_for_byte() {
        let input = br#"{"price": 1.00, "big": 123456789012345678901234567890}"#;
        assert_eq!(call(BuiltinOptions::echo(), request("echo", input)), Ok(input.to_vec()));
    }

    #[test]
    fn sleep_answers_with_the_input() {
        let answer = call(BuiltinOptions::sleep(Duration::from_millis(2)), request("sleep", b"[1]"));
        assert_eq!(answer, Ok(b"[1]".to_vec()));
    }

    #[test]
    fn the_states_timeout_ends_a_longer_sleep() {
        let mut request = request("sleep", b"{}");
        request.timeout = Some(Duration::from_millis(1));
        let answer = call(BuiltinOptions::sleep(Duration::from_secs(3600)), request);
        assert_eq!(answer, Err(TaskFailure::timeout()));
    }

    #[test]
    fn fails_always_at_one_and_never_at_zero() {
        for _ in 0..200 {
            assert!(call(BuiltinOptions::fail(1.0), request("fail", b"{}")).is_err());
            assert!(call(BuiltinOptions::fail(0.0), request("fail", b"{}")).is_ok());
        }
    }

    #[test]
    fn failure_carries_the_configured_name_and_cause() {
        let options = BuiltinOptions { error: "Oops".into(), cause: "why".into(), ..BuiltinOptions::fail(1.0) };
        let failure = call(options, request("fail", b"{}")).expect_err("always fails");
        assert_eq!((failure.error.as_deref(), failure.cause.as_deref()), (Some("Oops"), Some("why")));
    }

    #[test]
    fn probability_outside_of_its_range_is_refused() {
        for value in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(BuiltinConnector::new(BuiltinOptions::fail(value)).is_err(), "{value}");
        }
    }
}
