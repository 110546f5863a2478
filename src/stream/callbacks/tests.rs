use super::record::{Action, Named, read};
use crate::engine::TaskFailure;
use crate::host::Callback;

fn callback(text: &str) -> Callback {
    let Named { token, callback, .. } = read(text.as_bytes()).expect(text);
    assert_eq!(token, "t");
    callback
}

#[test]
fn an_output_is_json_in_a_string_as_the_api_takes_it_or_json_itself() {
    for (output, result) in [
        (r#""{\"approved\": true}""#, r#"{"approved": true}"#),
        (r#"{"approved": true, "n": 1.50}"#, r#"{"approved":true,"n":1.50}"#),
        (r#""\"a text\"""#, r#""a text""#),
        ("null", "null"),
        ("[1]", "[1]"),
    ] {
        let text = format!(r#"{{"action": "SendTaskSuccess", "taskToken": "t", "output": {output}}}"#);
        assert_eq!(callback(&text), Callback::Success(result.as_bytes().to_vec()), "{text}");
    }
}

#[test]
fn a_failure_may_leave_out_its_error_and_its_cause() {
    let failure = |error: Option<&str>, cause: Option<&str>| {
        Callback::Failure(TaskFailure {
            error: error.map(str::to_owned),
            cause: cause.map(str::to_owned),
            ..TaskFailure::default()
        })
    };
    let send = |rest: &str| callback(&format!(r#"{{"action": "SendTaskFailure", "taskToken": "t"{rest}}}"#));
    assert_eq!(send(r#", "error": "Rejected", "cause": "by Ada""#), failure(Some("Rejected"), Some("by Ada")));
    assert_eq!(send(r#", "cause": "by Ada""#), failure(None, Some("by Ada")));
    assert_eq!(send(""), failure(None, None));
}

#[test]
fn a_heartbeat_says_nothing_else() {
    let named = read(br#"{"taskToken": "t", "action": "SendTaskHeartbeat"}"#);
    let expected = Named { action: Action::Heartbeat, token: "t".to_owned(), callback: Callback::Heartbeat };
    assert_eq!(named, Ok(expected));
}

#[test]
fn what_is_no_callback_says_why() {
    for (text, part) in [
        ("", "EOF"),
        ("approved", "expected value"),
        (r#"{"action": "SendTaskSuccess", "taskToken": "t"}"#, "needs an `output`"),
        (r#"{"action": "SendTaskSuccess", "taskToken": "t", "output": 1, "error": "E"}"#, "takes no such field"),
        (r#"{"action": "SendTaskFailure", "taskToken": "t", "output": 1}"#, "takes no such field"),
        (r#"{"action": "SendTaskHeartbeat", "taskToken": "t", "cause": "c"}"#, "takes no such field"),
        (r#"{"action": "StopExecution", "taskToken": "t"}"#, "unknown variant"),
        (r#"{"action": "SendTaskHeartbeat"}"#, "taskToken"),
        (r#"{"action": "SendTaskHeartbeat", "taskToken": "t", "tasktoken": "t"}"#, "unknown field"),
    ] {
        let why = read(text.as_bytes()).expect_err(text);
        assert!(why.contains(part), "{text}: {why}");
    }
    assert!(read(b"\xff").is_err());
}
