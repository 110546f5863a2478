use std::time::Duration;

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Response, Uri},
};
use serde_json::{Value, json};

use super::*;
use crate::task::testing::{block_on, request, serve};

const DIRECT: &str = "arn:aws:lambda:eu-west-1:123456789012:function:price";
const INVOKE: &str = "arn:aws:states:::lambda:invoke";

/// What the server saw.
struct Seen {
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

/// What the server answers.
#[derive(Clone)]
struct Reply {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
}

fn reply(status: u16, headers: &[(&'static str, &'static str)], body: impl Into<Vec<u8>>) -> Reply {
    Reply { status, headers: headers.to_vec(), body: body.into() }
}

/// Calls a server that answers once with `reply`; gives what it saw, if it was reached, and the answer.
fn called(resource: &str, input: &str, reply: Reply) -> (Option<Seen>, Answer) {
    block_on(async move {
        let (seen, mut log) = tokio::sync::mpsc::channel(1);
        let handler = move |uri: Uri, headers: HeaderMap, body: Bytes| {
            let (seen, reply) = (seen.clone(), reply.clone());
            async move {
                seen.send(Seen { uri, headers, body }).await.expect("the test is waiting");
                let mut response = Response::builder().status(reply.status);
                for (name, value) in reply.headers {
                    response = response.header(name, value);
                }
                response.body(Body::from(reply.body)).expect("a response")
            }
        };
        let address = serve(Router::new().fallback(handler)).await;
        let connector = connector(LambdaOptions::new(format!("http://{address}/base/")));
        let answer = connector.call(request(resource, input.as_bytes())).await;
        (log.try_recv().ok(), answer)
    })
}

fn connector(options: LambdaOptions) -> LambdaConnector {
    LambdaConnector::new(options).expect("valid options")
}

fn error(answer: Answer) -> (String, String) {
    let failure = answer.expect_err("a failure");
    assert!(!failure.timed_out);
    (failure.error.expect("a name"), failure.cause.expect("a cause"))
}

fn json_of(answer: Answer) -> Value {
    serde_json::from_slice(&answer.expect("a result")).expect("JSON")
}

#[test]
fn direct_call_sends_the_input_and_gives_the_raw_result() {
    let result = r#"{"price": 12.50, "id": 123456789012345678901234567890}"#;
    let (seen, answer) = called(DIRECT, r#"{"sku": 1.0}"#, reply(200, &[], result));
    assert_eq!(answer, Ok(result.as_bytes().to_vec()));
    let seen = seen.expect("the server was called");
    assert_eq!(seen.uri.to_string(), "/base/2015-03-31/functions/price/invocations");
    assert_eq!(&seen.body[..], br#"{"sku": 1.0}"#);
    let expected = [
        ("x-amz-invocation-type", "RequestResponse"),
        ("x-amz-log-type", "None"),
        ("idempotency-key", "orders-0-42:Charge:1"),
        ("stepstream-attempt", "2"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("content-type", "application/json"),
    ];
    for (name, value) in expected {
        assert_eq!(seen.headers.get(name).map(|value| value.as_bytes()), Some(value.as_bytes()), "{name}");
    }
    assert!(!seen.headers.contains_key("x-amz-client-context"));
}

#[test]
fn qualifiers_of_direct_arns_become_a_parameter() {
    let (seen, _) = called(&format!("{DIRECT}:$LATEST"), "{}", reply(200, &[], "1"));
    let uri = seen.expect("called").uri.to_string();
    assert_eq!(uri, "/base/2015-03-31/functions/price/invocations?Qualifier=%24LATEST");
}

#[test]
fn direct_call_without_payload_gives_null() {
    assert_eq!(called(DIRECT, "{}", reply(200, &[], "")).1, Ok(b"null".to_vec()));
}

#[test]
fn a_resource_that_is_no_function_is_refused_without_a_call() {
    let resource = "arn:aws:states:::sqs:sendMessage";
    let (seen, answer) = called(resource, "{}", reply(200, &[], "1"));
    assert!(seen.is_none());
    let (name, cause) = error(answer);
    assert_eq!(name, "States.Runtime");
    assert!(cause.contains(resource), "{cause}");
}

#[test]
fn integration_sends_parameters_where_the_api_wants_them() {
    let input = r#"{"FunctionName": "price", "Payload": {"a": 1.00, "b": [true]}, "Qualifier": "PROD",
        "InvocationType": "Event", "ClientContext": "eyJhIjoxfQ==", "LogType": "Tail"}"#;
    let (seen, answer) = called(INVOKE, input, reply(202, &[], ""));
    let seen = seen.expect("called");
    assert_eq!(seen.uri.to_string(), "/base/2015-03-31/functions/price/invocations?Qualifier=PROD");
    assert_eq!(&seen.body[..], br#"{"a": 1.00, "b": [true]}"#);
    let expected =
        [("x-amz-invocation-type", "Event"), ("x-amz-log-type", "Tail"), ("x-amz-client-context", "eyJhIjoxfQ==")];
    for (name, value) in expected {
        assert_eq!(seen.headers.get(name).map(|value| value.as_bytes()), Some(value.as_bytes()), "{name}");
    }
    let result = json_of(answer);
    assert_eq!((&result["StatusCode"], &result["Payload"]), (&json!(202), &json!({})));
}

#[test]
fn integration_finds_function_and_qualifier_in_every_form_of_the_name() {
    let cases = [
        ("price", "price"),
        ("price:PROD", "price?Qualifier=PROD"),
        ("123456789012:function:price", "price"),
        ("function:price", "price"),
        ("arn:aws:lambda:eu-west-1:123456789012:function:price", "price"),
        ("arn:aws:lambda:eu-west-1:123456789012:function:price:7", "price?Qualifier=7"),
        ("a b/c", "a%20b%2Fc"),
    ];
    for (name, expected) in cases {
        let (seen, _) = called(INVOKE, &json!({ "FunctionName": name }).to_string(), reply(200, &[], "1"));
        let uri = seen.expect("called").uri.to_string();
        let (function, query) =
            expected.split_once('?').map_or((expected, String::new()), |(f, q)| (f, format!("?{q}")));
        assert_eq!(uri, format!("/base/2015-03-31/functions/{function}/invocations{query}"), "{name}");
    }
}

#[test]
fn integration_without_payload_sends_an_empty_object() {
    let (seen, _) = called(INVOKE, r#"{"FunctionName": "price"}"#, reply(200, &[], "1"));
    assert_eq!(&seen.expect("called").body[..], b"{}");
}

#[test]
fn integration_wraps_the_result_as_the_service_does() {
    let headers = [
        ("x-amz-executed-version", "7"),
        ("x-amzn-requestid", "req-1"),
        ("content-type", "application/json"),
        ("x-other", "a"),
        ("x-other", "b"),
        ("date", "Tue, 24 Nov 2026 08:00:00 GMT"),
    ];
    let (_, answer) = called(INVOKE, r#"{"FunctionName": "price"}"#, reply(200, &headers, r#"{"p": 1.00}"#));
    let text = String::from_utf8(answer.expect("a result")).expect("text");
    let expected = json!({
        "ExecutedVersion": "7",
        "Payload": { "p": serde_json::from_str::<Value>("1.00").expect("a number") },
        "SdkHttpMetadata": {
            "AllHttpHeaders": {
                "X-Amz-Executed-Version": ["7"], "x-amzn-RequestId": ["req-1"], "Content-Type": ["application/json"],
                "x-other": ["a", "b"], "Date": ["Tue, 24 Nov 2026 08:00:00 GMT"], "Content-Length": ["11"]
            },
            "HttpHeaders": {
                "X-Amz-Executed-Version": "7", "x-amzn-RequestId": "req-1", "Content-Type": "application/json",
                "x-other": "a", "Date": "Tue, 24 Nov 2026 08:00:00 GMT", "Content-Length": "11"
            },
            "HttpStatusCode": 200
        },
        "SdkResponseMetadata": { "RequestId": "req-1" },
        "StatusCode": 200
    });
    assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), expected);
    assert!(text.contains(r#""Payload":{"p": 1.00}"#), "the payload stays as it is: {text}");
}

#[test]
fn integration_fills_in_what_local_endpoints_leave_out() {
    let input = r#"{"FunctionName": "price", "Qualifier": "PROD"}"#;
    let result = json_of(called(INVOKE, input, reply(200, &[("x-amz-log-result", "bG9n")], "null")).1);
    assert_eq!(result["ExecutedVersion"], "PROD");
    assert_eq!(result["SdkResponseMetadata"]["RequestId"], "");
    assert_eq!((&result["Payload"], &result["LogResult"]), (&Value::Null, &json!("bG9n")));
    let result = json_of(called(INVOKE, r#"{"FunctionName": "price"}"#, reply(200, &[], "1")).1);
    assert_eq!(result["ExecutedVersion"], "$LATEST");
}

#[test]
fn parameters_that_do_not_fit_are_refused_together_and_without_a_call() {
    let cases = [
        ("{}", "The field \"FunctionName\" is required but was missing"),
        (r#"{"FunctionName":7}"#, "The value of the field 'FunctionName' has an invalid format"),
        (r#"{"FunctionName":""}"#, "The value of the field 'FunctionName' has an invalid format"),
        (r#"{"FunctionName":"f","Function":"g"}"#, "The field \"Function\" is not supported by Step Functions"),
        (
            r#"{"FunctionName":"f","InvocationType":"Later","LogType":1}"#,
            "The value of the field 'InvocationType' has an invalid format, The value of the field 'LogType' has an invalid format",
        ),
        ("[1]", "The parameters are not an object"),
    ];
    for (input, problems) in cases {
        let (seen, answer) = called(INVOKE, input, reply(200, &[], "1"));
        assert!(seen.is_none(), "{input}");
        assert!(answer.as_ref().is_err_and(|failure| failure.of_fields), "{input}");
        let expected = format!("The Parameters '{input}' could not be used to start the Task: [{problems}]");
        assert_eq!(error(answer), ("States.Runtime".to_owned(), expected));
    }
}

#[test]
fn two_qualifiers_that_differ_are_refused() {
    let (seen, answer) = called(INVOKE, r#"{"FunctionName": "f:1", "Qualifier": "2"}"#, reply(200, &[], "1"));
    assert!(seen.is_none());
    assert_eq!(error(answer).0, "Lambda.InvalidParameterValueException");
}

#[test]
fn function_errors_give_their_type_and_the_whole_payload() {
    let payload = r#"{"errorMessage":"boom","errorType":"CustomException","requestId":"r","stackTrace":["x"]}"#;
    for (resource, input) in [(DIRECT, "{}"), (INVOKE, r#"{"FunctionName": "price"}"#)] {
        for kind in ["Unhandled", "Handled"] {
            let (_, answer) = called(resource, input, reply(200, &[("x-amz-function-error", kind)], payload));
            assert_eq!(error(answer), ("CustomException".to_owned(), payload.to_owned()), "{resource}");
        }
    }
}

#[test]
fn function_errors_without_a_type_are_unknown() {
    for payload in ["{\"errorMessage\":\"boom\"}", "null", "", "no JSON"] {
        let (_, answer) = called(DIRECT, "{}", reply(200, &[("x-amz-function-error", "Unhandled")], payload));
        let expected = format!(
            "The cause could not be determined because Lambda did not return an error type. Returned payload: {payload}"
        );
        assert_eq!(error(answer), ("Lambda.Unknown".to_owned(), expected));
    }
}

#[test]
fn a_payload_that_is_not_json_is_an_unknown_failure() {
    assert_eq!(error(called(DIRECT, "{}", reply(200, &[], "<html>")).1).0, "Lambda.Unknown");
}

#[test]
fn refusals_of_the_api_are_reported_in_the_services_text() {
    let not_found = "Function not found: arn:aws:lambda:eu-west-1:123456789012:function:price:$LATEST";
    let typed = |kind| vec![("x-amzn-errortype", kind), ("x-amzn-requestid", "r-1")];
    let message = |text: &str| json!({ "Type": "User", "Message": text }).to_string();
    let cases = [
        (404, typed("ResourceNotFoundException"), message(not_found), "ResourceNotFoundException", not_found),
        (404, typed("ResourceNotFoundException:http://x/"), message("m"), "ResourceNotFoundException", "m"),
        (404, typed(""), "gone".to_owned(), "ResourceNotFoundException", "gone"),
        (429, typed(""), json!({"message": "Rate"}).to_string(), "TooManyRequestsException", "Rate"),
        (500, typed(""), String::new(), "ServiceException", ""),
        (
            400,
            typed(""),
            json!({"__type": "a#InvalidRequestContentException", "message": "m"}).to_string(),
            "InvalidRequestContentException",
            "m",
        ),
    ];
    for (status, headers, body, code, text) in cases {
        let (_, answer) = called(INVOKE, r#"{"FunctionName": "price"}"#, reply(status, &headers, body));
        let cause = format!(
            "{text} (Service: AWSLambda; Status Code: {status}; Error Code: {code}; Request ID: r-1; Proxy: null)"
        );
        assert_eq!(error(answer), (format!("Lambda.{code}"), cause));
    }
    let (_, answer) = called(DIRECT, "{}", reply(403, &typed("AccessDenied"), message("no")));
    let cause = "no (Service: AWSLambda; Status Code: 403; Error Code: AccessDenied; Request ID: r-1; Proxy: null)";
    assert_eq!(error(answer), ("Lambda.AWSLambdaException".to_owned(), cause.to_owned()));
}

#[test]
fn results_over_the_size_limit_name_service_or_function() {
    let body = format!("\"{}\"", "x".repeat(262_143));
    for (resource, input, named) in [(DIRECT, "{}", DIRECT), (INVOKE, r#"{"FunctionName": "price"}"#, "lambda")] {
        let (_, answer) = called(resource, input, reply(200, &[], body.clone()));
        let cause = format!(
            "The state/task '{named}' returned a result with a size exceeding the maximum number of bytes service limit."
        );
        assert_eq!(error(answer), ("States.DataLimitExceeded".to_owned(), cause));
    }
}

#[test]
fn connection_trouble_and_timeouts_have_the_clients_names() {
    let call = |timeout: Duration, state_timeout: Option<Duration>, accept: bool| {
        block_on(async move {
            let address = serve(Router::new().fallback(std::future::pending::<Bytes>)).await;
            // Port 1 of loopback is closed on any machine that these tests are likely to meet.
            let url = if accept { format!("http://{address}") } else { "http://127.0.0.1:1".to_owned() };
            let mut options = LambdaOptions::new(url);
            options.client.timeout = timeout;
            let mut request = request(DIRECT, b"{}");
            request.timeout = state_timeout;
            connector(options).call(request).await
        })
    };
    let (short, long) = (Duration::from_millis(20), Duration::from_secs(3600));
    assert_eq!(error(call(short, Some(long), true)).0, "Lambda.ClientExecutionTimeoutException");
    assert_eq!(call(long, Some(short), true), Err(TaskFailure::timeout()));
    let (name, cause) = error(call(long, None, false));
    assert_eq!(name, "Lambda.SdkClientException");
    assert!(cause.starts_with("Unable to execute HTTP request: http://127.0.0.1:1"), "{cause}");
}
