//! What a distributed Map adds to a Map, as the engine runs it.

use super::{Callee, Cap, Payload, Tolerance};
use crate::asl::{InputType, OutputType, Transformation};

/// The distributed mode of a Map.
#[derive(Debug)]
pub(crate) struct Distributed {
    /// Part of the names of runs and of child executions.
    pub(crate) label: Box<str>,
    pub(crate) tolerance: Tolerance,
    pub(crate) reader: Option<ItemReader>,
    pub(crate) batcher: Option<ItemBatcher>,
    pub(crate) writer: Option<ResultWriter>,
}

#[derive(Debug)]
pub(crate) struct ItemReader {
    pub(crate) callee: Callee,
    pub(crate) parameters: Option<Payload>,
    /// The form of the object that holds the items; `None`: the items are a listing's entries.
    pub(crate) format: Option<InputType>,
    pub(crate) max_items: Cap<u64>,
}

#[derive(Debug)]
pub(crate) struct ItemBatcher {
    pub(crate) batch_input: Option<Payload>,
    pub(crate) max_items: Cap<u64>,
    pub(crate) max_input_bytes: Cap<u64>,
}

#[derive(Debug)]
pub(crate) struct ResultWriter {
    /// `None`: the results stay in the state's result.
    pub(crate) destination: Option<Destination>,
    pub(crate) transformation: Transformation,
    pub(crate) output_type: OutputType,
}

#[derive(Debug)]
pub(crate) struct Destination {
    pub(crate) callee: Callee,
    pub(crate) parameters: Option<Payload>,
}

impl Distributed {
    /// Whether child executions are described, not only their outputs kept.
    pub(crate) fn describes_children(&self) -> bool {
        self.writer
            .as_ref()
            .is_some_and(|writer| writer.destination.is_some() || writer.transformation == Transformation::None)
    }
}
