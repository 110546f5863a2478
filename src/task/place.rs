//! What the parameters of an ItemReader or ResultWriter name.

use serde::Deserialize;

use super::TaskFailure;

/// A bucket, and what in it.
#[derive(Debug, Deserialize)]
pub(super) struct Place {
    #[serde(rename = "Bucket")]
    pub(super) bucket: String,
    #[serde(rename = "Key")]
    key: Option<String>,
    #[serde(rename = "Prefix")]
    prefix: Option<String>,
}

impl Place {
    /// Reads the parameters: JSON text.
    pub(super) fn of(parameters: &[u8]) -> Result<Place, TaskFailure> {
        serde_json::from_slice(parameters).map_err(|error| {
            data_failure(format!("The parameters name no place: {error}. Give Bucket and Key or Prefix as strings."))
        })
    }

    pub(super) fn key(&self) -> Result<&str, TaskFailure> {
        self.key.as_deref().ok_or_else(|| data_failure("The parameters have no Key.".to_owned()))
    }

    /// What the keys of a listing begin with; empty: anything.
    pub(super) fn prefix(&self) -> &str {
        self.prefix.as_deref().unwrap_or_default()
    }
}

/// A failure of reading or writing. Only its cause is shown.
pub(super) fn data_failure(cause: String) -> TaskFailure {
    TaskFailure::new("States.TaskFailed", cause)
}

/// A name of one step of a path, which neither ends the path nor leads out of its folder.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    // On Windows these lead to other drives, folders and streams.
    let foreign = cfg!(windows) && name.contains(['\\', ':']);
    let plain = !matches!(name, "" | "." | "..") && !name.contains(['/', '\0']) && !foreign;
    if plain { Ok(()) } else { Err(format!("{name:?} is no name of a bucket, folder or object")) }
}
