//! Stepstream: a high-throughput, Express-style stream processor. Kafka in, a compiled Amazon States Language state
//! machine per event, Kafka out, at least once.
//!
//! # The rooms
//!
//! Each module is a room with one job. A room may use the rooms above it in this list, never those below; a test checks it.
//!
//! | room | what lives there |
//! |---|---|
//! | [`limits`] | every default of a limit, with its unit and its reason |
//! | [`suggest`] | "Did you mean …?" |
//! | [`visible`] | texts from outside, as people get to see them |
//! | [`threads`] | whether the operating system gives threads |
//! | [`value`] | JSON values as small `Copy` handles into a per-execution heap |
//! | [`expr`] | what is evaluated against values: paths, payload templates, choice conditions, intrinsic functions, timestamps |
//! | [`jsonata`] | JSONata expressions: compiled, evaluated on the heap, bounded in time and depth |
//! | [`identity`] | who an execution is: names, ARNs, seeds, idempotency keys, task tokens |
//! | [`resource`] | what a `Resource` names |
//! | [`asl`] | the definition as people write it: model with source positions, reading, diagnostics, lint |
//! | [`program`] | the compiled form, and the compiler from `asl` to it |
//! | [`engine`] | executions: a pure, synchronous interpreter without I/O, clock, threads or async |
//! | [`config`] | pipelines, tasks and limits as the configuration file gives them |
//! | [`telemetry`] | metrics, log events, health |
//! | [`task`] | connectors: what a task call means in the world |
//! | [`host`] | many executions on one thread: turns, timers, calls, answers |
//! | [`test_state`] | one state, as the TestState API runs it |
//! | [`registry`] | workflows and their versions: loading, watching, swapping |
//! | [`stream`] | shards, Kafka source and sink, offset tracking, backpressure, dead letters, drain |
//! | [`api`] | the HTTP side: health, metrics, workflows |
//! | [`cli`] | a module per subcommand |
//!
//! `docs/architecture.md` describes the way of an event through them and the invariants that hold.

pub mod api;
pub mod asl;
pub mod cli;
pub mod config;
pub mod engine;
pub mod expr;
pub mod host;
pub mod identity;
pub mod jsonata;
pub mod limits;
pub mod program;
pub mod registry;
pub mod resource;
pub mod stream;
pub mod suggest;
pub mod task;
pub mod telemetry;
pub mod test_state;
pub mod threads;
pub mod value;
pub mod visible;
