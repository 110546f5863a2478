use super::{EvaluationError, Expression, References, Scope, StatesField};
use crate::value::{Heap, Value};

pub(super) struct World {
    input: Value,
    variables: Value,
    random: fastrand::Rng,
}

impl World {
    pub(super) fn new(heap: &mut Heap, input: &str) -> World {
        let mut json = |text: &str| heap.parse(text.as_bytes()).unwrap();
        World {
            input: json(input),
            variables: json(
                r#"{"v":[1,2],"x":7,"w":{"a":"one","b":[{"a":1},{"a":2}]},"objects":[{"a":1,"b":"x"},{"a":2},{"b":"y","a":[3,4]}]}"#,
            ),
            random: fastrand::Rng::with_seed(1),
        }
    }
}

impl Scope for World {
    fn states(&mut self, _: &mut Heap, field: StatesField) -> Option<Value> {
        (field == StatesField::Input).then_some(self.input)
    }

    fn variable(&mut self, heap: &mut Heap, name: &str) -> Option<Value> {
        let Value::Object(variables) = self.variables else { return None };
        heap.field(variables, name)
    }

    fn random(&mut self) -> &mut fastrand::Rng {
        &mut self.random
    }

    fn now_millis(&self) -> i64 {
        1_700_000_000_123
    }
}

/// The result as JSON, `undefined`, or the error's text.
fn evaluate(text: &str, input: &str) -> String {
    let mut heap = Heap::new();
    let mut world = World::new(&mut heap, input);
    match Expression::compile(text, &mut heap).unwrap().evaluate(&mut heap, &mut world) {
        Ok(Some(value)) => heap.to_json(value),
        Ok(None) => "undefined".to_owned(),
        Err(error) => match *error {
            EvaluationError::Thrown(text) => text.into(),
            EvaluationError::Internal => "internal".to_owned(),
            EvaluationError::FunctionResult => "function".to_owned(),
        },
    }
}

