//! The `lambda` connector: AWS Lambda's Invoke against an endpoint.
//!
//! Serves direct function ARNs (`arn:aws:lambda:…:function:NAME[:QUALIFIER]`: the task's input is the payload, the
//! function's answer is the result) and the integration `arn:aws:states:::lambda:invoke` (input and result are those of
//! the API). Requests are not signed.
//!
//! | what happens | outcome |
//! |---|---|
//! | the function fails | its `errorType`, or `Lambda.Unknown`; the payload is the cause |
//! | the API refuses | `Lambda.<Code>` with the service's text |
//! | no answer within the connector's timeout | `Lambda.ClientExecutionTimeoutException` |
//! | connection trouble | `Lambda.SdkClientException` |
//! | no answer within the state's `TimeoutSeconds` | `States.Timeout`, without cause |
//! | payload larger than allowed | `States.DataLimitExceeded` |
//! | the state's parameters don't fit the API | `States.Runtime` |

use std::sync::Arc;
use std::time::Duration;

use hyper::{HeaderMap, Uri};

use super::{
    Answer, BoxFuture, ClientOptions, Connector, ConnectorKind, OptionsError, Request, Resource, Role, TaskFailure,
    client::{Client, ExchangeError, Reply, contact_of, percent_encoded},
    endpoint,
    http::{check_json, error_type, identity_headers},
    lambda_wire::{Invocation, invoke_result},
    only_answers, only_tasks,
};
use crate::config::{Findings, Options, Place};
use crate::resource::Kind;

/// The kind `lambda`.
pub static LAMBDA: ConnectorKind = ConnectorKind {
    name: "lambda",
    options: &["endpoint", "headers", "connections", "http_version", "ca_file"],
    can_pause: true,
    make,
    address: Some("endpoint"),
    suggestion: |resource, role| refusal(resource, role).is_none().then_some("endpoint = \"http://127.0.0.1:3001\""),
    implied: ConnectorKind::nothing_implied,
};

fn make(options: &mut Options<'_>, timeout: Duration) -> Option<Arc<dyn Connector>> {
    let hint = "give the Invoke endpoint: endpoint = \"http://127.0.0.1:9001\"";
    let client = endpoint::read(options, "endpoint", hint, timeout)?;
    let connector = LambdaConnector::new(LambdaOptions { client });
    Some(Arc::new(endpoint::made(options, "endpoint", connector)?))
}

/// Options of the `lambda` connector.
#[derive(Clone, Debug)]
pub struct LambdaOptions {
    /// The endpoint, such as `http://127.0.0.1:3001`, and how to reach it. A path in it is put before that of the API.
    pub client: ClientOptions,
}

impl LambdaOptions {
    /// Defaults for an endpoint; see [`ClientOptions::new`].
    pub fn new(endpoint: impl Into<String>) -> Self {
        LambdaOptions { client: ClientOptions::new(endpoint) }
    }
}

/// Invokes Lambda functions.
pub struct LambdaConnector {
    client: Arc<Client>,
}

impl LambdaConnector {
    /// Checks the options; connects to nothing yet.
    pub fn new(options: LambdaOptions) -> Result<Self, OptionsError> {
        Ok(LambdaConnector { client: Arc::new(Client::new(options.client)?) })
    }
}

impl Connector for LambdaConnector {
    fn call(&self, request: Request) -> BoxFuture<'static, Answer> {
        let client = Arc::clone(&self.client);
        Box::pin(async move {
            request.refuse_data(LAMBDA.name)?;
            if request.resource.is_integration("lambda", "invoke") {
                let invocation = Invocation::from_parameters(&request.input)?;
                let reply = invoke(&client, &request, &invocation).await?;
                let reply = payload(reply, "lambda")?;
                return invoke_result(&reply, &invocation);
            }
            let invocation = Invocation::direct(&request)?;
            let reply = invoke(&client, &request, &invocation).await?;
            direct_result(reply, &request)
        })
    }

    fn refuses(&self, resource: &Resource, role: Role) -> Option<String> {
        refusal(resource, role)
    }

    fn kind(&self) -> &'static str {
        LAMBDA.name
    }

    fn ask(&self, place: &Place, patience: Duration) -> BoxFuture<'static, Findings> {
        endpoint::ask(&self.client, place, patience)
    }
}

/// Why no connector of this kind carries out such calls.
fn refusal(resource: &Resource, role: Role) -> Option<String> {
    let calls_function = resource.kind() == Kind::Function || resource.is_integration("lambda", "invoke");
    only_tasks(role)
        .or_else(|| only_answers(resource))
        .or_else(|| (!calls_function).then(|| "calls Lambda functions only".to_owned()))
}

