//! Names of executions: derived from where the event lies, so that a redelivered event has the same name.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::engine::Identity;

/// Longest name of an execution, in characters: AWS's limit.
pub const MAX_NAME_CHARS: usize = 80;

/// Hexadecimal digits of the hash that stands for pipeline and topic where their names can't be part of an execution's.
const HASH_DIGITS: usize = 16;

/// Room for `-<partition>-<offset>` with the largest numbers.
const NUMBERS_CHARS: usize = 1 + 10 + 1 + 19;

/// What execution names of one partition begin with, and a buffer for the whole name and id of the current one.
///
/// The name is `<pipeline>-<topic>-<partition>-<offset>`: two pipelines may read one topic, and their calls to one service
/// must not look like redeliveries of each other. What is too long for AWS's 80 characters is cut and a hash of it added.
/// The id is an ARN of the shape that the service gives to Express executions.
#[derive(Clone, Debug)]
pub struct ExecutionNames {
    name: String,
    name_prefix: usize,
    id: String,
    id_prefix: usize,
    state_machine: String,
    seed: u64,
    offset: i64,
}

impl ExecutionNames {
    /// Names for executions of `workflow`, run by `pipeline` for the events of one partition.
    pub fn new(pipeline: &str, workflow: &str, topic: &str, partition: i32) -> Self {
        Self::with_prefix(format!("{}-{partition}-", stem(&format!("{pipeline}-{topic}"))), workflow)
    }

    /// Names for executions of `workflow` in a run outside of Kafka: `<run>-<number of the event>`.
    pub fn of_run(run: &str, workflow: &str) -> Self {
        Self::with_prefix(format!("{run}-"), workflow)
    }

    fn with_prefix(name: String, workflow: &str) -> Self {
        let id = format!("{EXECUTION_ARN}{workflow}:");
        let mut seed = [0; 8];
        seed.copy_from_slice(&Sha256::digest(name.as_bytes())[..8]);
        Self {
            name_prefix: name.len(),
            name,
            id_prefix: id.len(),
            id,
            state_machine: format!("{STATE_MACHINE_ARN}{workflow}"),
            seed: u64::from_le_bytes(seed),
            offset: 0,
        }
    }

    /// Makes the names of the event at `offset` the current ones.
    pub fn set(&mut self, offset: i64) {
        self.offset = offset;
        self.name.truncate(self.name_prefix);
        write_decimal(&mut self.name, offset);
        self.id.truncate(self.id_prefix);
        self.id.push_str(&self.name);
        self.id.push_str(RUN_SUFFIX);
    }

    /// Identity of the current execution of `workflow`. The seed is the same on redelivery too, so random ids in results are.
    pub fn identity<'a>(&'a self, workflow: &'a str) -> Identity<'a> {
        Identity {
            name: &self.name,
            id: &self.id,
            state_machine_name: workflow,
            state_machine_id: &self.state_machine,
            role_arn: ROLE_ARN,
            seed: scatter(self.seed ^ self.offset as u64),
        }
    }

    /// The execution's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The execution's id: an ARN.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// Workflow and name of the execution with this id, `arn:aws:states:<region>:<account>:<kind>:<workflow>:<name>…`.
pub(super) fn workflow_and_name(id: &str) -> Option<(&str, &str)> {
    let mut parts = id.split(':').skip(6);
    Some((parts.next()?, parts.next()?))
}

/// Region and account are those of no one: nothing runs at AWS.
const EXECUTION_ARN: &str = "arn:aws:states:local:000000000000:express:";
const STATE_MACHINE_ARN: &str = "arn:aws:states:local:000000000000:stateMachine:";
const ROLE_ARN: &str = "arn:aws:iam::000000000000:role/stepstream";
/// AWS ends the ARN of an Express execution with an id per start; ours is the same on redelivery.
const RUN_SUFFIX: &str = ":1";

fn stem(names: &str) -> String {
    // Kafka allows letters, digits, '.', '_' and '-', all of which AWS allows in names.
    let longest = MAX_NAME_CHARS - NUMBERS_CHARS;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if names.len() <= longest && names.chars().all(allowed) {
        return names.to_owned();
    }
    let mut name: String = names.chars().filter(|&c| allowed(c)).take(longest - HASH_DIGITS - 1).collect();
    name.push('-');
    for byte in &Sha256::digest(names.as_bytes())[..HASH_DIGITS / 2] {
        write!(name, "{byte:02x}").expect("writing to a String can't fail");
    }
    name
}

/// The finalizer of SplitMix64: neighbouring offsets get unrelated seeds.
fn scatter(mut seed: u64) -> u64 {
    seed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    seed = (seed ^ (seed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    seed ^ (seed >> 31)
}

fn write_decimal(out: &mut String, number: i64) {
    write!(out, "{number}").expect("writing to a String can't fail");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(topic: &str, partition: i32, offset: i64) -> String {
        let mut names = ExecutionNames::new("p", "order", topic, partition);
        names.set(offset);
        names.name().to_owned()
    }

    #[test]
    fn name_tells_where_the_event_lies() {
        assert_eq!(name("orders", 3, 42), "p-orders-3-42");
    }

    #[test]
    fn id_is_an_express_arn() {
        let mut names = ExecutionNames::new("p", "order", "orders", 3);
        names.set(1_000_000);
        names.set(42);
        assert_eq!(names.id(), "arn:aws:states:local:000000000000:express:order:p-orders-3-42:1");
    }

    #[test]
    fn seed_is_the_same_on_redelivery_and_differs_between_events() {
        let seed = |offset| {
            let mut names = ExecutionNames::new("p", "order", "orders", 3);
            names.set(offset);
            names.identity("order").seed
        };
        assert_eq!(seed(42), seed(42));
        assert_ne!(seed(42), seed(43));
    }

    #[test]
    fn long_topics_that_begin_alike_have_different_names() {
        let (a, b) = (format!("{}a", "t".repeat(248)), format!("{}b", "t".repeat(248)));
        assert_ne!(name(&a, 0, 0), name(&b, 0, 0));
    }

    proptest! {
        #[test]
        fn every_name_is_valid_at_aws(topic in "[a-zA-Z0-9._-]{1,249}|.{1,60}", partition in 0..=i32::MAX, offset in 0..=i64::MAX) {
            let name = name(&topic, partition, offset);
            prop_assert!(name.len() <= MAX_NAME_CHARS, "{} is {} long", name, name.len());
            prop_assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')));
        }
    }
}
