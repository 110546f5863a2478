//! In the steady state an execution without tasks and waits allocates nothing: what it needs it has from the one before.

use std::sync::Arc;

use stepstream::engine::{Execution, Identity, Limits, Progress, Status, Timestamp};
use stepstream::program::Program;

/// Executions before the one that is looked at.
const BEFORE: usize = 3;

fn run(execution: &mut Execution, program: &Arc<Program>, event: &[u8], output: &mut Vec<u8>) {
    let identity = Identity {
        name: "orders-0-1",
        id: "arn:aws:states:us-east-1:000000000000:express:shop:orders-0-1",
        state_machine_name: "shop",
        state_machine_id: "arn:aws:states:us-east-1:000000000000:stateMachine:shop",
        role_arn: "arn:aws:iam::000000000000:role/stepstream",
        seed: 7,
        kafka: None,
    };
    let now = Timestamp(1_700_000_000_000);
    execution.start(program, event, &identity, now).expect("an event is JSON");
    while execution.run(now) == Progress::Yielded {}
    assert_eq!(execution.status(), Some(Status::Succeeded));
    output.clear();
    execution.write_output(output);
}

#[test]
fn an_execution_allocates_nothing_once_its_like_has_run() {
    let list = std::fs::read_to_string("benches/workloads/list.txt").expect("the list of workloads");
    let mut seen = 0;
    for line in list.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let (Some(name), Some(workflow), Some(event)) = (words.next(), words.next(), words.next()) else {
            panic!("{line}: name, workflow, event")
        };
        // An evaluation of JSONata has memory of its own.
        if name.contains("jsonata") {
            continue;
        }
        let definition = std::fs::read_to_string(workflow).expect(workflow);
        // The input and the outcome of a task call leave the execution and come from outside.
        if definition.contains("\"Task\"") {
            continue;
        }
        let program = Arc::new(Program::from_text(&definition).expect(workflow));
        let event = std::fs::read(event).expect(event);
        let (mut execution, mut output) = (Execution::new(Limits::default()), Vec::new());
        for _ in 0..BEFORE {
            run(&mut execution, &program, &event, &mut output);
        }
        let allocations = allocation_counter::measure(|| run(&mut execution, &program, &event, &mut output));
        assert_eq!(allocations.count_total, 0, "{name} allocates: {allocations:?}");
        seen += 1;
    }
    assert!(seen > 5, "the list is read");
}
