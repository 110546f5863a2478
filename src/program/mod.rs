//! The compiled form of a state machine, and the compiler from [`crate::asl`] to it.
