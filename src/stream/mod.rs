//! Shards, Kafka source and sink, offset tracking, backpressure, dead letters, drain.
