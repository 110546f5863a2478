use proptest::prelude::*;

use super::super::lines::line_column;
use super::*;

#[test]
fn what_people_write_is_read() {
    for (text, json) in [
        ("a: 1\nb: [x, 'y', \"z\\n\"]\nc: {d: true, e: ~}\n", r#"{"a":1,"b":["x","y","z\n"],"c":{"d":true,"e":null}}"#),
        ("---\na:\n- b: 1\n  c: 2\n- {}\n...\n", r#"{"a":[{"b":1,"c":2},{}]}"#),
        ("a: |\n  one\n  two\nb: >-\n  one\n  two\n", r#"{"a":"one\ntwo\n","b":"one two"}"#),
        ("# note\na: b # note\n", r#"{"a":"b"}"#),
        ("1: a\ntrue: b\n'<<': c\n", r#"{"1":"a","true":"b","<<":"c"}"#),
        ("a: &x {b: 1}\nc: *x\n", r#"{"a":{"b":1},"c":{"b":1}}"#),
        ("a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n", r#"{"a":{"b":1,"c":2},"d":{"c":3,"b":1}}"#),
        (
            "x: &x {b: 1}\ny: &y {b: 2, c: 3}\nd:\n  <<: [*x, *y]\n",
            r#"{"x":{"b":1},"y":{"b":2,"c":3},"d":{"b":1,"c":3}}"#,
        ),
        (
            "a: !Sub 'x ${B}'\nb: !Ref C\nc: !GetAtt D.Arn\nd: !GetAtt [E, Arn]\n",
            r#"{"a":"x ${B}","b":"${C}","c":"${D.Arn}","d":"${E.Arn}"}"#,
        ),
        ("a: !!str 12\nb: !!int '12'\nc: ! 12\n", r#"{"a":"12","b":12,"c":"12"}"#),
        ("a: $.b[?(@.c == 1)]\nb: '{% $c %}'\n", r#"{"a":"$.b[?(@.c == 1)]","b":"{% $c %}"}"#),
        ("a: \"\\u00e4\"\r\nb: ä\r\n", r#"{"a":"ä","b":"ä"}"#),
        ("\u{feff}a: 1\n", r#"{"a":1}"#),
    ] {
        let (node, _) = parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
        let mut out = String::new();
        node.write_json(&mut out);
        assert_eq!(out, json, "{text}");
    }
}

#[test]
fn values_and_names_know_where_they_stand() {
    let text = "ä: ü # x\r\nb:\r\n  - 'c d'\r\n  - e: {f: 1}\r\n\r\n\"g\": |\r\n  h\r\n";
    let (node, _) = parse(text).expect("it is valid");
    let members = node.as_object().expect("an object");
    let shown = |span: &Span| &text[span.clone()];
    assert_eq!((shown(&members[0].key_span), shown(&members[0].value.span)), ("ä", "ü"));
    let list = members[1].value.as_array().expect("an array");
    assert_eq!(shown(&list[0].span), "'c d'");
    assert_eq!(shown(&list[1].span), "e: {f: 1}");
    assert_eq!(shown(&list[1].get("e").expect("e").span), "{f: 1}");
    assert_eq!(shown(&members[2].key_span), "\"g\"");
    assert_eq!(line_column(text, members[2].key_span.start).line, 6);
    assert_eq!(node.span.start, 0);
}

#[test]
fn what_is_no_yaml_is_explained() {
    use Code::{InvalidYamlDescription, SchemaValidationFailed, TooDeeplyNested, UnsupportedYamlTag};
    for (text, code, line, part) in [
        ("a:\n\tb: 1\n", InvalidYamlDescription, 2, "tabs"),
        ("a: {% $x %}\n", InvalidYamlDescription, 1, "needs quotes"),
        ("a: b: c\n", InvalidYamlDescription, 1, "needs quotes"),
        ("a: 1\n---\nb: 1\n", InvalidYamlDescription, 2, "file of its own"),
        ("a: *b\n", InvalidYamlDescription, 1, "* or &"),
        ("a: &b [*b]\n", InvalidYamlDescription, 1, ""),
        ("? [a]\n: b\n", InvalidYamlDescription, 1, "In front of a colon"),
        ("a: {{name}}\n", InvalidYamlDescription, 1, "placeholder"),
        ("<<: 1\n", InvalidYamlDescription, 1, ""),
        ("a:\n  b: 1\n c: 2\n", InvalidYamlDescription, 3, "indentation"),
        ("a: !If [x, y, z]\n", UnsupportedYamlTag, 1, "CloudFormation"),
        ("a: !Join ['', []]\n", UnsupportedYamlTag, 1, "CloudFormation"),
        ("a: !ImportValue x\n", UnsupportedYamlTag, 1, "CloudFormation"),
        ("# nothing\n", SchemaValidationFailed, 0, ""),
        ("---\n", SchemaValidationFailed, 0, ""),
    ] {
        let fault = parse(text).expect_err(text);
        assert_eq!(fault.code, code, "{text}: {fault}");
        let hint = fault.hint.clone().unwrap_or_default();
        assert!(hint.contains(part), "{text}: {fault} ({hint})");
        if line > 0 {
            assert_eq!(line_column(text, fault.span.expect("a place").start).line, line, "{text}");
        }
    }
    for levels in [MAX_NESTING + 2, 100_000] {
        assert_eq!(parse(&"[".repeat(levels)).expect_err("too deep").code, TooDeeplyNested);
    }
    let whole = parse("{[a]: b}").expect_err("no name");
    assert_eq!(whole.location.as_deref(), Some("/"), "{whole}");
}

#[test]
fn a_name_that_is_given_twice_is_reported() {
    let (node, warnings) = parse("a: {b: 1, b: 2}\n").expect("it is valid");
    assert_eq!(node.get("a").and_then(|a| a.get("b")).and_then(Node::as_f64), Some(2.0));
    assert_eq!((warnings.len(), warnings[0].location.as_deref()), (1, Some("/a/b")));
}

/// The "billion laughs", wide and deep.
#[test]
fn aliases_cannot_grow_without_bound() {
    let mut wide = "a0: &a0 [lol, lol, lol]\n".to_owned();
    for n in 1..40 {
        let before = format!("*a{}", n - 1);
        wide.push_str(&format!("a{n}: &a{n} [{}]\n", [before.as_str(); 9].join(", ")));
    }
    assert_eq!(parse(&wide).expect_err("too large").code, Code::SchemaValidationFailed);
    let mut deep = "a0: &a0 [x]\n".to_owned();
    for n in 1..300 {
        deep.push_str(&format!("a{n}: &a{n} [*a{}]\n", n - 1));
    }
    assert_eq!(parse(&deep).expect_err("too deep").code, Code::TooDeeplyNested);
    let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(500_000), vec!["*a"; 1000].join(", "));
    assert_eq!(parse(&text).expect_err("too large").code, Code::SchemaValidationFailed);
}

/// Pieces that mean something to YAML.
const PIECES: [&str; 26] = [
    "a", ":", ": ", "\n", "\n  ", "- ", "[", "]", "{", "}", ",", "'", "\"", "&a ", "*a ", "!Sub ", "!", "|\n", ">",
    "#", "---\n", "...\n", "? ", "\t", "%", "ü",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_without_panic(pieces in prop::collection::vec(0..PIECES.len(), 0..40)) {
        let text: String = pieces.into_iter().map(|piece| PIECES[piece]).collect();
        check(&text)?;
    }

    #[test]
    fn any_characters_are_read_without_panic(text in "\\PC{0,60}") {
        check(&text)?;
    }
}

fn check(text: &str) -> Result<(), TestCaseError> {
    match parse(text) {
        Ok((node, _)) => prop_assert!(node.span.end <= text.len() && inside(&node, text), "{node:?}"),
        Err(fault) => {
            let span = fault.span.unwrap_or(0..0);
            prop_assert!(span.start <= span.end && span.end <= text.len());
        }
    }
    Ok(())
}

fn inside(node: &Node, text: &str) -> bool {
    let here = node.span.start <= node.span.end && text.get(node.span.clone()).is_some();
    let below = match &node.kind {
        NodeKind::Array(elements) => elements.iter().all(|element| inside(element, text)),
        NodeKind::Object(members) => members.iter().all(|member| inside(&member.value, text)),
        _ => true,
    };
    here && below
}
