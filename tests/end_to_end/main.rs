//! The daemon as users run it: the release binary against a real Kafka and a real HTTP server.
//!
//! `scripts/test` starts what is needed and sets `KAFKA_BROKERS` and `STEPSTREAM_BIN`. Each test has topics, a consumer
//! group, a folder and a port of its own, so that they run side by side and on a broker that others use.

#![allow(unreachable_pub, reason = "a test exports nothing")]

mod broker;
mod daemon;
mod events;
mod service;

mod api;
mod aws;
mod bench;
mod callbacks;
mod connect;
mod deadly;
mod drain;
mod enrichment;
mod execution_log;
mod invalid_input;
mod kafka_context;
mod lag;
mod letters;
mod map_results;
mod order;
mod orders;
mod out_of_range;
mod records;
mod redelivery;
mod secure;
mod sink;
mod soak;
mod swap;
mod unavailable;
