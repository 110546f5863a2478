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

    fn object(&mut self, depth: usize) -> String {
        let entries: Vec<_> = ["a", "b", "c", "x y", "n"]
            .into_iter()
            .filter_map(|key| (self.roll(4) > 0).then(|| format!("{key:?}:{}", self.json(depth - 1))))
            .collect();
        format!("{{{}}}", entries.join(","))
    }

    fn json(&mut self, depth: usize) -> String {
        match self.roll(if depth == 0 { 6 } else { 11 }) {
            0 => self.one_of(&["null", "true", "false"]).to_owned(),
            1 | 2 => self.one_of(&["0", "1", "2", "3", "-1", "10"]).to_owned(),
            3 => self
                .one_of(&[
                    "1.5",
                    "-0.25",
                    "1e3",
                    "2.50",
                    "0.1",
                    "1E-3",
                    "9007199254740993",
                    "123456789.123456789",
                    "-0",
                ])
                .to_owned(),
            4 | 5 => self
                .one_of(&[r#""""#, r#""a""#, r#""b""#, r#""größe \u00e9""#, r#""10""#, r#""a\nb""#, r#""abc""#])
                .to_owned(),
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
        let (a, b) = (self.expression(depth - 1, item), self.expression(depth - 1, item));
        match self.roll(16) {
            0 => format!("({a} {} {b})", self.one_of(&["+", "-", "*", "/", "%"])),
            1 => format!("({a} {} {b})", self.one_of(&["<", "<=", ">", ">="])),
            2 => format!("({a} {} {b})", self.one_of(&["=", "!=", "in"])),
            3 => format!("({a} {} {b})", self.one_of(&["and", "or"])),
            4 | 5 => format!("({a} & {b} & '!')"),
            6 => format!("({a} ? {b} : {})", self.leaf(item)),
            7 => format!("[{a}, {b}]"),
            8 => format!(r#"{{"k": {a}, "l": {b}}}"#),
            9 => format!("($p := {a}; $q := $p; [$p, {b}])"),
            10 => {
                let name = self.one_of(&[
                    "sum",
                    "count",
                    "max",
                    "min",
                    "average",
                    "boolean",
                    "not",
                    "string",
                    "length",
                    "exists",
                    "keys",
                    "type",
                    "merge",
                    "abs",
                    "floor",
                    "ceil",
                    "number",
                    "round",
                    "uppercase",
                    "lowercase",
                    "join",
                ]);
                format!("${name}({a})")
            }
            11 => format!(
                "${}({a}, {b})",
                self.one_of(&[
                    "append",
                    "contains",
                    "lookup",
                    "join",
                    "substring",
                    "round",
                    "substringBefore",
                    "substringAfter"
                ])
            ),
            12 => {
                let (name, body) = (
                    self.one_of(&["map", "filter"]),
                    self.one_of(&["$v", "$v.a", "$v > 1", "$i", "{'v': $v}", "$v & $i"]),
                );
                format!("${name}({a}, function($v, $i) {{ {body} }})")
            }
            // Without a start, the library makes null of an empty array, against the reference.
            13 => format!("$reduce({a}, function($m, $v) {{ $m + $v }}{})", self.one_of(&[", 0", ", 10"])),
            14 => format!("[{}..{}, {a}]", self.roll(4), self.roll(6)),
            _ => format!("{}.({b})", self.path(item)).replace("({b})", "(1)"),
        }
    }

    fn leaf(&mut self, item: bool) -> String {
        match self.roll(9) {
            0 => self.one_of(&["1", "2", "0", "-1", "1.5", "0.1"]).to_owned(),
            1 => self.one_of(&["'a'", "''", "\"b\"", "'10'"]).to_owned(),
            2 => self.one_of(&["true", "false", "null", "$nobody"]).to_owned(),
            3 => self.one_of(&["$v", "$x", "$v[0]", "$v[-1]", "$objects.a", "$states.input"]).to_owned(),
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
                2 | 3 => {
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
                    path.push_str(self.one_of(&["a", "b", "c", "n"]));
                }
            }
        }
        path
    }
}
