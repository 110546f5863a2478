//! ResultWriter: what is kept of child executions, as values of the state's result or as files.

use super::export::{self, INCLUDED, Records, manifest, write_members};
use super::fault::{Fault, WRITER_FAILED};
use super::identity::{Child, uuid};
use super::interpreter::Interpreter;
use super::map_run::{ChildEnd, ChildRecord};
use super::outcome::{DataObject, Failure};
use super::pool::Id;
use super::time::time_text;
use crate::asl::{OutputType, Transformation};
use crate::program::Distributed;
use crate::value::Value;

impl Interpreter<'_> {
    /// Notes how a child ended, where that is to be described.
    pub(super) fn note_success(&mut self, frame: Id, index: u32, output: Value) {
        self.note_end(frame, index, |_| ChildEnd::Succeeded(output));
    }

    pub(super) fn note_failure(&mut self, frame: Id, index: u32, failure: &Failure) {
        let (error, cause) = (&failure.error, &failure.cause);
        self.note_end(frame, index, |_| ChildEnd::Failed { error: error.clone(), cause: cause.clone() });
    }

    pub(super) fn note_abort(&mut self, frame: Id, index: u32) {
        self.note_end(frame, index, |_| ChildEnd::Aborted);
    }

    fn note_end(&mut self, frame: Id, index: u32, end: impl FnOnce(&Self) -> ChildEnd) {
        let now = self.run.now;
        let end = end(self);
        self.with_run(frame, |run| {
            // Without descriptions there are no records.
            if let Some(record) = run.children.get_mut(index as usize) {
                (record.end, record.stopped_at) = (end, now);
            }
        });
    }

    /// The descriptions of all children, in order.
    pub(super) fn described(&mut self, frame: Id, distributed: &Distributed) -> Result<Value, Box<Fault>> {
        let count = self.run.frames.at(frame).map_run.as_ref().map_or(0, |run| run.children.len());
        let mut all = Vec::with_capacity(count);
        let mut text = Vec::new();
        for index in 0..count {
            text.clear();
            self.describe(frame, distributed, index, &mut text);
            // Its own description is JSON.
            all.push(self.heap.parse(&text).map_err(|error| self.runtime_fault(frame, &error.to_string()))?);
            if self.heap.bytes_used() > self.run.limits.max_heap_bytes {
                return Err(self.heap_limit_fault(frame));
            }
        }
        self.outputs(frame, &all)
    }

    /// Outputs, with the elements of arrays instead of the arrays.
    pub(super) fn flattened(&self, outputs: &[Value]) -> Vec<Value> {
        let mut flat = Vec::new();
        for output in outputs {
            match output {
                Value::Array(elements) => flat.extend_from_slice(self.heap.items(*elements)),
                other => flat.push(*other),
            }
        }
        flat
    }

    /// The files of a run, the manifest last: who finds it finds the rest.
    pub(super) fn result_objects(
        &mut self,
        frame: Id,
        distributed: &Distributed,
    ) -> Result<Vec<DataObject>, Box<Fault>> {
        let Some((bucket, folder)) = self.place(frame) else {
            let cause = "The parameters of the ResultWriter have no Bucket.".to_owned();
            return Err(self.transfer_fault(frame, WRITER_FAILED, cause));
        };
        let extension = match distributed.writer.as_ref().map(|writer| writer.output_type) {
            Some(OutputType::JsonLines) => "jsonl",
            _ => "json",
        };
        let mut objects = Vec::new();
        let mut lists = Vec::new();
        for (status, records) in [
            ("FAILED", self.failed_records(frame, distributed)?),
            ("PENDING", self.pending_records(frame, distributed)?),
            ("SUCCEEDED", self.succeeded_records(frame, distributed)?),
        ] {
            let key = format!("{folder}/{status}_0.{extension}");
            let file = records.map(|records| records.close(key));
            lists.push((status, file.as_ref().map(|file| (file.key.clone(), file.body.len()))));
            objects.extend(file);
        }
        let arn = self.map_run_arn(frame, distributed);
        let body = manifest(&bucket, &arn, &lists);
        let whole = 0..body.len();
        objects.push(DataObject { key: format!("{folder}/manifest.json"), body, records: vec![whole] });
        Ok(objects)
    }

    /// The bucket, and what the keys of the run's files begin with.
    fn place(&self, frame: Id) -> Option<(String, String)> {
        let run = self.run.frames.at(frame).map_run.as_deref()?;
        let Some(Value::Object(parameters)) = run.destination else { return None };
        let text = |name: &str| match self.heap.field(parameters, name) {
            Some(Value::String(text)) => Some(self.heap.str(text).into_owned()),
            _ => None,
        };
        let prefix = text("Prefix").unwrap_or_default();
        let prefix = prefix.trim_end_matches('/');
        let separator = if prefix.is_empty() { "" } else { "/" };
        Some((text("Bucket")?, format!("{prefix}{separator}{}", uuid(run.id))))
    }

    fn map_run_arn(&self, frame: Id, distributed: &Distributed) -> String {
        let run = self.run.frames.at(frame).map_run.as_ref().map_or(0, |run| run.id);
        self.run.identity.map_run_arn(&distributed.label, run)
    }

    /// The state's result when the files are written.
    pub(super) fn written(&mut self, frame: Id, distributed: &Distributed) -> Result<Value, Box<Fault>> {
        let Some((bucket, folder)) = self.place(frame) else { return Ok(Value::Null) };
        let arn = self.map_run_arn(frame, distributed);
        let text = export::result(&arn, &bucket, &folder);
        self.heap.parse(&text).map_err(|error| self.runtime_fault(frame, &error.to_string()))
    }

    fn succeeded_records(&mut self, frame: Id, distributed: &Distributed) -> Result<Option<Records>, Box<Fault>> {
        let Some(writer) = &distributed.writer else { return Ok(None) };
        let transformation = writer.transformation;
        self.records(frame, writer.output_type, |this, index, records| {
            let Some(record) = this.record_at(frame, index) else { return };
            let ChildEnd::Succeeded(output) = record.end else { return };
            match (transformation, output) {
                (Transformation::None, _) => this.describe(frame, distributed, index, records.begin_record()),
                (Transformation::Flatten, Value::Array(elements)) => {
                    for element in this.heap.items(elements) {
                        this.heap.write(*element, records.begin_record());
                    }
                }
                (Transformation::Compact | Transformation::Flatten, output) => {
                    this.heap.write(output, records.begin_record());
                }
            }
        })
    }

    fn failed_records(&mut self, frame: Id, distributed: &Distributed) -> Result<Option<Records>, Box<Fault>> {
        let Some(writer) = &distributed.writer else { return Ok(None) };
        self.records(frame, writer.output_type, |this, index, records| {
            let succeeded = this.record_at(frame, index).map(|record| matches!(record.end, ChildEnd::Succeeded(_)));
            if succeeded == Some(false) {
                this.describe(frame, distributed, index, records.begin_record());
            }
        })
    }

    /// What was to be run and was not, since the run failed before.
    fn pending_records(&mut self, frame: Id, distributed: &Distributed) -> Result<Option<Records>, Box<Fault>> {
        let Some(writer) = &distributed.writer else { return Ok(None) };
        let machine = self.labelled_machine(distributed);
        self.records(frame, writer.output_type, |this, index, records| {
            if this.record_at(frame, index).is_some() {
                return;
            }
            let items = this.run.frames.at(frame).map_run.as_ref().and_then(|run| run.items);
            let Some(item) = items.and_then(|items| this.heap.items(items).get(index).copied()) else { return };
            let input = this.heap.to_json(item);
            let out = records.begin_record();
            write_members(
                &[("Input", &input), ("InputDetails", INCLUDED), ("StateMachineArn", &machine), ("Status", "PENDING")],
                out,
            );
        })
    }

    fn record_at(&self, frame: Id, index: usize) -> Option<&ChildRecord> {
        self.run.frames.at(frame).map_run.as_ref()?.children.get(index)
    }

    /// The records that `write` makes of the children, begun or not; `None` if there are none.
    fn records(
        &mut self,
        frame: Id,
        output_type: OutputType,
        mut write: impl FnMut(&Self, usize, &mut Records),
    ) -> Result<Option<Records>, Box<Fault>> {
        let count = self.run.frames.at(frame).map_run.as_ref().and_then(|run| run.items).map_or(0, |items| items.len());
        let mut records = Records::new(output_type);
        for index in 0..count {
            write(self, index, &mut records);
            let limit = self.run.limits.max_heap_bytes;
            if records.body.len() > limit {
                let cause = format!("The results take more than {limit} bytes.");
                return Err(self.transfer_fault(frame, WRITER_FAILED, cause));
            }
        }
        Ok((!records.is_empty()).then_some(records))
    }

    fn labelled_machine(&self, distributed: &Distributed) -> String {
        let child = Child { id: 0, input: Value::Null, started_at: self.run.now };
        self.run.identity.child(child, &distributed.label).state_machine_id().into_owned()
    }

    /// The description of a child, keys in the order of the service's files.
    fn describe(&self, frame: Id, distributed: &Distributed, index: usize, out: &mut Vec<u8>) {
        let Some(record) = self.record_at(frame, index) else { return };
        let who = self.run.identity.child(record.child, &distributed.label);
        let (id, name, machine) = (who.id(), who.name(), who.state_machine_id());
        let input = self.heap.to_json(record.child.input);
        let output = match record.end {
            ChildEnd::Succeeded(output) => Some(self.heap.to_json(output)),
            _ => None,
        };
        let (begun, stopped) = (time_text(record.child.started_at), time_text(record.stopped_at));
        let mut members: Vec<(&str, &str)> = Vec::with_capacity(12);
        if let ChildEnd::Failed { error, cause } = &record.end {
            members.extend(cause.iter().map(|cause| ("Cause", cause.as_str())));
            members.extend(error.iter().map(|error| ("Error", error.as_str())));
        }
        members.extend([("ExecutionArn", &*id), ("Input", &input), ("InputDetails", INCLUDED), ("Name", &*name)]);
        if let Some(output) = &output {
            members.extend([("Output", output.as_str()), ("OutputDetails", INCLUDED)]);
        }
        members.extend([
            ("StartDate", begun.as_str()),
            ("StateMachineArn", &*machine),
            ("Status", record.status()),
            ("StopDate", &stopped),
        ]);
        write_members(&members, out);
    }
}
