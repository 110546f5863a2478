//! Parameters and results of Lambda's Invoke, as the service's integrations shape them.

use hyper::{
    HeaderMap,
    header::{HeaderName, HeaderValue},
};
use serde_json::{Map, Value};

use super::{Answer, Request, TaskFailure, client::Reply};

const INVOCATION_TYPE: HeaderName = HeaderName::from_static("x-amz-invocation-type");
const LOG_TYPE: HeaderName = HeaderName::from_static("x-amz-log-type");
const CLIENT_CONTEXT: HeaderName = HeaderName::from_static("x-amz-client-context");

/// Headers that the service's results spell with capitals. HTTP/2, and our client for HTTP/1.1, have them in lower
/// case.
const SPELLINGS: [&str; 8] = [
    "Connection",
    "Content-Length",
    "Content-Type",
    "Date",
    "X-Amz-Executed-Version",
    "x-amzn-Remapped-Content-Length",
    "x-amzn-RequestId",
    "X-Amzn-Trace-Id",
];

/// One call of Invoke.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Invocation {
    /// The function's plain name.
    pub(super) function: String,
    /// The function as it was given, an ARN maybe, without version or alias.
    pub(super) given: String,
    /// Version or alias.
    pub(super) qualifier: Option<String>,
    /// JSON text.
    pub(super) payload: Vec<u8>,
    invocation_type: Option<String>,
    log_type: Option<String>,
    client_context: Option<String>,
}

impl Invocation {
    /// For a Resource that is the function's ARN.
    pub(super) fn direct(request: &Request) -> Result<Self, TaskFailure> {
        let (function, qualifier) = split_function(request.resource.as_str());
        if function.contains(':') || function.is_empty() {
            return Err(TaskFailure::new(
                "States.Runtime",
                format!("The resource provided {} is not recognized: it is no function ARN.", request.resource),
            ));
        }
        Ok(Invocation {
            function: function.to_owned(),
            given: unqualified(request.resource.as_str(), qualifier).to_owned(),
            qualifier: qualifier.map(str::to_owned),
            payload: request.input.clone(),
            invocation_type: None,
            log_type: None,
            client_context: None,
        })
    }

    /// For the integration `lambda:invoke`, whose input holds the API's parameters.
    pub(super) fn from_parameters(input: &[u8]) -> Result<Self, TaskFailure> {
        let mut parameters = Parameters::read(input)?;
        let function = parameters.required_text("FunctionName");
        let qualifier = parameters.text("Qualifier");
        let invocation_type = parameters.one_of("InvocationType", &["RequestResponse", "Event", "DryRun"]);
        let log_type = parameters.one_of("LogType", &["None", "Tail"]);
        let client_context = parameters.text("ClientContext");
        let payload = parameters.json("Payload").unwrap_or_else(|| b"{}".to_vec());
        parameters.finish(input)?;
        let name = function.unwrap_or_default(); // `finish` has refused a missing one
        let (function, derived) = split_function(&name);
        if let (Some(derived), Some(given)) = (derived, &qualifier)
            && derived != given
        {
            return Err(TaskFailure::new(
                "Lambda.InvalidParameterValueException",
                "The derived qualifier from the function name does not match the specified qualifier.",
            ));
        }
        Ok(Invocation {
            function: function.to_owned(),
            given: unqualified(&name, derived).to_owned(),
            qualifier: qualifier.or_else(|| derived.map(str::to_owned)),
            payload,
            invocation_type,
            log_type,
            client_context,
        })
    }

    /// Adds the API's headers.
    pub(super) fn write_headers(&self, headers: &mut HeaderMap) -> Result<(), TaskFailure> {
        let invocation_type = self.invocation_type.as_deref().unwrap_or("RequestResponse");
        let log_type = self.log_type.as_deref().unwrap_or("None");
        let fields = [
            (INVOCATION_TYPE, Some(invocation_type)),
            (LOG_TYPE, Some(log_type)),
            (CLIENT_CONTEXT, self.client_context.as_deref()),
        ];
        for (name, value) in fields {
            let Some(value) = value else { continue };
            let value = HeaderValue::from_str(value).map_err(|_| {
                TaskFailure::new(
                    "States.Runtime",
                    format!("The value for header {name} can't be sent: it holds control characters."),
                )
            })?;
            headers.insert(name, value);
        }
        Ok(())
    }
}

/// Name and qualifier of a function given as name, `NAME:QUALIFIER`, partial ARN (`ACCOUNT:function:NAME`) or ARN.
fn split_function(text: &str) -> (&str, Option<&str>) {
    let name = match text.rsplit_once(":function:") {
        Some((_, name)) => name,
        None => text.strip_prefix("function:").unwrap_or(text),
    };
    match name.split_once(':') {
        // An ARN of something else: leave it whole for a message.
        _ if name.starts_with("arn:") => (name, None),
        Some((name, qualifier)) => (name, Some(qualifier)),
        None => (name, None),
    }
}

