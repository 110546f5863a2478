use proptest::prelude::*;

use super::Call;
use crate::expr::testing::{World, any_json};
use crate::value::Heap;

const NAMES: [&str; 18] = [
    "Array",
    "ArrayPartition",
    "ArrayContains",
    "ArrayRange",
    "ArrayGetItem",
    "ArrayLength",
    "ArrayUnique",
    "Base64Encode",
    "Base64Decode",
    "Hash",
    "JsonMerge",
    "StringToJson",
    "JsonToString",
    "MathRandom",
    "MathAdd",
    "StringSplit",
    "UUID",
    "Format",
];

/// The value of a call as JSON, or the cause of its error.
fn call(text: &str, input: &str) -> Result<String, String> {
    let mut heap = Heap::new();
    let call = Call::parse(text, &mut heap).unwrap_or_else(|error| panic!("{text}: {error} at {}", error.offset));
    let mut world = World::new(&mut heap, input);
    let mark = heap.mark();
    let result = match call.evaluate(&mut heap, &mut world) {
        Ok(value) => {
            let json = heap.to_json(value);
            assert_eq!(json.len(), heap.size(value) as usize, "size of {json}");
            Ok(json)
        }
        Err(error) => Err(error.cause(&heap, world.input)),
    };
    assert!(heap.pushed(mark).is_empty(), "{text} leaves something on the stack");
    result
}

#[test]
fn functions_give_what_the_service_gives() {
    for (text, input, expected) in VALUES {
        assert_eq!(call(text, input).as_deref(), Ok(*expected), "{text} on {input}");
    }
}

