//! From what a state says to what an operation takes: names, types, and what is missing.
//!
//! Between here and the protocols a value is JSON in this form: members by the API's names, blobs in base64, moments as
//! milliseconds since 1970. `results` is the way back.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Map, Value};

use super::integration::Style;
use super::model::{Member, Operation, Service, Shape, Structure};
use crate::engine::TaskFailure;
use crate::task::lambda_wire::unusable_parameters;

/// The operation's input. `token` is what makes repeated calls one, where the operation takes such a text.
///
/// # Errors
/// What the service says of parameters that no call can be made of.
pub(super) fn input(
    given: &[u8],
    (service, operation, style): (&Service, &Operation, Style),
    token: impl FnOnce() -> String,
) -> Result<Map<String, Value>, TaskFailure> {
    let parameters: Value = serde_json::from_slice(given).unwrap_or_default();
    let Value::Object(parameters) = parameters else {
        return Err(unusable_parameters(given, &["The parameters are not an object".to_owned()]));
    };
    let mut reader = Reader { service, style, problems: Vec::new() };
    let structure = service.structure(operation.input);
    let mut input = reader.structure(&parameters, structure);
    if let Some((name, _)) = structure.members.iter().find(|(_, member)| member.token)
        && !input.contains_key(name)
    {
        input.insert(name.clone(), Value::String(token()));
    }
    reader.require(structure, &input);
    match reader.problems.is_empty() {
        true => Ok(input),
        false => Err(unusable_parameters(given, &reader.problems)),
    }
}

struct Reader<'a> {
    service: &'a Service,
    style: Style,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn structure(&mut self, given: &Map<String, Value>, structure: &Structure) -> Map<String, Value> {
        let mut made = Map::new();
        for (field, value) in given {
            let known = structure.members.iter().find(|(_, member)| self.style.name_of(member) == field);
            let Some((name, member)) = known else {
                self.problems.push(format!("The field {field:?} is not supported by Step Functions"));
                continue;
            };
            if value.is_null() {
                continue;
            }
            if let Some(value) = self.member(value, member, field) {
                made.insert(name.clone(), value);
            }
        }
        made
    }

    fn member(&mut self, value: &Value, member: &Member, field: &str) -> Option<Value> {
        let is_text = member.json || self.style.takes_json(field) && !value.is_string();
        match is_text && matches!(self.service.shape(member.shape), Shape::String) {
            true => Some(Value::String(value.to_string())),
            false => self.value(value, member.shape, field),
        }
    }

    /// What is missing, unless what is there is wrong already.
    fn require(&mut self, structure: &Structure, made: &Map<String, Value>) {
        for name in structure.required.iter().filter(|name| !made.contains_key(*name)) {
            let shown = structure.members.get(name).map_or(name.as_str(), |member| self.style.name_of(member));
            if !self.problems.iter().any(|problem| *problem == invalid_format(shown)) {
                self.problems.push(format!("The field {shown:?} is required but was missing"));
            }
        }
    }

    fn value(&mut self, value: &Value, shape: usize, field: &str) -> Option<Value> {
        let service = self.service;
        let made = match (service.shape(shape), value) {
            (Shape::Structure(structure), Value::Object(given)) => {
                let made = self.structure(given, structure);
                self.require(structure, &made);
                Some(Value::Object(made))
            }
            (Shape::List { item, .. }, Value::Array(items)) => {
                Some(items.iter().filter_map(|value| self.value(value, *item, field)).collect())
            }
            (Shape::Map { value, .. }, Value::Object(entries)) => {
                let entry = |(key, given): (&String, &Value)| Some((key.clone(), self.value(given, *value, key)?));
                Some(Value::Object(entries.iter().filter_map(entry).collect()))
            }
            (Shape::String, Value::String(_))
            | (Shape::Boolean, Value::Bool(_))
            | (Shape::Fraction, Value::Number(_)) => Some(value.clone()),
            (Shape::Whole, Value::Number(number)) if !number.as_str().contains(['.', 'e', 'E']) => Some(value.clone()),
            (Shape::Timestamp { .. }, _) => milliseconds(value).map(Value::from),
            (Shape::Blob, _) => self.blob(value),
            (Shape::Document, _) => Some(value.clone()),
            _ => None,
        };
        if made.is_none() {
            self.problems.push(invalid_format(field));
        }
        made
    }

    /// SDK integrations send the JSON text of a value, that of a string with its quotes; the optimised ones take base64.
    fn blob(&self, value: &Value) -> Option<Value> {
        match (self.style, value) {
            (Style::Sdk, value) => Some(Value::String(BASE64.encode(value.to_string()))),
            (Style::Optimised(_), Value::String(text)) => BASE64.decode(text).is_ok().then(|| value.clone()),
            (Style::Optimised(_), _) => None,
        }
    }
}

