//! What a call fails with: names and causes as the two kinds of integrations have them.

use hyper::{HeaderMap, StatusCode};
use serde_json::Value;

use super::integration::Style;
use super::model::{Operation, Protocol, Service, Shape};
use super::protocol::Element;
use crate::engine::{Contact, TaskFailure};
use crate::resource::sdk_name;
use crate::task::client::{ExchangeError, Reply, contact_of};

/// A refusal by the service, as it came.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The code on the wire.
    pub(super) code: String,
    /// The name of the error in the model; none: it has none.
    name: Option<String>,
    message: String,
    status: u16,
    request_id: String,
    /// S3's second id.
    extended_id: Option<String>,
}

impl Refusal {
    /// What a reply says that tells no success.
    pub(super) fn of(reply: &Reply, service: &Service, operation: &Operation) -> Refusal {
        let (code, message, id) = match service.protocol {
            Some(Protocol::Json | Protocol::RestJson) | None => of_json(reply),
            Some(Protocol::Query | Protocol::Ec2 | Protocol::RestXml) => of_xml(reply),
        };
        let status = reply.status.as_u16();
        let code = code.unwrap_or_else(|| match (service.id.as_str(), operation.name.as_str(), status) {
            // Answers to HEAD have no body.
            ("S3", "HeadObject", 404) => "NoSuchKey".to_owned(),
            ("S3", "HeadBucket", 404) => "NoSuchBucket".to_owned(),
            _ => status.to_string(),
        });
        let request_id = ["x-amzn-requestid", "x-amz-request-id"].iter().find_map(|name| header(&reply.headers, name));
        let known = known(&code, service, operation);
        // Services that once spoke Query say there what the code was.
        let query_code =
            header(&reply.headers, "x-amzn-query-error").and_then(|text| Some(text.split(';').next()?.to_owned()));
        Refusal {
            name: known,
            code: query_code.unwrap_or(code),
            message: message.unwrap_or_default(),
            status,
            request_id: request_id.or(id).unwrap_or_default(),
            extended_id: header(&reply.headers, "x-amz-id-2"),
        }
    }

    /// Whether the service asks for patience.
    pub(super) fn is_passing(&self) -> bool {
        const PASSING: [&str; 14] = [
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "RequestThrottledException",
            "RequestThrottled",
            "TooManyRequestsException",
            "ProvisionedThroughputExceededException",
            "TransactionInProgressException",
            "RequestLimitExceeded",
            "BandwidthLimitExceeded",
            "LimitExceededException",
            "SlowDown",
            "PriorRequestNotComplete",
            "RequestTimeout",
        ];
        matches!(self.status, 500 | 502 | 503 | 504) || PASSING.contains(&self.code.as_str())
    }

    /// The failure of the state.
    pub(super) fn failure(&self, style: Style, service: &Service, attempts: u32) -> TaskFailure {
        let Refusal { code, message, status, request_id, .. } = self;
        let failure = match style {
            Style::Optimised(of) => {
                let error = self.name.as_deref().map_or_else(|| of.exception.to_owned(), exception);
                let cause = format!(
                    "{message} (Service: {}; Status Code: {status}; Error Code: {code}; Request ID: {request_id}; Proxy: null)",
                    of.label
                );
                TaskFailure::new(format!("{}.{error}", of.prefix), cause)
            }
            Style::Sdk => {
                let prefix = prefix(service);
                let error = self
                    .name
                    .as_deref()
                    .map_or_else(|| format!("{prefix}Exception"), |name| sdk_name(&exception(name)));
                let extended = self.extended_id.as_ref().map(|id| format!(", Extended Request ID: {id}"));
                let extended = extended.unwrap_or_default();
                let cause = format!(
                    "{message} (Service: {prefix}, Status Code: {status}, Request ID: {request_id}{extended}) \
                     (SDK Attempt Count: {attempts})"
                );
                TaskFailure::new(format!("{prefix}.{error}"), cause)
            }
        };
        failure.at(StatusCode::from_u16(*status).map_or(Contact::Answered, contact_of))
    }
}

/// What names of errors of SDK integrations begin with: the service as the Java SDK has it.
fn prefix(service: &Service) -> String {
    let words = service.id.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| if word == "IoT" { "Iot".to_owned() } else { sdk_name(word) }).collect()
}

