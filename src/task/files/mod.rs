//! The `files` connector: the data sets and results of distributed Maps as files below one folder.
//!
//! A bucket is a folder in the root, a key the path of a file in it. Nothing outside of the root is ever touched: names such
//! as `..` and symbolic links are refused, wherever they point.
//!
//! | call | outcome |
//! |---|---|
//! | an ItemReader's object | the file's bytes |
//! | an ItemReader's listing | the bucket's files, sorted by key as S3 does |
//! | a ResultWriter's objects | files, each complete or not there |
//! | a Task state | a failure: this connector carries out no tasks |
//!
//! Files are read and written on the runtime's threads for blocking work.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::place::{Place, data_failure};
use super::{Answer, BoxFuture, Connector, ConnectorKind, OptionsError, Purpose, Request, Resource, Role, TaskFailure};
use crate::config::Options;

mod folder;
#[cfg(test)]
mod tests;

use folder::Folder;

/// The kind `files`.
pub static FILES: ConnectorKind = ConnectorKind {
    name: "files",
    options: &["root"],
    can_pause: false,
    make,
    address: None,
    suggestion: |_, role| (role != Role::Task).then_some("root = \"data\""),
    implied: ConnectorKind::nothing_implied,
};

fn make(options: &mut Options<'_>, timeout: Duration) -> Option<Arc<dyn Connector>> {
    options.required("root", "give the folder that holds the buckets: root = \"data\"")?;
    let root = options.path("root")?;
    match FilesConnector::new(FilesOptions { root, timeout }) {
        Ok(connector) => Some(Arc::new(connector)),
        Err(error) => {
            options.mistake("root", error.to_string(), None);
            None
        }
    }
}

/// Options of the `files` connector.
#[derive(Clone, Debug)]
pub struct FilesOptions {
    /// The folder that holds the buckets.
    pub root: PathBuf,
    /// Time for one call.
    pub timeout: Duration,
}

/// Reads and writes files below one folder.
#[derive(Debug)]
pub struct FilesConnector {
    folder: Arc<Folder>,
    timeout: Duration,
}

impl FilesConnector {
    /// Checks that the root is a folder.
    ///
    /// # Errors
    /// [`OptionsError::Root`] if it is not.
    pub fn new(options: FilesOptions) -> Result<Self, OptionsError> {
        let invalid = |reason: String| OptionsError::Root { path: options.root.clone(), reason };
        let metadata = std::fs::metadata(&options.root).map_err(|error| invalid(error.to_string()))?;
        if !metadata.is_dir() {
            return Err(invalid("it is not a folder".to_owned()));
        }
        Ok(FilesConnector { folder: Arc::new(Folder::new(options.root)), timeout: options.timeout })
    }
}

impl Connector for FilesConnector {
    fn call(&self, request: Request) -> BoxFuture<'static, Answer> {
        if request.purpose == Purpose::Task {
            return Box::pin(async { Err(no_tasks()) });
        }
        let folder = Arc::clone(&self.folder);
        let timeout = self.timeout;
        Box::pin(async move {
            let work = tokio::task::spawn_blocking(move || carry_out(&folder, &request));
            match tokio::time::timeout(timeout, work).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(broken)) => Err(data_failure(format!("The file could not be worked on: {broken}"))),
                Err(_) => Err(data_failure(format!("The file system gave no answer within {timeout:?}."))),
            }
        })
    }

    fn refuses(&self, _: &Resource, role: Role) -> Option<String> {
        (role == Role::Task).then(|| "serves no Task state, only ItemReader and ResultWriter".to_owned())
    }

    fn kind(&self) -> &'static str {
        FILES.name
    }
}

fn carry_out(folder: &Folder, request: &Request) -> Answer {
    let place = Place::of(&request.input)?;
    match &request.purpose {
        Purpose::Task => Err(no_tasks()),
        Purpose::ReadObject { max_bytes } => folder.read(&place.bucket, place.key()?, *max_bytes).map_err(data_failure),
        Purpose::ListObjects { max_entries } => {
            let objects = folder.list(&place.bucket, place.prefix(), *max_entries).map_err(data_failure)?;
            serde_json::to_vec(&objects).map_err(|error| data_failure(error.to_string()))
        }
        Purpose::WriteObjects(objects) => {
            for object in objects {
                folder.write(&place.bucket, &object.key, &object.body).map_err(data_failure)?;
            }
            Ok(b"null".to_vec())
        }
    }
}

fn no_tasks() -> TaskFailure {
    let cause = "The files connector serves ItemReader and ResultWriter of Map states, not Task states.";
    TaskFailure::new("States.Runtime", cause)
}
