use proptest::prelude::*;

use super::{Path, PathError, ReferencePath, Root};
use crate::expr::testing::{any_json, json};
use crate::value::Heap;

/// The value of a path as JSON, or the detail of its error.
fn read(path: &str, input: &str) -> Result<String, String> {
    let mut heap = Heap::new();
    let root = json(&mut heap, input);
    let path = Path::parse(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    match path.evaluate(&mut heap, root) {
        Ok(value) => Ok(heap.to_json(value)),
        Err(error) => Err(error.detail(&heap, &path)),
    }
}

const STORE: &str = r#"{"store":{"book":[
    {"category":"reference","author":"Nigel Rees","title":"Sayings","price":8.95},
    {"category":"fiction","author":"Evelyn Waugh","title":"Sword","price":12.99},
    {"category":"fiction","author":"Herman Melville","title":"Moby Dick","isbn":"0-553","price":8.99}],
    "bicycle":{"color":"red","price":19.95}},"expensive":10}"#;

#[test]
fn a_definite_path_gives_the_value_itself() {
    let cases = [
        ("$", r#"{"a":1}"#, r#"{"a":1}"#),
        ("$.a", r#"{"a":null}"#, "null"),
        ("$.a.b", r#"{"a":{"b":[1]}}"#, "[1]"),
        ("$['a']['b']", r#"{"a":{"b":[1]}}"#, "[1]"),
        ("$[ 'a' ]", r#"{"a":1}"#, "1"),
        ("$['a']b", r#"{"a":{"b":1}}"#, "1"),
        ("$.a.b \t", r#"{"a":{"b":1}}"#, "1"),
        ("$.items[0]", r#"{"items":[{"k":0},{"k":1}]}"#, r#"{"k":0}"#),
        ("$.items[(@.length-1)].k", r#"{"items":[{"k":0},{"k":1}]}"#, "1"),
        ("$.items[(@.size() - 2)].k", r#"{"items":[{"k":0},{"k":1}]}"#, "0"),
        ("$[1][0]", "[1,[2]]", "2"),
        ("$.['a'].[0]", r#"{"a":[5]}"#, "5"),
        ("$['store-name']", r#"{"store-name":1}"#, "1"),
        ("$.store-name", r#"{"store-name":1}"#, "1"),
        ("$['a b']", r#"{"a b":1}"#, "1"),
        (r"$.store\.book", r#"{"store\\":{"book":1}}"#, "1"),
        ("$.a.length()", r#"{"a":{"length()":1}}"#, "1"),
        (r#"$['Test\""Name"']"#, r#"{"Test\\\"\"Name\"":"v"}"#, "\"v\""),
        ("$['']", r#"{"":1}"#, "1"),
        ("$.größe", r#"{"größe":1}"#, "1"),
        ("$['a','c']", r#"{"a":1,"b":2,"c":3}"#, r#"{"a":1,"c":3}"#),
        ("$['a','z','a']", r#"{"a":1}"#, r#"{"a":1}"#),
    ];
    for (path, input, expected) in cases {
        assert_eq!(read(path, input).as_deref(), Ok(expected), "{path} on {input}");
        assert!(Path::parse(path).unwrap().is_definite(), "{path}");
    }
}

#[test]
fn any_other_path_gives_an_array_of_what_it_finds() {
    let cases = [
        ("$.store.book[*].title", STORE, r#"["Sayings","Sword","Moby Dick"]"#),
        ("$.store..price", STORE, "[8.95,12.99,8.99,19.95]"),
        ("$..title", STORE, r#"["Sayings","Sword","Moby Dick"]"#),
        ("$.store.book[?(@.isbn)].title", STORE, r#"["Moby Dick"]"#),
        ("$.store.book[?(!@.isbn)].price", STORE, "[8.95,12.99]"),
        ("$.store.book[?(@.price < $.expensive)].title", STORE, r#"["Sayings","Moby Dick"]"#),
        ("$..[?(@.color)].price", STORE, "[19.95]"),
        ("$.store.bicycle[?(@.color == 'red')].price", STORE, "[19.95]"),
        ("$.a[1:3]", r#"{"a":[0,1,2,3]}"#, "[1,2]"),
        ("$.a[1:99]", r#"{"a":[0,1,2,3]}"#, "[1,2,3]"),
        ("$.a[-2:]", r#"{"a":[0,1,2,3]}"#, "[2,3]"),
        ("$.a[:-1]", r#"{"a":[0,1,2,3]}"#, "[0,1,2]"),
        ("$.a[3:1]", r#"{"a":[0,1,2,3]}"#, "[]"),
        ("$.a[0:3:2]", r#"{"a":[0,1,2,3]}"#, "[0,1,2]"),
        ("$.a[2, 0]", r#"{"a":[0,1,2,3]}"#, "[2,0]"),
        ("$[*][*]", "[[1,2],[3],4]", "[1,2,3]"),
        ("$.*", r#"{"a":1,"b":[2]}"#, "[1,[2]]"),
        ("$..*", r#"{"a":{"b":[1]}}"#, r#"[{"b":[1]},[1],1]"#),
        ("$..[0]", "[[1,2],[[3]]]", "[[1,2],1,[3],3]"),
        ("$...a", r#"{"b":{"a":1}}"#, "[1]"),
        ("$....a", r#"{"b":{"a":1}}"#, "[]"),
        ("$.users[?(@.year==1997)]", r#"{"users":[{"year":1997},{"year":1998}]}"#, r#"[{"year":1997}]"#),
    ];
    for (path, input, expected) in cases {
        assert_eq!(read(path, input).as_deref(), Ok(expected), "{path}");
        assert!(!Path::parse(path).unwrap().is_definite(), "{path}");
    }
}

#[test]
fn filters_compare_as_the_library_does() {
    let cases = [
        // A text becomes the type of what it is compared with.
        ("$[?(@ == 2)]", "[1,2,2.0,\"2\",\"2.0\"]", r#"[2,2.0,"2"]"#),
        ("$[?(@ == '2')]", "[2,\"2\"]", r#"[2,"2"]"#),
        ("$[?(@ > 1.5)]", "[1,2,1.50,1e1]", "[2,1e1]"),
        ("$[?(@.n==green)].v", r#"[{"n":"red","v":1},{"n":"green","v":2}]"#, "[2]"),
        ("$[?(@.a == True)]", r#"[{"a":true},{"a":false}]"#, r#"[{"a":true}]"#),
        ("$[?(@.a == null)]", r#"[{"a":null},{"a":0},{},{"a":"null"}]"#, r#"[{"a":null},{"a":"null"}]"#),
        // What is missing, or cannot be compared, is neither equal nor unequal.
        ("$[?(@.a != 1)]", r#"[{"a":1},{"a":"1"},{"a":"x"},{"a":[]},{}]"#, r#"[{"a":"x"}]"#),
        // Null does not count as being there.
        ("$[?(@.a)]", r#"[{"a":null},{"a":0},{}]"#, r#"[{"a":0}]"#),
        ("$[?(!@.a)]", r#"[{"a":null},{"a":0},{}]"#, r#"[{"a":null},{}]"#),
        ("$[?(@['a','b'])]", r#"[{"a":1,"b":2},{"a":1}]"#, r#"[{"a":1,"b":2}]"#),
        // `&&` binds more closely, whatever parentheses say.
        ("$[?((@.a || @.b) && @.c)]", r#"[{"a":1},{"b":1},{"b":1,"c":1}]"#, r#"[{"a":1},{"b":1,"c":1}]"#),
        ("$[?(@ =~ /gr.*/)]", r#"["green","a green"]"#, r#"["green"]"#),
        ("$[?(@ =~ /GREEN/i)]", r#"["green"]"#, r#"["green"]"#),
        ("$[?(@ =~ /\\d\\.\\d/)]", r#"[1.50,12,"1.2","\u0663.3"]"#, r#"[1.50,"1.2"]"#),
        ("$[?(@ == 'it\\'s')]", r#"["it's"]"#, r#"["it's"]"#),
        // Exactly, not as doubles.
        ("$[?(@ == 12345678901234567891)]", "[12345678901234567890,12345678901234567891]", "[12345678901234567891]"),
        (
            "$[?(@.a == @.b)]",
            r#"[{"a":1,"b":1.0},{"a":"1","b":1},{"a":1,"b":"1"},{"a":[1],"b":[1]}]"#,
            r#"[{"a":1,"b":1.0},{"a":1,"b":"1"}]"#,
        ),
    ];
    for (path, input, expected) in cases {
        assert_eq!(read(path, input).as_deref(), Ok(expected), "{path}");
    }
}

#[test]
fn a_name_on_the_way_may_be_missing_before_a_step_that_leads_to_many() {
    let cases = [
        "$[*]",
        "$.items[*]",
        "$.items[1:]",
        "$.items[:1].itemValue",
        "$.item.items[1:5]",
        "$.item.items[1:5].itemValue",
        "$.item.items[*]",
        "$.items[*].itemValue",
        "$..x",
        "$.items[?(@.a)]",
        "$[?(@.a)]",
    ];
    for path in cases {
        assert_eq!(read(path, "{}").as_deref(), Ok("[]"), "{path}");
    }
    let cases = [
        ("$[*].x", r#"[{"x":1},{},2]"#, Ok("[1]")),
        ("$[*].x.y", r#"[{"x":{"y":1}},{}]"#, Ok("[1]")),
        ("$.*.x", r#"{"a":{"x":1},"b":{}}"#, Err("No results for path: $['b']['x']")),
        ("$[0:2].x", r#"[{"x":1},{}]"#, Err("No results for path: $[1]['x']")),
        ("$[?(@.v)].x", r#"[{"v":1}]"#, Err("No results for path: $[0]['x']")),
        ("$[0,3]", "[1]", Err("Index out of bounds when evaluating path $[3]")),
        ("$[-3:-1]", "[1,2,3,4]", Err("Index out of bounds when evaluating path $[-3]")),
        ("$.list..v.sum()", r#"{"list":[{"v":1}]}"#, Err("Property ['sum()'] not found in path $['list'][0]['v']")),
        ("$..[5]", "[[1]]", Err("Index out of bounds when evaluating path $[5]")),
    ];
    for (path, input, expected) in cases {
        assert_eq!(read(path, input).as_deref().map_err(String::as_str), expected, "{path} on {input}");
    }
}

#[test]
fn a_miss_says_where() {
    let cases = [
        ("$.X", "{}", "No results for path: $['X']"),
        ("$.no.such.path", "{}", "Missing property in path $['no']"),
        ("$.a.such.path", r#"{"a":{}}"#, "Missing property in path $['a']['such']"),
        ("$.a[3].b", r#"{"a":[1]}"#, "Index out of bounds when evaluating path $['a'][3]"),
        ("$.a[-1]", r#"{"a":[1]}"#, "Index out of bounds when evaluating path $['a'][-1]"),
        ("$.a[(@.length-2)].b", r#"{"a":[1]}"#, "Index out of bounds when evaluating path $['a'][-1]"),
        ("$.a[(@.length-1)].b", r#"{"a":[{}]}"#, "No results for path: $['a'][0]['b']"),
        ("$.a[0]", r#"{"a":1}"#, "Filter: [0] can only be applied to arrays. Current context is: 1"),
        (
            "$.a[0].c",
            r#"{"a":{"b":["x"]}}"#,
            "Filter: [0]['c'] can only be applied to arrays. Current context is: {b=[x]}",
        ),
        ("$.a[0]", r#"{"a":null}"#, "The path $['a'] is null"),
        ("$[1:5]", "{}", "Filter: [1:5] can only be applied to arrays. Current context is: {}"),
        ("$[?(@.v>0)][0]", r#"[{"v":1}]"#, "Filter: [0] can only be applied to arrays. Current context is: {v=1}"),
        ("$[?(@.v>0)]", "1e1", "Filter: [?] can not be applied to primitives. Current context is: 10.0"),
        ("$.a.b", r#"{"a":1}"#, "Property ['b'] not found in path $['a']"),
        ("$.b", "[]", "Property ['b'] not found in path $"),
        ("$['a','b'].c", r#"{"a":1}"#, "Multi properties can only be used as path leafs: $['a', 'b']"),
        ("$$.Task.Token", "{}", "Missing property in path $['Task']"),
        ("$x.a", "{}", "No results for path: $x['a']"),
        ("$.a", "null", "root can not be null"),
        ("$[?(@ > green)]", "[1]", "The filter compares a number with 'green', which is no number"),
        ("$[?(@ =~ 'x')]", "[1]", "The right side of '=~' is no regular expression: it is written /like this/"),
    ];
    for (path, input, expected) in cases {
        assert_eq!(read(path, input), Err(expected.to_owned()), "{path} on {input}");
    }
}

#[test]
fn a_search_that_takes_too_much_work_is_stopped() {
    let mut heap = Heap::new();
    let root = json(&mut heap, &format!("{}{}", "[".repeat(900), "]".repeat(900)));
    heap.allow_work(1_000_000);
    let found = Path::parse("$..*..*..*..*").unwrap().evaluate(&mut heap, root);
    assert_eq!(found.unwrap_err().exceeded(), Some(crate::value::Exceeded::Work));
}

#[test]
fn the_root_is_recognized() {
    let cases = [
        ("$", Root::Input),
        ("$.a", Root::Input),
        ("$[0]", Root::Input),
        ("$$", Root::Context),
        ("$$.Map.Item.Value", Root::Context),
        ("$x", Root::Variable("x".into())),
        ("$größe[0]", Root::Variable("größe".into())),
    ];
    for (text, root) in cases {
        assert_eq!(*Path::parse(text).unwrap().root(), root, "{text}");
    }
    assert!(Path::parse("$").unwrap().is_root_only());
    assert!(!Path::parse("$$").unwrap().is_root_only());
}

#[test]
fn what_is_no_path_is_refused_with_its_place() {
    let long = format!("${}", ".a".repeat(2000));
    let nested = format!("$[?({}1{})]", "@[?(".repeat(10_000), ")]".repeat(10_000));
    let cases = [
        ("", 0),
        ("a", 0),
        (" $.a", 0),
        ("$.", 2),
        ("$..", 3),
        ("$.a..", 5),
        ("$.a.", 4),
        ("$.a b", 3),
        ("$$a", 2),
        ("$a-b", 1),
        ("$1", 1),
        ("$ .a", 1),
        ("$.a[", 4),
        ("$.a[]", 4),
        ("$.a[b]", 4),
        (r#"$["a"]"#, 2),
        ("$.a['b'", 7),
        ("$.a[1", 5),
        ("$.a[:]", 4),
        ("$.a[99999999999]", 4),
        ("$.a[(@.count-1)]", 4),
        ("$.a[(@.length)]", 15),
        ("$.a[?(@.b", 9),
        ("$.a[?@.b]", 3),
        ("$.a[?(1)]", 7),
        ("$.a[?(@.b in ['x'])]", 9),
        ("$.a[?(@.b && )]", 12),
        ("$.a[?(@..b)]", 6),
        ("$.a[?(1 == !@.b)]", 11),
        ("$.a[?(@.b =~ /*/)]", 13),
        (&nested, 5),
        (&long, 2003),
    ];
    for (text, offset) in cases {
        let found = Path::parse(text).map(|_| ()).map_err(|error| error.offset);
        assert_eq!(found, Err(offset), "{text:.60}");
    }
}

#[test]
fn a_reference_path_names_one_place() {
    for text in ["$", "$.a.b", "$['a'][0].b", "$$.Execution.Input", "$x.y"] {
        assert!(ReferencePath::parse(text).is_ok(), "{text}");
    }
    let cases = [
        ("a.b", "Value is not a Reference Path: Reference path didn't start with '$'"),
        ("$.a[*]", "Value is not a Reference Path: '[' must be followed by ' or '['"),
        ("$.a[?(@.b)]", "Value is not a Reference Path: '[' must be followed by ' or '['"),
        ("$.a[:2]", "Value is not a Reference Path: '[' must be followed by ' or '['"),
        (
            "$.a.*",
            "Value is not a Reference Path: Only names and single indexes are allowed, so that one place is named",
        ),
        (
            "$..a",
            "Value is not a Reference Path: Only names and single indexes are allowed, so that one place is named",
        ),
        (
            "$['a','b']",
            "Value is not a Reference Path: Only names and single indexes are allowed, so that one place is named",
        ),
        ("$.a[(@.length-1)]", "Value is not a Reference Path: '[' must be followed by ' or '['"),
    ];
    for (text, message) in cases {
        assert_eq!(ReferencePath::parse(text).unwrap_err().message, message, "{text}");
    }
}

fn write(path: &str, into: &str) -> Result<String, String> {
    let mut heap = Heap::new();
    let into = json(&mut heap, into);
    let value = json(&mut heap, r#""new""#);
    match ReferencePath::parse(path).unwrap().write(&mut heap, into, value) {
        Ok(output) => Ok(heap.to_json(output)),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn a_result_is_put_where_the_path_says() {
    let cases = [
        ("$", r#"{"a":1}"#, r#""new""#),
        ("$.a", r#"{"a":1,"b":2}"#, r#"{"a":"new","b":2}"#),
        ("$.c", r#"{"a":1,"b":2}"#, r#"{"a":1,"b":2,"c":"new"}"#),
        ("$.a.b.c", "{}", r#"{"a":{"b":{"c":"new"}}}"#),
        ("$.a.b", r#"{"a":{"x":[1]},"z":0}"#, r#"{"a":{"x":[1],"b":"new"},"z":0}"#),
        ("$.a[1]", r#"{"a":[1,2,3]}"#, r#"{"a":[1,"new",3]}"#),
        ("$['x.y']", "{}", r#"{"x.y":"new"}"#),
        ("$[0]", "[1]", r#"["new"]"#),
    ];
    for (path, into, expected) in cases {
        assert_eq!(write(path, into).as_deref(), Ok(expected), "{path} into {into}");
    }
}

#[test]
fn a_result_may_be_nested_as_deep_as_values_may_be() {
    let output = write(&format!("${}", ".a".repeat(1000)), "{}").unwrap();
    assert_eq!(output.len(), r#""new""#.len() + 1000 * r#"{"a":}"#.len());

    let mut heap = Heap::new();
    let into = heap.empty_object();
    let deepest = json(&mut heap, &format!("{}{}", "[".repeat(1000), "]".repeat(1000)));
    let error = ReferencePath::parse("$.a").unwrap().write(&mut heap, into, deepest).unwrap_err();
    assert_eq!(error.to_string(), "the value is nested deeper than 1000 levels");
}

#[test]
fn a_result_that_has_no_place_is_an_error() {
    let cases = [
        ("$.a", "1"),
        ("$.a", "[1]"),
        ("$.a", "\"text\""),
        ("$.a.b", r#"{"a":1}"#),
        ("$.a.b", r#"{"a":null}"#),
        ("$.a[0]", "{}"),
        ("$.a[1]", r#"{"a":[1]}"#),
        ("$.a[-1]", r#"{"a":[1]}"#),
        ("$.a[0]", r#"{"a":{}}"#),
        ("$.a.b[0]", "{}"),
    ];
    for (path, into) in cases {
        let expected = format!("Unable to apply ReferencePath {path} to input {into}");
        assert_eq!(write(path, into), Err(expected));
    }
}

/// Texts that are, or nearly are, paths.
fn path_like() -> impl Strategy<Value = String> {
    const PIECES: [&str; 23] = [
        ".a",
        ".b",
        "['a']",
        "[0]",
        "[-1]",
        "[*]",
        ".*",
        "..",
        "..a",
        "[1:]",
        "[0,1]",
        "['a','b']",
        "[?(@.a)]",
        "[?(@.a==1)]",
        "[?(@ > $.b)]",
        "[?(@.a =~ /b/)]",
        "[(@.length-1)]",
        "[-1:]",
        ".sum()",
        "[",
        "(",
        "'",
        "\\",
    ];
    prop::collection::vec(prop::sample::select(&PIECES[..]), 0..6).prop_map(|parts| format!("${}", parts.concat()))
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in "\\PC*", near in path_like()) {
        for text in [text.clone(), format!("${text}"), near] {
            if let Ok(path) = Path::parse(&text) {
                prop_assert_eq!(path.text(), &text);
            }
            let _ = ReferencePath::parse(&text);
        }
    }

    #[test]
    fn evaluation_never_panics_and_leaves_no_rest(text in path_like(), input in any_json()) {
        let Ok(path) = Path::parse(&text) else { return Ok(()) };
        let mut heap = Heap::new();
        let root = json(&mut heap, &input);
        let mark = heap.mark();
        match path.evaluate(&mut heap, root) {
            Ok(value) => {
                let printed = heap.to_json(value);
                prop_assert_eq!(printed.len(), heap.size(value) as usize);
            }
            Err(error) => prop_assert!(!error.detail(&heap, &path).is_empty()),
        }
        prop_assert!(heap.pushed(mark).is_empty());
        prop_assert_eq!(heap.to_json(root), input);
    }

    #[test]
    fn what_was_written_is_found_again(input in any_json(), steps in prop::collection::vec("(\\.[a-c]|\\[[01]\\])", 0..4)) {
        let text = format!("${}", steps.concat());
        let mut heap = Heap::new();
        let into = json(&mut heap, &input);
        let value = json(&mut heap, r#"{"new":[1]}"#);
        let path = ReferencePath::parse(&text).unwrap();
        if let Ok(output) = path.write(&mut heap, into, value) {
            let found = path.as_path().evaluate(&mut heap, output);
            prop_assert!(found.is_ok_and(|found| heap.equals(found, value)));
        }
        prop_assert_eq!(heap.to_json(into), input);
    }
}

#[test]
fn errors_are_small() {
    assert!(size_of::<PathError>() <= 32);
}