/// A function as it was given, without the qualifier that [`split_function`] found at its end.
fn unqualified<'a>(text: &'a str, qualifier: Option<&str>) -> &'a str {
    qualifier.and_then(|qualifier| text.strip_suffix(qualifier)?.strip_suffix(':')).unwrap_or(text)
}

/// The result of the integration `lambda:invoke`.
pub(super) fn invoke_result(reply: &Reply, invocation: &Invocation) -> Answer {
    let header = |name: &str| reply.headers.get(name).and_then(|value| value.to_str().ok());
    let status = reply.status.as_u16();
    // Local endpoints leave the header out, but definitions rely on the field.
    let version = header("x-amz-executed-version").or(invocation.qualifier.as_deref()).unwrap_or("$LATEST");
    let metadata = http_metadata(reply);
    let request_id = header("x-amzn-requestid").unwrap_or_default();

    let mut result = Vec::with_capacity(reply.body.len() + 1024);
    result.extend_from_slice(format!("{{\"ExecutedVersion\":{},", Value::from(version)).as_bytes());
    if let Some(log) = header("x-amz-log-result") {
        result.extend_from_slice(format!("\"LogResult\":{},", Value::from(log)).as_bytes());
    }
    result.extend_from_slice(b"\"Payload\":");
    result.extend_from_slice(if reply.body.is_empty() { b"{}" } else { &reply.body });
    let tail = format!(
        ",\"SdkHttpMetadata\":{metadata},\"SdkResponseMetadata\":{{\"RequestId\":{}}},\"StatusCode\":{status}}}",
        Value::from(request_id)
    );
    result.extend_from_slice(tail.as_bytes());
    Ok(result)
}

/// What optimised integrations tell of the HTTP answer: `SdkHttpMetadata`.
pub(super) fn http_metadata(reply: &Reply) -> Value {
    let mut all_headers = Map::new();
    let mut first_headers = Map::new();
    for name in reply.headers.keys() {
        let values: Vec<String> =
            reply.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into()).collect();
        let spelling = SPELLINGS.iter().find(|known| known.eq_ignore_ascii_case(name.as_str())).copied();
        let key = spelling.unwrap_or(name.as_str());
        first_headers.insert(key.to_owned(), values.first().cloned().into());
        all_headers.insert(key.to_owned(), values.into());
    }
    serde_json::json!({
        "AllHttpHeaders": all_headers,
        "HttpHeaders": first_headers,
        "HttpStatusCode": reply.status.as_u16(),
    })
}

/// The parameters of an integration, taken field by field; problems are collected and reported together.
struct Parameters {
    fields: Vec<(String, String)>,
    problems: Vec<String>,
}

impl Parameters {
    fn read(input: &[u8]) -> Result<Self, TaskFailure> {
        let mut fields = Vec::new();
        for field in sonic_rs::to_object_iter(input) {
            let (name, value) = field.map_err(|_| {
                let problem = vec!["The parameters are not an object".to_owned()];
                unusable_parameters(input, &problem)
            })?;
            // The raw text: digits and nesting of the payload stay as they are.
            fields.push((name.to_string(), value.as_raw_str().trim().to_owned()));
        }
        Ok(Parameters { fields, problems: Vec::new() })
    }

    fn json(&mut self, name: &str) -> Option<Vec<u8>> {
        let at = self.fields.iter().position(|(field, _)| field == name)?;
        Some(self.fields.remove(at).1.into_bytes())
    }

    fn text(&mut self, name: &str) -> Option<String> {
        let json = self.json(name)?;
        let text = serde_json::from_slice::<String>(&json).ok().filter(|text| !text.is_empty());
        if text.is_none() {
            self.problems.push(invalid_format(name));
        }
        text
    }

    fn required_text(&mut self, name: &str) -> Option<String> {
        if !self.fields.iter().any(|(field, _)| field == name) {
            self.problems.push(format!("The field {name:?} is required but was missing"));
        }
        self.text(name)
    }

    fn one_of(&mut self, name: &str, allowed: &[&str]) -> Option<String> {
        let text = self.text(name)?;
        if !allowed.contains(&text.as_str()) {
            self.problems.push(invalid_format(name));
        }
        Some(text)
    }

    /// Fails when a field is left over, is required but missing, or did not fit.
    fn finish(mut self, input: &[u8]) -> Result<(), TaskFailure> {
        for (name, _) in &self.fields {
            self.problems.push(format!("The field {name:?} is not supported by Step Functions"));
        }
        if self.problems.is_empty() { Ok(()) } else { Err(unusable_parameters(input, &self.problems)) }
    }
}

fn invalid_format(name: &str) -> String {
    format!("The value of the field '{name}' has an invalid format")
}

/// The service's text for parameters that no call can be made from; the engine names the state.
pub(super) fn unusable_parameters(input: &[u8], problems: &[String]) -> TaskFailure {
    let input = String::from_utf8_lossy(input);
    let problems = problems.join(", ");
    let cause = format!("The Parameters '{input}' could not be used to start the Task: [{problems}]");
    TaskFailure { of_fields: true, ..TaskFailure::new("States.Runtime", cause) }
}
