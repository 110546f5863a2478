//! Reading and printing events, beside the yardstick: sonic-rs parsing and printing the same event.

#![allow(unreachable_pub, reason = "a benchmark exports nothing")]

mod yardstick;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stepstream::value::Heap;
use yardstick::ORDER;

fn values(criterion: &mut Criterion) {
    let event = ORDER.trim().as_bytes();
    let mut group = criterion.benchmark_group("values");
    group.throughput(Throughput::Bytes(event.len() as u64));

    let mut out = Vec::with_capacity(4096);
    yardstick::add_to(&mut group);
    let mut heap = Heap::new();
    group.bench_function("parse", |bencher| {
        bencher.iter(|| {
            heap.reset();
            black_box(heap.parse(black_box(event)).expect("the example is JSON"));
        });
    });
    group.bench_function("parse and print", |bencher| {
        bencher.iter(|| {
            heap.reset();
            let value = heap.parse(black_box(event)).expect("the example is JSON");
            out.clear();
            heap.write(value, &mut out);
            black_box(&out);
        });
    });
    let pretty = serde_json::from_str::<serde_json::Value>(ORDER).expect("the example is JSON");
    let pretty = serde_json::to_string_pretty(&pretty).expect("a tree can be printed");
    group.bench_function("parse with white space", |bencher| {
        bencher.iter(|| {
            heap.reset();
            black_box(heap.parse(black_box(pretty.as_bytes())).expect("the example is JSON"));
        });
    });
    group.finish();
}

criterion_group!(benches, values);
criterion_main!(benches);