#[test]
fn wrong_arguments_are_refused_by_name() {
    let long = format!("'{}'", "a".repeat(10_001));
    let cases = [
        ("States.ArrayPartition($.list, 0.49)", "ArrayPartition"),
        ("States.ArrayPartition($.list, -1)", "ArrayPartition"),
        ("States.ArrayPartition('a', 1)", "ArrayPartition"),
        ("States.ArrayPartition($.list)", "ArrayPartition"),
        ("States.ArrayContains('a', 1)", "ArrayContains"),
        ("States.ArrayRange(1, 2, 0)", "ArrayRange"),
        ("States.ArrayRange(1, 2, 0.5)", "ArrayRange"),
        ("States.ArrayRange(0, 1000, 1)", "ArrayRange"),
        ("States.ArrayRange(-9223372036854775808, 9223372036854775807, 1)", "ArrayRange"),
        ("States.ArrayRange(1, '2', 1)", "ArrayRange"),
        ("States.ArrayGetItem($.list, 2)", "ArrayGetItem"),
        ("States.ArrayGetItem($.list, -1)", "ArrayGetItem"),
        ("States.ArrayGetItem($.list, 1e300)", "ArrayGetItem"),
        ("States.ArrayLength('a')", "ArrayLength"),
        ("States.ArrayLength($.list, 1)", "ArrayLength"),
        ("States.ArrayUnique(1)", "ArrayUnique"),
        ("States.Base64Encode(1)", "Base64Encode"),
        ("States.Base64Decode('%')", "Base64Decode"),
        ("States.Hash('a', 'md5')", "Hash"),
        ("States.Hash('a')", "Hash"),
        ("States.JsonMerge($, $, true)", "JsonMerge"),
        ("States.JsonMerge($, $)", "JsonMerge"),
        ("States.JsonMerge($, 1, false)", "JsonMerge"),
        ("States.StringToJson(1)", "StringToJson"),
        ("States.JsonToString()", "JsonToString"),
        ("States.MathAdd(1, '1')", "MathAdd"),
        ("States.MathAdd(2147483647, 1)", "MathAdd"),
        ("States.MathAdd(2147483647.5, 0)", "MathAdd"),
        ("States.MathAdd(1, 2, 3)", "MathAdd"),
        ("States.MathRandom(1, 1)", "MathRandom"),
        ("States.MathRandom(1)", "MathRandom"),
        ("States.StringSplit('a', 1)", "StringSplit"),
        ("States.UUID(1)", "UUID"),
        ("States.Format()", "Format"),
        ("States.Format(1)", "Format"),
        ("States.Array(1, States.Array(States.MathAdd('x', 1)))", "MathAdd"),
    ];
    let encode = format!("States.Base64Encode({long})");
    let hash = format!("States.Hash({long}, 'MD5')");
    for (text, name) in cases.into_iter().chain([(&*encode, "Base64Encode"), (&*hash, "Hash")]) {
        let expected = format!(
            "There was an error while evaluating the intrinsic function: {text}. Invalid arguments in States.{name}"
        );
        assert_eq!(call(text, r#"{"list":[1,2]}"#), Err(expected));
    }
}

#[test]
fn other_failures_have_the_texts_of_the_service() {
    let cases = [
        (
            "States.Array($.missing)",
            "The function 'States.Array($.missing)' had the following error: The JsonPath argument for the field \
             '$.missing' could not be found in the input '{\"list\":[1,2]}'",
        ),
        (
            "States.Array(States.MathAdd($$.Task.Token, 1))",
            "The function 'States.Array(States.MathAdd($$.Task.Token, 1))' had the following error: The JsonPath \
             argument for the field '$$.Task.Token' could not be found in the input '{\"list\":[1,2]}'",
        ),
        (
            "States.Array($.list[0][1])",
            "There was an error while evaluating the intrinsic function: States.Array($.list[0][1]). Invalid path \
             '$.list[0][1]' : Filter: [1] can only be applied to arrays. Current context is: 1",
        ),
        (
            "States.StringToJson('{bad')",
            "There was an error while evaluating the intrinsic function: States.StringToJson('{bad'). Cannot convert \
             String to Json in States.StringToJson, caused by: Unexpected character ('b' (code 98)): was expecting \
             double-quote to start field name\n at [Source: REDACTED \
             (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 2]",
        ),
        (
            "States.Format('a { b', 1)",
            "There was an error while evaluating the intrinsic function: States.Format('a { b', 1). Invalid template \
             in States.Format: matching '}' not found for '{'.",
        ),
        (
            "States.Format('a } b')",
            "There was an error while evaluating the intrinsic function: States.Format('a } b'). Invalid template in \
             States.Format: matching '{' not found for '}'.",
        ),
        (
            "States.Format('{}{}', 1)",
            "There was an error while evaluating the intrinsic function: States.Format('{}{}', 1). Invalid arguments \
             in States.Format: number of arguments do not match the occurrences of {}.",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(call(text, r#"{"list":[1,2]}"#), Err(expected.to_owned()));
    }
}

#[test]
fn what_is_no_call_is_refused_with_its_place() {
    let deep = format!("{}{}", "States.Array(".repeat(11), ")".repeat(11));
    let cases = [
        ("", 0),
        ("States", 0),
        ("States.array()", 0),
        ("States.Nope()", 0),
        ("Array()", 0),
        ("States.Array", 12),
        ("States.Array (", 12),
        ("States.Array(", 13),
        ("States.Array()x", 14),
        ("States.Array(1", 14),
        ("States.Array(1,", 15),
        ("States.Array(1,)", 15),
        ("States.Array(,1)", 13),
        ("States.Array(1 2)", 15),
        ("States.Array('a)", 13),
        (r#"States.Format('He said, \"Hello, {}!\"', 'x')"#, 24),
        (r"States.Array('\n')", 14),
        ("States.Array(\"a\")", 13),
        ("States.Array(01)", 13),
        ("States.Array(-)", 13),
        ("States.Array(nul)", 13),
        ("States.Array($.a[)", 17),
        ("States.Array($.)", 15),
        ("States.Array({})", 13),
        (&deep, 130),
    ];
    for (text, offset) in cases {
        let found = Call::parse(text, &mut Heap::new()).map(|_| ()).map_err(|error| error.offset);
        assert_eq!(found, Err(offset), "{text}");
    }
    let ten = format!("{}{}", "States.Array(".repeat(10), ")".repeat(10));
    assert!(Call::parse(&ten, &mut Heap::new()).is_ok());
}

#[test]
fn every_function_of_the_language_is_known() {
    for name in NAMES {
        let name = format!("States.{name}");
        assert_eq!(super::Function::from_name(&name).map(|function| function.name), Some(&*name));
    }
}

#[test]
fn calls_know_whether_they_are_constant_and_what_they_read() {
    let cases: [(&str, bool, &[&str]); 5] = [
        ("States.Array(1, States.Format('{}', 'a'))", true, &[]),
        ("States.Array(States.UUID())", false, &[]),
        ("States.MathRandom(1, 2, 3)", false, &[]),
        ("States.Array($.a, States.Array($$.b, 'x', $c))", false, &["$.a", "$$.b", "$c"]),
        ("States.Format($.a, 1)", false, &["$.a"]),
    ];
    for (text, is_constant, paths) in cases {
        let call = Call::parse(text, &mut Heap::new()).unwrap();
        assert_eq!(call.is_constant(), is_constant, "{text}");
        let mut found = Vec::new();
        call.for_each_path(&mut |path| found.push(path.text()));
        assert_eq!(found, paths, "{text}");
    }
}

#[test]
fn random_numbers_stay_in_range_and_a_seed_repeats_them() {
    for _ in 0..100 {
        let number: i32 = call("States.MathRandom(-3, 3.51)", "{}").unwrap().parse().unwrap();
        assert!((-3..4).contains(&number));
    }
    assert!(call("States.MathRandom(12.5, 44.51)", "{}").is_ok());
    assert_eq!(call("States.MathRandom(0, 999, 3)", "{}"), call("States.MathRandom(0, 999, 3)", "{}"));
    assert_ne!(call("States.MathRandom(0, 1000000, 3)", "{}"), call("States.MathRandom(0, 1000000, 4)", "{}"));
}

#[test]
fn uuids_are_of_version_4_and_differ() {
    let both = call("States.Array(States.UUID(), States.UUID())", "{}").unwrap();
    let ids: Vec<String> = serde_json::from_str(&both).unwrap();
    for id in &ids {
        let parsed = uuid::Uuid::parse_str(id).unwrap();
        assert_eq!(parsed.get_version_num(), 4);
        assert_eq!(parsed.to_string(), *id);
    }
    assert_ne!(ids[0], ids[1]);
}

fn call_like() -> impl Strategy<Value = String> {
    const ARGUMENTS: [&str; 13] =
        ["$", "$.a", "$.b", "$.a[*]", "1", "-2.5", "1e99", "'a'", "'{}'", "'MD5'", "true", "null", ""];
    let argument = prop::sample::select(&ARGUMENTS[..]).prop_map(str::to_owned);
    let call = (prop::sample::select(&NAMES[..]), prop::collection::vec(argument.clone(), 0..4))
        .prop_map(|(name, arguments)| format!("States.{name}({})", arguments.join(", ")));
    let argument = prop_oneof![argument, call];
    (prop::sample::select(&NAMES[..]), prop::collection::vec(argument, 0..4))
        .prop_map(|(name, arguments)| format!("States.{name}({})", arguments.join(",")))
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC*", inside in "[\\PC]{0,20}") {
        for text in [text, format!("States.Format({inside})")] {
            if let Ok(call) = Call::parse(&text, &mut Heap::new()) {
                prop_assert_eq!(call.text(), &text);
            }
        }
    }

    #[test]
    fn no_arguments_make_a_function_panic(text in call_like(), input in any_json()) {
        if Call::parse(&text, &mut Heap::new()).is_ok() {
            let _ = call(&text, &input);
        }
    }

    #[test]
    fn math_add_rounds_halves_up(a in -4000i32..4000, b in -4000i32..4000) {
        let (a, b) = (f64::from(a) / 8.0, f64::from(b) / 8.0);
        let expected = (a + 0.5).floor() + (b + 0.5).floor();
        prop_assert_eq!(call(&format!("States.MathAdd({a}, {b})"), "{}"), Ok(format!("{}", expected as i64)));
    }

    #[test]
    fn partitions_are_chunks(items in prop::collection::vec(any::<i16>(), 0..40), size in 1usize..50) {
        let input = serde_json::json!({ "a": items });
        let expected: Vec<&[i16]> = items.chunks(size).collect();
        let found = call(&format!("States.ArrayPartition($.a, {size})"), &input.to_string());
        prop_assert_eq!(found, Ok(serde_json::to_string(&expected).unwrap()));
    }

    #[test]
    fn unique_keeps_first_occurrences(items in prop::collection::vec(0u8..20, 0..60)) {
        let mut expected: Vec<u8> = Vec::new();
        for item in &items {
            if !expected.contains(item) {
                expected.push(*item);
            }
        }
        let input = serde_json::json!({ "a": items });
        let found = call("States.ArrayUnique($.a)", &input.to_string());
        prop_assert_eq!(found, Ok(serde_json::to_string(&expected).unwrap()));
    }

    #[test]
    fn base64_and_json_texts_round_trip(text in "\\PC{0,40}") {
        let input = serde_json::json!({ "a": text });
        let expected = serde_json::Value::from(text).to_string();
        for round_trip in ["States.Base64Decode(States.Base64Encode($.a))", "States.StringToJson(States.JsonToString($.a))"] {
            let found = call(round_trip, &input.to_string()).map(|json| serde_json::from_str::<serde_json::Value>(&json).unwrap().to_string());
            prop_assert_eq!(found.as_ref(), Ok(&expected));
        }
    }
}

/// A call, the input that its paths read, and its value.
const VALUES: &[(&str, &str, &str)] = &[
    ("States.Array()", "{}", "[]"),
    ("States.Array($.a, $.b)", r#"{"a":"","b":1.1}"#, r#"["",1.1]"#),
    ("States.Array('a', 1, -2.5, true, null, $.a)", r#"{"a":{"k":[]}}"#, r#"["a",1,-2.5,true,null,{"k":[]}]"#),
    ("States.ArrayPartition($.a, $.b)", r#"{"a":[],"b":1}"#, "[]"),
    ("States.ArrayPartition($.a, $.b)", r#"{"a":[0,1],"b":4}"#, "[[0,1]]"),
    ("States.ArrayPartition($.a, $.b)", r#"{"a":[0,1,2],"b":2}"#, "[[0,1],[2]]"),
    ("States.ArrayPartition($.a, $.b)", r#"{"a":[0,1,2,3],"b":2.9}"#, "[[0,1],[2,3]]"),
    ("States.ArrayContains($.a, $.b)", r#"{"a":[],"b":[]}"#, "false"),
    ("States.ArrayContains($.a, null)", r#"{"a":[]}"#, "false"),
    ("States.ArrayContains($.a, $.b)", r#"{"a":[[1,2,3],2],"b":[1,2,3]}"#, "true"),
    ("States.ArrayContains($.a, $.b)", r#"{"a":[{"1":2,"2":[]}],"b":{"2":[],"1":2.0}}"#, "true"),
    ("States.ArrayContains($.a, '1')", r#"{"a":[1]}"#, "false"),
    ("States.ArrayRange(0, 9, 3)", "{}", "[0,3,6,9]"),
    ("States.ArrayRange(0, 10, 3)", "{}", "[0,3,6,9]"),
    ("States.ArrayRange(1, 9, 9)", "{}", "[1]"),
    ("States.ArrayRange(5, 5, -1)", "{}", "[5]"),
    ("States.ArrayRange(1, 9, -1)", "{}", "[]"),
    ("States.ArrayRange(1.6, 1.4, 1)", "{}", "[1]"),
    ("States.ArrayRange(5.4, -0.6, -2.4)", "{}", "[5,3,1]"),
    (
        "States.ArrayRange(9223372036854775806, 9223372036854775807, 1)",
        "{}",
        "[9223372036854775806,9223372036854775807]",
    ),
    ("States.ArrayGetItem($.a, 1.2)", r#"{"a":[1,2]}"#, "2"),
    ("States.ArrayGetItem($.a, 7)", r#"{"a":[]}"#, "null"),
    ("States.ArrayGetItem($.a, -7)", r#"{"a":[]}"#, "null"),
    ("States.ArrayLength($.a)", r#"{"a":[1,2,3,4,5,6,7,8,9]}"#, "9"),
    (
        "States.ArrayUnique($.a)",
        r#"{"a":[1,2,1.0,"1",[1],[1],{"a":1,"b":2},{"b":2,"a":1}]}"#,
        r#"[1,2,"1",[1],{"a":1,"b":2}]"#,
    ),
    (
        "States.ArrayUnique($.a)",
        r#"{"a":[0,-0,1,1.0,1,2,3,4,5,6,7,8,9,[1],[1.0],{"a":1,"b":2},{"b":2,"a":1},null,null,"","",false,false]}"#,
        r#"[0,1,2,3,4,5,6,7,8,9,[1],{"a":1,"b":2},null,"",false]"#,
    ),
    ("States.Base64Encode('Data to encode')", "{}", r#""RGF0YSB0byBlbmNvZGU=""#),
    ("States.Base64Encode('')", "{}", r#""""#),
    ("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", "{}", r#""Data to encode""#),
    ("States.Base64Decode('RGF0YSB0byBlbmNvZGU')", "{}", r#""Data to encode""#),
    ("States.Hash('input data', 'MD5')", "{}", r#""812f45842bc6d66ee14572ce20db8e86""#),
    ("States.Hash('input data', 'SHA-1')", "{}", r#""aaff4a450a104cd177d28d18d74485e8cae074b7""#),
    (
        "States.Hash('input data', 'SHA-256')",
        "{}",
        r#""b4a697a057313163aee33cd8d40c66e9f0f177e00cac2de32475ffff6169c3e3""#,
    ),
    (
        "States.Hash('input data', 'SHA-384')",
        "{}",
        r#""d28a7d5cf25a74f11a50a18452b75e04bb3d70c9dd0510d6123aa008c756511b87525bdc835ebb27e1fb9e9374a15562""#,
    ),
    (
        "States.Hash('input data', 'SHA-512')",
        "{}",
        r#""6ce4adb348546d4f449c4d25aad9a7c9cb711d9e91982d3f0b29ca2f3f47d4ce2deba23bf2954f0f1d593fc50283731a533d30d425402d4f91316d871303aac4""#,
    ),
    ("States.Hash($.a, 'MD5')", r#"{"a":{"b": 1}}"#, r#""e17d0ee99013e5ee01d0b073ed2bab2c""#),
    (
        "States.JsonMerge($.a, $.b, false)",
        r#"{"a":{"a":{"a1":1,"a2":2},"b":2,"d":3},"b":{"a":{"a3":1,"a4":2},"c":3,"d":4}}"#,
        r#"{"a":{"a3":1,"a4":2},"b":2,"d":4,"c":3}"#,
    ),
    ("States.JsonMerge($.a, $.a, 'x')", r#"{"a":{"k":1}}"#, r#"{"k":1}"#),
    (
        r#"States.JsonMerge(States.StringToJson('{"in_literal": "false"}'), $.a, false)"#,
        r#"{"a":{"b":1}}"#,
        r#"{"in_literal":"false","b":1}"#,
    ),
    ("States.StringToJson('')", "{}", "null"),
    ("States.StringToJson(' \n')", "{}", "null"),
    ("States.StringToJson('null')", "{}", "null"),
    ("States.StringToJson('-0')", "{}", "0"),
    ("States.StringToJson(' 1.1 ')", "{}", "1.1"),
    ("States.StringToJson($.a)", r#"{"a":"{\"Arg1\": 1, \"Arg2\": []}"}"#, r#"{"Arg1":1,"Arg2":[]}"#),
    ("States.JsonToString($.a)", r#"{"a":null}"#, r#""null""#),
    ("States.JsonToString($.a)", r#"{"a":"HelloWorld"}"#, r#""\"HelloWorld\"""#),
    ("States.JsonToString($.a)", r#"{"a":[1, 2, "HelloWorld"]}"#, r#""[1,2,\"HelloWorld\"]""#),
    ("States.MathAdd(1.49, 1.5)", "{}", "3"),
    ("States.MathAdd(1.5, 1.51)", "{}", "4"),
    ("States.MathAdd(-1.49, -1.5)", "{}", "-2"),
    ("States.MathAdd(-1.5, -1.51)", "{}", "-3"),
    ("States.MathAdd(-0.5, 0.5)", "{}", "1"),
    ("States.MathAdd(-0.5, 0)", "{}", "0"),
    ("States.MathAdd(2.5, 0)", "{}", "3"),
    ("States.MathAdd(-9, 3)", "{}", "-6"),
    ("States.MathAdd(2147483647, -2147483648)", "{}", "-1"),
    ("States.StringSplit(' ', ',')", "{}", r#"[" "]"#),
    ("States.StringSplit(',,,,', ',')", "{}", "[]"),
    ("States.StringSplit(', , ,', ',')", "{}", r#"[" "," "]"#),
    ("States.StringSplit('This.is+a,test=string', '.+,=')", "{}", r#"["This","is","a","test","string"]"#),
    ("States.StringSplit('split on T and \nnew line', 'T\n')", "{}", r#"["split on "," and ","new line"]"#),
    ("States.StringSplit('abc', '')", "{}", r#"["abc"]"#),
    ("States.StringSplit('aüb€c', 'ü€')", "{}", r#"["a","b","c"]"#),
    ("States.Format('no placeholder')", "{}", r#""no placeholder""#),
    ("States.Format('{} {}', $.a, $.b)", r#"{"a":null,"b":true}"#, r#""null true""#),
    ("States.Format('{}{}.', $.a, '')", r#"{"a":1.10}"#, r#""1.10.""#),
    (
        "States.Format('fst={} and snd={}', $.a, $.b)",
        r#"{"a":{"Arg1":1,"Arg2":[]},"b":[null,"x",{"y":"z"}]}"#,
        r#""fst={Arg1=1, Arg2=[]} and snd=[null, x, {y=z}]""#,
    ),
    (r"States.Format('\{\}{}\\\'', 1)", "{}", r#""{}1\\'""#),
    ("States.Format('{}', $.a)", r#"{"a":"q\"\n\u00e9"}"#, r#""q\"\né""#),
    ("States.Format($text, 'World')", "{}", r#""Hello World""#),
    (r"States.Format($.a, 1)", r#"{"a":"C:\\dir \\{{}\\}"}"#, r#""C:\\dir {1}""#),
    (r#"States.Array('He said, "Hello, {}!"', '\\ \{ \} \'')"#, "{}", r#"["He said, \"Hello, {}!\"","\\ { } '"]"#),
    (
        "States.ArrayGetItem(States.StringSplit($$.StateMachine.Name, '-'), \
             States.MathAdd(States.ArrayLength(States.StringSplit($$.StateMachine.Name, '-')), -1))",
        "{}",
        r#""1""#,
    ),
    ("States.Array($.a[0,1], $['b,)'],$.a[(@.length-1)] )", r#"{"a":[1,2,3],"b,)":5}"#, "[[1,2],5,3]"),
    ("States.Array( $x.list[?(@ > 1)] , $größe )", "{}", "[[2,3],5]"),
];
