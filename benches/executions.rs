//! Whole executions of the example workflows, event bytes in and output bytes out, beside the yardstick: sonic-rs parsing
//! and printing the same event. Tasks answer with their own input at once.

#![allow(unreachable_pub, reason = "a benchmark exports nothing")]

mod yardstick;

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use stepstream::engine::{Effect, Execution, Identity, Limits, Progress, Timestamp};
use stepstream::program::Program;
use yardstick::ORDER;

const WORKFLOWS: [(&str, &str); 4] = [
    ("router", include_str!("../config/workflows/router.asl.json")),
    ("order", include_str!("../config/workflows/order.asl.json")),
    ("enrichment", include_str!("../config/workflows/enrichment.asl.json")),
    ("saga", include_str!("../config/workflows/saga.asl.json")),
];

fn executions(criterion: &mut Criterion) {
    let event = ORDER.trim().as_bytes();
    let mut group = criterion.benchmark_group("executions");
    group.throughput(Throughput::Elements(1));

    let mut out = Vec::with_capacity(4096);
    yardstick::add_to(&mut group);
    for (name, definition) in WORKFLOWS {
        let program = Arc::new(Program::from_text(definition).expect("the example is valid"));
        let mut execution = Execution::new(Limits::default());
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                run(&mut execution, &program, black_box(event));
                out.clear();
                execution.write_output(&mut out);
                black_box(&out);
            });
        });
    }
    group.finish();
}

fn run(execution: &mut Execution, program: &Arc<Program>, event: &[u8]) {
    let identity = Identity {
        name: "orders-0-1",
        id: "arn:aws:states:us-east-1:000000000000:express:bench:orders-0-1",
        state_machine_name: "bench",
        state_machine_id: "arn:aws:states:us-east-1:000000000000:stateMachine:bench",
        role_arn: "arn:aws:iam::000000000000:role/stepstream",
        seed: 7,
        kafka: None,
    };
    let mut now = Timestamp(1_700_000_000_000);
    execution.start(program, event, &identity, now).expect("the example is JSON");
    while execution.run(now) != Progress::Ended {
        while let Some(effect) = execution.take_effect() {
            if let Effect::Call(call) = effect {
                execution.resume(call.id, Ok(&call.input), now);
            }
        }
        now = execution.wake_at().unwrap_or(now);
    }
}

criterion_group!(benches, executions);
criterion_main!(benches);
