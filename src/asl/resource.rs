//! What a `Resource` may be: the forms of AWS, and its optimised integrations as a table.

use super::placeholder;

/// What the text of a `Resource` turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource {
    /// A Lambda function.
    Lambda,
    /// An activity that workers poll.
    Activity,
    /// An optimised or SDK integration, with the way of waiting.
    Integration(Pattern),
    /// An ARN of the Step Functions service that names no integration.
    NoIntegration,
    /// Nothing that AWS would call; a connector may still be configured for it.
    Other,
}

/// How a Task waits for its integration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// Goes on with the answer.
    RequestResponse,
    /// Waits for the end of the job: `.sync`, `.sync:2`.
    Sync,
    /// Waits for a callback: `.waitForTaskToken`.
    TaskToken,
}

/// Recognises a `Resource`; placeholders of templates stand for anything.
pub(super) fn recognise(text: &str) -> Resource {
    let text = &*placeholder::filled(text);
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let &["arn", partition, service, _region, _account, rest] = parts.as_slice() else { return Resource::Other };
    if !partition.starts_with("aws") {
        return Resource::Other;
    }
    match service {
        "lambda" if rest.strip_prefix("function:").is_some_and(|name| !name.is_empty()) => Resource::Lambda,
        "states" if rest.strip_prefix("activity:").is_some_and(|name| !name.is_empty()) => Resource::Activity,
        "states" if text.starts_with(&format!("arn:{partition}:states:::")) => integration(rest),
        "states" => Resource::NoIntegration,
        _ => Resource::Other,
    }
}

/// The integrations whose name is most like `rest`, for hints.
pub(super) fn integrations() -> impl Iterator<Item = String> {
    OPTIMISED.iter().flat_map(|(service, actions)| actions.iter().map(move |(action, _)| format!("{service}:{action}")))
}

/// `service:action[.pattern]` or `aws-sdk:service:action[.waitForTaskToken]`.
fn integration(rest: &str) -> Resource {
    let (name, pattern, version) = match rest.split_once('.') {
        None => (rest, Pattern::RequestResponse, None),
        Some((name, "sync")) => (name, Pattern::Sync, Some(1)),
        Some((name, "sync:2")) => (name, Pattern::Sync, Some(2)),
        Some((name, "waitForTaskToken")) => (name, Pattern::TaskToken, None),
        Some(_) => return Resource::NoIntegration,
    };
    let known = match name.strip_prefix("aws-sdk:") {
        Some(sdk) => pattern != Pattern::Sync && is_sdk_action(sdk),
        None => is_optimised(name, pattern, version),
    };
    if known { Resource::Integration(pattern) } else { Resource::NoIntegration }
}

fn is_sdk_action(name: &str) -> bool {
    let Some((service, action)) = name.split_once(':') else { return false };
    let lower_case = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !service.is_empty()
        && service.chars().all(lower_case)
        && action.starts_with(|c: char| c.is_ascii_lowercase())
        && action.chars().all(|c| c.is_ascii_alphanumeric())
}

fn is_optimised(name: &str, pattern: Pattern, version: Option<u8>) -> bool {
    let Some((service, action)) = name.split_once(':') else { return false };
    let actions = OPTIMISED.iter().find(|(known, _)| *known == service).map(|(_, actions)| *actions);
    let Some((_, ways)) = actions.unwrap_or_default().iter().find(|(known, _)| *known == action) else { return false };
    match pattern {
        Pattern::RequestResponse => true,
        Pattern::Sync if version == Some(2) => ways.contains(&Way::Sync2),
        Pattern::Sync => ways.contains(&Way::Sync),
        Pattern::TaskToken => ways.contains(&Way::Token),
    }
}

/// Ways of waiting beyond request-response.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Sync,
    Sync2,
    Token,
}

type Actions = &'static [(&'static str, &'static [Way])];

const SYNC: &[Way] = &[Way::Sync];
const TOKEN: &[Way] = &[Way::Token];

