/// The region and account that ARNs name. Nothing runs there: workflows and services see them in names and context objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Realm {
    /// An AWS region, such as `eu-central-1`.
    pub region: String,
    /// An AWS account id: twelve digits.
    pub account: String,
}

impl Default for Realm {
    /// The region that tools assume where none is said, and an account of no one.
    fn default() -> Self {
        Realm { region: "us-east-1".to_owned(), account: "000000000000".to_owned() }
    }
}

impl Realm {
    /// The ARN of a state machine.
    pub fn state_machine_arn(&self, name: &str) -> String {
        self.states_arn("stateMachine", name)
    }

    /// The ARN of an activity.
    pub fn activity_arn(&self, name: &str) -> String {
        self.states_arn("activity", name)
    }

    /// The ARN of an execution of a Standard state machine.
    pub fn execution_arn(&self, state_machine: &str, name: &str) -> String {
        format!("{}:{name}", self.states_arn("execution", state_machine))
    }

    /// What ARNs of executions of an Express state machine begin with: all up to the execution's name.
    pub fn express_arn_prefix(&self, state_machine: &str) -> String {
        format!("{}:", self.states_arn("express", state_machine))
    }

    /// The ARN of the role that executions run under: there is none, but the context object shows one.
    pub fn role_arn(&self) -> String {
        format!("arn:aws:iam::{}:role/stepstream", self.account)
    }

    fn states_arn(&self, kind: &str, name: &str) -> String {
        let Realm { region, account } = self;
        format!("arn:aws:states:{region}:{account}:{kind}:{name}")
    }
}
