//! The examples of `config/`, compiled in, so that the bare binary has them in any folder.

/// The configuration of the example pipelines.
pub(super) const CONFIG: &str = include_str!("../../config/stepstream.toml");

/// The order workflow: the example that runs where nothing else is asked for.
pub(super) const ORDER_WORKFLOW: &str = include_str!("../../config/workflows/order.asl.json");

/// The workflows that the configuration names, by the names of their files.
pub(super) const WORKFLOWS: [(&str, &str); 4] = [
    ("order.asl.json", ORDER_WORKFLOW),
    ("router.asl.json", include_str!("../../config/workflows/router.asl.json")),
    ("enrichment.asl.json", include_str!("../../config/workflows/enrichment.asl.json")),
    ("saga.asl.json", include_str!("../../config/workflows/saga.asl.json")),
];

/// One order event.
pub(super) const ORDER_EVENT: &str = include_str!("../../config/events/order.json");

/// Order events, one in a line.
pub(super) const ORDER_EVENTS: &str = include_str!("../../config/events/orders.jsonl");
