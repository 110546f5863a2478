//! Names of executions: derived from where the event lies, so that a redelivered event has the same name.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Identity, Realm};

/// Longest name of an execution, in characters: AWS's limit.
pub const MAX_NAME_CHARS: usize = 80;

/// Hexadecimal digits of the hash that stands for pipeline and topic where their names can't be part of an execution's.
const HASH_DIGITS: usize = 16;

/// Room for `-<partition>-<offset>` with the largest numbers.
const NUMBERS_CHARS: usize = 1 + 10 + 1 + 19;

/// AWS ends the ARN of an Express execution with an id per start; ours is the same on redelivery.
const START_SUFFIX: &str = ":1";

/// How the executions of one partition, or of one run outside of Kafka, are named.
///
/// The name is `<pipeline>-<topic>-<partition>-<offset>`: two pipelines may read one topic, and their calls to one service
/// must not look like redeliveries of each other. What is too long for AWS's 80 characters is cut and a hash of it added.
/// The id is an ARN of the shape that the service gives to Express executions.
#[derive(Clone, Debug)]
pub struct ExecutionNames {
    /// The ARN up to the number of the event.
    prefix: String,
    /// Where the name begins in it.
    name_start: usize,
    workflow: String,
    state_machine: String,
    role: String,
    seed: u64,
}

/// The name of one execution. Reusable: [`ExecutionNames::write`] replaces what it held without giving memory back.
#[derive(Clone, Debug, Default)]
pub struct ExecutionName {
    arn: String,
    name: Range<usize>,
    seed: u64,
}

impl ExecutionNames {
    /// Names for executions of `workflow`, run by `pipeline` for the events of one partition.
    pub fn new(realm: &Realm, pipeline: &str, workflow: &str, topic: &str, partition: i32) -> Self {
        Self::with_prefix(realm, &format!("{}-{partition}-", stem(&format!("{pipeline}-{topic}"))), workflow)
    }

    /// Names for executions of `workflow` in a run outside of Kafka: `<run>-<number of the event>`.
    pub fn of_run(realm: &Realm, run: &str, workflow: &str) -> Self {
        Self::with_prefix(realm, &format!("{run}-"), workflow)
    }

    fn with_prefix(realm: &Realm, name: &str, workflow: &str) -> Self {
        let mut prefix = realm.express_arn_prefix(workflow);
        let name_start = prefix.len();
        prefix.push_str(name);
        Self {
            prefix,
            name_start,
            workflow: workflow.to_owned(),
            state_machine: realm.state_machine_arn(workflow),
            role: realm.role_arn(),
            seed: seed_of(name),
        }
    }

    /// Writes the name of the execution for the event with this number: its offset, or its line.
    pub fn write(&self, number: i64, name: &mut ExecutionName) {
        name.arn.clear();
        name.arn.push_str(&self.prefix);
        write!(name.arn, "{number}").expect("writing to a String can't fail");
        name.name = self.name_start..name.arn.len();
        name.arn.push_str(START_SUFFIX);
        name.seed = scatter(self.seed ^ number as u64);
    }

    /// The same as a name of its own.
    pub fn name(&self, number: i64) -> ExecutionName {
        let mut name = ExecutionName::default();
        self.write(number, &mut name);
        name
    }

    /// Identity of the execution with this name. The seed is the same on redelivery too, so random ids in results are.
    pub fn identity<'a>(&'a self, name: &'a ExecutionName) -> Identity<'a> {
        Identity {
            name: name.as_str(),
            id: &name.arn,
            state_machine_name: &self.workflow,
            state_machine_id: &self.state_machine,
            role_arn: &self.role,
            seed: name.seed,
            kafka: None,
        }
    }
}

impl ExecutionName {
    /// The execution's name.
    pub fn as_str(&self) -> &str {
        &self.arn[self.name.clone()]
    }

    /// The execution's ARN, shared.
    pub fn arn(&self) -> Arc<str> {
        self.arn.as_str().into()
    }
}

/// Workflow and name of the execution with this ARN, `arn:aws:states:<region>:<account>:<kind>:<workflow>:<name>…`.
pub fn workflow_and_name(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.split(':').skip(6);
    Some((parts.next()?, parts.next()?))
}

/// What random names and numbers derive from in what has this name.
pub fn seed_of(name: &str) -> u64 {
    let mut seed = [0; 8];
    seed.copy_from_slice(&Sha256::digest(name.as_bytes())[..8]);
    u64::from_le_bytes(seed)
}

/// The region of an ARN; empty: the text has none.
pub fn region(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(topic: &str, partition: i32) -> ExecutionNames {
        ExecutionNames::new(&Realm::default(), "p", "order", topic, partition)
    }

    fn name(topic: &str, partition: i32, offset: i64) -> String {
        names(topic, partition).name(offset).as_str().to_owned()
    }

    #[test]
    fn name_tells_where_the_event_lies() {
        assert_eq!(name("orders", 3, 42), "p-orders-3-42");
    }

    #[test]
    fn id_is_an_express_arn_of_the_configured_region_and_account() {
        let realm = Realm { region: "eu-central-1".to_owned(), account: "123456789012".to_owned() };
        let names = ExecutionNames::new(&realm, "p", "order", "orders", 3);
        let mut name = names.name(1_000_000);
        names.write(42, &mut name);
        let arn = "arn:aws:states:eu-central-1:123456789012:express:order:p-orders-3-42:1";
        assert_eq!(&*name.arn(), arn);
        assert_eq!(workflow_and_name(arn), Some(("order", "p-orders-3-42")));
        assert_eq!((region(arn), region("n")), ("eu-central-1", ""));
        let identity = names.identity(&name);
        assert_eq!(identity.state_machine_id, "arn:aws:states:eu-central-1:123456789012:stateMachine:order");
        assert_eq!(identity.role_arn, "arn:aws:iam::123456789012:role/stepstream");
    }

    #[test]
    fn seed_is_the_same_on_redelivery_and_differs_between_events() {
        let seed = |offset| {
            let names = names("orders", 3);
            names.identity(&names.name(offset)).seed
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
