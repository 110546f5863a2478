//! Executions: a pure, synchronous interpreter. No I/O, no clock, no threads, no async.
