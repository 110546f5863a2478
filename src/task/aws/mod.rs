//! The `aws` connector: services of AWS, called as Step Functions calls them.
//!
//! Serves Lambda functions by their ARN, the optimised integrations of [`integration`]'s table, and every
//! `arn:aws:states:::aws-sdk:SERVICE:ACTION` whose service has a public API model. Requests are signed. What is waited for beyond
//! an answer, jobs and callbacks, is refused. Data sets and results of distributed Maps are objects in S3. Names, errors and the way to an answer:
//!
//! | module | what |
//! |---|---|
//! | `settings` | options of `[aws]` and `[[task]]`, and what the environment adds |
//! | `credentials`, `roles` | what requests are signed with |
//! | `model` | which services, operations and shapes there are |
//! | `integration` | which call a Resource stands for |
//! | `parameters`, `results` | between the state's JSON and the operation's |
//! | `protocol` | between the operation's JSON and HTTP |
//! | `endpoint`, `signing`, `caller` | where a request goes, its signature, sending it |
//! | `function`, `operation` | one call from the beginning to the end |
//! | `data` | data sets and results of distributed Maps |
//! | `error` | what a call fails with |

mod caller;
mod credentials;
mod data;
mod endpoint;
mod error;
mod function;
mod integration;
mod model;
mod operation;
mod parameters;
mod protocol;
mod results;
mod roles;
mod settings;
mod signing;

use std::sync::Arc;
use std::time::Duration;

use super::{
    Answer, BoxFuture, Connector, ConnectorKind, Implied, Purpose, Request, Resource, Role, TaskFailure, only_answers,
};
use crate::config::{Findings, Place};
use caller::Caller;
use integration::Target;
pub use signing::signature_is_valid;

/// The kind `aws`.
pub static AWS: ConnectorKind = ConnectorKind {
    name: "aws",
    options: &["region", "profile", "endpoint", "connections", "ca_file"],
    can_pause: true,
    make: settings::make,
    address: Some("endpoint"),
    suggestion: |resource, role| {
        let fits = role == Role::Task && refusal(resource, role).is_none();
        fits.then_some("region = \"us-east-1\"")
    },
    implied,
};

/// With `[aws]` in the configuration, what AWS carries out needs no entry.
fn implied(config: &crate::config::Config) -> Option<Implied> {
    let aws = config.services.as_ref()?;
    let connector: Arc<dyn Connector> = Arc::new(settings::of_config(aws).ok()?);
    Some(Implied { pattern: "arn:aws*", connector, place: aws.place.clone() })
}

/// Calls services of AWS.
pub(super) struct AwsConnector {
    caller: Arc<Caller>,
    /// Whether no entry asks for it: then it may well be that nothing calls AWS.
    implied: bool,
}

impl Connector for AwsConnector {
    fn call(&self, request: Request) -> BoxFuture<'static, Answer> {
        let caller = Arc::clone(&self.caller);
        Box::pin(async move {
            if request.purpose != Purpose::Task {
                return data::carry_out(&caller, &request).await;
            }
            match integration::target(&request.resource) {
                Ok(Target::Function) => function::direct(&caller, &request).await,
                Ok(Target::Invoke) => function::invoke(&caller, &request).await,
                Ok(Target::Operation { service, action, style }) => {
                    operation::call(&caller, &request, &service, &action, style).await
                }
                Err(why) => {
                    let cause = format!("The connector \"{}\" {why}: {}", AWS.name, request.resource);
                    Err(TaskFailure::new("States.Runtime", cause))
                }
            }
        })
    }

    fn refuses(&self, resource: &Resource, role: Role) -> Option<String> {
        let no_region = || {
            let function_names_one = resource.region().is_some();
            (self.caller.region().is_none() && !function_names_one).then(|| settings::NO_REGION.to_owned())
        };
        refusal(resource, role).or_else(no_region)
    }

    fn kind(&self) -> &'static str {
        AWS.name
    }

    fn ask(&self, place: &Place, patience: Duration) -> BoxFuture<'static, Findings> {
        let (caller, place, implied) = (Arc::clone(&self.caller), place.clone(), self.implied);
        Box::pin(async move { settings::ask(&caller, &place, patience, implied).await })
    }
}

/// Why no connector of this kind carries out such calls.
fn refusal(resource: &Resource, role: Role) -> Option<String> {
    if role != Role::Task {
        return (!data::serves(resource, role)).then(|| format!("serves no {role} but of objects in S3"));
    }
    only_answers(resource).or_else(|| integration::target(resource).err())
}

#[cfg(test)]
mod tests;