#[test]
fn states_and_variables_are_seen() {
    let cases = [
        ("$states.input.a", "1"),
        ("$states.input", r#"{"a":1}"#),
        ("$states.result", "undefined"),
        ("$v[1] + $x", "9"),
        ("$nobody", "undefined"),
        ("$f := function($x){$x}", "function"),
        ("($x := 3; $x)", "3"),
        ("($string($y := 5) & $y)", "\"55\""),
        ("({'a': 1} ~> |$|{'b': $z := 2}|)", r#"{"a":1,"b":2}"#),
    ];
    for (text, expected) in cases {
        assert_eq!(evaluate(text, r#"{"a":1}"#), expected, "{text}");
    }
}

#[test]
fn numbers_beyond_doubles_pass_through_as_they_were_written() {
    let input = r#"{"a":9007199254740993,"b":[12345678901234567890]}"#;
    for (text, expected) in [
        ("$states.input.a", "9007199254740993"),
        (r#"{"x":$states.input.b}"#, r#"{"x":[12345678901234567890]}"#),
        ("$merge([$states.input])", input),
    ] {
        assert_eq!(evaluate(text, input), expected, "{text}");
    }
}

#[test]
fn the_added_functions_follow_the_service() {
    let cases = [
        ("$partition([1,2,3], 2)", "[[1,2],[3]]"),
        ("$partition([1,2,3], 0)", "undefined"),
        ("$partition([], 2)", "undefined"),
        ("$range(1, 9, 2)", "[1,3,5,7,9]"),
        ("$range(1, 9, 9)", "1"),
        ("$range(1, 9)", "undefined"),
        ("$range(1, 9, -1)", "undefined"),
        ("$hash('a', 'MD5')", r#""0cc175b9c0f1b6a831c399e269772661""#),
        ("$hash('a')", "undefined"),
        ("$parse('{\"a\":[1]}')", r#"{"a":[1]}"#),
        ("$parse('-0')", "0"),
        ("$random(5) = $random(5)", "true"),
        ("$random() < 1", "true"),
        ("$length($uuid())", "36"),
        ("$millis()", "1700000000123"),
        ("$now()", r#""2023-11-14T22:13:20.123Z""#),
        ("$now('[Y0001]')", r#""2023""#),
        ("$string({'a': 1.5, 'b': [12, 1e21]})", r#""{\"a\":1.5,\"b\":[12,1e+21]}""#),
        ("$string(0.1 + 0.2) & 1 & 1234567890123456", r#""0.311234567890123456""#),
        ("$eval('1')", "T1006: Attempted to invoke a non-function"),
        ("$nope(1)", "T1006: Attempted to invoke a non-function"),
    ];
    for (text, expected) in cases {
        assert_eq!(evaluate(text, "{}"), expected, "{text}");
    }
}

#[test]
fn endless_evaluations_end() {
    for text in ["($f := function($n){1 + $f($n + 1)}; $f(1))", "($f := function($n){$f($n + 1)}; $f(1))"] {
        let error = evaluate(text, "{}");
        assert!(
            error.starts_with("Stack overflow error") || error.starts_with("Expression evaluation timeout"),
            "{error}"
        );
    }
}

#[test]
fn references_without_a_context_are_refused() {
    let top = |name: &str| format!("Reference to '{name}' at the top level is not supported.");
    let cases = [
        ("phone", vec![top("phone")]),
        ("$states.input.a & b.c", vec![top("b")]),
        ("$ + 1", vec![top("$")]),
        ("*.a", vec![top("*")]),
        ("**", vec![top("**")]),
        ("sum(1)", vec![top("sum")]),
        ("$$.a", vec!["Reference to '$$' is not supported.".to_owned()]),
        ("$map($v, function($x){ a })", vec![top("a")]),
        ("$v.{'x': y}[z]^(w){q: $}.$map($, function($x){ a })", vec![]),
        ("$v[a = $x and $.b]", vec![]),
        ("$v.(a; $)", vec![]),
        ("$v ~> |a|{'b': c}|", vec![]),
        ("{a: 1}", vec![top("a")]),
        ("$states.result.a", vec!["Field '$states.result' does not exist.".to_owned()]),
        ("$states.nope", vec!["Field '$states.nope' does not exist.".to_owned()]),
        ("($states := 1)", vec!["Assignment to the reserved variable '$states' is not supported.".to_owned()]),
        ("$states", vec![]),
        ("undefined", vec![top("undefined")]),
    ];
    for (text, expected) in cases {
        let expression = Expression::compile(text, &mut Heap::new()).unwrap();
        let found = expression.references().unsupported(&[StatesField::Input, StatesField::Context]);
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn workflow_variables_are_distinguished_from_those_of_the_expression() {
    let cases = [
        ("$a + $b.c[$d = 1] + $a", "a b d"),
        ("($x := $y; $x)", "y"),
        ("($x := 1; $x) + $x", "x"),
        ("function($p){ $p + $q }", "q"),
        ("($f := function($n){ $n > 0 ? $f($n - 1) : $z }; $f(2))", "z"),
        ("$l@$m#$n.{'a': $m, 'b': $n}", "l"),
        ("$sum($states.input.a)", ""),
        ("$map($list, $string)", "list"),
        ("$map(list, function($v, $i) { $v + $i + $z })", "z"),
        ("'$a' & \"$b \\\" $c\" & `$d` /* $e */", ""),
        ("$$.a + $.b", ""),
        ("$exists($a) ? 1 : 2", ""),
        ("$exists($a.b[$c = 1])", "c"),
        ("$a or $exists($a)", "a"),
        ("$exists($a) and $a", "a"),
        ("λ($ä) { $ä }", ""),
        ("$g(1)", ""),
    ];
    for (text, expected) in cases {
        let references = References::read(text).unwrap();
        assert_eq!(references.variables().collect::<Vec<_>>().join(" "), expected, "{text}");
    }
}

#[test]
fn plain_paths_into_the_states_are_distinguished_from_others() {
    let names = |text| {
        let path = References::read(text).unwrap().states_path()?.clone();
        Some((path.field, path.names.join("/")))
    };
    assert_eq!(names(" $states.input.a.b "), Some((StatesField::Input, "a/b".to_owned())));
    assert_eq!(names("$states.input.`a b`"), Some((StatesField::Input, "a b".to_owned())));
    assert_eq!(names("$states.errorOutput"), Some((StatesField::ErrorOutput, String::new())));
    for other in [
        "$states",
        "$states.inputs",
        "$states.input.a[0]",
        "$states.input.a[]",
        "$states.input.a#$i",
        "$states.input.a{b: c}",
        "$states.input.a + 1",
        "$states.input.*",
        "$x.input",
        "1",
    ] {
        assert_eq!(names(other), None, "{other}");
    }
}

#[test]
fn evaluations_are_bounded_in_memory_and_depth() {
    let memory = "Expression evaluation memory limit exceeded: Check for excessive memory usage";
    let depth = "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive. \
                 Depth=101 max=100";
    let timeout = "Expression evaluation timeout: 1000ms. Check for infinite loop";
    let doubled =
        |value: &str| format!("({} $count($x))", format!("$x := {value};").repeat(60).replacen("$x]", "1]", 1));
    let cases = [
        ("[1..9999999]".to_owned(), memory),
        ("$reduce([1..40], function($a, $v){ $a & $a }, 'xxxxxxxxxx')".to_owned(), memory),
        ("$reduce([1..40], function($a, $v){ [$a, $a] }, 1)".to_owned(), memory),
        ("$reduce([1..40], function($a, $v){ $append($a, $a) }, [1])".to_owned(), memory),
        ("$reduce([1..40], function($a, $v){ {'a': [$a, $a], 'b': /x/} }, 1)".to_owned(), memory),
        ("($f := function($n, $a){ $n = 0 ? $a : $f($n - 1, $a & $a) }; $f(40, 'xxxxxxxx'))".to_owned(), memory),
        ("($f := function($n, $a){ $n = 0 ? $a : $f($n - 1, [$a, $a]) }; $f(40, 1))".to_owned(), memory),
        ("$pad('x', 1000000000)".to_owned(), memory),
        ("($x := $pad('x', 100000); $join([1..100].($x), $x))".to_owned(), memory),
        (doubled("[$x, $x]"), memory),
        ("($f := function($n){ 1 + $f($n + 1) }; $f(1))".to_owned(), depth),
        ("($f := function($n){ $f($n + 1) }; $f(1))".to_owned(), timeout),
        (
            "$map([1..3000], function($v){ $map([1..3000], function($w){ $v * $w > 0 ? 1 : 2 })[0] })".to_owned(),
            timeout,
        ),
        (format!("{}1{}", "(".repeat(150), ")".repeat(150)), depth),
    ];
    for (text, expected) in cases {
        assert_eq!(evaluate(&text, "{}"), expected, "{text}");
    }
    // The service makes sequences of up to 873,782 numbers (measured).
    assert_eq!(evaluate("[1..873000] ~> $count()", "{}"), "873000");
    assert_eq!(evaluate("$count([1..900000])", "{}"), memory);
}

#[test]
fn ordinary_expressions_are_far_from_the_bounds() {
    let sum = vec!["1"; 60].join(" + ");
    let texts = vec!["'a'"; 60].join(" & ");
    let calls = format!("{}1{}", "$abs(".repeat(30), ")".repeat(30));
    let recursion = "($f := function($n){ $n = 0 ? 0 : 1 + $f($n - 1) }; $f(25))";
    let cases = [
        (sum, "60"),
        (format!("$length({texts})"), "60"),
        (calls, "1"),
        (recursion.to_owned(), "25"),
        ("$count([1..100000])".to_owned(), "100000"),
        ("($f := function($n){ $n = 0 ? 'end' : $f($n - 1) }; $f(5000))".to_owned(), "\"end\""),
        ("$reduce([1..1000], function($a, $v){ $append($a, $v) }, []) ~> $count()".to_owned(), "1000"),
    ];
    for (text, expected) in cases {
        assert_eq!(evaluate(&text, "{}"), expected, "{text}");
    }
}

#[test]
fn what_the_library_cannot_bear_does_not_end_the_process() {
    for text in
        ["$formatBase(1e300, 2)", "$fromMillis(1e300)", "$substring('a', -1e300)", "$pad('a', 1e300)", "$now('[')"]
    {
        evaluate(text, "{}");
    }
}

#[test]
fn the_library_sees_what_an_expression_reads_of_its_input() {
    let input = r#"{"a":{"b":[{"c":1,"d":2},{"c":3}],"e":5},"f":{"g":7}}"#;
    let cases = [
        ("$states.input.a.b.c ~> $sort", "[1,3]"),
        ("$sort($states.input.a.b.c) & $string($states.input.a.b)", r#""[1,3][{\"c\":1,\"d\":2},{\"c\":3}]""#),
        ("$states.input.a.b[c = 1].d ~> $sort", "[2]"),
        ("$states.input.a.b^(>c).c", "[3,1]"),
        ("$states.input.a.*[0] ~> $sort", r#"[{"c":1,"d":2}]"#),
        ("$sort($states.*.a.e)", "[5]"),
        ("$sort($states.input.f.g) & $states.input.a.e", r#""[7]5""#),
        ("$states.input.a.b.%.e ~> $sort", "[5,5]"),
        ("$states.input.a{'x': $keys($)}", r#"{"x":["b","e"]}"#),
        ("$states.input.a@$x.f.{'k': $sort($x.e), 'g': g}", r#"{"k":[5],"g":7}"#),
    ];
    for (text, expected) in cases {
        assert_eq!(evaluate(text, input), expected, "{text}");
    }
}
