use serde::Serialize;

/// A workflow as people want to see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorkflowStatus {
    /// Its name.
    pub name: String,
    /// Its definition's file.
    pub file: String,
    /// The version that new executions run.
    pub version: String,
    /// When that version came, in RFC 3339.
    pub loaded_at: String,
    /// States in that version.
    pub states: usize,
    /// That version is the last good one, from `state_dir`: when the process started, the file was refused.
    pub from_state_dir: bool,
    /// The file as it is now was refused; none: the file is the version, or was not looked at since.
    pub last_error: Option<RefusedVersion>,
}

/// A version that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedVersion {
    /// When, in RFC 3339.
    pub at: String,
    /// What is wrong, with places and hints where there are any.
    pub why: String,
}
