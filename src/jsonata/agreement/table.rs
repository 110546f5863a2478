//! Cases with their values, evaluated both ways.

use super::super::Expression;
use super::{Verdict, compare, show};
use crate::jsonata::tests::World;
use crate::value::Heap;

/// On this input all cases are evaluated.
const INPUT: &str = r#"{
    "a": 1, "sum": 2, "s": "hello", "n": null, "t": true, "e": [], "one": [1], "x": [1, 2, 3], "nest": [[1, 2], [3]],
    "list": [{"k": "a", "v": 1}, {"k": "b", "v": 2}, {"k": "a", "v": 3}], "o": {"p": {"q": 7}},
    "b": [{"c": [1, 2]}, {"c": [3]}], "big": 9007199254740993, "d": 1.50
}"#;

/// An expression, and its value as JSON, `undefined`, or its error; `$i` stands for `$states.input`.
const CASES: &[(&str, &str)] = &[
    ("$string(0.1+0.2)", r#""0.3""#),
    ("$string(1/3)", r#""0.333333333333333""#),
    ("$string(1e21)", r#""1e+21""#),
    ("0.1+0.2", "0.30000000000000004"),
    ("false and $error('x')", "false"),
    ("true or $error('x')", "true"),
    ("$nope = $nope", "false"),
    ("$nope != 1", "false"),
    ("$nope < 1", "undefined"),
    ("1 < 'a'", r#"T2009: The values 1 and "a" either side of operator "<" must be of the same data type"#),
    ("null < 1", r#"T2010: The expressions either side of operator "<" must evaluate to numeric or string values"#),
    ("(1/0)+1", "D1001: Number out of range: null"),
    ("1/0", r#""Infinity""#),
    ("0/0", r#""NaN""#),
    ("$map([1], function($v){$v*2})", "2"),
    ("$filter([1,2], function($v){$v>5})", "undefined"),
    ("$round(2.5)", "2"),
    ("$round(3.5)", "4"),
    ("$round(125,-1)", "120"),
    ("$sum([])", "0"),
    ("$max([])", "undefined"),
    ("$average([])", "undefined"),
    ("$count($nope)", "0"),
    ("$sum('a')", r#"T0412: Argument 1 of function "sum" must be an array of "numbers""#),
    ("$length(1)", r#"T0410: Argument 1 of function "length" does not match function signature"#),
    ("$uppercase(1)", r#"T0410: Argument 1 of function "uppercase" does not match function signature"#),
    (
        "$round(1e21, 2) < 'a'",
        r#"T2009: The values 1e+21 and "a" either side of operator "<" must be of the same data type"#,
    ),
    ("'a' ~> $append", r#"T0410: Argument 2 of function "append" does not match function signature"#),
    ("$substring('a', 'b')", r#"T0410: Argument 2 of function "substring" does not match function signature"#),
    ("$pad(1, 2)", r#"T0410: Argument 2 of function "pad" does not match function signature"#),
    ("$fromMillis('x')", "undefined"),
    ("$foo(1)", "T1006: Attempted to invoke a non-function"),
    ("$eval('1')", "T1006: Attempted to invoke a non-function"),
    ("$number('0x1F')", "31"),
    ("$number('1e3')", "1000"),
    ("$number('abc')", r#"D3030: Unable to cast value to a number: "abc""#),
    ("$number(' 1')", r#"D3030: Unable to cast value to a number: " 1""#),
    ("$number(null)", r#"T0410: Argument 1 of function "number" does not match function signature"#),
    ("$number(true)", "1"),
    ("$split('abc','')", r#"["a","b","c"]"#),
    ("$split('a,b,c', ',', 2)", r#"["a","b"]"#),
    ("$split('a b', /\\s/)", r#"["a","b"]"#),
    ("$split('a', ',', -1)", "D3020: Third argument of split function must evaluate to a positive number"),
    ("$pad('a',-5,'xy')", r#""xyxya""#),
    ("$pad('a',3)", r#""a  ""#),
    ("$substring('hello',-3,2)", r#""ll""#),
    ("$substring('hello',-10,2)", r#""he""#),
    ("$replace('abc','b','[$0]')", r#""a[$0]c""#),
    ("$replace('abc',/b/,'[$0]')", r#""a[b]c""#),
    ("$replace('abc','','x')", "D3010: Second argument of replace function cannot be an empty string"),
    ("$match('abab',/(a)b/)", r#"[{"match":"ab","index":0,"groups":["a"]},{"match":"ab","index":2,"groups":["a"]}]"#),
    ("$join('a')", r#""a""#),
    ("$join(['a','b'],'-')", r#""a-b""#),
    ("$join([1])", r#"T0412: Argument 1 of function "join" must be an array of "strings""#),
    ("$append(1,$nope)", "1"),
    ("$keys({})", "undefined"),
    ("$keys({'a':1})", r#""a""#),
    ("$merge([{'a':1},{'a':2}])", r#"{"a":2}"#),
    ("$each({'a':1}, function($v,$k){$k})", r#""a""#),
    ("$reduce([], function($x,$y){$x})", "undefined"),
    ("$reduce([5], function($x,$y){$x})", "5"),
    ("$reduce([1..5], function($x,$y){$x*$y})", "120"),
    ("$reduce([1..5], function($x,$y){$x+$y}, 100)", "115"),
    ("$reverse('a')", r#"["a"]"#),
    ("$reverse([1,2])", "[2,1]"),
    ("$zip([1,2],[3])", "[[1,3]]"),
    ("$assert(true)", "undefined"),
    ("$assert(false, 'no')", "D3141: no"),
    ("$assert(false)", "D3141: $assert() statement failed"),
    ("$error('no')", "D3137: no"),
    ("$error()", "D3137: $error() function evaluated"),
    ("$not($nope)", "undefined"),
    ("$exists($nope)", "false"),
    ("$boolean([0])", "false"),
    ("$boolean([0,1])", "true"),
    ("$boolean([0,0])", "false"),
    ("[1..0]", "[]"),
    ("[1.5..3]", "T2003: The left side of the range operator (..) must evaluate to an integer"),
    ("[1..'a']", "T2004: The right side of the range operator (..) must evaluate to an integer"),
    (
        "[0..10000000]",
        "D2014: The size of the sequence allocated by the range operator (..) must not exceed 1e7.  Attempted to \
         allocate 10000001.",
    ),
    ("[1,[2,3]]", "[1,[2,3]]"),
    ("[$nope,1,[2],[[3]]]", "[1,[2],[[3]]]"),
    ("{'a':$nope}", "{}"),
    ("{1:2}", "T1003: Key in object structure must evaluate to a string; got: 1"),
    ("{'a':1,$i.s:2,'hello':3}", r#"D1009: Multiple key definitions evaluate to same key: "hello""#),
    ("[{'a':1}].a", "1"),
    ("[{'a':1}].a[]", "[1]"),
    ("$i.nest", "[[1,2],[3]]"),
    ("$i.one", "[1]"),
    ("$i.e", "[]"),
    ("$i.e.x", "undefined"),
    ("$i.b.c", "[1,2,3]"),
    ("$i.b.c[0]", "[1,3]"),
    ("($i.b.c)[0]", "1"),
    ("$i.b[0].c", "[1,2]"),
    ("$i.x[$>1]", "[2,3]"),
    ("$i.x[[0,2]]", "[1,3]"),
    ("$i.x[-1]", "3"),
    ("$i.x[5]", "undefined"),
    ("$i.x[1.9]", "2"),
    ("$i.list[k='b'].v", "2"),
    ("$i.list[k='a'].v", "[1,3]"),
    ("$i.list[k='b'][]", r#"[{"k":"b","v":2}]"#),
    ("$i.list.{k: v}", r#"[{"a":1},{"b":2},{"a":3}]"#),
    ("$i.list.[k, v]", r#"[["a",1],["b",2],["a",3]]"#),
    ("$i.list{k: v}", r#"{"a":[1,3],"b":2}"#),
    ("$i.list^(>v).v", "[3,2,1]"),
    ("[3,1,2]^(>$)", "[3,2,1]"),
    ("$i.list.(v * 2)", "[2,4,6]"),
    ("$i.list.v.$string()", r#"["1","2","3"]"#),
    ("$i.o.p.q", "7"),
    ("$i.o.nope.q", "undefined"),
    ("$i.s.x", "undefined"),
    ("$i.o.*", r#"{"q":7}"#),
    ("$i.a[0]", "1"),
    ("$sum($i.list.v)", "6"),
    ("$sum($i.list.(v * v))", "14"),
    ("-5 % 3", "-2"),
    ("5 % -3", "2"),
    ("-'a'", r#"D1002: Cannot negate a non-numeric value: "a""#),
    ("-$nope", "undefined"),
    ("'a' & $nope & 1 & {'b':2}", r#""a1{\"b\":2}""#),
    ("1 + 'a'", r#"T2002: The right side of the "+" operator must evaluate to a number"#),
    ("null * 1", r#"T2001: The left side of the "*" operator must evaluate to a number"#),
    ("$nope + 1", "undefined"),
    ("$i.o ~> |p|{'c':2},'q'|", r#"{"p":{"c":2}}"#),
    ("(1;)", "1"),
    ("()", "undefined"),
    ("($x := 5; $y := $x + 1; $x * $y)", "30"),
    ("($x := 1; ($x := 2); $x)", "1"),
    ("($f := function($n){$n > 1 ? $n * $f($n - 1) : 1}; $f(5))", "120"),
    ("$fromMillis(0)", r#""1970-01-01T00:00:00.000Z""#),
    (
        "$toMillis('x')",
        r#"D3110: The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given "x""#,
    ),
    ("$formatNumber(1234.5,'#,##0.00')", r#""1,234.50""#),
    ("$formatNumber(-5,'#0;(#0)')", r#""(5)""#),
    ("$formatNumber(1,'0;0;0')", "D3080: The picture string must only contain a maximum of two sub-pictures"),
    ("$formatInteger(12,'w')", r#""twelve""#),
    ("$formatBase(255,16)", r#""ff""#),
    ("$formatBase(1,99)", "D3100: The radix of the formatBase function must be between 2 and 36.  It was given 99"),
    ("$encodeUrlComponent('a b/é')", r#""a%20b%2F%C3%A9""#),
    ("$string([1,null], true)", r#""[\n  1,\n  null\n]""#),
    ("$string({'a':[],'b':{}}, true)", r#""{\n  \"a\": [],\n  \"b\": {}\n}""#),
    ("$string($i.d)", r#""1.5""#),
    ("$string($i.o)", r#""{\"p\":{\"q\":7}}""#),
    ("null = null", "true"),
    ("1 = '1'", "false"),
    ("{'a':1,'b':2} = {'b':2,'a':1}", "true"),
    ("$i.d = 1.5", "true"),
    ("1 in [1,2]", "true"),
    ("1 in 1", "true"),
    ("$nope in [1]", "false"),
    ("{'a':1} in [{'a':1}]", "false"),
    ("'b' > 'a'", "true"),
    ("$i.big", "9007199254740993"),
    ("[$i.big, $i.d]", "[9007199254740993,1.50]"),
    ("$i.t ? 'y' : 'n'", r#""y""#),
    ("$i.e ? 'y'", "undefined"),
    ("$sqrt(-1)", "D3060: The sqrt function cannot be applied to a negative number: -1"),
    ("$power(2, 10)", "1024"),
    (
        "$power(-8, 0.5)",
        "D3061: The power function has resulted in a value that cannot be represented as a JSON number: base=-8, \
         exponent=0.5",
    ),
    ("$trim('  a \n b ')", r#""a b""#),
    ("$length('😀é')", "2"),
    ("$contains('abc', 'b')", "true"),
    ("$contains('abc', /B/i)", "true"),
    ("$substringBefore('a-b', '-') & $substringAfter('a-b', '-')", r#""ab""#),
    ("$substringBefore('ab', '-')", r#""ab""#),
    (
        "$type($i.n) & $type(1) & $type('') & $type(true) & $type([]) & $type({})",
        r#""nullnumberstringbooleanarrayobject""#,
    ),
    ("$type($nope)", "undefined"),
    ("$distinct([1,2,1])", "[1,2]"),
    ("$distinct($i.list.k)", r#"["a","b"]"#),
    ("$distinct($i.list[k='a'].k)", r#""a""#),
    ("$distinct([1,1])", "[1]"),
    ("$lookup($i.o, 'p')", r#"{"q":7}"#),
    ("$lookup($i.list, 'v')", "[1,2,3]"),
    ("$spread({'a':1,'b':2})", r#"[{"a":1},{"b":2}]"#),
    ("$sift({'a':1,'b':2}, function($v){$v>1})", r#"{"b":2}"#),
    ("$single([1,2], function($v){$v=2})", "2"),
    ("$single([1,2])", "D3138: The $single() function expected exactly 1 matching result.  Instead it matched more."),
    ("$single([])", "D3139: The $single() function expected exactly 1 matching result.  Instead it matched 0."),
    ("$sort([3,1,2])", "[1,2,3]"),
    (
        "$sort([1,'a'])",
        "D3070: The single argument form of the sort function can only be applied to an array of strings or an array of \
         numbers.  Use the second argument to specify a comparison function",
    ),
    ("$i.list^(n)", r#"[{"k":"a","v":1},{"k":"b","v":2},{"k":"a","v":3}]"#),
    ("$map([1,2], $string)", r#"["1","2"]"#),
    ("$map($i.list, function($v, $i){ $v.k & $i })", r#"["a0","b1","a2"]"#),
    ("$filter($i.x, function($v, $i, $a){ $i = $count($a) - 1 })", "3"),
    ("$i.x ~> $sum", "6"),
    ("$i.x ~> $map(function($v){$v+1}) ~> $sum", "9"),
    ("$base64decode('YQ==')", r#""a""#),
    ("$parse('[1, 2.50]')", "[1,2.50]"),
    ("$partition([1,2,3], 2)", "[[1,2],[3]]"),
    ("$range(1, 9, 9)", "1"),
    ("$hash('a', 'MD5')", r#""0cc175b9c0f1b6a831c399e269772661""#),
    ("$number(1)(2)", "T1006: Attempted to invoke a non-function"),
    (
        "$reduce([1], function($x){$x})",
        "D3050: The second argument of reduce function must be a function with at least two arguments",
    ),
    ("1 ~> 2", "T2006: The right side of the function application operator ~> must be a function"),
];

#[test]
fn cases_have_their_value_both_ways() {
    let mut faults = String::new();
    for (written, expected) in CASES {
        let text = written.replace("$i.", "$states.input.");
        let mut heap = Heap::new();
        let mut world = World::new(&mut heap, INPUT);
        let expression = Expression::compile(&text, &mut heap).unwrap();
        let found = expression.evaluate(&mut heap, &mut world).map_err(|error| *error);
        let found = show(&heap, &found);
        // Whoever shows a number by its value shows no more of it.
        let by_value = found.replace("2.50", "2.5").replace("1.50", "1.5");
        if found != *expected && by_value != expected.replace("2.50", "2.5").replace("1.50", "1.5") {
            faults += &format!("{written}\n  {found}\n  not {expected}\n");
        }
        if let Verdict::Differs(how) = compare(&text, INPUT) {
            faults += &format!("{written}\n  {how}\n");
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn real_expressions_are_covered() {
    let covered = [
        "$states.input.order.lines[sku = $sku][0].price",
        "$states.input.id & '/' & $states.context.Execution.Name",
        "$states.result.Payload.items[]",
        "$states.input.items.{ 'sku': sku, 'total': qty * price }",
        "$sum($states.input.items.(qty * price))",
        "$states.input.total > 100 and $states.input.tier in ['gold', 'silver']",
        "$exists($states.input.x) ? $states.input.x : 'none'",
        "($lines := $states.input.lines; $count($lines) > 0 ? $merge([$states.input, { 'n': $count($lines) }]) : {})",
        "$map($states.input.items, function($v, $i) { { 'n': $i, 'v': $v.value } })",
        "$reduce($states.input.x, function($sum, $v) { $sum + $v }, 0)",
        "$states.errorOutput.Error",
        "$states.context.State.EnteredTime",
        "$counter + 1",
        "[$states.input.a, $uuid(), $now()]",
        "{ 'x': { 'y': $states.input.z } }",
        "$states.input.list ~> $count()",
    ];
    for text in covered {
        assert!(Expression::compile(text, &mut Heap::new()).unwrap().has_own_form(), "{text}");
    }
}
