//! Both ways of evaluation against each other, on random expressions and inputs.

use super::tests::World;
use super::{EvaluationError, Expression};
use crate::value::{Heap, Value};

/// Pairs of expression and input that every run of the tests compares; `STEPSTREAM_PAIRS` sets another number.
const PAIRS: usize = 20_000;

#[test]
fn both_ways_agree() {
    let pairs = std::env::var("STEPSTREAM_PAIRS").map_or(PAIRS, |pairs| pairs.parse().expect("a number"));
    let (mut compiled, mut answered, mut defined) = (0, 0, 0);
    for seed in 0..pairs as u64 {
        let mut dice = Dice(fastrand::Rng::with_seed(seed));
        let input = dice.object(3);
        let depth = 1 + dice.roll(3);
        let text = dice.expression(depth, false);
        let outcome = compare(&text, &input).unwrap_or_else(|fault| panic!("seed {seed}\n{text}\n{input}\n{fault}"));
        compiled += usize::from(outcome.compiled);
        answered += usize::from(outcome.answered);
        defined += usize::from(outcome.defined);
    }
    // A generator that hits nothing would prove nothing.
    assert!(compiled * 10 > pairs * 7, "{compiled} of {pairs} have our own form");
    assert!(answered * 2 > pairs, "{answered} of {pairs} were answered by it");
    assert!(defined * 3 > pairs, "{defined} of {pairs} have a value");
}

struct Outcome {
    compiled: bool,
    answered: bool,
    defined: bool,
}

fn compare(text: &str, input: &str) -> Result<Outcome, String> {
    let mut heap = Heap::new();
    let expression = Expression::compile(text, &mut heap).map_err(|error| format!("{error}"))?;
    let mut world = World::new(&mut heap, input);
    let own = expression.evaluate_compiled(&mut heap, &mut world);
    let Some(own) = own else {
        return Ok(Outcome { compiled: expression.has_own_form(), answered: false, defined: false });
    };
    let mut world = World::new(&mut heap, input);
    let library = expression.evaluate_by_library(&mut heap, &mut world);
    let (own, library) = (shown(&heap, Ok(own)), shown(&heap, library));
    if own != library {
        return Err(format!("ours    {own}\nlibrary {library}"));
    }
    Ok(Outcome { compiled: true, answered: true, defined: own != "undefined" })
}

fn shown(heap: &Heap, result: Result<Option<Value>, Box<EvaluationError>>) -> String {
    match result {
        Ok(Some(value)) => canonical(heap, value),
        Ok(None) => "undefined".to_owned(),
        Err(error) => format!("{error}"),
    }
}

