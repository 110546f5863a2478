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
        (r#"$["a"]"#, r#"{"a":1}"#, "1"),
        ("$[ 'a' ]", r#"{"a":1}"#, "1"),
        ("$.items[0]", r#"{"items":[{"k":0},{"k":1}]}"#, r#"{"k":0}"#),
        ("$.items[-1].k", r#"{"items":[{"k":0},{"k":1}]}"#, "1"),
        ("$[1][0]", "[1,[2]]", "2"),
        ("$.['a'].[0]", r#"{"a":[5]}"#, "5"),
        ("$['store-name']", r#"{"store-name":1}"#, "1"),
        ("$.store-name", r#"{"store-name":1}"#, "1"),
        ("$.a b", r#"{"a b":1}"#, "1"),
        (r"$.store\.book", r#"{"store.book":1}"#, "1"),
        (r"$['it\'s']", r#"{"it's":1}"#, "1"),
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
        ("$..book[?(@.price<9 && @.category=='fiction')].author", STORE, r#"["Herman Melville"]"#),
        ("$..book[?(@.price>12||@.author=~/nigel.*/i)].price", STORE, "[8.95,12.99]"),
        ("$..book[?(@.author =~ /Nigel/)].price", STORE, "[]"),
        ("$..book[?(@.category in ['reference', \"x\"])].price", STORE, "[8.95]"),
        ("$..book[?(@.category nin ['reference'])].price", STORE, "[12.99,8.99]"),
        ("$..book[?((@.price > 9) || !(@.isbn))].price", STORE, "[8.95,12.99]"),
        ("$..book[-1:].price", STORE, "[8.99]"),
        ("$..book[0,1].price", STORE, "[8.95,12.99]"),
        (
            "$..book[:2]['title','price']",
            STORE,
            r#"[{"title":"Sayings","price":8.95},{"title":"Sword","price":12.99}]"#,
        ),
        ("$.store['bicycle','book'].color", STORE, r#"["red"]"#),
        ("$..[?(@.color)].price", STORE, "[19.95]"),
        ("$.store.bicycle[?(@.color == 'red')].price", STORE, "[19.95]"),
        ("$.a[1:3]", r#"{"a":[0,1,2,3]}"#, "[1,2]"),
        ("$.a[::2]", r#"{"a":[0,1,2,3]}"#, "[0,2]"),
        ("$.a[-3:-1]", r#"{"a":[0,1,2,3]}"#, "[1,2]"),
        ("$.a[1:99]", r#"{"a":[0,1,2,3]}"#, "[1,2,3]"),
        ("$.a[3:1]", r#"{"a":[0,1,2,3]}"#, "[]"),
        ("$.a[2,0,-1,9]", r#"{"a":[0,1,2,3]}"#, "[2,0,3]"),
        ("$[*][*]", "[[1,2],[3],4]", "[1,2,3]"),
        ("$.*", r#"{"a":1,"b":[2]}"#, "[1,[2]]"),
        ("$..*", r#"{"a":{"b":[1]}}"#, r#"[{"b":[1]},[1],1]"#),
        ("$..[0]", "[[1,2],[[3]]]", "[[1,2],1,[3],3]"),
        ("$[?(@ == 2)]", "[1,2,2.0,\"2\"]", "[2,2.0]"),
        ("$[?(@.a == null)]", r#"[{"a":null},{"a":0},{}]"#, r#"[{"a":null}]"#),
        ("$[?(@.a != 1)]", r#"[{"a":1},{"a":"1"},{}]"#, r#"[{"a":"1"},{}]"#),
        ("$[?(@.a == true)]", r#"[{"a":true},{"a":"true"}]"#, r#"[{"a":true}]"#),
        ("$[?(@.t size 2)].n", r#"[{"t":[1,2],"n":1},{"t":"ab","n":2},{"t":[],"n":3}]"#, "[1,2]"),
        ("$[?(@.t empty true)].n", r#"[{"t":[1,2],"n":1},{"t":"","n":2},{"t":[],"n":3}]"#, "[2,3]"),
        ("$[?(@.t subsetof [1,2,3])].n", r#"[{"t":[1,2],"n":1},{"t":[4],"n":2},{"t":[],"n":3}]"#, "[1,3]"),
        ("$[?(@.t anyof [2,4])].n", r#"[{"t":[1,2],"n":1},{"t":[4],"n":2},{"t":[],"n":3}]"#, "[1,2]"),
        ("$[?(@.t noneof [2,4])].n", r#"[{"t":[1,2],"n":1},{"t":[4],"n":2},{"t":[],"n":3}]"#, "[3]"),
        ("$[?(@.t contains 'b')].n", r#"[{"t":["a","b"],"n":1},{"t":"abc","n":2},{"t":[],"n":3}]"#, "[1,2]"),
        ("$[?(@.t.length() >= 2)].n", r#"[{"t":[1,2],"n":1},{"t":[4],"n":2}]"#, "[1]"),
        ("$[?(@..k)].n", r#"[{"t":[{"k":1}],"n":1},{"t":[4],"n":2}]"#, "[1]"),
        ("$.users[?(@.year==1997)]", r#"{"users":[{"year":1997},{"year":1998}]}"#, r#"[{"year":1997}]"#),
    ];
    for (path, input, expected) in cases {
        assert_eq!(read(path, input).as_deref(), Ok(expected), "{path}");
        assert!(!Path::parse(path).unwrap().is_definite(), "{path}");
    }
}

#[test]
fn a_search_that_finds_nothing_gives_an_empty_array() {
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
}

#[test]
fn functions_work_on_what_was_found() {
    let cases = [
        ("$.a.length()", r#"{"a":[1,2]}"#, "2"),
        ("$.length()", r#"{"a":1}"#, "1"),
        ("$.a.length()", r#"{"a":"text"}"#, "null"),
        ("$.a[*].b.length()", r#"{"a":[{"b":1},{"b":2},{}]}"#, "2"),
        ("$.a.min()", r#"{"a":[3,1.5,"x"]}"#, "1.5"),
        ("$.a.max()", r#"{"a":[3,1.5]}"#, "3.0"),
        ("$.a.sum()", r#"{"a":[3,1.5]}"#, "4.5"),
        ("$.a.avg()", r#"{"a":[1,2,3]}"#, "2.0"),
        ("$.a.stddev()", r#"{"a":[2,4,4,4,5,5,7,9]}"#, "2.0"),
        ("$.sum($.a, $.b[*], 1)", r#"{"a":1,"b":[2,3]}"#, "7.0"),
        ("$.keys()", r#"{"a":1,"b":2}"#, r#"["a","b"]"#),
        ("$.concat($.a, '-', $.b)", r#"{"a":"x","b":2}"#, "\"x-2\""),
        ("$.a.append(4, 'x')", r#"{"a":[3]}"#, r#"[3,4,"x"]"#),
        ("$.a.first()", "{\"a\":[1,2,3]}", "1"),
        ("$.a.last()", "{\"a\":[1,2,3]}", "3"),
        ("$.a.index(-2)", "{\"a\":[1,2,3]}", "2"),
    ];
    for (path, input, expected) in cases {
        assert_eq!(read(path, input).as_deref(), Ok(expected), "{path} on {input}");
    }
}

#[test]
fn a_miss_says_where() {
    let cases = [
        ("$.X", "{}", "No results for path: $['X']"),
        ("$.no.such.path", "{}", "Missing property in path $['no']"),
        ("$.a.such.path", r#"{"a":{}}"#, "Missing property in path $['a']['such']"),
        ("$.a[3].b", r#"{"a":[1]}"#, "No results for path: $['a'][3]['b']"),
        ("$.a[-2]", r#"{"a":[1]}"#, "No results for path: $['a'][-2]"),
        ("$.a[0]", r#"{"a":1}"#, "Filter: [0] can only be applied to arrays. Current context is: 1"),
        ("$.a[0]", r#"{"a":{"b":["x"]}}"#, "Filter: [0] can only be applied to arrays. Current context is: {b=[x]}"),
        ("$[1:5]", "{}", "Filter: [1:5] can only be applied to arrays. Current context is: {}"),
        ("$.a.b", r#"{"a":1}"#, "Expected to find an object with property ['b'] in path $['a'] but found 'number'."),
        ("$.b", "[]", "Expected to find an object with property ['b'] in path $ but found 'array'."),
        ("$$.Task.Token", "{}", "Missing property in path $$['Task']"),
        ("$x.a", "{}", "No results for path: $x['a']"),
        ("$.a.min()", r#"{"a":[]}"#, "Aggregation function attempted to calculate value using empty array"),
    ];
    for (path, input, expected) in cases {
        assert_eq!(read(path, input), Err(expected.to_owned()), "{path} on {input}");
    }
}

#[test]
fn a_search_that_visits_too_much_is_stopped() {
    let deep = format!("{}{}", "[".repeat(900), "]".repeat(900));
    for path in ["$..*..*..*..*", "$..[?(@..[?(@..[?(@..a)])])]"] {
        let found = read(path, &deep);
        assert!(found.as_ref().is_err_and(|error| error.starts_with("The path visits more than")), "{found:?}");
    }
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
    assert!(!Path::parse("$.length()").unwrap().is_root_only());
}

#[test]
fn what_is_no_path_is_refused_with_its_place() {
    let deep = format!("$[?({}@.a{})]", "(".repeat(1000), ")".repeat(1000));
    let bangs = format!("$[?({}@.a)]", "!".repeat(1000));
    let long = format!("${}", ".a".repeat(2000));
    let cases = [
        ("", 0),
        ("a", 0),
        ("$.", 2),
        ("$..", 3),
        ("$...a", 3),
        ("$.a.", 4),
        ("$a-b", 1),
        ("$1", 1),
        ("$.a[", 4),
        ("$.a[]", 4),
        ("$.a[b]", 4),
        ("$.a['b'", 7),
        ("$.a['b", 4),
        ("$.a[1", 5),
        ("$.a[1,]", 6),
        ("$.a[1:2:0]", 9),
        ("$.a[99999999999999999999]", 4),
        ("$['a']b", 6),
        ("$.a]", 3),
        ("$.a[?(@.b", 9),
        ("$.a[?@.b]", 5),
        ("$.a[?(@.b ==)]", 12),
        ("$.a[?(1)]", 7),
        ("$.a[?(@.b =~ /(/)]", 13),
        ("$.a.frob()", 4),
        ("$.a.length(", 11),
        ("$.a.length().b", 12),
        (&deep, 36),
        (&bangs, 36),
        (&long, 2003),
    ];
    for (text, offset) in cases {
        let found = Path::parse(text).map(|_| ()).map_err(|error| error.offset);
        assert_eq!(found, Err(offset), "{text:.60}");
    }
}

#[test]
fn a_reference_path_names_one_place() {
    for text in ["$", "$.a.b", "$['a'][0].b", "$.a[-1]", "$$.Execution.Input", "$x.y", "$['a[*]']"] {
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
        (
            "$.a.length()",
            "Value is not a Reference Path: Only names and single indexes are allowed, so that one place is named",
        ),
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
        ("$.a[-1].b", r#"{"a":[1,{"b":2}]}"#, r#"{"a":[1,{"b":"new"}]}"#),
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
        "[?(@.a in [1,'b'])]",
        ".length()",
        ".sum()",
        ".keys()",
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
