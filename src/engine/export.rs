//! What a ResultWriter writes: files of records, the manifest that names them, and the state's result.

use super::outcome::DataObject;
use crate::asl::OutputType;
use crate::value::write_text;

/// The records of one file.
pub(super) struct Records {
    pub(super) body: Vec<u8>,
    /// Where each begins. A byte behind it, the next one does, or the end of the file is near.
    begins: Vec<usize>,
    lines: bool,
}

impl Records {
    pub(super) fn new(output_type: OutputType) -> Records {
        let lines = output_type == OutputType::JsonLines;
        Records { body: if lines { Vec::new() } else { vec![b'['] }, begins: Vec::new(), lines }
    }

    pub(super) fn begin_record(&mut self) -> &mut Vec<u8> {
        if !self.begins.is_empty() {
            self.body.push(if self.lines { b'\n' } else { b',' });
        }
        self.begins.push(self.body.len());
        &mut self.body
    }

    pub(super) fn is_empty(&self) -> bool {
        self.begins.is_empty()
    }

    pub(super) fn close(mut self, key: String) -> DataObject {
        self.body.push(if self.lines { b'\n' } else { b']' });
        let nexts = self.begins.iter().copied().skip(1).chain([self.body.len()]);
        let records = self.begins.iter().zip(nexts).map(|(&begin, next)| begin..next - 1).collect();
        DataObject { key, body: self.body, records }
    }
}

/// Stands for the object that says that a text was not left out.
pub(super) const INCLUDED: &str = "{\"Included\":true}";

/// An object of texts; members that end in `Details` are JSON already.
pub(super) fn write_members(members: &[(&str, &str)], out: &mut Vec<u8>) {
    out.push(b'{');
    for (index, (name, text)) in members.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_text(name, out);
        out.push(b':');
        if name.ends_with("Details") {
            out.extend_from_slice(text.as_bytes());
        } else {
            write_text(text, out);
        }
    }
    out.push(b'}');
}

/// Status, and the key and size of its file, if it has one.
pub(super) type ResultFile = (&'static str, Option<(String, usize)>);

/// The state's result.
pub(super) fn result(map_run_arn: &str, bucket: &str, folder: &str) -> Vec<u8> {
    let mut text = Vec::new();
    text.extend_from_slice(b"{\"MapRunArn\":");
    write_text(map_run_arn, &mut text);
    text.extend_from_slice(b",\"ResultWriterDetails\":{\"Bucket\":");
    write_text(bucket, &mut text);
    text.extend_from_slice(b",\"Key\":");
    write_text(&format!("{folder}/manifest.json"), &mut text);
    text.extend_from_slice(b"}}");
    text
}

/// The file that names the others.
pub(super) fn manifest(bucket: &str, map_run_arn: &str, files: &[ResultFile]) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend_from_slice(b"{\"DestinationBucket\":");
    write_text(bucket, &mut out);
    out.extend_from_slice(b",\"MapRunArn\":");
    write_text(map_run_arn, &mut out);
    out.extend_from_slice(b",\"ResultFiles\":{");
    for (index, (status, file)) in files.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_text(status, &mut out);
        out.extend_from_slice(b":[");
        if let Some((key, size)) = file {
            out.extend_from_slice(b"{\"Key\":");
            write_text(key, &mut out);
            out.extend_from_slice(format!(",\"Size\":{size}}}").as_bytes());
        }
        out.push(b']');
    }
    out.extend_from_slice(b"}}");
    out
}
