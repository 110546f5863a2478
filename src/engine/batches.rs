//! ItemBatcher: items are put together, and a child execution gets several at once.

use super::fault::Fault;
use super::interpreter::Interpreter;
use super::pool::Id;
use super::view::Subject;
use crate::program::{Cap, ItemBatcher, Map};
use crate::value::{List, Value};

/// What a batch may hold.
#[derive(Clone, Copy)]
struct BatchLimits {
    items: u64,
    bytes: u64,
}

impl Interpreter<'_> {
    /// The inputs of the children: `{"BatchInput": …, "Items": […]}`.
    pub(super) fn batches(
        &mut self,
        frame: Id,
        map: &Map,
        batcher: &ItemBatcher,
        items: List,
        data: Value,
    ) -> Result<List, Box<Fault>> {
        self.allow_bulk_work();
        let limits = BatchLimits {
            items: self.batch_limit(frame, &batcher.max_items, "MaxItemsPerBatch", data)?,
            bytes: self
                .batch_limit(frame, &batcher.max_input_bytes, "MaxInputBytesPerBatch", data)?
                .min(self.run.limits.max_data_bytes.into()),
        };
        let batch_input = match &batcher.batch_input {
            Some(input) => Some(self.build(input, frame, Subject::data(data))?),
            None => None,
        };
        let empty = self.batch(frame, batch_input, &[])?;
        let frame_bytes = u64::from(self.heap.size(empty));
        let mut batches = Vec::new();
        let mut batch: Vec<Value> = Vec::new();
        let mut bytes = frame_bytes;
        for index in 0..items.len() {
            let value = self.heap.items(items)[index];
            let item = self.item_of_run(frame, index as u32, value);
            let input = self.select_item(frame, map, item, value, data)?;
            // With the comma before it.
            let size = u64::from(self.heap.size(input)) + 1;
            if !batch.is_empty() && (batch.len() as u64 >= limits.items || bytes + size > limits.bytes + 1) {
                batches.push(self.closed_batch(frame, batch_input, &batch)?);
                batch.clear();
                bytes = frame_bytes;
            }
            batch.push(input);
            bytes += size;
        }
        if !batch.is_empty() {
            batches.push(self.closed_batch(frame, batch_input, &batch)?);
        }
        match self.outputs(frame, &batches)? {
            Value::Array(batches) => Ok(batches),
            _ => Err(self.bug(frame, "batches are no array")),
        }
    }

    fn batch_limit(&mut self, frame: Id, cap: &Cap<u64>, field: &str, data: Value) -> Result<u64, Box<Fault>> {
        if matches!(cap, Cap::None) {
            return Ok(u64::MAX);
        }
        match self.whole_number(frame, cap, field, data)? {
            0 => Err(self.runtime_fault(frame, &format!("{field} must be positive."))),
            limit => Ok(limit),
        }
    }

    fn closed_batch(&mut self, frame: Id, batch_input: Option<Value>, items: &[Value]) -> Result<Value, Box<Fault>> {
        let batch = self.batch(frame, batch_input, items)?;
        if self.heap.bytes_used() > self.run.limits.max_heap_bytes {
            return Err(self.heap_limit_fault(frame));
        }
        self.bounded(frame, batch)
    }

    fn batch(&mut self, frame: Id, batch_input: Option<Value>, items: &[Value]) -> Result<Value, Box<Fault>> {
        let items = self.outputs(frame, items)?;
        let mark = self.heap.mark();
        if let Some(input) = batch_input {
            self.heap.push_entry(self.program.keys.batch_input, input);
        }
        self.heap.push_entry(self.program.keys.items, items);
        self.heap.object_from(mark).map_err(|exceeded| self.exceeded_fault(frame, exceeded))
    }
}
