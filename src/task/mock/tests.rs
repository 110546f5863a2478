use proptest::prelude::*;

use super::*;

const FILE: &str = r#"{
  "StateMachines": {
    "Orders": {
      "TestCases": {
        "HappyPath": { "Price": "PriceOk", "Stock": "Twice" },
        "Nothing": {}
      }
    }
  },
  "MockedResponses": {
    "PriceOk": { "0": { "Return": { "StatusCode": 200, "Payload": { "price": 12.50, "id": 123456789012345678901234567890, "e": 1e+2 } } } },
    "Twice": {
      "3": { "Return": null },
      "0": { "Return": [] },
      "1-2": { "Throw": { "Error": "Lambda.TooManyRequestsException", "Cause": "slow down" } }
    }
  }
}"#;

fn read(text: &str) -> Result<MockFile, MockFileError> {
    MockFile::read(text.as_bytes(), Path::new("mocks.json"))
}

fn happy_path() -> MockCase {
    read(FILE).expect("valid").test_case("Orders", "HappyPath").expect("is there")
}

fn thrown(error: Option<&str>, cause: Option<&str>) -> Answer {
    Err(TaskFailure { error: error.map(str::to_owned), cause: cause.map(str::to_owned), ..TaskFailure::default() })
}

#[test]
fn answers_by_call_number_ranges_included() {
    let mut case = happy_path();
    let slow_down = thrown(Some("Lambda.TooManyRequestsException"), Some("slow down"));
    let expected = [Ok(b"[]".to_vec()), slow_down.clone(), slow_down, Ok(b"null".to_vec())];
    for (call, answer) in expected.into_iter().enumerate() {
        assert_eq!(case.answer("Stock"), Some(answer), "call {call}");
    }
}

#[test]
fn a_call_without_entry_fails_and_says_which() {
    let mut case = happy_path();
    for _ in 0..4 {
        case.answer("Stock");
    }
    assert_eq!(
        case.answer("Stock"),
        Some(thrown(
            Some("States.Runtime"),
            Some(
                "Test case 'HappyPath' has no answer to call 4 of the state 'Stock': \
                 the mocked response 'Twice' has entries for 0, 1-2, 3."
            )
        ))
    );
}

#[test]
fn each_execution_counts_for_itself_and_each_state_too() {
    let file = read(FILE).expect("valid");
    for _ in 0..2 {
        let mut case = file.test_case("Orders", "HappyPath").expect("is there");
        assert!(case.answer("Price").expect("mocked").is_ok());
        assert_eq!(case.answer("Stock"), Some(Ok(b"[]".to_vec())));
    }
}

#[test]
fn numbers_keep_their_digits() {
    let answer = happy_path().answer("Price").expect("mocked").expect("returns");
    let expected = r#"{"StatusCode":200,"Payload":{"price":12.50,"id":123456789012345678901234567890,"e":1e+2}}"#;
    assert_eq!(String::from_utf8(answer).expect("text"), expected);
}

#[test]
fn a_state_that_is_not_listed_is_not_mocked() {
    assert_eq!(happy_path().answer("Ship"), None);
}