/// A moment: a timestamp of RFC 3339, or seconds since 1970.
fn milliseconds(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse::<jiff::Timestamp>().ok().map(|moment| moment.as_millisecond()),
        Value::Number(number) => number.as_f64().map(|seconds| (seconds * 1e3).round() as i64),
        _ => None,
    }
}

fn invalid_format(field: &str) -> String {
    format!("The value of the field '{field}' has an invalid format")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::task::aws::integration;
    use crate::task::aws::model::Library;

    fn made(service: &str, action: &str, style: Style, given: &Value) -> Result<Value, String> {
        let service = Library::shared().service(service).expect("there is one");
        let operation = service.operation(action).expect("there is one");
        input(given.to_string().as_bytes(), (&service, operation, style), || "token".to_owned())
            .map(Value::Object)
            .map_err(|failure| {
                assert!(failure.of_fields && failure.error.as_deref() == Some("States.Runtime"));
                failure.cause.unwrap_or_default()
            })
    }

    fn optimised(service: &str) -> Style {
        Style::Optimised(integration::optimised(service).expect("there is one"))
    }

    #[test]
    fn names_become_those_of_the_api_and_keys_of_maps_stay() {
        let item = json!({"TableName": "t", "Item": {"orderId": {"S": "x"}, "n": {"N": "1"}}, "ReturnValues": null});
        let expected = json!({"TableName": "t", "Item": {"orderId": {"S": "x"}, "n": {"N": "1"}}});
        assert_eq!(made("dynamodb", "putItem", optimised("dynamodb"), &item), Ok(expected));
        let start = json!({"StateMachineArn": "arn", "Name": "n"});
        let expected = json!({"stateMachineArn": "arn", "name": "n"});
        assert_eq!(made("sfn", "startExecution", Style::Sdk, &start), Ok(expected));
        let describe = json!({"DbInstanceIdentifier": "d"});
        let expected = json!({"DBInstanceIdentifier": "d"});
        assert_eq!(made("rds", "describeDBInstances", Style::Sdk, &describe), Ok(expected));
    }

    #[test]
    fn json_becomes_text_where_the_optimised_integrations_take_it() {
        let message = json!({"QueueUrl": "q", "MessageBody": {"a": 1.50}});
        let expected = json!({"QueueUrl": "q", "MessageBody": "{\"a\":1.5}"});
        assert_eq!(made("sqs", "sendMessage", optimised("sqs"), &message), Ok(expected));
        assert!(made("sqs", "sendMessage", Style::Sdk, &message).is_err());
    }

    #[test]
    fn blobs_tokens_and_moments() {
        let put = json!({"Bucket": "b", "Key": "k", "Body": "text", "Expires": "2026-11-28T18:00:00.250Z"});
        let expected =
            json!({"Bucket": "b", "Key": "k", "Body": BASE64.encode("\"text\""), "Expires": 1795888800250_i64});
        assert_eq!(made("s3", "putObject", Style::Sdk, &put), Ok(expected));
        let run = json!({"TaskDefinition": "t"});
        let expected = json!({"taskDefinition": "t", "clientToken": "token"});
        assert_eq!(made("ecs", "runTask", Style::Sdk, &run), Ok(expected));
    }

    #[test]
    fn what_does_not_fit_is_told_in_the_words_of_the_service() {
        for (given, problems) in [
            (
                json!({}),
                "The field \"TableName\" is required but was missing, The field \"Item\" is required but was missing",
            ),
            (json!({"TableName": "t", "Item": []}), "The value of the field 'Item' has an invalid format"),
            (
                json!({"TableName": "t", "Item": {"a": {"N": 1}}, "tableName": "t"}),
                "The value of the field 'N' has an invalid format, The field \"tableName\" is not supported by Step Functions",
            ),
        ] {
            let expected = format!("The Parameters '{given}' could not be used to start the Task: [{problems}]");
            assert_eq!(made("dynamodb", "putItem", optimised("dynamodb"), &given), Err(expected));
        }
    }
}
