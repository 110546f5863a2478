//! The protocols of AWS: from an operation's input to an HTTP request, and from the reply to its output.
//!
//! Values are in the form that `parameters` describes.

mod json;
mod query;
mod rest;
mod text;
mod xml;

use serde_json::{Map, Value};

use super::model::{Operation, Protocol, Service};
use crate::task::client::Reply;

pub(super) use xml::Element;

/// An HTTP request before it is signed. Default: a POST to `/` without a body.
#[derive(Debug, Default)]
pub(super) struct Message {
    /// As it is sent.
    pub(super) path: String,
    /// Names and values, not encoded.
    pub(super) query: Vec<(String, String)>,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// The request for a call.
///
/// # Errors
/// Why there can't be one.
pub(super) fn write(service: &Service, operation: &Operation, input: &Map<String, Value>) -> Result<Message, String> {
    match service.protocol {
        Some(Protocol::Json) => Ok(json::write(service, operation, input)),
        Some(Protocol::Query) => Ok(query::write(service, operation, input, query::Dialect::Query)),
        Some(Protocol::Ec2) => Ok(query::write(service, operation, input, query::Dialect::Ec2)),
        Some(Protocol::RestJson) => rest::write(service, operation, input, rest::Body::Json),
        Some(Protocol::RestXml) => rest::write(service, operation, input, rest::Body::Xml),
        None => Err("its protocol is not spoken here".to_owned()),
    }
}

/// The output in a reply that tells success.
///
/// # Errors
/// Why it can't be read.
pub(super) fn read(service: &Service, operation: &Operation, reply: &Reply) -> Result<Map<String, Value>, String> {
    match service.protocol {
        Some(Protocol::Json) => json::read(service, operation.output, &reply.body),
        Some(Protocol::Query) => query::read(service, operation, &reply.body),
        Some(Protocol::Ec2) => query::read(service, operation, &reply.body),
        Some(Protocol::RestJson) => rest::read(service, operation, reply, rest::Body::Json),
        Some(Protocol::RestXml) => rest::read(service, operation, reply, rest::Body::Xml),
        None => Err("its protocol is not spoken here".to_owned()),
    }
}

#[cfg(test)]
mod tests;
