//! What a service answers, and whether a mock agrees with it.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Number, Value};

use super::exception::Exception;
use super::request::FieldValidation;
use crate::resource::{Pattern, Resource, capitalised, sdk_name};

macro_rules! services {
    ($($name:literal)*) => {
        /// Every service with a model: its name in SDK integrations, its file.
        const SERVICES: &[(&str, &str)] = &[$(($name, include_str!(concat!("services/", $name, ".json"))),)*];
    };
}

services! {
    "athena" "batch" "bedrockruntime" "cloudwatch" "cloudwatchlogs" "codebuild" "comprehend" "dynamodb" "ecs" "eventbridge"
    "firehose" "glue" "kinesis" "kms" "lambda" "rdsdata" "rekognition" "s3" "scheduler" "secretsmanager" "sesv2" "sfn" "sns"
    "sqs" "ssm" "sts" "textract" "translate"
}

/// Services that optimised integrations name in their own way.
const OPTIMISED_NAMES: [(&str, &str); 3] =
    [("states", "sfn"), ("events", "eventbridge"), ("bedrock", "bedrockruntime")];

/// What `.sync` integrations ask the service for in the end, where that is their result.
const POLLED: [(&str, &str, &str); 2] =
    [("sfn", "startExecution", "describeExecution"), ("athena", "startQueryExecution", "getQueryExecution")];
/// What `.sync:2` hands on parsed: it may be any JSON.
const PARSED: [&str; 2] = ["Input", "Output"];

/// The model of one service.
#[derive(Deserialize)]
struct Service {
    /// Operation → the shape of its answer.
    operations: HashMap<String, String>,
    shapes: HashMap<String, Shape>,
}

/// One of `members`, `items`, `values`, `enum` and `range` is there.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Shape {
    members: Option<HashMap<String, String>>,
    required: Vec<String>,
    items: Option<String>,
    values: Option<String>,
    #[serde(rename = "enum")]
    one_of: Option<Vec<String>>,
    range: Option<(Option<Number>, Option<Number>)>,
}

/// Checks the mocked result of a task that calls a service. What has no model here is right.
pub(super) fn check(resource: &Resource, result: &Value, mode: FieldValidation) -> Result<(), Exception> {
    // The result of a task that waits for its token is whatever comes back with the token.
    let Some(integration) = integration(resource).filter(|_| !resource.waits_for_callback()) else {
        return Ok(());
    };
    if !result.is_object() {
        return Err(Exception::validation("Mocked result must be a JSON object."));
    }
    let Some((_, model)) = SERVICES.iter().find(|(name, _)| *name == integration.service) else { return Ok(()) };
    if mode == FieldValidation::None {
        return Ok(());
    }
    // The files are part of the program; a test reads them all.
    let Ok(service) = serde_json::from_str::<Service>(model) else { return Ok(()) };
    let Some(shape) = integration.operation().and_then(|operation| service.operations.get(operation)) else {
        return Ok(());
    };
    let checker = Checker {
        service: &service,
        strict: mode == FieldValidation::Strict,
        sdk: integration.sdk,
        parsed: if resource.pattern() == Pattern::Sync2 { &PARSED } else { &[] },
    };
    checker
        .check(result, shape, "")
        .map_err(|fault| Exception::validation(format!("Mock result schema validation error: {fault}")))
}

/// What a service integration calls.
struct Integration<'a> {
    service: &'a str,
    action: &'a str,
    sync: bool,
    /// Whether it is an SDK integration, which names fields in its own way.
    sdk: bool,
}

impl<'a> Integration<'a> {
    fn operation(&self) -> Option<&'a str> {
        if !self.sync {
            return Some(self.action);
        }
        POLLED
            .iter()
            .find(|(service, action, _)| *service == self.service && *action == self.action)
            .map(|polled| polled.2)
    }
}

