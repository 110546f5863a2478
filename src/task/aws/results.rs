//! From what an operation answered to the result of a state: see `parameters`, of which this is the way back.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Map, Value};

use super::integration::Style;
use super::model::{Service, Shape, Structure};

/// The members of a structure under the names that the integration has for them.
pub(super) fn output(
    answer: Map<String, Value>,
    structure: &Structure,
    service: &Service,
    style: Style,
) -> Map<String, Value> {
    let mut shown = Map::with_capacity(answer.len());
    for (name, value) in answer {
        if let Some(member) = structure.members.get(&name)
            && !value.is_null()
        {
            shown.insert(style.name_of(member).to_owned(), value_of(value, member.shape, service, style));
        }
    }
    shown
}

fn value_of(value: Value, shape: usize, service: &Service, style: Style) -> Value {
    match (service.shape(shape), value) {
        (Shape::Structure(structure), Value::Object(members)) => {
            Value::Object(output(members, structure, service, style))
        }
        (Shape::List { item, .. }, Value::Array(items)) => {
            items.into_iter().map(|value| value_of(value, *item, service, style)).collect()
        }
        (Shape::Map { value: shape, .. }, Value::Object(entries)) => {
            let entry = |(key, value)| (key, value_of(value, *shape, service, style));
            Value::Object(entries.into_iter().map(entry).collect())
        }
        (Shape::Timestamp { .. }, value) => moment(value, style),
        (Shape::Blob, Value::String(packed)) if matches!(style, Style::Sdk) => Value::String(text(packed)),
        (_, value) => value,
    }
}

/// Milliseconds since 1970 as the optimised integrations have them, or as Java's `Instant` writes a moment.
fn moment(value: Value, style: Style) -> Value {
    let written = value.as_i64().filter(|_| matches!(style, Style::Sdk));
    match written.and_then(|milliseconds| jiff::Timestamp::from_millisecond(milliseconds).ok()) {
        Some(moment) if moment.subsec_nanosecond() == 0 => {
            Value::String(moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        }
        Some(moment) => Value::String(moment.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()),
        None => value,
    }
}

/// The text in a blob; base64 of one that is no text.
fn text(packed: String) -> String {
    let text = BASE64.decode(&packed).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    text.unwrap_or(packed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::task::aws::integration;
    use crate::task::aws::model::Library;

    #[test]
    fn an_answer_is_shown_as_each_kind_of_integration_shows_it() {
        let service = Library::shared().service("sfn").expect("there is one");
        let structure = service.structure(service.operation("describeExecution").expect("there is one").output);
        let answer =
            json!({"executionArn": "arn", "startDate": 1795888800250_i64, "stopDate": 1795888800000_i64, "new": 1});
        let Value::Object(answer) = answer else { unreachable!("it is an object") };
        let sdk = output(answer.clone(), structure, &service, Style::Sdk);
        let expected = json!({
            "ExecutionArn": "arn", "StartDate": "2026-11-28T18:00:00.250Z", "StopDate": "2026-11-28T18:00:00Z"
        });
        assert_eq!(Value::Object(sdk), expected);
        let style = Style::Optimised(integration::optimised("states").expect("there is one"));
        let optimised = output(answer, structure, &service, style);
        assert_eq!(optimised["StartDate"], 1795888800250_i64);
    }

    #[test]
    fn blobs_are_text_where_they_can_be() {
        assert_eq!(text(BASE64.encode("grün")), "grün");
        assert_eq!(text("//79".to_owned()), "//79");
    }
}
