//! Paths, rules, templates and functions on the example order. Each reads what an earlier state left in the heap, so
//! only the expression itself is timed; the heap is emptied behind it.

#![allow(unreachable_pub, reason = "a benchmark exports nothing")]

mod yardstick;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use stepstream::expr::condition::Pattern;
use stepstream::expr::{Call, Condition, Operand, Operator, Path, Root, Scope, Template, Test};
use stepstream::jsonata::{self, Expression, StatesField};
use stepstream::value::{Heap, Value};
use yardstick::ORDER;

/// A scope in which every path begins at the order.
struct Order {
    value: Value,
    random: fastrand::Rng,
}

impl Scope for Order {
    fn root(&mut self, _: &mut Heap, _: &Root) -> Option<Value> {
        Some(self.value)
    }

    fn random(&mut self) -> &mut fastrand::Rng {
        &mut self.random
    }
}

impl jsonata::Scope for Order {
    fn states(&mut self, _: &mut Heap, field: StatesField) -> Option<Value> {
        (field == StatesField::Input).then_some(self.value)
    }

    fn variable(&mut self, _: &mut Heap, _: &str) -> Option<Value> {
        None
    }

    fn random(&mut self) -> &mut fastrand::Rng {
        &mut self.random
    }

    fn now_millis(&self) -> i64 {
        0
    }
}

/// A heap with these constants and the order, which survive its reset.
fn order(mut constants: Heap) -> (Heap, Order) {
    let value = constants.parse(ORDER.trim().as_bytes()).expect("the example is JSON");
    let mut heap = Heap::new();
    heap.seed_from(&constants);
    (heap, Order { value, random: fastrand::Rng::with_seed(1) })
}

fn path(text: &str) -> Path {
    Path::parse(text).expect("a path of this file")
}

fn test(variable: &str, operator: &str, operand: Operand) -> Condition {
    let (operator, _) = Operator::from_name(operator).expect("an operator of this file");
    Condition::Test(Test { variable: path(variable), operator, operand })
}

fn paths(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("paths");
    yardstick::add_to(&mut group);
    for text in ["$.total", "$.shipping.country", "$.lines[1].sku", "$.lines[*].price", "$.lines[?(@.qty > 1)].sku"] {
        let (mut heap, mut scope) = order(Heap::new());
        let path = path(text);
        group.bench_function(text, |bencher| {
            bencher.iter(|| {
                heap.reset();
                black_box(path.resolve(&mut heap, &mut scope).is_ok());
            });
        });
    }
    group.finish();
}

fn rules(criterion: &mut Criterion) {
    let rules = [
        ("StringEquals", test("$.tier", "StringEquals", Operand::String("gold".into()))),
        ("StringMatches", test("$.type", "StringMatches", Operand::Pattern(Pattern::new("order.*")))),
        ("IsPresent of nothing", test("$.no.such", "IsPresent", Operand::Boolean(true))),
        (
            "And of three",
            Condition::And(vec![
                test("$.flags.express", "BooleanEquals", Operand::Boolean(true)),
                test("$.totals.discount", "NumericEqualsPath", Operand::Path(path("$.totals.shipping"))),
                test("$.placedAt", "TimestampLessThanPath", Operand::Path(path("$.receivedAt"))),
            ]),
        ),
    ];
    let mut group = criterion.benchmark_group("rules");
    yardstick::add_to(&mut group);
    for (name, rule) in rules {
        let (mut heap, mut scope) = order(Heap::new());
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(rule.evaluate(&mut heap, &mut scope).is_ok()));
        });
    }
    group.finish();
}

fn templates(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("templates");
    yardstick::add_to(&mut group);
    let mut keys = Heap::new();
    let entry = |keys: &mut Heap, key: &str, text: &str| {
        (keys.key(key), Template::Path { path: path(text), field: format!("{key}.$").into() })
    };
    let shipping = vec![entry(&mut keys, "to", "$.shipping.name"), entry(&mut keys, "country", "$.shipping.country")];
    let shipping = Template::object(shipping, &mut keys).expect("it is shallow");
    let entries = vec![
        entry(&mut keys, "id", "$.id"),
        entry(&mut keys, "lines", "$.lines"),
        (keys.key("shipping"), shipping),
        entry(&mut keys, "total", "$.total"),
    ];
    let template = Template::object(entries, &mut keys).expect("it is shallow");
    let (mut heap, mut scope) = order(keys);
    group.bench_function("six fields", |bencher| {
        bencher.iter(|| {
            heap.reset();
            black_box(template.evaluate(&mut heap, &mut scope).is_ok());
        });
    });
    group.finish();
}

fn functions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("functions");
    yardstick::add_to(&mut group);
    let calls = [
        "States.Format('{} ships {} to {}', $.id, $.total, $.shipping.country)",
        "States.ArrayLength($.lines)",
        "States.MathAdd($.lines[0].qty, 1)",
        "States.StringSplit($.type, '.')",
        "States.JsonToString($.lines)",
        "States.Hash($.id, 'SHA-256')",
        "States.UUID()",
    ];
    for text in calls {
        let mut constants = Heap::new();
        let call = Call::parse(text, &mut constants).expect("a call of this file");
        let (mut heap, mut scope) = order(constants);
        group.bench_function(text, |bencher| {
            bencher.iter(|| {
                heap.reset();
                black_box(call.evaluate(&mut heap, &mut scope).is_ok());
            });
        });
    }
    group.finish();
}

/// What a JSONata expression costs, beside what says the same in JSONPath.
fn expressions(criterion: &mut Criterion) {
    let object = "{'id': $states.input.id, 'lines': $states.input.lines, 'total': $states.input.total}";
    let cases = [
        ("path", "$states.input.shipping.country"),
        ("path over an array", "$states.input.lines.price"),
        ("predicate", "$states.input.lines[qty > 1].sku"),
        ("three strings", "$states.input.id & ' ships to ' & $states.input.shipping.country"),
        ("condition", "$states.input.flags.express or ($states.input.tier = 'gold' and $states.input.total > 100)"),
        ("three fields", object),
        ("sum", "$sum($states.input.lines.(qty * price))"),
    ];
    let mut group = criterion.benchmark_group("jsonata");
    yardstick::add_to(&mut group);
    for (name, text) in cases {
        let mut constants = Heap::new();
        let expression = Expression::compile(text, &mut constants).expect("an expression of this file");
        let (mut heap, mut scope) = order(constants);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                heap.reset();
                black_box(expression.evaluate(&mut heap, &mut scope).is_ok());
            });
        });
    }
    group.finish();
}

criterion_group!(benches, paths, rules, templates, functions, expressions);
criterion_main!(benches);
