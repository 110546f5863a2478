//! What every group of benchmarks is measured beside, in the same run: sonic-rs parsing and printing the example event.

use std::hint::black_box;

use criterion::BenchmarkGroup;
use criterion::measurement::WallTime;

/// The example event, 920 bytes.
pub const ORDER: &str = include_str!("../../config/events/order.json");

/// Adds the yardstick to a group.
pub fn add_to(group: &mut BenchmarkGroup<'_, WallTime>) {
    let event = ORDER.trim().as_bytes();
    let mut out = Vec::with_capacity(4096);
    group.bench_function("yardstick (sonic-rs parse and print)", |bencher| {
        bencher.iter(|| {
            let tree: sonic_rs::Value = sonic_rs::from_slice(black_box(event)).expect("the example is JSON");
            out.clear();
            sonic_rs::to_writer(&mut out, &tree).expect("a tree can be printed");
            black_box(&out);
        });
    });
}
