//! Lambda functions, by their ARN or by `lambda:invoke`: what comes back is the function's, not the API's.

use hyper::HeaderMap;
use serde_json::Map;

use super::caller::{Caller, Outgoing, Sent, Unsent};
use super::error;
use super::integration::{Style, optimised};
use super::model::Library;
use super::operation::no_keys;
use super::protocol::Message;
use crate::resource::Resource;
use crate::task::client::{Reply, percent_encoded};
use crate::task::lambda::{direct_result, payload};
use crate::task::lambda_wire::{Invocation, invoke_result, unusable_parameters};
use crate::task::{Answer, MAX_RESULT_BYTES, Request, TaskFailure};

/// Calls the function of the Resource: the task's input is the payload, what the function answers the result.
pub(super) async fn direct(caller: &Caller, request: &Request) -> Answer {
    let invocation = Invocation::direct(request)?;
    let reply = send(caller, request, &invocation).await?;
    direct_result(reply, request)
}

/// Carries out `lambda:invoke`.
pub(super) async fn invoke(caller: &Caller, request: &Request) -> Answer {
    let invocation = Invocation::from_parameters(&request.input)?;
    let reply = payload(send(caller, request, &invocation).await?, "lambda")?;
    invoke_result(&reply, &invocation)
}

async fn send(caller: &Caller, request: &Request, invocation: &Invocation) -> Result<Reply, TaskFailure> {
    let unusable = |why: String| unusable_parameters(&request.input, &[why]);
    let service = Library::shared().service("lambda").map_err(|error| unusable(error.to_string()))?;
    let operation = service.operation("invoke").map_err(|error| unusable(error.to_string()))?;
    let style = optimised("lambda").map_or(Style::Sdk, Style::Optimised);
    let keys = caller.keys(request).await.map_err(|error| no_keys(error, style, &service))?;
    let function = Resource::parse(&invocation.given);
    let outgoing = Outgoing {
        service: &service,
        operation,
        input: &Map::new(),
        message: message(invocation)?,
        // A function is where its ARN says.
        region: function.region(),
        keys: Some(keys),
        timeout: request.timeout,
        max_answer_bytes: MAX_RESULT_BYTES,
    };
    let Sent { outcome, attempts } = caller.send(outgoing).await;
    outcome.map_err(|unsent| match unsent {
        Unsent::Unusable(why) => unusable(why),
        Unsent::Exchange(error, host) => error::exchange(error, &host, style, &service, attempts),
    })
}

fn message(invocation: &Invocation) -> Result<Message, TaskFailure> {
    let mut headers = HeaderMap::new();
    invocation.write_headers(&mut headers)?;
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut headers: Vec<(String, String)> =
        headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    headers.push(("content-type".to_owned(), "application/json".to_owned()));
    Ok(Message {
        path: format!("/2015-03-31/functions/{}/invocations", percent_encoded(&invocation.given)),
        query: invocation.qualifier.iter().map(|qualifier| ("Qualifier".to_owned(), qualifier.clone())).collect(),
        headers,
        body: invocation.payload.clone(),
    })
}
