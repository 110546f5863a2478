//! Who an execution is to the world: names, ARNs, seeds, idempotency keys, task tokens.
//!
//! Names, seeds and keys are pure functions of where an event lies and of the configuration, so that a redelivered event has the
//! same ones on every node. Task tokens are not: one that was given out before a crash is never taken for a later one.

mod names;
mod realm;
mod token;

pub use names::{ExecutionName, ExecutionNames, MAX_NAME_CHARS, region, seed_of, workflow_and_name};
pub use realm::Realm;
pub use token::{Issuer, MAX_NODE_BYTES, TOKEN_KEY_BYTES, Token, TokenCall, TokenKey, TokenMaker, unguessable};

/// Who an execution is, as the context object shows it.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// `$$.Execution.Name`
    pub name: &'a str,
    /// `$$.Execution.Id`: the execution's ARN.
    pub id: &'a str,
    /// `$$.StateMachine.Name`
    pub state_machine_name: &'a str,
    /// `$$.StateMachine.Id`: the state machine's ARN.
    pub state_machine_id: &'a str,
    /// `$$.Execution.RoleArn`
    pub role_arn: &'a str,
    /// Seed of `States.MathRandom`, `States.UUID` and jitter.
    pub seed: u64,
    /// `$$.Kafka`, which AWS does not have: the record that the event comes from, as a JSON text. Only a program that
    /// [reads it](crate::program::Program::reads_kafka) takes it.
    pub kafka: Option<&'a [u8]>,
}

/// The key that a service can recognise a repeated call by: the execution's name, and the place of the call in it.
///
/// Both are the same when the event is delivered again, so the key is, whatever the timing was.
pub fn idempotency_key(execution: &str, place: &str) -> String {
    format!("{execution}:{place}")
}

/// What stands for the token of an execution's call with this number where nothing takes callbacks, such as in `exec`: the same
/// each time.
pub fn task_token(execution_arn: &str, call: u64) -> String {
    format!("{execution_arn}/{call}")
}
