//! What the service checks in the parameters of an integration before it calls it.

/// The form that a parameter must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// An object whose values are arrays of strings.
    StringLists,
    String,
    Boolean,
}

/// A parameter and its form.
pub(crate) type Parameter = (&'static str, Format);

const API_GATEWAY: &[Parameter] = &[
    ("ApiEndpoint", Format::String),
    ("Method", Format::String),
    ("Headers", Format::StringLists),
    ("Stage", Format::String),
    ("Path", Format::String),
    ("QueryParameters", Format::StringLists),
    ("AllowNullValues", Format::Boolean),
    ("AuthType", Format::String),
];

/// The parameters of an integration that are checked, by the type and the action of its resource.
pub(crate) fn of(resource_type: &str, action: &str) -> &'static [Parameter] {
    match (resource_type, action.split('.').next()) {
        ("apigateway", Some("invoke")) => API_GATEWAY,
        _ => &[],
    }
}
