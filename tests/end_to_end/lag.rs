//! How far behind a pipeline says it is.

use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::broker::{Broker, PATIENCE, unique, wait_until};
use crate::daemon::Pipeline;
use crate::events::Orders;

#[test]
fn transaction_markers_at_the_end_are_no_lag() {
    const TRANSACTIONS: usize = 6;
    let broker = Broker::connect();
    let definition = include_str!("../../config/workflows/router.asl.json");
    let pipeline = Pipeline::with_definition(&broker, "markers", 1, definition);
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", &broker.brokers)
        .set("transactional.id", unique("markers"))
        .create()
        .expect("a producer");
    producer.init_transactions(PATIENCE).expect("transactions");
    for number in 0..TRANSACTIONS {
        producer.begin_transaction().expect("a transaction begins");
        let event = Orders::new().event(number).to_string();
        let record = BaseRecord::to(&pipeline.source.name).key("a key").payload(&event);
        producer.send(record).map_err(|(error, _)| error).expect("the event is queued");
        // The last ones leave markers and nothing to read.
        if number < 2 {
            producer.commit_transaction(PATIENCE).expect("the transaction is committed");
        } else {
            producer.flush(PATIENCE).expect("the event is sent");
            producer.abort_transaction(PATIENCE).expect("the transaction is aborted");
        }
    }
    let daemon = pipeline.start();
    wait_until("what was committed is read", || daemon.metric("stepstream_events_consumed_total") == 2.0);
    let is_shown = || daemon.get("/metrics").is_some_and(|(_, page)| page.contains("\nstepstream_consumer_lag{"));
    wait_until("there is no lag", || is_shown() && daemon.metric("stepstream_consumer_lag") == 0.0);
    assert!(daemon.terminate().success());
}