#[test]
fn error_and_cause_may_be_missing() {
    let cases = [
        (r#"{"Error": "E", "Cause": "C"}"#, thrown(Some("E"), Some("C"))),
        (r#"{"Error": "E"}"#, thrown(Some("E"), None)),
        (r#"{"Cause": "C", "Error": null}"#, thrown(None, Some("C"))),
        ("{}", thrown(None, None)),
    ];
    for (throw, expected) in cases {
        let text = format!(
            r#"{{"StateMachines": {{"M": {{"TestCases": {{"C": {{"S": "R"}}}}}}}},
                "MockedResponses": {{"R": {{"0": {{"Throw": {throw}}}}}}}}}"#
        );
        let mut case = read(&text).expect("valid").test_case("M", "C").expect("is there");
        assert_eq!(case.answer("S"), Some(expected), "{throw}");
    }
}

#[test]
fn unknown_names_are_reported_with_those_that_exist() {
    let file = read(FILE).expect("valid");
    let machine = file.test_case("orders", "HappyPath").expect_err("no such machine").to_string();
    assert_eq!(machine, r#"the mock file has no state machine "orders"; it has "Orders""#);
    let case = file.test_case("Orders", "Sad").expect_err("no such case").to_string();
    assert_eq!(
        case,
        r#"state machine "Orders" of the mock file has no test case "Sad"; it has "HappyPath", "Nothing""#
    );
}

#[test]
fn faults_are_reported_with_their_place() {
    let response = |entries: &str| format!(r#"{{"StateMachines": {{}}, "MockedResponses": {{"R/1": {entries}}}}}"#);
    let cases = [
        ("[]".to_owned(), "at the top: expected an object"),
        ("{}".to_owned(), "at the top: \"StateMachines\" is missing"),
        (r#"{"StateMachines": {"M": {}}}"#.to_owned(), "at /StateMachines/M: \"TestCases\" is missing"),
        (
            r#"{"StateMachines": {"M": {"TestCases": {"C": {"S": "R"}}}}}"#.to_owned(),
            "at /StateMachines/M/TestCases/C/S: \"MockedResponses\" has no \"R\"; add it or correct the name",
        ),
        (
            r#"{"StateMachines": {"M": {"TestCases": {"C": {"S": {}}}}}}"#.to_owned(),
            "at /StateMachines/M/TestCases/C/S: expected the name of a mocked response, a string",
        ),
        (response(r#"{"x": {"Return": 1}}"#), "at /MockedResponses/R~11/x: \"x\" is no call number"),
        (response(r#"{"2-1": {"Return": 1}}"#), "at /MockedResponses/R~11/2-1: \"2-1\" is no call number"),
        (
            response(r#"{"0-2": {"Return": 1}, "2": {"Return": 1}}"#),
            "at /MockedResponses/R~11: the calls \"0-2\" and \"2\" overlap",
        ),
        (response(r#"{"0": {"Return": 1, "Throw": {}}}"#), "it has both \"Return\" and \"Throw\""),
        (response(r#"{"0": {}}"#), "expected either \"Return\" or \"Throw\""),
        (response(r#"{"0": {"return": 1}}"#), "\"return\" is not known here"),
        (
            response(r#"{"0": {"Throw": {"Eror": "x"}}}"#),
            "at /MockedResponses/R~11/0/Throw: \"Eror\" is not known here",
        ),
        (response(r#"{"0": {"Throw": {"Error": 1}}}"#), "at /MockedResponses/R~11/0/Throw/Error: expected a string"),
    ];
    for (text, expected) in cases {
        let message = read(&text).expect_err(&text).to_string();
        assert!(message.contains(expected), "{text}\n{message}\nexpected: {expected}");
        assert!(message.contains("mocks.json"), "{message}");
    }
}

#[test]
fn what_is_not_json_is_reported_with_line_and_column() {
    let message = read("{\n  nonsense").expect_err("no JSON").to_string();
    assert!(message.contains("line 2 column 3"), "{message}");
}

#[test]
fn a_missing_file_is_named() {
    let message = MockFile::load("no/such/mocks.json").expect_err("missing").to_string();
    assert!(message.contains("no/such/mocks.json"), "{message}");
}

#[test]
fn call_ranges() {
    let cases = [
        ("0", Some((0, 0))),
        ("1-2", Some((1, 2))),
        (" 1 - 2 ", Some((1, 2))),
        ("18446744073709551615", Some((u64::MAX, u64::MAX))),
        ("18446744073709551616", None),
        ("", None),
        ("-", None),
        ("-1", None),
        ("1-", None),
        ("1-2-3", None),
        ("+1", None),
        ("1.0", None),
        ("٣", None),
    ];
    for (key, expected) in cases {
        assert_eq!(CallRange::parse(key).map(|range| (range.first, range.last)), expected, "{key:?}");
    }
}

proptest! {
    #[test]
    fn call_range_parsing_never_panics_and_prints_back(key in "[0-9+ -]{0,24}|\\PC{0,12}") {
        if let Some(range) = CallRange::parse(&key) {
            prop_assert!(range.first <= range.last);
            prop_assert_eq!(CallRange::parse(&range.to_string()), Some(range));
        }
    }

    #[test]
    fn an_answer_comes_from_the_range_that_holds_the_call(starts in proptest::collection::btree_set(0u64..60, 1..12), call in 0u64..70) {
        // Each entry covers its start and, with room to the next start, one call more.
        let starts: Vec<u64> = starts.into_iter().collect();
        let mut entries = Map::new();
        let mut expected = None;
        for (at, &first) in starts.iter().enumerate() {
            let last = if starts.get(at + 1).is_none_or(|&next| next > first + 1) { first + 1 } else { first };
            entries.insert(format!("{first}-{last}"), serde_json::json!({ "Return": first }));
            if (first..=last).contains(&call) {
                expected = Some(Ok(first.to_string().into_bytes()));
            }
        }
        let response = read_response("R", &Value::Object(entries), "").map_err(|fault| fault.problem).expect("valid");
        prop_assert_eq!(response.answer(call), expected);
    }
}
