//! Retry and Catch.

use super::super::fields;
use super::super::model::{Catcher, JitterStrategy, Retrier};
use super::super::node::{Node, Spanned};
use super::object::MAX_SECONDS;
use super::{Object, Reader};

const DEFAULT_INTERVAL_SECONDS: u64 = 1;
const DEFAULT_MAX_ATTEMPTS: u64 = 3;
const DEFAULT_BACKOFF_RATE: f64 = 2.0;

/// AWS: less than 31,622,400, a leap year.
const MAX_MAX_DELAY_SECONDS: u64 = 31_622_399;

impl Reader {
    /// `Retry`, if it is given.
    pub(super) fn retry(&mut self, object: &Object<'_>) -> Vec<Retrier> {
        self.handlers(object, "Retry", Reader::retrier)
    }

    /// `Catch`, if it is given.
    pub(super) fn catch(&mut self, object: &Object<'_>) -> Vec<Catcher> {
        self.handlers(object, "Catch", Reader::catcher)
    }

    fn handlers<T>(
        &mut self,
        object: &Object<'_>,
        name: &str,
        read: impl Fn(&mut Self, &Object<'_>, bool) -> Option<T>,
    ) -> Vec<T> {
        let Some(node) = object.get(name) else { return Vec::new() };
        let Some(elements) = node.as_array() else {
            self.error(object.at(name), &node.span, "Expected value of type Array");
            return Vec::new();
        };
        let mut handlers = Vec::new();
        for (index, element) in elements.iter().enumerate() {
            let location = format!("{}[{index}]", object.at(name));
            if let Some(handler) = self.object(element, location, object.language) {
                handlers.extend(read(self, &handler, index + 1 == elements.len()));
            }
        }
        handlers
    }

    fn retrier(&mut self, object: &Object<'_>, last: bool) -> Option<Retrier> {
        self.check_fields(object, fields::RETRIER);
        let error_equals = self.error_equals(object, last);
        let interval = self.integer(object, "IntervalSeconds", 1, MAX_SECONDS);
        let attempts = self.integer(object, "MaxAttempts", 0, MAX_SECONDS);
        let rate = self.number(object, "BackoffRate", 1.0, f64::MAX);
        let max_delay = self.integer(object, "MaxDelaySeconds", 1, MAX_MAX_DELAY_SECONDS);
        let interval_seconds = interval.map_or(DEFAULT_INTERVAL_SECONDS, |interval| interval.value);
        if let Some(max_delay) = max_delay.as_ref().filter(|max_delay| max_delay.value <= interval_seconds) {
            let message = format!("MaxDelaySeconds must be greater than IntervalSeconds, which is {interval_seconds}");
            self.error(object.at("MaxDelaySeconds"), &max_delay.span, message);
        }
        let jitter = self.choice_of(object, "JitterStrategy", &["FULL", "NONE"]);
        Some(Retrier {
            error_equals: error_equals?,
            interval_seconds,
            max_attempts: attempts.map_or(DEFAULT_MAX_ATTEMPTS, |attempts| attempts.value),
            backoff_rate: rate.map_or(DEFAULT_BACKOFF_RATE, |rate| rate.value),
            max_delay_seconds: max_delay.map(|max_delay| max_delay.value),
            jitter_strategy: match jitter {
                Some(text) if text.value == "FULL" => JitterStrategy::Full,
                _ => JitterStrategy::None,
            },
            span: object.span.clone(),
        })
    }

    fn catcher(&mut self, object: &Object<'_>, last: bool) -> Option<Catcher> {
        self.check_fields(object, fields::CATCHER);
        let error_equals = self.error_equals(object, last);
        if object.get("Next").is_none() {
            self.require(object, &["Next"]);
        }
        let next = self.target(object, "Next");
        Some(Catcher {
            result_path: self.result_path(object),
            output: self.template(object, "Output"),
            assign: self.assign(object),
            span: object.span.clone(),
            error_equals: error_equals?,
            next: next?,
        })
    }

    fn error_equals(&mut self, object: &Object<'_>, last: bool) -> Option<Vec<Spanned<String>>> {
        self.require(object, &["ErrorEquals"]);
        let node = object.get("ErrorEquals")?;
        let location = object.at("ErrorEquals");
        let Some(elements) = node.as_array() else {
            self.error(location, &node.span, "Expected value of type Array");
            return None;
        };
        if elements.is_empty() {
            self.error(location, &node.span, "Value cannot be empty");
            return None;
        }
        let names: Option<Vec<_>> =
            elements.iter().enumerate().map(|(i, e)| self.error_name(e, &location, i)).collect();
        let names = names?;
        let all = names.iter().enumerate().find(|(_, name)| name.value == "States.ALL");
        if let Some((index, all)) = all.filter(|_| names.len() > 1 || !last) {
            let message = "States.ALL must appear alone and at end of list";
            let hint = if names.len() > 1 {
                "It stands for every error: leave the other names out, or give them an element of their own before."
            } else {
                "It stands for every error: move the element to the end of the list."
            };
            self.error(format!("{location}[{index}]"), &all.span, message).hint = Some(hint.to_owned());
        }
        Some(names)
    }

    fn error_name(&mut self, node: &Node, location: &str, index: usize) -> Option<Spanned<String>> {
        match node.as_str() {
            Some(text) => Some(Spanned { value: text.to_owned(), span: node.span.clone() }),
            None => {
                self.error(format!("{location}[{index}]"), &node.span, "Expected value of type String");
                None
            }
        }
    }
}
