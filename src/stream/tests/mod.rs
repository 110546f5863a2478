//! Pipelines against librdkafka's mock cluster: the real client and protocol, little data. What only a real broker shows is
//! in the end-to-end tests.

mod bounds;
mod harness;
mod positions;

use std::time::{Duration, Instant};

use harness::{Cluster, Found, echo, failing, waiting};
use rdkafka::consumer::Consumer;
use rdkafka::types::RDKafkaRespErr;

use crate::telemetry::{Health, init_metrics, render_metrics};

const SOME: usize = 200;

#[test]
fn every_event_has_its_result_and_the_offsets_are_committed() {
    let cluster = Cluster::new(2);
    let pipeline = cluster.start("");
    cluster.send((0..SOME).map(echo));
    let found = cluster.collect(SOME);
    assert_eq!(found.results.len(), SOME);
    pipeline.stop();
    pipeline.join().expect("no shard panics");
    assert_eq!(cluster.committed(), SOME as i64);
}

#[test]
fn results_carry_key_and_version() {
    let cluster = Cluster::new(1);
    let pipeline = cluster.start("");
    cluster.send([echo(7)]);
    let found = cluster.collect(1);
    let record = &found.results[0];
    assert_eq!((record.key.as_deref(), &*record.value), (Some("7"), &*echo(7).1));
    assert!(record.header("stepstream-version").is_some_and(|version| version.starts_with("1-")));
    assert_eq!(record.header("stepstream-workflow"), Some("test"));
    harness::end(pipeline);
}

#[test]
fn an_events_headers_are_forwarded_but_for_those_of_reserved_names() {
    let cluster = Cluster::new(1);
    let pipeline = cluster.start("forward_headers = true");
    let headers =
        [("traceparent", "00-1"), ("stepstream-error", "forged"), ("Stepstream-Offset", "9"), ("STEPSTREAM-X", "y")];
    for event in [echo(0), failing(1), ("2".to_owned(), "no JSON".to_owned()), waiting(3, 1)] {
        cluster.send_with_headers(event, &headers);
    }
    let found = cluster.collect(4);
    for record in found.results.iter().chain(&found.failures).chain(&found.dead_letters) {
        assert_eq!(record.header("traceparent"), Some("00-1"));
        assert_eq!((record.header("Stepstream-Offset"), record.header("STEPSTREAM-X")), (None, None));
        assert_ne!(record.header("stepstream-error"), Some("forged"));
    }
    assert_eq!(found.results[0].header("stepstream-error"), None);
    harness::end(pipeline);
}

