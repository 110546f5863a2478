//! Many events and several crashes: `scripts/soak` runs it.

use std::time::Instant;

use crate::broker::Broker;
use crate::daemon::Pipeline;
use crate::events::{Ledger, Orders};

const DEFAULT_EVENTS: usize = 500_000;
const KILLS: usize = 3;
const PARTITIONS: i32 = 8;

#[test]
#[ignore = "takes minutes: run it by scripts/soak"]
fn half_a_million_events_and_three_crashes_lose_nothing() {
    let events = std::env::var("STEPSTREAM_SOAK_EVENTS").map_or(DEFAULT_EVENTS, |text| text.parse().expect("a number"));
    let broker = Broker::connect();
    let pipeline = Pipeline::new(&broker, "soak", PARTITIONS, "order");
    let began = Instant::now();
    let mut ledger = Ledger::default();
    let mut results = broker.reader(&pipeline.sink.name);

    std::thread::scope(|scope| {
        let (source, feeder) = (&pipeline.source.name, &broker);
        scope.spawn(move || {
            let feed = feeder.producer();
            Orders::new().send(&feed, source, 0..events);
            feed.flush();
        });
        let mut daemon = pipeline.start();
        for kill in 1..=KILLS {
            ledger.read(&mut results, events * kill / (KILLS + 1));
            daemon.kill();
            let committed = broker.committed_total(&pipeline.group, source);
            println!("kill -9 number {kill} after {} results, {committed} committed", ledger.distinct());
            daemon = pipeline.spawn();
        }
        ledger.read(&mut results, events);
        assert!(daemon.terminate().success());
    });
    results.rest().iter().for_each(|record| ledger.note(record));

    let (lost, duplicates) = (ledger.lost(events).len(), ledger.duplicates());
    let committed = broker.committed_total(&pipeline.group, &pipeline.source.name);
    println!(
        "{events} events, {KILLS} kills: {} with a result, {lost} lost, {duplicates} duplicates, {committed} committed, in {:.1} s",
        ledger.distinct(),
        began.elapsed().as_secs_f64()
    );
    assert_eq!((lost, committed), (0, events as i64));
}
