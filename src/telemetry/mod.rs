//! Metrics and log events, each emitted by a named function.
