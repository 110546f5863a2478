//! Data sets and results of distributed Maps: objects in buckets of S3.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::caller::{Caller, Outgoing, Unsent};
use super::error::Refusal;
use super::integration::Style;
use super::model::{Library, Operation, Service};
use super::protocol;
use super::roles::NoKeys;
use crate::resource::Resource;
use crate::task::client::Reply;
use crate::task::place::{Place, data_failure};
use crate::task::{Answer, DataObject, Purpose, Request, Role, TaskFailure};

/// Keys that the service lists at a time.
const PAGE: usize = 1_000;
/// What a reader may say of the object or the bucket besides its name.
const PASSED_ON: [&str; 2] = ["VersionId", "ExpectedBucketOwner"];

/// Whether these are the objects that are read and stored here.
pub(super) fn serves(resource: &Resource, role: Role) -> bool {
    let is = |action| resource.is_integration("s3", action);
    match role {
        Role::ItemReader => is("getObject") || is("listObjectsV2"),
        Role::ResultWriter => is("putObject"),
        Role::Task => false,
    }
}

/// Reads, lists or stores the objects that a request names.
pub(super) async fn carry_out(caller: &Caller, request: &Request) -> Answer {
    let place = Place::of(&request.input)?;
    let bucket = Bucket { caller, request, service: service()?, place };
    match &request.purpose {
        Purpose::ReadObject { max_bytes } => bucket.read(*max_bytes).await,
        Purpose::ListObjects { max_entries } => bucket.list(*max_entries).await,
        Purpose::WriteObjects(objects) => {
            for object in objects {
                bucket.write(object).await?;
            }
            Ok(b"null".to_vec())
        }
        Purpose::Task => Err(data_failure("A task has no objects.".to_owned())),
    }
}

fn service() -> Result<Arc<Service>, TaskFailure> {
    Library::shared().service("s3").map_err(|error| data_failure(error.to_string()))
}

struct Bucket<'a> {
    caller: &'a Caller,
    request: &'a Request,
    service: Arc<Service>,
    place: Place,
}

impl Bucket<'_> {
    async fn read(&self, max_bytes: usize) -> Answer {
        let key = self.place.key()?;
        let input = self.input(json!({"Key": key}));
        let (reply, _) = self.send("getObject", &input, None, max_bytes).await?;
        match reply.cut {
            true => Err(data_failure(format!(
                "The object {}/{key} has more than {max_bytes} bytes, the most that max_dataset_bytes allows.",
                self.place.bucket
            ))),
            false => Ok(reply.body),
        }
    }

    /// The service gives a page at a time.
    async fn list(&self, max_entries: usize) -> Answer {
        let mut entries: Vec<Value> = Vec::new();
        let mut input = self.input(json!({"Prefix": self.place.prefix()}));
        while entries.len() < max_entries {
            input.insert("MaxKeys".to_owned(), Value::from(PAGE.min(max_entries - entries.len())));
            let (reply, operation) = self.send("listObjectsV2", &input, None, self.caller.max_answer_bytes()).await?;
            let page = protocol::read(&self.service, operation, &reply).map_err(data_failure)?;
            let contents = page.get("Contents").and_then(Value::as_array);
            entries.extend(contents.into_iter().flatten().map(entry));
            match page.get("NextContinuationToken") {
                Some(token) => input.insert("ContinuationToken".to_owned(), token.clone()),
                None => break,
            };
        }
        Ok(Value::Array(entries).to_string().into_bytes())
    }

    async fn write(&self, object: &DataObject) -> Result<(), TaskFailure> {
        let input = json!({"Bucket": self.place.bucket, "Key": object.key, "ContentType": "application/json"});
        let input = input.as_object().cloned().unwrap_or_default();
        self.send("putObject", &input, Some(&object.body), self.caller.max_answer_bytes()).await.map(drop)
    }

    /// The bucket, these members, and what else the reader's parameters say.
    fn input(&self, members: Value) -> Map<String, Value> {
        let mut input = members.as_object().cloned().unwrap_or_default();
        input.insert("Bucket".to_owned(), Value::from(self.place.bucket.as_str()));
        let given: Value = serde_json::from_slice(&self.request.input).unwrap_or_default();
        for name in PASSED_ON {
            if let Some(value) = given.get(name).filter(|value| value.is_string()) {
                input.insert(name.to_owned(), value.clone());
            }
        }
        input
    }

    /// The reply to a call that succeeded. `body` is what is stored.
    async fn send(
        &self,
        action: &str,
        input: &Map<String, Value>,
        body: Option<&[u8]>,
        max_answer_bytes: usize,
    ) -> Result<(Reply, &Operation), TaskFailure> {
        let service = &*self.service;
        let operation = service.operation(action).map_err(|error| data_failure(error.to_string()))?;
        let mut message = protocol::write(service, operation, input).map_err(data_failure)?;
        if let Some(body) = body {
            message.body = body.to_vec();
        }
        let keys = self.caller.keys(self.request).await.map_err(|error| match error {
            NoKeys::None(error) => data_failure(error.to_string()),
            NoKeys::Role(failure) => failure,
        })?;
        let outgoing = Outgoing {
            service,
            operation,
            input,
            message,
            region: None,
            keys: Some(keys),
            timeout: None,
            max_answer_bytes,
        };
        let sent = self.caller.send(outgoing).await;
        match sent.outcome {
            Ok(reply) if reply.status.is_success() => Ok((reply, operation)),
            Ok(reply) => {
                let failure = Refusal::of(&reply, service, operation).failure(Style::Sdk, service, sent.attempts);
                Err(data_failure(failure.cause.unwrap_or_default()))
            }
            Err(Unsent::Unusable(why)) => Err(data_failure(why)),
            Err(Unsent::Exchange(error, host)) => {
                let cause = format!("{action} of {} at {host} failed: {error}", self.place.bucket);
                Err(data_failure(cause))
            }
        }
    }
}

/// An entry of a listing, as an ItemReader has it.
fn entry(object: &Value) -> Value {
    let modified = object.get("LastModified").and_then(Value::as_i64).unwrap_or_default();
    json!({
        "Etag": object.get("ETag"),
        "LastModified": modified / 1000,
        "Key": object.get("Key"),
        "Size": object.get("Size"),
        "StorageClass": object.get("StorageClass"),
    })
}
