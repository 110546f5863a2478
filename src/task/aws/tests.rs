//! The connector against servers that misbehave.

use std::collections::HashMap;
use std::sync::Mutex;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use reqsign_core::StaticEnv;
use serde_json::{Value, json};

use super::credentials::Keys;
use super::*;
use crate::task::testing::{block_on, request, serve};
use crate::task::{MAX_RESULT_BYTES, OptionsError};

/// What a server answers, one after the other, the last one for ever; and what it was sent.
#[derive(Clone)]
struct Script {
    answers: Arc<Mutex<Vec<(u16, String)>>>,
    calls: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
}

impl Script {
    fn new(answers: &[(u16, &str)]) -> Script {
        let answers = answers.iter().rev().map(|(status, body)| (*status, (*body).to_owned())).collect();
        Script { answers: Arc::new(Mutex::new(answers)), calls: Arc::default() }
    }

    fn calls(&self) -> Vec<(HeaderMap, Bytes)> {
        self.calls.lock().expect("no handler panicked").clone()
    }
}

async fn answer(State(script): State<Script>, headers: HeaderMap, body: Bytes) -> Response {
    script.calls.lock().expect("no handler panicked").push((headers, body));
    let mut answers = script.answers.lock().expect("no handler panicked");
    let (status, body) = if answers.len() > 1 { answers.pop() } else { answers.last().cloned() }.expect("an answer");
    (axum::http::StatusCode::from_u16(status).expect("valid"), [("x-amzn-requestid", "r")], body).into_response()
}

