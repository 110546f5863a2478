use super::{Bounds, read};
use crate::asl::InputType;
use crate::value::{Heap, Value};
use proptest::prelude::{Just, any, prop, prop_assert, prop_oneof, proptest};

const BOUNDS: Bounds = Bounds { wanted: None, max_items: 5, max_heap_bytes: 10_000, max_depth: 20 };

fn items(format: Option<&InputType>, bytes: &[u8], bounds: Bounds) -> Result<String, String> {
    let mut heap = Heap::new();
    let items = read(&mut heap, format, bytes, bounds)?;
    Ok(heap.to_json(Value::Array(items.list)) + if items.keyed { " keyed" } else { "" })
}

fn at(pointer: &str) -> InputType {
    InputType::Json { pointer: pointer.to_owned() }
}

fn csv(delimiter: char, headers: Option<&[&str]>) -> InputType {
    let headers = headers.map(|headers| headers.iter().map(|header| (*header).to_owned()).collect());
    InputType::Csv { delimiter, headers }
}

#[test]
fn json_gives_elements_or_members_of_what_the_pointer_names() {
    for (pointer, bytes, expected) in [
        ("", "[1, {\"a\": [2.0]}, null]", "[1,{\"a\":[2.0]},null]"),
        ("", "\u{feff}[1]", "[1]"),
        ("", "[]", "[]"),
        ("/o/1/l~1i", r#"{"o": [0, {"l/i": [5]}]}"#, "[5]"),
        ("", r#"{"a": 1, "b": [2]}"#, r#"[{"Key":"a","Value":1},{"Key":"b","Value":[2]}] keyed"#),
        ("/o", r#"{"o": {}}"#, "[] keyed"),
    ] {
        assert_eq!(items(Some(&at(pointer)), bytes.as_bytes(), BOUNDS).as_deref(), Ok(expected), "{bytes}");
    }
    assert_eq!(items(None, b"[{\"Key\": \"k\"}]", BOUNDS).as_deref(), Ok("[{\"Key\":\"k\"}]"), "a listing");
}

#[test]
fn lines_hold_a_value_each_and_blank_ones_none() {
    let found = items(Some(&InputType::JsonLines), b"{\"a\": 1}\r\n\n [2] \n\"x\"", BOUNDS);
    assert_eq!(found.as_deref(), Ok("[{\"a\":1},[2],\"x\"]"));
}

#[test]
fn rows_become_objects_of_strings() {
    for (format, bytes, expected) in [
        (csv(',', None), "a,b\n1, x \n2,\"y,\"\"z\"\"\"\n", r#"[{"a":"1","b":" x "},{"a":"2","b":"y,\"z\""}]"#),
        (csv(',', None), "a,b\r\n1\r\n  \r\n1,2,3\r\n", r#"[{"a":"1","b":""},{"a":"  ","b":""},{"a":"1","b":"2"}]"#),
        (csv(';', Some(&["x", "y"])), "1;2\n3;\"4\n5\"", r#"[{"x":"1","y":"2"},{"x":"3","y":"4\n5"}]"#),
        (csv('\t', None), "a\t\nv\tw", r#"[{"a":"v","":"w"}]"#),
        (csv(',', None), "a,b", "[]"),
        (csv(',', None), "", "[]"),
    ] {
        assert_eq!(items(Some(&format), bytes.as_bytes(), BOUNDS).as_deref(), Ok(expected), "{bytes:?}");
    }
}

#[test]
fn what_comes_after_the_wanted_items_is_not_looked_at() {
    let two = Bounds { wanted: Some(2), max_items: 2, ..BOUNDS };
    assert_eq!(items(Some(&at("")), b"[1, 2, 3]", two).as_deref(), Ok("[1,2]"));
    let members = items(Some(&at("")), br#"{"a": 1, "b": 2, "c": 3}"#, two);
    assert_eq!(members.as_deref(), Ok(r#"[{"Key":"a","Value":1},{"Key":"b","Value":2}] keyed"#));
    assert_eq!(items(Some(&InputType::JsonLines), b"1\n2\nnot json", two).as_deref(), Ok("[1,2]"));
    assert_eq!(items(Some(&csv(',', None)), b"a\n1\n2\n3", two).as_deref(), Ok(r#"[{"a":"1"},{"a":"2"}]"#));
}

#[test]
fn faults_say_what_is_wrong() {
    let small = Bounds { max_items: 2, ..BOUNDS };
    let tight = Bounds { max_heap_bytes: 100, ..BOUNDS };
    let too_many = "The data set has more than 2 items, the most that max_dataset_items allows.";
    let too_large = "The execution's values take more than 100 bytes with the items of the data set.";
    for (format, bytes, bounds, expected) in [
        (at(""), "7", BOUNDS, "Attempting to map over non-iterable node."),
        (at("/a/01"), r#"{"a": [1, [2]]}"#, BOUNDS, "The ItemsPointer '/a/01' finds nothing in the data set."),
        (at("/a/b"), r#"{"a": 1}"#, BOUNDS, "The ItemsPointer '/a/b' finds nothing in the data set."),
        (at(""), "[1,2,3]", small, too_many),
        (at(""), r#"{"a":1,"b":2,"c":3}"#, small, too_many),
        (InputType::JsonLines, "1\n2\n3", small, too_many),
        (csv(',', None), "a\n1\n2\n3", small, too_many),
        (at(""), "[[1],[2],[3],[4]]", tight, too_large),
        (InputType::JsonLines, "[1]\n[2]\n[3]\n[4]", tight, too_large),
        (csv(',', None), "a\n1\n2\n3", tight, too_large),
        (csv(',', None), "a,b,a\n", BOUNDS, "CSV headers cannot contain duplicates."),
        (csv(',', Some(&["", ""])), "1,2\n", BOUNDS, "CSV headers cannot contain duplicates."),
    ] {
        assert_eq!(items(Some(&format), bytes.as_bytes(), bounds), Err(expected.to_owned()), "{bytes}");
    }
    for (format, bytes, part) in [
        (at(""), &b"[1,"[..], "not valid JSON"),
        (InputType::JsonLines, b"1\n{", "Line 2 of the data set is not valid JSON"),
        (csv(',', None), b"a\n\xff\n", "not valid CSV"),
    ] {
        let fault = items(Some(&format), bytes, BOUNDS).expect_err("it is faulty");
        assert!(fault.contains(part), "{fault}");
    }
}

proptest! {
    /// Whatever comes, there are items within the bounds or a fault, and nothing is left half built.
    #[test]
    fn any_bytes_give_items_or_a_fault(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            prop::collection::vec(prop_oneof![Just(b'"'), Just(b','), Just(b'\n'), Just(b'['), Just(b'{'), Just(b'1')], 0..200),
        ],
        format in prop_oneof![Just(at("")), Just(at("/0/a")), Just(InputType::JsonLines), Just(csv(',', None)), Just(csv(' ', Some(&["a", "b"])))],
    ) {
        let mut heap = Heap::new();
        let mark = heap.mark();
        if let Ok(items) = read(&mut heap, Some(&format), &bytes, BOUNDS) {
            prop_assert!(items.list.len() <= BOUNDS.max_items);
            serde_json::from_str::<serde_json::Value>(&heap.to_json(Value::Array(items.list))).expect("it prints as JSON");
        }
        prop_assert!(heap.pushed(mark).is_empty());
    }
}
