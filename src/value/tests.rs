use proptest::prelude::*;

use super::{Heap, Key, MAX_DEPTH, ParseErrorKind, Value};

fn round_trip(json: &str) -> String {
    let mut heap = Heap::new();
    let value = heap.parse(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"));
    let printed = heap.to_json(value);
    assert_eq!(printed.len(), heap.size(value) as usize, "size of {json}");
    printed
}

/// The same value, built again so that nothing is printed by copying.
fn rebuilt(heap: &mut Heap, value: Value) -> Value {
    match value {
        Value::Array(list) => {
            let mark = heap.mark();
            for index in 0..list.len() {
                let item = heap.items(list)[index];
                let item = rebuilt(heap, item);
                heap.push(item);
            }
            heap.array_from(mark).unwrap()
        }
        Value::Object(list) => {
            let mark = heap.mark();
            for index in 0..list.len() {
                let (key, item) = heap.entry(list, index);
                let Value::String(key) = rebuilt(heap, Value::String(key)) else { unreachable!("keys are strings") };
                let item = rebuilt(heap, item);
                heap.push_entry(key, item);
            }
            heap.object_from(mark).unwrap()
        }
        Value::String(string) => {
            let content = heap.str(string).into_owned();
            heap.string(&content)
        }
        other => other,
    }
}

#[test]
fn white_space_and_needless_escapes_are_dropped_and_everything_else_kept() {
    let cases = [
        (" { \"a\" : [ 1 , 2.50 , -0 , 1e5 ] } \n", r#"{"a":[1,2.50,-0,1e5]}"#),
        ("[]", "[]"),
        (" [ ] ", "[]"),
        ("{ }", "{}"),
        (r#"[[],{},[{}],""]"#, r#"[[],{},[{}],""]"#),
        (r#""a\u00e9\n\"\\ü €""#, r#""aé\n\"\\ü €""#),
        (
            r#"[ "\/", {"\u0041\u0022" : "\ud83d\ude00\u000a"}, "\ud800 \/", "\u001f" ]"#,
            r#"["/",{"A\"":"😀\n"},"\ud800 \/","\u001F"]"#,
        ),
        ("12345678901234567890123", "12345678901234567890123"),
        ("\ttrue\r\n", "true"),
        ("[1,\n  [2,  3],\n  {\"k\": null}\n]", r#"[1,[2,3],{"k":null}]"#),
    ];
    for (json, expected) in cases {
        assert_eq!(round_trip(json), expected);
    }
}

#[test]
fn a_key_is_what_it_says_however_it_is_escaped() {
    assert_eq!(round_trip(r#"{ "k\u0041": 1, "b": 2, "kA": 3 }"#), r#"{"kA":3,"b":2}"#);
    assert_eq!(round_trip(r#"{ "kA": 1, "k\u0041": [ 3 ], "c": 4 }"#), r#"{"kA":[3],"c":4}"#);
    let mut heap = Heap::new();
    let Value::Object(object) = heap.parse(br#"{ "\/\u0041": 1, "x": "\u0042" }"#).unwrap() else { panic!() };
    assert!(heap.field(object, "/A").is_some());
    let found = heap.field(object, "x").unwrap();
    let other = heap.string("B");
    assert!(heap.equals(found, other));
}

#[test]
fn faults_are_named_and_placed() {
    let cases = [
        (
            "{bad",
            "Unexpected character ('b' (code 98)): was expecting double-quote to start field name at line 1, column 2",
        ),
        (
            "not",
            "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or \
             'false') at line 1, column 1",
        ),
        (
            "[1,\n 2 3]",
            "Unexpected character ('3' (code 51)): was expecting comma to separate Array entries at line 2, column 4",
        ),
        ("", "Unexpected end-of-input at line 1, column 1"),
        ("[1", "Unexpected end-of-input at line 1, column 3"),
        ("\"a", "Unexpected end-of-input: was expecting closing quote for a string value at line 1, column 3"),
        (r#""\x""#, "Unrecognized character escape 'x' (code 120) at line 1, column 3"),
        (
            "{\"a\"}",
            "Unexpected character ('}' (code 125)): was expecting a colon to separate field name and value at line 1, column 5",
        ),
    ];
    for (json, expected) in cases {
        let error = Heap::new().parse(json.as_bytes()).expect_err(json);
        assert_eq!(error.to_string(), expected, "{json}");
    }
    for json in
        ["01", "1.", "-", "1e", "+1", "[1,]", "{\"a\":1,}", "nulll", "1 2", "\"\t\"", "{\"a\":}", "[}", "\"\\u12g4\""]
    {
        assert!(Heap::new().parse(json.as_bytes()).is_err(), "{json} is accepted");
    }
    assert_eq!(Heap::new().parse(b"\"\xff\"").unwrap_err().kind, ParseErrorKind::InvalidUtf8);
}

#[test]
fn a_failed_parse_leaves_the_heap_as_it_was() {
    let mut heap = Heap::new();
    let before = heap.parse(br#"{"a":1}"#).unwrap();
    let used = heap.bytes_used();
    assert!(heap.parse(br#"[{"b": [1, 2, "#).is_err());
    assert_eq!(heap.bytes_used(), used);
    assert_eq!(heap.to_json(before), r#"{"a":1}"#);
}

#[test]
fn depth_is_limited_when_reading_and_when_building() {
    let nested = |depth: u16| "[".repeat(depth.into()) + &"]".repeat(depth.into());
    let mut heap = Heap::new();
    let deepest = heap.parse(nested(MAX_DEPTH).as_bytes()).unwrap();
    assert!(heap.array(&[deepest]).is_err());
    assert_eq!(heap.parse(nested(MAX_DEPTH + 1).as_bytes()).unwrap_err().kind, ParseErrorKind::TooDeep(MAX_DEPTH));
    assert!(heap.parse_limited(nested(3).as_bytes(), 2).is_err());
    assert!(heap.parse_limited(nested(2).as_bytes(), 2).is_ok());
}

#[test]
fn of_a_key_that_stands_twice_the_last_value_counts_at_the_place_of_the_first() {
    let many = |value: &str| (0..300).map(|n| format!(r#""k{n}":{value}"#)).collect::<Vec<_>>().join(",");
    let cases = [
        (r#"{"a":1,"b":2,"a":3}"#.to_owned(), r#"{"a":3,"b":2}"#.to_owned()),
        (r#"[0, {"x":{"a":1,"a":[2]}}, 1.50]"#.to_owned(), r#"[0,{"x":{"a":[2]}},1.50]"#.to_owned()),
        (r#"{"b":1,"\u0062":2}"#.to_owned(), r#"{"b":2}"#.to_owned()),
        (r#"{"\u0062":1,"b":2}"#.to_owned(), r#"{"b":2}"#.to_owned()),
        (r#"{"ab":1,"axb":2,"ayb":3,"a\\b":4}"#.to_owned(), r#"{"ab":1,"axb":2,"ayb":3,"a\\b":4}"#.to_owned()),
        (format!("{{{},{}}}", many("1"), many("2")), format!("{{{}}}", many("2"))),
        (format!("{{{}}}", many("1")), format!("{{{}}}", many("1"))),
    ];
    for (json, expected) in cases {
        assert_eq!(round_trip(&json), expected);
    }
}

#[test]
fn a_key_is_found_wherever_it_was_found_before() {
    let mut heap = Heap::new();
    let key = Key::new("b");
    for (json, expected) in [
        (r#"{"a":1,"b":2}"#, Some("2")),
        (r#"{"b":3,"a":1}"#, Some("3")),
        (r#"{"a":1}"#, None),
        ("{}", None),
        (r#"{"a":1,"\u0062":4}"#, Some("4")),
        (r#"{"c":1,"x":2,"b":5}"#, Some("5")),
    ] {
        let Value::Object(object) = heap.parse(json.as_bytes()).unwrap() else { panic!("an object") };
        assert_eq!(heap.find(object, &key).map(|v| heap.to_json(*v)).as_deref(), expected, "{json}");
    }
}

#[test]
fn looking_for_a_key_is_the_same_work_wherever_it_was_found_before() {
    let entries: Vec<String> = (0..100).map(|at| format!(r#""long key \n{at}":{at}"#)).collect();
    let json = format!("{{{}}}", entries.join(","));
    let mut heap = Heap::new();
    let Value::Object(object) = heap.parse(json.as_bytes()).unwrap() else { panic!("an object") };
    let key = Key::new("long key \n7");
    let mut work = |key: &Key| {
        let before = heap.work_done();
        assert_eq!(heap.find(object, key).map(|v| heap.to_json(*v)).as_deref(), Some("7"));
        let found = heap.work_done() - before;
        heap.with_key(object, key, Value::Null).unwrap();
        (found, heap.work_done() - before)
    };
    assert_eq!(work(&key), work(&key));
    assert!(work(&key).0 > 0);
}

#[test]
fn fields_are_found_whatever_their_escapes() {
    let mut heap = Heap::new();
    let Value::Object(object) = heap.parse(br#"{"\u0062":2,"a":3,"q\"":4}"#).unwrap() else { panic!("an object") };
    let found = |key| heap.field(object, key).map(|v| heap.to_json(v));
    assert_eq!(found("a").as_deref(), Some("3"));
    assert_eq!(found("b").as_deref(), Some("2"));
    assert_eq!(found("q\"").as_deref(), Some("4"));
    assert_eq!(found("c"), None);
}

#[test]
fn editing_shares_what_it_does_not_change() {
    let mut heap = Heap::new();
    let Value::Object(object) = heap.parse(br#"{"a":{"big":[1,2,3]},"b":1}"#).unwrap() else { panic!("an object") };
    let Value::Object(edited) = heap.with_key(object, &Key::new("b"), Value::Null).unwrap() else {
        panic!("an object")
    };
    let edited = heap.with_key(edited, &Key::new("c\n"), Value::Int(-12)).unwrap();
    assert_eq!(heap.to_json(edited), r#"{"a":{"big":[1,2,3]},"b":null,"c\n":-12}"#);
    assert_eq!(heap.to_json(edited).len(), heap.size(edited) as usize);
    assert_eq!(heap.to_json(Value::Object(object)), r#"{"a":{"big":[1,2,3]},"b":1}"#);
}

#[test]
fn equality_is_by_value() {
    let mut heap = Heap::new();
    let mut equal = |a: &str, b: &str| {
        let (a, b) = (heap.parse(a.as_bytes()).unwrap(), heap.parse(b.as_bytes()).unwrap());
        heap.equals(a, b)
    };
    assert!(equal("1", "1.0"));
    assert!(equal(r#"{"a":1,"b":[true]}"#, r#"{"b":[true],"a":1e0}"#));
    assert!(equal(r#""\u0041""#, r#""A""#));
    assert!(!equal("1", "\"1\""));
    assert!(!equal("0", "false"));
    assert!(!equal("[1,2]", "[2,1]"));
    assert!(!equal(r#"{"a":1}"#, r#"{"a":1,"b":1}"#));
}

#[test]
fn constants_keep_their_handles_across_resets() {
    let mut constants = Heap::new();
    let constant = constants.parse(br#"{"k":["v"]}"#).unwrap();
    let mut heap = Heap::new();
    heap.seed_from(&constants);
    for _ in 0..3 {
        heap.parse(b"[1,2,3]").unwrap();
        assert_eq!(heap.to_json(constant), r#"{"k":["v"]}"#);
        assert!(heap.bytes_used() > 0);
        heap.reset();
        assert_eq!(heap.bytes_used(), 0);
    }
}

#[test]
fn text_is_put_together_from_parts() {
    let mut heap = Heap::new();
    let value = heap.parse(br#"["x\"y", 1.50, {"a": null}]"#).unwrap();
    let Value::Array(list) = value else { panic!("an array") };
    let mark = heap.begin_text();
    for index in 0..list.len() {
        let item = heap.items(list)[index];
        heap.append_value(item);
        heap.append_text("|");
    }
    let Value::String(text) = heap.finish_text(mark) else { panic!("a string") };
    assert_eq!(heap.str(text), r#"x"y|1.50|{"a":null}|"#);
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let scalar = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_filter("JSON has no such number", |f| f.is_finite()).prop_map(Into::into),
        any::<String>().prop_map(Into::into),
        "[a-z\"\\\\\n]{0,12}".prop_map(Into::into),
    ];
    scalar.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::vec((prop_oneof![any::<String>(), "[ab]{1,2}"], inner), 0..6)
                .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn reading_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Heap::new().parse(&bytes);
    }

    #[test]
    fn near_json_is_accepted_exactly_when_it_is_json(text in "[\\[\\]{}:,\" 0-9a-e.tru\\\\-]{0,24}") {
        let known: Result<serde_json::Value, _> = serde_json::from_str(&text);
        prop_assert_eq!(Heap::new().parse(text.as_bytes()).is_ok(), known.is_ok(), "{}", text);
    }

    #[test]
    fn what_is_read_prints_as_it_was(value in json(), pretty in any::<bool>()) {
        let compact = value.to_string();
        let text = if pretty { serde_json::to_string_pretty(&value).unwrap() } else { compact.clone() };
        let mut heap = Heap::new();
        let read = heap.parse(text.as_bytes()).unwrap();
        prop_assert_eq!(heap.to_json(read), compact.clone());
        let built = rebuilt(&mut heap, read);
        prop_assert!(heap.equals(read, built));
        let printed = heap.to_json(built);
        prop_assert_eq!(printed.len(), heap.size(built) as usize);
        let again: serde_json::Value = serde_json::from_str(&printed).unwrap();
        prop_assert_eq!(again.to_string(), compact);
    }
}

#[test]
fn a_size_beyond_counting_is_the_greatest() {
    let mut heap = Heap::new();
    let mut value = heap.string(&"x".repeat(1000));
    for _ in 0..3 {
        // Shared a thousand times, and that a thousand times: the text would have a terabyte.
        value = heap.array(&vec![value; 1000]).expect("it is not deep");
    }
    assert_eq!(heap.size(value), u32::MAX);
    let mark = heap.mark();
    let key = heap.key("a");
    heap.push_entry(key, value);
    let object = heap.object_from(mark).expect("it is not deep");
    assert_eq!(heap.size(object), u32::MAX);
}

/// What is in a value, as whoever looks into it finds it.
fn looked_into(heap: &Heap, value: Value) -> serde_json::Value {
    assert_eq!(heap.to_json(value).len(), heap.size(value) as usize, "the size is that of the text");
    heap.to_document(value)
}

#[test]
fn what_is_skimmed_is_found_whoever_looks_into_it_and_when() {
    let text =
        r#"{"a":{"x":[1,{"y\n":"z\"","w":[[]]},true],"e":{}},"b":[{"k":1.50},{"k":null}],"c":[[1,[2,{"d":3}]]]}"#;
    let mut heap = Heap::new();
    let mut eager = Heap::new();
    let expected = eager.parse(text.as_bytes()).unwrap();
    for round in 0..4 {
        heap.reset();
        let Value::Object(event) = heap.parse_event(text.as_bytes(), 100).unwrap() else { panic!("an object") };
        assert_eq!(heap.bytes_used(), eager.bytes_used());
        assert_eq!(heap.to_json(Value::Object(event)), text, "round {round}");
        let Some(Value::Object(a)) = heap.field(event, "a") else { panic!("an object") };
        assert_eq!(a.len(), 2);
        let Some(Value::Array(x)) = heap.find(a, &Key::new("x")).copied() else { panic!("an array") };
        assert_eq!((x.depth(), heap.items(x).len()), (4, 3));
        let edited = heap.with_key(a, &Key::new("none"), Value::Null).unwrap();
        assert_eq!(looked_into(&heap, edited)["none"], serde_json::Value::Null);
        assert_eq!(looked_into(&heap, Value::Object(event)), eager.to_document(expected));
        let Some(b) = heap.field(event, "b") else { panic!("a field") };
        assert!(heap.equals(b, b));
    }
}

#[test]
fn a_key_that_stands_twice_in_what_is_not_looked_into_is_found() {
    let many = |value: &str| (0..300).map(|n| format!(r#""k{n}":{value}"#)).collect::<Vec<_>>().join(",");
    let cases = [
        (r#"{"o":{"a":1,"b":2,"a":3},"p":{"x":[ 1 ]}}"#.to_owned(), r#"{"o":{"a":3,"b":2},"p":{"x":[1]}}"#.to_owned()),
        (r#"{"o":[ {"b":1,"\u0062":2 }],"p":{"x": 1}}"#.to_owned(), r#"{"o":[{"b":2}],"p":{"x":1}}"#.to_owned()),
        (format!(r#"{{"o":{{{},{}}}}}"#, many("1"), many("2")), format!(r#"{{"o":{{{}}}}}"#, many("2"))),
    ];
    for (json, expected) in cases {
        let mut heap = Heap::new();
        let value = heap.parse_event(json.as_bytes(), 100).unwrap();
        assert_eq!(heap.to_json(value), expected);
    }
}

/// Texts that are nearly JSON: with white space, needless escapes, keys that stand twice, and faults.
fn event_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\"a\":"),
        Just("\"b\" :"),
        Just("\"\\u0061\":"),
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(","),
        Just(" "),
        Just("\n"),
        Just("1"),
        Just("-2.50e1"),
        Just("true"),
        Just("null"),
        Just("\"x\""),
        Just("\"\\u00e9\\/\""),
        Just("\"\\ud800\""),
        Just("\"\\n\""),
        Just("é"),
        Just("01"),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn an_event_is_what_its_text_says_whatever_was_looked_into_before(
        events in prop::collection::vec((json(), any::<bool>(), any::<u8>()), 1..4),
    ) {
        let mut heap = Heap::new();
        for (value, pretty, look) in events {
            let value = serde_json::json!({"a": value, "b": {"c": value}, "d": [[value]]});
            let text = if pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
            let mut eager = Heap::new();
            let expected = eager.parse(text.as_bytes()).unwrap();
            heap.reset();
            let event = heap.parse_event(text.as_bytes(), 100).unwrap();
            prop_assert_eq!(heap.bytes_used(), eager.bytes_used());
            prop_assert_eq!(heap.size(event), eager.size(expected));
            prop_assert_eq!(heap.to_json(event), value.to_string());
            let Value::Object(object) = event else { panic!("an object") };
            for (index, key) in ["a", "b", "d"].into_iter().enumerate() {
                if look & 1 << index != 0 {
                    let found = heap.field(object, key).unwrap();
                    prop_assert_eq!(looked_into(&heap, found).to_string(), value[key].to_string());
                }
            }
            prop_assert_eq!(heap.to_json(event), value.to_string());
        }
    }

    #[test]
    fn an_event_is_refused_as_any_text_is(inside in event_text(), closed in any::<bool>(), max_depth in 1u16..6) {
        let text = format!("{{\"o\":[{inside}{}", if closed { "]}" } else { "" });
        let mut heap = Heap::new();
        let read = heap.parse_event(text.as_bytes(), max_depth);
        let mut eager = Heap::new();
        let expected = eager.parse_limited(text.as_bytes(), max_depth);
        prop_assert_eq!(heap.bytes_used(), eager.bytes_used(), "{}", text);
        match (read, expected) {
            (Ok(value), Ok(expected)) => {
                prop_assert_eq!(heap.to_json(value), eager.to_json(expected));
                prop_assert_eq!(looked_into(&heap, value), eager.to_document(expected));
            }
            (Err(error), Err(expected)) => prop_assert_eq!(error, expected),
            (read, expected) => prop_assert!(false, "{} {:?} {:?}", text, read, expected),
        }
    }
}

proptest! {
    #[test]
    fn a_string_with_escapes_equals_what_it_stands_for_alone(
        text in r#"([ab"\\n]|\PC|\\u(0041|d83d|dE00|0000)){0,6}"#,
        other in r#"[ab"\n]{0,4}"#,
    ) {
        let mut heap = Heap::new();
        let json = format!("\"{}\"", text.replace('"', "\\\"").replace('\n', "\\n"));
        let Ok(Value::String(string)) = heap.parse(json.as_bytes()) else { return Ok(()) };
        let stands_for = heap.str(string).into_owned();
        prop_assert!(heap.str_equals(string, &stands_for));
        prop_assert_eq!(heap.str_equals(string, &other), stands_for == other);
        prop_assert!(!heap.str_equals(string, &(stands_for + "x")));
    }

    /// Changing an object that nobody else has is a copy with the change.
    #[test]
    fn what_is_set_in_place_is_as_if_it_were_copied(
        edits in prop::collection::vec(("[a-e\"]{1,2}", json(), any::<bool>()), 1..12),
    ) {
        let (mut heap, mut copies) = (Heap::new(), Heap::new());
        let start = heap.parse(br#"{"a":1,"b":[2]}"#).unwrap();
        let mut copied = copies.parse(br#"{"a":1,"b":[2]}"#).unwrap();
        let mut own = None;
        for (key, value, built) in edits {
            let key = Key::new(key);
            let text = value.to_string();
            let mut value = heap.parse(text.as_bytes()).unwrap();
            if built {
                value = rebuilt(&mut heap, value);
            }
            let into = |value| match value { Value::Object(object) => object, _ => panic!("an object") };
            let changed = match own {
                Some(own) => heap.set_key(own, &key, value).unwrap(),
                None => heap.with_key(into(start), &key, value).unwrap(),
            };
            own = Some(into(changed));
            let value = copies.parse(text.as_bytes()).unwrap();
            copied = copies.with_key(into(copied), &key, value).unwrap();
            prop_assert_eq!(heap.to_json(changed), copies.to_json(copied));
            prop_assert_eq!(heap.size(changed), copies.size(copied));
            prop_assert_eq!(into(changed).depth(), into(copied).depth());
            prop_assert_eq!(heap.to_json(start), r#"{"a":1,"b":[2]}"#);
        }
    }
}