fn connector(region: Option<&str>, keys: bool, variables: &[(&str, &str)]) -> Result<AwsConnector, OptionsError> {
    let settings = settings::Settings {
        region: region.map(str::to_owned),
        profile: None,
        endpoint: None,
        keys: keys.then(|| Keys::new("AKIDEXAMPLE", "s3cret", None)),
        timeout: Duration::from_secs(20),
        connections: 4,
        extra_ca: None,
    };
    let mut envs: HashMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    envs.insert("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned());
    settings::connector(settings, StaticEnv { home_dir: None, envs })
}

/// A call against a server with this script.
fn call(script: &Script, resource: &str, input: &Value) -> Result<Value, (String, String)> {
    block_on(async {
        let address = serve(Router::new().fallback(answer).with_state(script.clone())).await;
        let url = format!("http://{address}");
        let connector = connector(Some("eu-west-1"), true, &[("AWS_ENDPOINT_URL", &url)]).expect("valid");
        answered(connector.call(request(resource, input.to_string().as_bytes())).await)
    })
}

fn answered(answer: Answer) -> Result<Value, (String, String)> {
    match answer {
        Ok(result) => Ok(serde_json::from_slice(&result).expect("JSON")),
        Err(failure) => {
            let (error, cause) = (failure.error.unwrap_or_default(), failure.cause.unwrap_or_default());
            assert!(!cause.contains("s3cret"), "{cause}");
            Err((error, cause))
        }
    }
}

const GET: &str = "arn:aws:states:::aws-sdk:dynamodb:getItem";

fn key() -> Value {
    json!({"TableName": "t", "Key": {"id": {"S": "1"}}})
}

#[test]
fn what_passes_is_sent_again_with_the_same_token_and_what_lasts_is_told_with_the_number_of_attempts() {
    const THROTTLED: (u16, &str) = (400, r#"{"__type": "x#ThrottlingException", "message": "slow down"}"#);
    let script = Script::new(&[(503, ""), THROTTLED, (200, r#"{"tasks": []}"#)]);
    let run = call(&script, "arn:aws:states:::aws-sdk:ecs:runTask", &json!({"TaskDefinition": "t"}));
    assert_eq!(run, Ok(json!({"Tasks": []})));
    let calls = script.calls();
    assert_eq!(calls.len(), 3);
    assert!(calls.iter().all(|(_, body)| *body == calls[0].1), "the token is the same");
    let script = Script::new(&[THROTTLED]);
    let (error, cause) = call(&script, GET, &key()).expect_err("it lasts");
    assert_eq!(error, "DynamoDb.ThrottlingException");
    assert!(cause.ends_with("(SDK Attempt Count: 3)"), "{cause}");
    assert_eq!(script.calls().len(), 3);
    let script = Script::new(&[(400, r#"{"__type": "x#ResourceNotFoundException", "message": "m"}"#)]);
    assert!(call(&script, GET, &key()).is_err_and(|(_, cause)| cause.ends_with("(SDK Attempt Count: 1)")));
    assert_eq!(script.calls().len(), 1, "what does not pass is sent once");
}

#[test]
fn requests_are_signed_for_service_and_region() {
    let script = Script::new(&[(200, "{}")]);
    assert_eq!(call(&script, GET, &key()), Ok(json!({})));
    let (headers, _) = script.calls().remove(0);
    let signed = headers["authorization"].to_str().expect("text");
    assert!(signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{signed}");
    assert!(
        signed.contains("/eu-west-1/dynamodb/aws4_request, SignedHeaders=content-type;host;x-amz-date;"),
        "{signed}"
    );
}

#[test]
fn answers_that_are_none_and_those_that_are_too_large_have_defined_errors() {
    let (error, cause) = call(&Script::new(&[(200, "<html>")]), GET, &key()).expect_err("no JSON");
    assert_eq!(error, "DynamoDb.SdkClientException");
    assert!(cause.starts_with("Unable to unmarshall response: it is not JSON"), "{cause}");
    let large = json!({"Item": {"a": {"S": "x".repeat(MAX_RESULT_BYTES)}}}).to_string();
    let (error, cause) = call(&Script::new(&[(200, &large)]), GET, &key()).expect_err("too large");
    assert_eq!(error, "States.DataLimitExceeded", "{cause}");
    let larger = "x".repeat(5 << 20);
    let (error, _) =
        call(&Script::new(&[(200, &larger)]), "arn:aws:states:::dynamodb:getItem", &key()).expect_err("more");
    assert_eq!(error, "States.DataLimitExceeded");
    let html = Script::new(&[(403, "<html><body>no</body></html>")]);
    let (error, cause) = call(&html, "arn:aws:states:::dynamodb:getItem", &key()).expect_err("refused");
    assert_eq!(error, "DynamoDB.AmazonDynamoDBException");
    assert!(cause.contains("Status Code: 403; Error Code: 403;"), "{cause}");
}

#[test]
fn without_connection_region_or_credentials_it_is_told_what_is_missing() {
    block_on(async {
        // Nobody listens on a port that was just given back.
        let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port");
        let url = format!("http://{closed}");
        let unreachable = connector(Some("eu-west-1"), true, &[("AWS_ENDPOINT_URL_DYNAMODB", &url)]).expect("valid");
        let get = || request(GET, key().to_string().as_bytes());
        let (error, cause) = answered(unreachable.call(get()).await).expect_err("nobody is there");
        assert_eq!(error, "DynamoDb.SdkClientException");
        assert!(cause.starts_with(&format!("Unable to execute HTTP request: {closed}: ")), "{cause}");
        let nobody = connector(Some("eu-west-1"), false, &[("AWS_ENDPOINT_URL", &url)]).expect("valid");
        let (error, cause) = answered(nobody.call(get()).await).expect_err("no credentials");
        assert_eq!(error, "DynamoDb.SdkClientException");
        assert!(cause.starts_with("no AWS credentials were found; tried: AWS_ACCESS_KEY_ID"), "{cause}");
    });
    let resource = Resource::parse(GET);
    let refused = |connector: AwsConnector| connector.refuses(&resource, Role::Task);
    assert_eq!(refused(connector(None, true, &[]).expect("valid")).as_deref(), Some(settings::NO_REGION));
    assert_eq!(refused(connector(None, true, &[("AWS_REGION", "eu-west-1")]).expect("valid")), None);
    let function = Resource::parse("arn:aws:lambda:eu-west-1:123456789012:function:f");
    assert_eq!(connector(None, true, &[]).expect("valid").refuses(&function, Role::Task), None);
}