/// What a Resource such as `arn:aws:states:::aws-sdk:s3:getObject` calls; `None`: no service.
fn integration(resource: &Resource) -> Option<Integration<'_>> {
    if !resource.is_of_states() || resource.service().is_empty() {
        return None;
    }
    let (sdk, service) = match resource.service().strip_prefix("aws-sdk:") {
        Some(service) => (true, service),
        None => (false, resource.service()),
    };
    let action = resource.action().split('.').next().unwrap_or_default();
    let known = OPTIMISED_NAMES.iter().find(|(name, _)| *name == service && !sdk);
    let service = known.map_or(service, |(_, name)| *name);
    let sync = matches!(resource.pattern(), Pattern::Sync | Pattern::Sync2);
    Some(Integration { service, action, sync, sdk })
}

struct Checker<'a> {
    service: &'a Service,
    strict: bool,
    sdk: bool,
    /// Fields that may be any JSON.
    parsed: &'a [&'a str],
}

impl Checker<'_> {
    /// `field` is the name of the field that holds the value.
    fn check(&self, value: &Value, kind: &str, field: &str) -> Result<(), String> {
        let be = |right: bool, what: &str| {
            if right { Ok(()) } else { Err(format!("Field '{field}' must be {what}")) }
        };
        match kind {
            "any" => return Ok(()),
            "string" => return be(value.is_string(), "a string"),
            "number" => return be(value.is_number(), "a number"),
            "boolean" => return be(value.is_boolean(), "a boolean"),
            _ => {}
        }
        let Some(shape) = self.service.shapes.get(kind) else { return Ok(()) };
        if let Some(members) = &shape.members {
            be(value.is_object(), "an object")?;
            return self.check_members(value, members, &shape.required);
        }
        if let Some(kind) = &shape.items {
            be(value.is_array(), "an array")?;
            return value.as_array().into_iter().flatten().try_for_each(|item| self.check(item, kind, field));
        }
        if let Some(kind) = &shape.values {
            be(value.is_object(), "an object")?;
            return value.as_object().into_iter().flatten().try_for_each(|(key, value)| self.check(value, kind, key));
        }
        if let Some(values) = &shape.one_of {
            be(value.is_string(), "a string")?;
            let known = values.iter().any(|known| value.as_str() == Some(known));
            return if known { Ok(()) } else { Err(format!("Field '{field}' is not an expected value")) };
        }
        let Some((least, most)) = &shape.range else { return Ok(()) };
        be(value.is_number(), "a number")?;
        let beyond = |bound: &Option<Number>, past: fn(f64, f64) -> bool| {
            bound.as_ref().and_then(Number::as_f64).zip(value.as_f64()).is_some_and(|(bound, value)| past(value, bound))
        };
        if beyond(least, |value, bound| value < bound) {
            return Err(format!("Field '{field}' is less than the minimum value"));
        }
        if beyond(most, |value, bound| value > bound) {
            return Err(format!("Field '{field}' exceeds the maximum value"));
        }
        Ok(())
    }

    fn check_members(
        &self,
        value: &Value,
        members: &HashMap<String, String>,
        required: &[String],
    ) -> Result<(), String> {
        if self.strict {
            for field in required.iter().map(|name| self.shown(name)) {
                if value.get(&field).is_none() {
                    return Err(format!("Required field '{field}' is missing"));
                }
            }
        }
        // Fields that the API doesn't have are let through.
        value.as_object().into_iter().flatten().try_for_each(|(field, value)| {
            match members.iter().find(|(name, _)| self.shown(name) == *field) {
                Some((_, kind)) if !self.parsed.contains(&field.as_str()) => self.check(value, kind, field),
                _ => Ok(()),
            }
        })
    }

    /// The name of a member as the integration has it.
    fn shown(&self, name: &str) -> String {
        if self.sdk { sdk_name(name) } else { capitalised(name) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_names_only_shapes_that_it_has() {
        for (name, text) in SERVICES {
            let service: Service = serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            let known = |kind: &String| {
                matches!(kind.as_str(), "any" | "string" | "number" | "boolean") || service.shapes.contains_key(kind)
            };
            for (shape, content) in &service.shapes {
                let mut named =
                    content.members.iter().flat_map(HashMap::values).chain(&content.items).chain(&content.values);
                assert!(named.all(known), "{name}: {shape}");
            }
            assert!(service.operations.values().all(known), "{name}");
        }
    }
}
