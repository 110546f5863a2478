//! Which call a `Resource` stands for, and what the kinds of integrations do differently.

use std::sync::Arc;

use super::model::{Library, Member, Service};
use crate::resource::{Kind, Recognition, Resource};

/// How an integration names fields and errors, and what its results hold.
#[derive(Clone, Copy, Debug)]
pub(super) enum Style {
    /// `arn:aws:states:::dynamodb:putItem`: as the service's first SDK for Java has it.
    Optimised(&'static Optimised),
    /// `arn:aws:states:::aws-sdk:dynamodb:putItem`: as the second one has it.
    Sdk,
}

/// An optimised integration's service.
#[derive(Debug)]
pub(super) struct Optimised {
    /// As Resources name it.
    pub(super) name: &'static str,
    /// As the models name it.
    model: &'static str,
    /// What the names of its errors begin with.
    pub(super) prefix: &'static str,
    /// What the causes of its errors call it.
    pub(super) label: &'static str,
    /// The error that has no model.
    pub(super) exception: &'static str,
    /// Fields that may be any JSON, which is sent as text.
    json: &'static [&'static str],
}

impl Style {
    /// What a member is called.
    pub(super) fn name_of(self, member: &Member) -> &str {
        match self {
            Style::Optimised(_) => &member.capitalised,
            Style::Sdk => &member.sdk_name,
        }
    }

    /// Whether a text field may be any JSON.
    pub(super) fn takes_json(self, field: &str) -> bool {
        matches!(self, Style::Optimised(optimised) if optimised.json.contains(&field))
    }
}

macro_rules! optimised {
    ($($name:literal $model:literal $prefix:literal $label:literal $exception:literal [$($json:literal)*];)*) => {
        static OPTIMISED: &[Optimised] = &[$(Optimised {
            name: $name, model: $model, prefix: $prefix, label: $label, exception: $exception, json: &[$($json),*],
        },)*];
    };
}

// Services whose optimised actions are operations of the API, with the API's own parameters and answers.
optimised! {
    "athena" "athena" "Athena" "AmazonAthena" "AmazonAthenaException" [];
    "batch" "batch" "Batch" "AWSBatch" "AWSBatchException" [];
    "codebuild" "codebuild" "CodeBuild" "AWSCodeBuild" "AWSCodeBuildException" [];
    "databrew" "databrew" "DataBrew" "AWSGlueDataBrew" "AWSGlueDataBrewException" [];
    "dynamodb" "dynamodb" "DynamoDB" "AmazonDynamoDBv2" "AmazonDynamoDBException" [];
    "ecs" "ecs" "ECS" "AmazonECS" "AmazonECSException" [];
    "events" "eventbridge" "EventBridge" "AmazonEventBridge" "AmazonEventBridgeException" ["Detail"];
    "glue" "glue" "Glue" "AWSGlue" "AWSGlueException" [];
    "lambda" "lambda" "Lambda" "AWSLambda" "AWSLambdaException" [];
    "sagemaker" "sagemaker" "SageMaker" "AmazonSageMaker" "AmazonSageMakerException" [];
    "sns" "sns" "SNS" "AmazonSNS" "AmazonSNSException" ["Message"];
    "sqs" "sqs" "SQS" "AmazonSQS" "AmazonSQSException" ["MessageBody"];
    "states" "sfn" "StepFunctions" "AWSStepFunctions" "AWSStepFunctionsException" ["Input"];
}

/// The optimised integration's service of this name.
pub(super) fn optimised(name: &str) -> Option<&'static Optimised> {
    OPTIMISED.iter().find(|optimised| optimised.name == name)
}

/// What a Resource calls.
pub(super) enum Target {
    /// A Lambda function, with its ARN.
    Function,
    /// `lambda:invoke`.
    Invoke,
    /// An operation of an API.
    Operation {
        /// The service.
        service: Arc<Service>,
        /// The operation's name in Resources.
        action: String,
        /// How it is called.
        style: Style,
    },
}

/// What a Resource calls.
///
/// # Errors
/// Why it can't be called, for a sentence about the connector: "doesn't …".
pub(super) fn target(resource: &Resource) -> Result<Target, String> {
    if resource.kind() == Kind::Function {
        return match resource.recognition() {
            Recognition::Function => Ok(Target::Function),
            _ => Err("calls functions by arn:aws:lambda:REGION:ACCOUNT:function:NAME".to_owned()),
        };
    }
    if !resource.is_of_states() {
        return Err("calls services of AWS only".to_owned());
    }
    if resource.is_integration("lambda", "invoke") {
        return Ok(Target::Invoke);
    }
    let action = resource.action().split('.').next().unwrap_or_default();
    let (model, style) = match resource.service().strip_prefix("aws-sdk:") {
        Some(service) => (service, Style::Sdk),
        None if resource.recognition() != Recognition::Integration => {
            return Err("knows no such integration: is the name right? Every action of a service can be called as \
                        arn:aws:states:::aws-sdk:SERVICE:ACTION"
                .to_owned());
        }
        None => match optimised(resource.service()) {
            Some(optimised) => (optimised.model, Style::Optimised(optimised)),
            None => {
                let why = format!(
                    "doesn't have the optimised integration {}:{action}; where the API's own action does, write \
                     arn:aws:states:::aws-sdk:SERVICE:ACTION",
                    resource.service()
                );
                return Err(why);
            }
        },
    };
    let fault = |error: &dyn std::error::Error| format!("can't make that call: {error}");
    let service = Library::shared().service(model).map_err(|error| fault(&error))?;
    let operation = service.operation(action).map_err(|error| fault(&error))?;
    if operation.events {
        return Err(format!("can't call {action}: it sends or receives a stream of events"));
    }
    if service.protocol.is_none() {
        return Err(format!("can't call {}: it speaks only a protocol in CBOR", service.id));
    }
    Ok(Target::Operation { action: action.to_owned(), service, style })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(resource: &str) -> Option<String> {
        target(&Resource::parse(resource)).err()
    }

    #[test]
    fn the_optimised_integrations_of_every_service_here_are_operations_of_its_model() {
        for integration in crate::resource::integrations() {
            let service = integration.split(':').next().unwrap_or_default();
            if optimised(service).is_some() {
                assert_eq!(refused(&format!("arn:aws:states:::{integration}")), None);
            }
        }
        for known in OPTIMISED {
            assert!(crate::resource::integrations().any(|name| name.split(':').next() == Some(known.name)));
        }
    }

    #[test]
    fn what_can_not_be_called_is_told() {
        for (resource, part) in [
            ("arn:aws:states:::aws-sdk:dynamdb:putItem", "did you mean \"dynamodb\""),
            ("arn:aws:states:::aws-sdk:dynamodb:putItems", "did you mean \"putItem\""),
            ("arn:aws:states:::dynamodb:query", "knows no such integration"),
            ("arn:aws:states:::http:invoke", "doesn't have the optimised integration http:invoke"),
            ("arn:aws:states:::eks:call", "doesn't have the optimised integration eks:call"),
            ("arn:aws:states:::aws-sdk:kinesis:subscribeToShard", "a stream of events"),
            ("urn:price", "services of AWS only"),
            ("arn:aws:lambda:us-east-1:123456789012:layer:x", "calls functions by"),
        ] {
            let why = refused(resource).expect(resource);
            assert!(why.contains(part), "{resource}: {why}");
        }
        assert_eq!(refused("arn:aws:states:::aws-sdk:s3:getObject"), None);
        assert_eq!(refused("arn:aws:lambda:us-east-1:123456789012:function:f:7"), None);
    }
}
