//! The optimised integrations of the service, as a table.

use super::Pattern;

/// All optimised integrations: `service:action`.
pub fn integrations() -> impl Iterator<Item = String> {
    OPTIMISED.iter().flat_map(|(service, actions)| actions.iter().map(move |(action, _)| format!("{service}:{action}")))
}

/// Whether the service has this integration and can wait for it in this way.
pub(super) fn is_optimised(service: &str, action: &str, pattern: Pattern) -> bool {
    let actions = OPTIMISED.iter().find(|(known, _)| *known == service).map(|(_, actions)| *actions);
    let Some((_, ways)) = actions.unwrap_or_default().iter().find(|(known, _)| *known == action) else { return false };
    match pattern {
        Pattern::RequestResponse => true,
        Pattern::Sync => ways.contains(&Way::Sync),
        Pattern::Sync2 => ways.contains(&Way::Sync2),
        Pattern::WaitForTaskToken => ways.contains(&Way::Token),
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