/// The Java class of an error.
fn exception(name: &str) -> String {
    match name.strip_suffix("Fault") {
        Some(stem) => format!("{stem}Exception"),
        None if name.ends_with("Exception") => name.to_owned(),
        None => format!("{name}Exception"),
    }
}

/// The name of the error that the model has for a code.
fn known(code: &str, service: &Service, operation: &Operation) -> Option<String> {
    operation.errors.iter().find_map(|error| match service.shape(*error) {
        Shape::Structure(error) => {
            let name = error.exception.as_deref()?;
            (name == code || error.code.as_deref() == Some(code)).then(|| name.to_owned())
        }
        _ => None,
    })
}

/// Code, message and request id.
type Said = (Option<String>, Option<String>, Option<String>);

fn of_json(reply: &Reply) -> Said {
    if reply.body.trim_ascii_start().starts_with(b"<") {
        // What stands before a service may know nothing of its protocol.
        return of_xml(reply);
    }
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let member = |names: &[&str]| names.iter().find_map(|name| body.get(name)?.as_str()).map(str::to_owned);
    let code = header(&reply.headers, "x-amzn-errortype").or_else(|| member(&["__type", "code", "Code"]));
    // The header may go on with `:` and a URL, the member may begin with a namespace and `#`.
    let code = code.map(|code| {
        let code = code.split(':').next().unwrap_or_default();
        code.rsplit('#').next().unwrap_or_default().to_owned()
    });
    (code.filter(|code| !code.is_empty()), member(&["message", "Message", "errorMessage"]), None)
}

