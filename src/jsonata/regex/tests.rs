use super::{Exceeded, Fuel, Match, Regex, Subject, find_linear};
use serde_json::Value as Json;

/// Matches of node 20's engine, drawn by `scripts/regex-cases`. `STEPSTREAM_REGEX_CASES` names a longer table.
const CASES: &str = include_str!("cases.jsonl");

/// What the table has for a pattern and a text.
fn play(pattern: &str, flags: &str, text: &str) -> Json {
    let regex = match Regex::new(pattern, flags) {
        Ok(regex) => regex,
        Err(error) => return error.to_string().into(),
    };
    let subject = Subject::new(text);
    let mut found = Vec::new();
    let mut from = 0;
    while found.len() < 6 {
        let next = regex.find(&subject, from, &mut Fuel(1_000_000)).expect("the fuel suffices");
        if let Some(linear) = regex.linear.as_ref().filter(|_| !subject.is_astral()) {
            let own = regex.find_backtracking(&subject, from, &mut Fuel(1_000_000)).expect("the fuel suffices");
            let linear = find_linear((linear, regex.program.code.len()), &subject, from, &mut Fuel(1_000_000))
                .expect("the fuel suffices");
            assert_eq!(own, linear, "both engines on /{pattern}/{flags} and {text:?}");
        }
        let Some(Match { start, end, groups }) = next else { break };
        let groups = groups.iter().map(|group| group.map(|(start, end)| subject.slice(start, end)));
        found.push(serde_json::json!([start, end, groups.collect::<Vec<_>>()]));
        if start == end || end >= subject.len() {
            break;
        }
        from = end;
    }
    found.into()
}

#[test]
fn matches_are_those_of_ecmascript() {
    let longer = std::env::var("STEPSTREAM_REGEX_CASES").map(|path| std::fs::read_to_string(path).expect("the table"));
    let mut differences = Vec::new();
    let (mut played, mut linear) = (0, 0);
    for line in longer.as_deref().unwrap_or(CASES).lines() {
        let case: (String, String, String, Json) = serde_json::from_str(line).expect("a case");
        let (pattern, flags, text, expected) = case;
        played += 1;
        linear += usize::from(Regex::new(&pattern, &flags).is_ok_and(|regex| regex.linear.is_some()));
        let own = play(&pattern, &flags, &text);
        if own != expected {
            differences.push(format!("/{pattern}/{flags} on {text:?}: {own}, not {expected}"));
        }
    }
    println!("{played} cases, {linear} for the linear engine");
    assert!(
        differences.is_empty(),
        "{} differ:\n{}",
        differences.len(),
        differences[..differences.len().min(30)].join("\n")
    );
    assert!(linear * 4 > played, "only {linear} of {played} for the linear engine");
}

#[test]
fn catastrophic_patterns_run_out_of_fuel() {
    for (pattern, text) in [
        (r"^(a+)+\1$", "a".repeat(40) + "b"),
        (r"(?=(a|a)*$)b", "a".repeat(40) + "b"),
        (r"^(.*)*\1x", "ab".repeat(30)),
        (r"(?<!b(a|a)*)$", "a".repeat(40)),
    ] {
        let regex = Regex::new(pattern, "").expect("a pattern");
        let found = regex.find(&Subject::new(&text), 0, &mut Fuel(100_000));
        assert_eq!(found, Err(Exceeded::Steps), "{pattern}");
    }
}

#[test]
fn what_is_remembered_is_bounded() {
    let regex = Regex::new(r"(?:(a)|b)*\1", "").expect("a pattern");
    let text = "ab".repeat(1_000_000);
    let found = regex.find(&Subject::new(&text), 0, &mut Fuel(u64::MAX));
    assert_eq!(found, Err(Exceeded::Memory));
}

#[test]
fn deep_patterns_are_refused() {
    let deep = "(?:".repeat(100_000) + "a" + &")".repeat(100_000);
    let error = Regex::new(&deep, "").expect_err("too deep").to_string();
    assert!(error.ends_with("Regular expression too large"), "{}", &error[error.len() - 60..]);
}

#[test]
fn plain_patterns_are_linear() {
    for pattern in [r"^\w+@\w+\.com$", "(a|b)+", r"(\d{4})-(\d\d)", "[^,]*,", "x*?y", "(?:a|b)*c"] {
        assert!(Regex::new(pattern, "i").is_ok_and(|regex| regex.linear.is_some()), "{pattern}");
    }
    for pattern in ["(?:(a)|b)*", r"(a)\1", "(?=a)", "(a?)*", r"\B", "(?:a*)*"] {
        assert!(Regex::new(pattern, "").is_ok_and(|regex| regex.linear.is_none()), "{pattern}");
    }
    assert!(Regex::new("^a", "m").is_ok_and(|regex| regex.linear.is_none()));
}