/// JSON with one notation for each number.
fn canonical(heap: &Heap, value: Value) -> String {
    match value {
        Value::Array(list) => {
            let items: Vec<_> = heap.items(list).iter().map(|item| canonical(heap, *item)).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(list) => {
            let entries: Vec<_> = heap
                .entries(list)
                .map(|(key, value)| format!("{}:{}", heap.to_json(Value::String(key)), canonical(heap, value)))
                .collect();
            format!("{{{}}}", entries.join(","))
        }
        Value::String(string) => format!("{:?}", heap.str(string)),
        number if number.is_number() => format!("{:?}", heap.number(number).map(|number| number.as_f64())),
        other => heap.to_json(other),
    }
}

struct Dice(fastrand::Rng);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0.usize(..sides)
    }

    fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.roll(choices.len())]
    }

    /// An object in which `c` is mostly a text, `n` a number and `list` an array of objects.
    fn object(&mut self, depth: usize) -> String {
        let mut entries = Vec::new();
        for key in ["a", "b", "c", "x y", "n", "list"] {
            if self.roll(6) == 0 {
                continue;
            }
            let value = match (key, self.roll(8)) {
                ("c", 1..) => self.text_json(),
                ("n", 1..) => self.number_json(),
                ("list", 1..) if depth > 1 => {
                    let items: Vec<_> = (0..self.roll(4)).map(|_| self.object(depth - 1)).collect();
                    format!("[{}]", items.join(","))
                }
                _ => self.json(depth - 1),
            };
            entries.push(format!("{key:?}:{value}"));
        }
        format!("{{{}}}", entries.join(","))
    }

    fn number_json(&mut self) -> String {
        let numbers =
            ["0", "1", "2", "3", "-1", "10", "1.5", "-0.25", "1e3", "2.50", "0.1", "1E-3", "9007199254740993"];
        let more = ["123456789.123456789", "-0", "1e-7", "1e21"];
        if self.roll(8) == 0 { self.one_of(&more).to_owned() } else { self.one_of(&numbers).to_owned() }
    }

    fn text_json(&mut self) -> String {
        self.one_of(&[r#""""#, r#""a""#, r#""b""#, r#""größe \u00e9""#, r#""10""#, r#""a\nb""#, r#""abc""#]).to_owned()
    }

    fn json(&mut self, depth: usize) -> String {
        match self.roll(if depth == 0 { 6 } else { 11 }) {
            0 => self.one_of(&["null", "true", "false"]).to_owned(),
            1..=3 => self.number_json(),
            4 | 5 => self.text_json(),
            6..=8 => self.object(depth),
            _ => {
                let kind = self.roll(3);
                let items: Vec<_> = (0..self.roll(4))
                    .map(|_| match kind {
                        0 => self.object(depth),
                        1 => self.one_of(&["1", "2", "3.5", "-4"]).to_owned(),
                        _ => self.json(depth - 1),
                    })
                    .collect();
                format!("[{}]", items.join(","))
            }
        }
    }

    /// `item`: whether names and `$` mean something.
    fn expression(&mut self, depth: usize, item: bool) -> String {
        if depth == 0 || self.roll(5) == 0 {
            return self.leaf(item);
        }
        let mut next = || self.expression(depth - 1, item);
        let (a, b) = (next(), next());
        match self.roll(12) {
            0 => format!("({a} {} {b})", self.one_of(&["=", "!=", "in"])),
            1 => format!("({a} {} {b})", self.one_of(&["and", "or"])),
            2 => format!("({} ? {a} : {b})", self.condition(depth - 1, item)),
            3 => format!("[{a}, {b}]"),
            4 => format!(r#"{{"k": {a}, "l": {b}}}"#),
            5 => format!("($p := {a}; $q := $p; [$p, {b}])"),
            6 => self.number(depth - 1, item),
            7 => self.text(depth - 1, item),
            8 => self.condition(depth - 1, item),
            9 => {
                let name = self.one_of(&["count", "boolean", "not", "exists", "type", "string", "keys", "merge"]);
                format!("${name}({a})")
            }
            10 => format!("${}({a}, {b})", self.one_of(&["append", "contains", "lookup", "join", "round"])),
            _ => self.higher(&a),
        }
    }

    /// In most cases a number.
    fn number(&mut self, depth: usize, item: bool) -> String {
        if self.roll(12) == 0 {
            return self.leaf(item);
        }
        let own = if item { "n" } else { "$states.input.n" };
        match self.roll(if depth == 0 { 3 } else { 8 }) {
            0 => self.one_of(&["1", "2", "0", "-1", "1.5", "0.1", "$x"]).to_owned(),
            1 | 2 => own.to_owned(),
            3 => format!("${}($states.input.list.n)", self.one_of(&["sum", "max", "min", "average", "count"])),
            4 => format!(
                "${}({})",
                self.one_of(&["abs", "floor", "ceil", "number", "round"]),
                self.number(depth - 1, item)
            ),
            5 => format!("-{own}"),
            _ => {
                let operator = self.one_of(&["+", "-", "*", "/", "%"]);
                format!("({} {operator} {})", self.number(depth - 1, item), self.number(depth - 1, item))
            }
        }
    }

    /// In most cases a text.
    fn text(&mut self, depth: usize, item: bool) -> String {
        if self.roll(12) == 0 {
            return self.leaf(item);
        }
        let own = if item { "c" } else { "$states.input.c" };
        match self.roll(if depth == 0 { 2 } else { 8 }) {
            0 => self.one_of(&["'a'", "''", "\"b\"", "'10'"]).to_owned(),
            1 => own.to_owned(),
            2 => format!("$join([{}, {own}], '-')", self.text(depth - 1, item)),
            3 => format!("${}({})", self.one_of(&["uppercase", "lowercase"]), self.text(depth - 1, item)),
            4 => format!("$substring({}, {}, {})", self.text(depth - 1, item), self.roll(4) as i64 - 2, self.roll(4)),
            5 => format!("${}({own}, {})", self.one_of(&["substringBefore", "substringAfter"]), self.text(0, item)),
            _ => format!("({} & {} & '!')", self.text(depth - 1, item), self.number(depth - 1, item)),
        }
    }

    fn condition(&mut self, depth: usize, item: bool) -> String {
        let operator = self.one_of(&["<", "<=", ">", ">=", "=", "!="]);
        if self.roll(2) == 0 {
            format!("({} {operator} {})", self.number(depth, item), self.number(depth, item))
        } else {
            format!("({} {operator} {})", self.text(depth, item), self.text(depth, item))
        }
    }

    fn higher(&mut self, items: &str) -> String {
        let items = if self.roll(3) == 0 { items } else { "$states.input.list" };
        if self.roll(4) == 0 {
            // Without a start, the library makes null of an empty array, against the reference.
            return format!("$reduce({items}, function($m, $v) {{ $m + $v.n }}, 10)");
        }
        let bodies = ["$v", "$v.a", "$v.n > 1", "$i", "{'v': $v}", "$v.c & $i", "$v.n * 2 + $x", "[$v.a]"];
        format!("${}({items}, function($v, $i) {{ {} }})", self.one_of(&["map", "filter"]), self.one_of(&bodies))
    }

    fn leaf(&mut self, item: bool) -> String {
        match self.roll(9) {
            0 => self.one_of(&["1", "2", "0", "-1", "1.5", "0.1"]).to_owned(),
            1 => self.one_of(&["'a'", "''", "\"b\"", "'10'"]).to_owned(),
            2 => self.one_of(&["true", "false", "null", "$nobody"]).to_owned(),
            3 => self
                .one_of(&[
                    "$v",
                    "$x",
                    "$v[0]",
                    "$v[-1]",
                    "$objects.a",
                    "[$x..9]",
                    "$states.input.list",
                    "$states.input",
                ])
                .to_owned(),
            _ => self.path(item),
        }
    }

    fn path(&mut self, item: bool) -> String {
        let mut path = match (item, self.roll(6)) {
            (true, 0..=3) => self.one_of(&["a", "b", "c", "n", "$"]).to_owned(),
            (_, 4) => "$objects".to_owned(),
            _ => "$states.input".to_owned(),
        };
        for _ in 0..=self.roll(3) {
            match self.roll(12) {
                0 => path.push_str(&format!("[{}]", self.one_of(&["0", "1", "-1", "-2", "9", "1.7"]))),
                1 => path.push_str("[]"),
                2 => {
                    let predicate = self.condition(1, true);
                    path.push_str(&format!("[{predicate}]"));
                }
                3 => {
                    let predicate = self.expression(1, true);
                    path.push_str(&format!("[{predicate}]"));
                }
                4 => path.push_str(".`x y`"),
                5 => path.push_str(".$"),
                6 => {
                    let inner = self.expression(1, true);
                    path.push_str(&format!(".({inner})"));
                }
                7 => {
                    let inner = self.expression(1, true);
                    path.push_str(&format!(".{{'z': {inner}}}"));
                }
                _ => {
                    path.push('.');
                    path.push_str(self.one_of(&["a", "b", "c", "n", "list", "list"]));
                }
            }
        }
        path
    }
}