fn of_xml(reply: &Reply) -> Said {
    let Ok(root) = Element::parse(&reply.body) else { return (None, None, None) };
    let error = match root.name() {
        "Error" => Some(&root),
        _ => root.child("Errors").unwrap_or(&root).child("Error"),
    };
    let text = |name| error.and_then(|error| error.text_of(name)).filter(|text| !text.is_empty()).map(str::to_owned);
    let id = ["RequestId", "RequestID"].iter().find_map(|name| root.text_of(name)).map(str::to_owned);
    (text("Code"), text("Message"), id)
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The failure where no answer came.
pub(super) fn exchange(
    error: ExchangeError,
    host: &str,
    style: Style,
    service: &Service,
    attempts: u32,
) -> TaskFailure {
    let contact = error.contact();
    let failure = match error {
        ExchangeError::StateTimeout => TaskFailure::timeout(),
        ExchangeError::Timeout(after) => {
            let cause = format!(
                "Client execution did not complete before the specified timeout configuration: {} millis",
                after.as_millis()
            );
            client(style, service, ["ClientExecutionTimeoutException", "ApiCallTimeoutException"], cause, attempts)
        }
        ExchangeError::Broken(reason) | ExchangeError::Unreachable(reason) => {
            let cause = format!("Unable to execute HTTP request: {host}: {reason}");
            client(style, service, ["SdkClientException"; 2], cause, attempts)
        }
    };
    failure.at(contact)
}

/// A failure on this side. `names`: that of the optimised integrations, that of the SDK's.
pub(super) fn client(style: Style, service: &Service, names: [&str; 2], cause: String, attempts: u32) -> TaskFailure {
    match style {
        Style::Optimised(of) => TaskFailure::new(format!("{}.{}", of.prefix, names[0]), cause),
        Style::Sdk => {
            let cause = format!("{cause} (SDK Attempt Count: {attempts})");
            TaskFailure::new(format!("{}.{}", prefix(service), names[1]), cause)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::aws::integration;
    use crate::task::aws::model::Library;

    fn failure(
        service: &str,
        action: &str,
        style: Style,
        (status, headers, body): (u16, &[(&'static str, &str)], &str),
    ) -> (String, String) {
        let service = Library::shared().service(service).expect("there is one");
        let mut reply = Reply {
            status: StatusCode::from_u16(status).expect("valid"),
            headers: HeaderMap::new(),
            body: body.as_bytes().to_vec(),
            cut: false,
        };
        for (name, value) in headers {
            reply.headers.insert(*name, value.parse().expect("valid"));
        }
        let operation = service.operation(action).expect("there is one");
        let failure = Refusal::of(&reply, &service, operation).failure(style, &service, 1);
        (failure.error.unwrap_or_default(), failure.cause.unwrap_or_default())
    }

    fn optimised(service: &str) -> Style {
        Style::Optimised(integration::optimised(service).expect("there is one"))
    }

    #[test]
    fn names_and_causes_of_optimised_integrations() {
        let id = [("x-amzn-requestid", "r")];
        for (service, action, way, body, error, cause) in [
            (
                "dynamodb",
                "putItem",
                "dynamodb",
                r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"The conditional request failed"}"#,
                "DynamoDB.ConditionalCheckFailedException",
                "The conditional request failed (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: \
                 ConditionalCheckFailedException; Request ID: r; Proxy: null)",
            ),
            (
                "dynamodb",
                "putItem",
                "dynamodb",
                r#"{"__type":"com.amazon.coral.validate#ValidationException","message":"m"}"#,
                "DynamoDB.AmazonDynamoDBException",
                "m (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ValidationException; Request ID: r; Proxy: null)",
            ),
            (
                "sns",
                "publish",
                "sns",
                "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type><Code>NotFound</Code>\
                 <Message>Topic does not exist</Message></Error><RequestId>r</RequestId></ErrorResponse>",
                "SNS.NotFoundException",
                "Topic does not exist (Service: AmazonSNS; Status Code: 400; Error Code: NotFound; Request ID: r; Proxy: null)",
            ),
            (
                "sfn",
                "startExecution",
                "states",
                r#"{"__type":"StateMachineDoesNotExist","message":"m"}"#,
                "StepFunctions.StateMachineDoesNotExistException",
                "m (Service: AWSStepFunctions; Status Code: 400; Error Code: StateMachineDoesNotExist; Request ID: r; Proxy: null)",
            ),
        ] {
            let found = failure(service, action, optimised(way), (400, &id, body));
            assert_eq!(found, (error.to_owned(), cause.to_owned()));
        }
        let query =
            [("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender"), ("x-amzn-requestid", "r")];
        let body = r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"m"}"#;
        let (error, cause) = failure("sqs", "sendMessage", optimised("sqs"), (400, &query, body));
        assert_eq!(error, "SQS.QueueDoesNotExistException");
        assert!(cause.contains("Error Code: AWS.SimpleQueueService.NonExistentQueue;"), "{cause}");
    }

    #[test]
    fn names_and_causes_of_sdk_integrations() {
        let id = [("x-amzn-requestid", "r")];
        for (service, action, body, error, cause) in [
            (
                "sfn",
                "sendTaskSuccess",
                r#"{"__type":"InvalidToken","message":"Invalid Token: 'Invalid token'"}"#,
                "Sfn.InvalidTokenException",
                "Invalid Token: 'Invalid token' (Service: Sfn, Status Code: 400, Request ID: r) (SDK Attempt Count: 1)",
            ),
            (
                "dynamodb",
                "putItem",
                r#"{"__type":"x#ValidationException","message":"m"}"#,
                "DynamoDb.DynamoDbException",
                "m (Service: DynamoDb, Status Code: 400, Request ID: r) (SDK Attempt Count: 1)",
            ),
            (
                "rds",
                "describeDBInstances",
                "<ErrorResponse><Error><Code>DBInstanceNotFound</Code><Message>m</Message></Error><RequestId>r</RequestId></ErrorResponse>",
                "Rds.DbInstanceNotFoundException",
                "m (Service: Rds, Status Code: 400, Request ID: r) (SDK Attempt Count: 1)",
            ),
        ] {
            let found = failure(service, action, Style::Sdk, (400, &id, body));
            assert_eq!(found, (error.to_owned(), cause.to_owned()));
        }
        let body =
            "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>m</Message><RequestId>q</RequestId></Error>";
        let (error, cause) = failure("s3", "getObject", Style::Sdk, (404, &[("x-amz-id-2", "e")], body));
        assert_eq!(error, "S3.NoSuchKeyException");
        assert!(cause.contains("Request ID: q, Extended Request ID: e)"), "{cause}");
        assert_eq!(failure("s3", "headObject", Style::Sdk, (404, &[], "")).0, "S3.NoSuchKeyException");
    }
}
