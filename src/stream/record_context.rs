//! `$$.Kafka`: what a workflow sees of the record that its event comes from.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rdkafka::message::{BorrowedMessage, Headers, Message};

use crate::value::write_text;

/// Appends the JSON of a record's `$$.Kafka`.
pub(super) fn write(message: &BorrowedMessage<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"Topic\":");
    write_text(message.topic(), out);
    out.extend_from_slice(
        format!(",\"Partition\":{},\"Offset\":{},\"Key\":", message.partition(), message.offset()).as_bytes(),
    );
    write_bytes(message.key(), out);
    out.extend_from_slice(b",\"Timestamp\":");
    match message.timestamp().to_millis() {
        Some(millis) => out.extend_from_slice(millis.to_string().as_bytes()),
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b",\"Headers\":{");
    for (index, header) in message.headers().into_iter().flat_map(Headers::iter).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_text(header.key, out);
        out.push(b':');
        write_bytes(header.value, out);
    }
    out.extend_from_slice(b"}}");
}

/// Bytes as a text, as base64 if they are not UTF-8, or null where there are none.
fn write_bytes(bytes: Option<&[u8]>, out: &mut Vec<u8>) {
    match bytes.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
        None => out.extend_from_slice(b"null"),
        Some((_, Ok(text))) => write_text(text, out),
        Some((bytes, Err(_))) => write_text(&BASE64_STANDARD.encode(bytes), out),
    }
}