async fn invoke(client: &Client, request: &Request, invocation: &Invocation) -> Result<Reply, TaskFailure> {
    let uri = invocation_uri(client.uri(), invocation)?;
    let mut headers: HeaderMap = identity_headers(request)?;
    invocation.write_headers(&mut headers)?;
    client
        .post(uri, headers, invocation.payload.clone(), request.timeout)
        .await
        .map_err(|error| exchange_failure(error, client.display_url()))
}

/// The path of the Invoke API below the endpoint.
fn invocation_uri(endpoint: &Uri, invocation: &Invocation) -> Result<Uri, TaskFailure> {
    let base = endpoint.path().trim_end_matches('/');
    let function = percent_encoded(&invocation.function);
    let mut path = format!("{base}/2015-03-31/functions/{function}/invocations");
    if let Some(qualifier) = &invocation.qualifier {
        path.push_str("?Qualifier=");
        path.push_str(&percent_encoded(qualifier));
    }
    let mut parts = endpoint.clone().into_parts();
    let unusable =
        |reason: String| TaskFailure::new("States.Runtime", format!("The function's URL can't be built: {reason}"));
    parts.path_and_query =
        Some(path.parse().map_err(|error: hyper::http::uri::InvalidUri| unusable(error.to_string()))?);
    Uri::from_parts(parts).map_err(|error| unusable(error.to_string()))
}

/// What a function that its ARN names has answered: nothing is `null`.
pub(super) fn direct_result(reply: Reply, request: &Request) -> Answer {
    let body = payload(reply, request.resource.as_str())?.body;
    Ok(if body.is_empty() { b"null".to_vec() } else { body })
}

/// The reply, when the function was run and gave a payload that is a result. `what` names it in a size failure.
pub(super) fn payload(reply: Reply, what: &str) -> Result<Reply, TaskFailure> {
    if !reply.status.is_success() {
        return Err(api_failure(&reply));
    }
    if reply.headers.contains_key("x-amz-function-error") {
        return Err(function_failure(&reply.body));
    }
    if reply.cut {
        return Err(TaskFailure::result_too_large(what));
    }
    if reply.body.is_empty() || check_json(&reply.body).is_ok() {
        return Ok(reply);
    }
    Err(unknown_failure(&reply.body))
}

fn function_failure(payload: &[u8]) -> TaskFailure {
    match error_type(payload) {
        Some(error) => TaskFailure::new(error, String::from_utf8_lossy(payload)),
        None => unknown_failure(payload),
    }
}

fn unknown_failure(payload: &[u8]) -> TaskFailure {
    let payload = String::from_utf8_lossy(payload);
    TaskFailure::new(
        "Lambda.Unknown",
        format!(
            "The cause could not be determined because Lambda did not return an error type. Returned payload: {payload}"
        ),
    )
}

/// A refusal by the API itself, in the text of the service's own integration.
fn api_failure(reply: &Reply) -> TaskFailure {
    let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let header = |name: &str| {
        let value = reply.headers.get(name).and_then(|value| value.to_str().ok());
        value.filter(|text| !text.is_empty())
    };
    let member = |names: &[&str]| names.iter().find_map(|name| body.get(name)?.as_str());
    let status = reply.status.as_u16();
    let code = header("x-amzn-errortype")
        .or_else(|| member(&["__type", "code"]))
        // The header may go on with `:` and a URL, the member may begin with a namespace and `#`.
        .map(|code| code.split(':').next().unwrap_or_default())
        .map(|code| code.rsplit('#').next().unwrap_or_default())
        .filter(|code| !code.is_empty())
        .unwrap_or(match status {
            404 => "ResourceNotFoundException",
            429 => "TooManyRequestsException",
            500..=599 => "ServiceException",
            _ => "UnknownError",
        });
    let error = if code.ends_with("Exception") { code } else { "AWSLambdaException" };
    let text = String::from_utf8_lossy(&reply.body);
    let message = member(&["message", "Message", "errorMessage"]).unwrap_or(&text);
    let request_id = header("x-amzn-requestid").unwrap_or_default();
    TaskFailure::new(
        format!("Lambda.{error}"),
        format!(
            "{message} (Service: AWSLambda; Status Code: {status}; Error Code: {code}; Request ID: {request_id}; \
             Proxy: null)"
        ),
    )
    .at(contact_of(reply.status))
}

pub(super) fn exchange_failure(error: ExchangeError, url: &str) -> TaskFailure {
    let contact = error.contact();
    let failure = match error {
        ExchangeError::StateTimeout => TaskFailure::timeout(),
        ExchangeError::Timeout(after) => TaskFailure::new(
            "Lambda.ClientExecutionTimeoutException",
            format!("Client execution did not complete before the specified timeout configuration: {url}, {after:?}."),
        ),
        ExchangeError::Broken(reason) | ExchangeError::Unreachable(reason) => {
            TaskFailure::new("Lambda.SdkClientException", format!("Unable to execute HTTP request: {url}: {reason}"))
        }
    };
    failure.at(contact)
}

#[cfg(test)]
mod tests;