/// Optimised integrations: service, actions, and their ways of waiting.
const OPTIMISED: &[(&str, Actions)] = &[
    ("apigateway", &[("invoke", TOKEN)]),
    (
        "athena",
        &[
            ("startQueryExecution", SYNC),
            ("stopQueryExecution", &[]),
            ("getQueryExecution", &[]),
            ("getQueryResults", &[]),
        ],
    ),
    ("batch", &[("submitJob", SYNC)]),
    ("bedrock", &[("invokeModel", &[]), ("createModelCustomizationJob", SYNC)]),
    (
        "codebuild",
        &[
            ("startBuild", SYNC),
            ("stopBuild", &[]),
            ("batchDeleteBuilds", &[]),
            ("batchGetReports", &[]),
            ("startBuildBatch", SYNC),
            ("stopBuildBatch", &[]),
            ("retryBuildBatch", SYNC),
            ("deleteBuildBatch", &[]),
        ],
    ),
    ("databrew", &[("startJobRun", SYNC)]),
    ("dynamodb", &[("getItem", &[]), ("putItem", &[]), ("updateItem", &[]), ("deleteItem", &[])]),
    ("ecs", &[("runTask", &[Way::Sync, Way::Token])]),
    (
        "eks",
        &[
            ("createCluster", SYNC),
            ("deleteCluster", SYNC),
            ("createNodegroup", SYNC),
            ("deleteNodegroup", SYNC),
            ("createFargateProfile", SYNC),
            ("deleteFargateProfile", SYNC),
            ("call", &[]),
            ("runJob", SYNC),
        ],
    ),
    (
        "elasticmapreduce",
        &[
            ("createCluster", SYNC),
            ("setClusterTerminationProtection", &[]),
            ("terminateCluster", SYNC),
            ("addStep", SYNC),
            ("cancelStep", &[]),
            ("modifyInstanceFleetByName", &[]),
            ("modifyInstanceGroupByName", &[]),
        ],
    ),
    ("emr-containers", &[("createVirtualCluster", &[]), ("deleteVirtualCluster", SYNC), ("startJobRun", SYNC)]),
    (
        "emr-serverless",
        &[
            ("createApplication", SYNC),
            ("startApplication", SYNC),
            ("stopApplication", SYNC),
            ("deleteApplication", SYNC),
            ("startJobRun", SYNC),
            ("cancelJobRun", SYNC),
        ],
    ),
    ("events", &[("putEvents", TOKEN)]),
    ("glue", &[("startJobRun", SYNC)]),
    ("http", &[("invoke", &[])]),
    ("lambda", &[("invoke", TOKEN)]),
    ("mediaconvert", &[("createJob", SYNC)]),
    (
        "sagemaker",
        &[
            ("createEndpoint", &[]),
            ("createEndpointConfig", &[]),
            ("createHyperParameterTuningJob", SYNC),
            ("createLabelingJob", SYNC),
            ("createModel", &[]),
            ("createProcessingJob", SYNC),
            ("createTrainingJob", SYNC),
            ("createTransformJob", SYNC),
            ("updateEndpoint", &[]),
        ],
    ),
    ("sns", &[("publish", TOKEN)]),
    ("sqs", &[("sendMessage", TOKEN)]),
    ("states", &[("startExecution", &[Way::Sync, Way::Sync2, Way::Token])]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_resources_are_told_apart() {
        use Pattern::{RequestResponse, Sync, TaskToken};
        for (text, kind) in [
            ("arn:aws:lambda:us-east-1:123456789012:function:f:7", Resource::Lambda),
            ("arn:aws:lambda:REGION:ACCOUNT_ID:function:f", Resource::Lambda),
            ("arn:aws:lambda:...:send-email", Resource::Other),
            ("arn:aws:states:us-east-1:123456789012:activity:a", Resource::Activity),
            ("arn:aws:states:::dynamodb:putItem", Resource::Integration(RequestResponse)),
            ("arn:aws:states:::dynamodb:query", Resource::NoIntegration),
            ("arn:aws:states:::aws-sdk:dynamodb:query", Resource::Integration(RequestResponse)),
            ("arn:aws:states:::aws-sdk:dynamodb:Query", Resource::NoIntegration),
            ("arn:aws:states:::states:startExecution.sync:2", Resource::Integration(Sync)),
            ("arn:aws:states:::lambda:invoke.sync", Resource::NoIntegration),
            ("arn:aws-cn:states:::sqs:sendMessage.waitForTaskToken", Resource::Integration(TaskToken)),
            ("arn:aws:states:::sqs:sendMessage.later", Resource::NoIntegration),
            ("arn:${AWS::Partition}:states:::sqs:sendMessage", Resource::Integration(RequestResponse)),
            ("arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:f", Resource::Lambda),
            ("${LambdaArn}", Resource::Other),
            ("send-email", Resource::Other),
            ("", Resource::Other),
        ] {
            assert_eq!(recognise(text), kind, "{text}");
        }
    }
}