#[test]
fn failures_and_invalid_events_go_to_their_topics_and_hold_nothing_up() {
    let cluster = Cluster::new(1);
    let pipeline = cluster.start("");
    cluster.send([echo(0), failing(1), ("2".to_owned(), "not json".to_owned()), echo(3)]);
    let Found { results, failures, dead_letters } = cluster.collect(4);
    assert_eq!(results.len(), 2);
    assert_eq!(failures[0].key.as_deref(), Some("1"));
    assert_eq!(failures[0].header("stepstream-error"), Some("Test.Failed"));
    assert_eq!(failures[0].header("stepstream-offset"), Some("1"));
    assert!(failures[0].value.starts_with(r#"{"Error":"Test.Failed""#), "{}", failures[0].value);
    assert_eq!(&*dead_letters[0].value, "not json");
    assert_eq!(dead_letters[0].header("stepstream-topic"), Some(cluster.source()));
    harness::end(pipeline);
    assert_eq!(cluster.committed(), 4);
}

#[test]
fn tasks_run_at_once_up_to_the_pipelines_bound_and_waits_elapse() {
    let cluster = Cluster::new(1);
    let pipeline = cluster.start("max_concurrent_tasks = 5");
    cluster.send((0..SOME).map(|n| if n % 2 == 0 { harness::calling(n) } else { waiting(n, 1) }));
    let found = cluster.collect(SOME);
    assert_eq!(found.results.len(), SOME);
    let most = cluster.most_calls_at_once();
    assert!((2..=5).contains(&most), "{most} calls at once");
    harness::end(pipeline);
    assert_eq!(cluster.committed(), SOME as i64);
}

#[test]
fn an_incomplete_event_holds_the_commit_back_until_it_ends() {
    let cluster = Cluster::new(1);
    let pipeline = cluster.start("");
    cluster.send([echo(0), harness::calling_gate(1), echo(2)]);
    cluster.collect(2);
    // Several commit intervals.
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(cluster.committed(), 1);
    cluster.open_gate();
    cluster.collect_all(3);
    harness::end(pipeline);
    assert_eq!(cluster.committed(), 3);
}

#[test]
fn while_a_topic_takes_no_records_the_shard_is_not_ready_whether_it_is_logged_or_not() {
    // The client tries the first again by itself and doesn't tell; the second comes back to the shard.
    for (error, reason) in [
        (RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, "a topic takes no records"),
        (RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "topic results may not be used"),
    ] {
        let cluster = Cluster::new(1);
        let health = Health::new();
        let pipeline = cluster.start_with("", &health);
        cluster.send((0..SOME).map(harness::calling_gate));
        harness::eventually("all are read", || pipeline.snapshot().in_flight == SOME as u64);
        cluster.refuse(error, 100_000);
        cluster.open_gate();
        harness::eventually("it is not ready", || health.not_ready().iter().any(|not| not.reason.contains(reason)));
        harness::eventually("its gauge says so", || pipeline.snapshot().refusing == 1);
        cluster.take_again();
        harness::eventually("it is ready again", || health.not_ready().is_empty());
        harness::eventually("its gauge follows", || pipeline.snapshot().refusing == 0);
        harness::end(pipeline);
    }
}

#[test]
fn a_shard_that_hangs_is_stuck_and_one_that_commits_rarely_is_not() {
    let cluster = Cluster::new(1);
    let health = Health::with_patience(Duration::from_secs(2), Duration::from_secs(2));
    let pipeline = cluster.start_with(r#"commit_interval = "1h""#, &health);
    // Longer than it may be silent.
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(health.stuck(), []);
    cluster.send([harness::hanging(0)]);
    harness::eventually("the shard is stuck", || !health.stuck().is_empty());
    assert!(health.not_ready()[0].part.ends_with("shard 0"), "{:?}", health.not_ready());
    cluster.open_gate();
    harness::eventually("it is alive again", || health.stuck().is_empty());
    harness::end(pipeline);
}

#[test]
fn a_pipeline_that_has_stopped_leaves_nothing_in_its_gauges() {
    init_metrics();
    let cluster = Cluster::new(2);
    let pipeline = cluster.start_with("name = \"gauges\"\nmax_in_flight = 5", &Health::new());
    cluster.send((0..SOME).map(harness::calling_gate));
    let gauge = |metric: &str| -> f64 {
        let line = format!(r#"{metric}{{pipeline="gauges"}} "#);
        let page = render_metrics();
        page.lines().find_map(|found| found.strip_prefix(&line)?.parse().ok()).expect("the gauge is there")
    };
    harness::eventually("both partitions are paused", || gauge("stepstream_paused_partitions") == 2.0);
    assert_eq!(gauge("stepstream_assigned_partitions"), 2.0);
    pipeline.abort();
    pipeline.join().expect("no shard panics");
    for metric in ["stepstream_paused_partitions", "stepstream_assigned_partitions", "stepstream_in_flight"] {
        assert_eq!(gauge(metric), 0.0, "{metric}");
    }
}

#[test]
fn at_the_bound_reading_pauses_and_membership_stays() {
    let cluster = Cluster::new(1);
    let pipeline = cluster.start("max_in_flight = 20");
    cluster.send((0..SOME).map(harness::calling_gate));
    harness::eventually("reading pauses", || pipeline.snapshot().pauses > 0);
    assert_eq!(pipeline.snapshot().in_flight, 20);
    assert_eq!(pipeline.snapshot().partitions, 1);
    cluster.open_gate();
    cluster.collect_all(SOME);
    harness::end(pipeline);
    assert_eq!(cluster.committed(), SOME as i64);
}

#[test]
fn records_that_the_broker_refuses_are_sent_again() {
    let cluster = Cluster::new(1);
    cluster.send((0..SOME).map(echo));
    cluster.refuse(RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 2);
    let pipeline = cluster.start("");
    let found = cluster.collect_all(SOME);
    assert!(found.dead_letters.is_empty());
    harness::end(pipeline);
    assert_eq!(cluster.committed(), SOME as i64);
}

#[test]
fn a_batch_refused_as_too_large_is_sent_by_halves_and_what_is_refused_alone_is_a_dead_letter() {
    let cluster = Cluster::new(1);
    cluster.send((0..5).map(echo));
    // Refused: the batch, then the first two of it, then the first alone.
    cluster.refuse(RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 3);
    let pipeline = cluster.start("");
    let found = cluster.collect_all(5);
    assert_eq!((found.results.len(), found.dead_letters.len()), (4, 1));
    let letter = &found.dead_letters[0];
    assert_eq!((letter.key.as_deref(), &*letter.value), (Some("0"), &*echo(0).1));
    assert_eq!(letter.header("stepstream-reason"), Some("record-refused"));
    harness::end(pipeline);
    assert_eq!(cluster.committed(), 5);
}

#[test]
fn a_second_member_takes_partitions_over_and_every_event_has_a_result() {
    let cluster = Cluster::new(4);
    let first = cluster.start("");
    cluster.send((0..SOME).map(|n| waiting(n, 1)));
    let second = cluster.start("");
    harness::eventually("partitions are shared", || {
        first.snapshot().partitions == 2 && second.snapshot().partitions == 2
    });
    cluster.send((SOME..2 * SOME).map(echo));
    cluster.collect_all(2 * SOME);
    harness::end(first);
    harness::eventually("the second has all partitions", || second.snapshot().partitions == 4);
    cluster.send((2 * SOME..3 * SOME).map(echo));
    cluster.collect_all(3 * SOME);
    harness::end(second);
    assert_eq!(cluster.committed(), 3 * SOME as i64);
}

#[test]
fn a_drain_gives_up_after_its_timeout_and_the_event_is_delivered_again() {
    let cluster = Cluster::new(1);
    let pipeline = cluster.start(r#"drain_timeout = "200ms""#);
    cluster.send([echo(0), harness::calling_gate(1)]);
    cluster.collect(1);
    harness::eventually("the call is open", || pipeline.snapshot().open_calls == 1);
    harness::end(pipeline);
    assert_eq!(cluster.committed(), 1);
    cluster.open_gate();
    let pipeline = cluster.start("");
    cluster.collect_all(2);
    harness::end(pipeline);
    assert_eq!(cluster.committed(), 2);
}

#[test]
fn a_shard_that_panics_is_made_anew_and_no_event_is_lost() {
    let (cluster, other) = (Cluster::new(2), Cluster::new(1));
    let health = Health::new();
    let pipeline = cluster.start_with("", &health);
    let beside = other.start_with("", &health);
    cluster.send((0..SOME).map(echo));
    cluster.collect_all(SOME);
    cluster.send((SOME..SOME + 5).map(harness::calling_gate));
    harness::eventually("calls are open", || pipeline.snapshot().open_calls == 5);
    cluster.break_the_next_call();
    cluster.send((SOME + 5..2 * SOME).map(harness::calling));
    harness::eventually("the shard has failed", || !pipeline.is_sound());
    let told = |what: &str| health.not_ready().iter().any(|not_ready| not_ready.reason.contains(what));
    let event = "a panic: on purpose, at the event of topic events, partition ";
    harness::eventually("its failure is told", || told(event) || pipeline.is_ready());
    other.send((0..SOME).map(echo));
    other.collect_all(SOME);
    cluster.open_gate();
    cluster.collect_all(2 * SOME);
    harness::eventually("it is ready again", || health.not_ready().is_empty());
    assert_eq!((pipeline.snapshot().restarts, beside.snapshot().restarts), (1, 0));
    harness::end(beside);
    harness::end(pipeline);
    assert_eq!(cluster.committed(), 2 * SOME as i64);
}

#[test]
fn a_shard_that_lost_its_membership_is_not_ready_until_it_is_a_member_again() {
    let cluster = Cluster::new(1);
    let health = Health::new();
    let pipeline = cluster.start_with("", &health);
    harness::eventually("it is ready", || health.not_ready().is_empty());
    cluster.expel();
    let lost = |not_ready: &crate::telemetry::NotReady| not_ready.reason.contains("its membership was lost");
    harness::eventually("it is not ready", || health.not_ready().iter().any(lost));
    assert!(!pipeline.is_ready());
    cluster.admit();
    harness::eventually("it is ready again", || health.not_ready().is_empty() && pipeline.is_ready());
    cluster.send((0..SOME).map(echo));
    cluster.collect(SOME);
    harness::end(pipeline);
}

#[test]
fn a_shard_that_hangs_does_not_hold_up_the_end_for_ever() {
    let cluster = Cluster::new(1);
    let pipeline = cluster.start(r#"drain_timeout = "1s""#);
    cluster.send([harness::hanging(0)]);
    harness::eventually("the shard hangs", || cluster.idempotency_keys().len() == 1);
    pipeline.stop();
    let since = Instant::now();
    let ended_after = |seconds| pipeline.poll_ended(since, since + Duration::from_secs(seconds));
    assert!(ended_after(1).is_none() && ended_after(10).is_none(), "clients get time to close");
    let hang = ended_after(60).expect("it is over").expect_err("the shard has not ended");
    assert_eq!(hang.shards, 1);
    assert!(hang.to_string().starts_with("pipeline test: 1 of its shards did not end within 60s"), "{hang}");
    cluster.open_gate();
    pipeline.join().expect("it ends");
}

#[test]
fn a_redelivered_event_has_the_same_idempotency_key() {
    let cluster = Cluster::new(1);
    for deliveries in 1..=2 {
        let pipeline = cluster.start("");
        if deliveries == 1 {
            cluster.send([harness::calling_gate(0)]);
        }
        harness::eventually("the task is called", || cluster.idempotency_keys().len() == deliveries);
        pipeline.abort();
        assert_eq!(pipeline.join().expect("no shard panics"), 1, "one event is left in flight");
    }
    let keys = cluster.idempotency_keys();
    assert_eq!(keys[0], keys[1]);
}

#[test]
fn a_rebalance_that_was_told_and_not_yet_answered_does_not_hold_the_shutdown_up() {
    let shutdown = std::thread::spawn(|| {
        let cluster = Cluster::new(1);
        let mut shard = cluster.shard();
        let consumer = shard.consumer.clone();
        harness::eventually("an assignment is reported", || {
            consumer.poll(Duration::from_millis(10));
            let Some(news) = consumer.context().take() else { return false };
            let is_reported = !news.rebalances.is_empty();
            consumer.context().note(|later| *later = news);
            is_reported
        });
        drop(consumer);
        shard.processor.spec.stop.stop();
        shard.run();
        shard.close();
    });
    harness::eventually("the shard has left", || shutdown.is_finished());
    shutdown.join().expect("no shard panics");
}
