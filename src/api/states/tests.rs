use axum::http::{HeaderMap, header};

use super::access::check;
use super::held::{Begun, End, Executions, Held, MAX_RUNNING};
use crate::config::{AccessKey, ApiKeys, Secret};
use crate::engine::Timestamp;

fn held(number: usize) -> Held {
    Held::new(format!("arn:{number}").into(), number.to_string(), "machine".into(), "{}".to_owned(), Timestamp(0))
}

fn end(bytes: usize) -> End {
    End { status: "SUCCEEDED", output: None, error: None, cause: None, at: Timestamp(0), history: Vec::new(), bytes }
}

fn begin(executions: &Executions, number: usize) -> std::sync::Arc<Held> {
    match executions.begin(held(number)) {
        Begun::New(held) => held,
        Begun::Known(_) | Begun::TooMany => panic!("{number} can be begun"),
    }
}

#[test]
fn those_that_ended_first_are_forgotten_where_there_are_too_many_or_too_large_ones() {
    let executions = Executions::default();
    let runs = begin(&executions, 0);
    for number in 1..=1_100 {
        let held = begin(&executions, number);
        executions.end(&held, end(1));
    }
    let known = |number: usize| executions.find(&format!("arn:{number}")).is_some();
    assert_eq!((known(0), known(100), known(101), known(1_100)), (true, false, true, true));
    let large = begin(&executions, 2_000);
    executions.end(&large, end(64 << 20));
    assert_eq!((known(0), known(1_100), known(2_000)), (true, false, true));
    let names: Vec<_> = executions.of("machine").iter().map(|held| held.name.clone()).collect();
    assert_eq!((names, runs.end().is_none()), (vec!["2000".to_owned(), "0".to_owned()], true));
}

#[test]
fn so_many_run_at_a_time_and_no_two_of_one_name() {
    let executions = Executions::default();
    let first = begin(&executions, 0);
    assert!(matches!(executions.begin(held(0)), Begun::Known(_)));
    (1..MAX_RUNNING).for_each(|number| drop(begin(&executions, number)));
    assert!(matches!(executions.begin(held(MAX_RUNNING)), Begun::TooMany));
    executions.end(&first, end(0));
    executions.forget("arn:1");
    begin(&executions, MAX_RUNNING);
    begin(&executions, MAX_RUNNING + 1);
    assert!(matches!(executions.begin(held(MAX_RUNNING + 2)), Begun::TooMany));
}

#[test]
fn who_has_the_token_may_call_and_without_keys_everybody_may() {
    let secret = || AccessKey { id: "AKID".to_owned(), secret: Secret::new("s3cret"), session_token: None };
    let tokens = ApiKeys { token: Some(Secret::new("t0ken")), access_key: None };
    let both = ApiKeys { access_key: Some(secret()), ..tokens.clone() };
    let signed = ApiKeys { token: None, access_key: Some(secret()) };
    let name = |keys: &ApiKeys, authorization: Option<&str>| {
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert(header::AUTHORIZATION, value.parse().expect("a value"));
        }
        check(keys, &headers, b"{}").map_err(|error| (error.name, error.status.as_u16()))
    };
    assert_eq!(name(&ApiKeys::default(), None), Ok(()));
    for keys in [&tokens, &both] {
        assert_eq!(name(keys, Some("Bearer t0ken")), Ok(()));
        assert_eq!(name(keys, Some("Bearer token")), Err(("UnrecognizedClientException", 403)));
        assert_eq!(name(keys, None), Err(("MissingAuthenticationTokenException", 403)));
    }
    assert_eq!(name(&signed, Some("Bearer t0ken")), Err(("UnrecognizedClientException", 403)));
    assert_eq!(name(&signed, Some("AWS4-HMAC-SHA256 x")), Err(("InvalidSignatureException", 403)));
}
