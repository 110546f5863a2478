//! The distributed mode of a Map.

use std::sync::Arc;

use super::Compiler;
use crate::asl::{self, ItemSource, Node, QueryLanguage, Transformation};
use crate::program::{
    Callee, Destination, Distributed, ItemBatcher, ItemReader, Payload, ResultWriter, Role, Tolerance,
};
use crate::resource::Resource;

/// The longest label, in characters.
const MAX_LABEL_CHARS: usize = 40;

impl Compiler {
    /// The distributed mode of the Map of this name; `location` is the state's place.
    pub(super) fn distributed(&mut self, map: &asl::MapState, name: &str, location: &str) -> Option<Distributed> {
        let count = self.cap(&map.tolerated_failure_count, &format!("{location}/ToleratedFailureCount"));
        let percentage = self.cap(&map.tolerated_failure_percentage, &format!("{location}/ToleratedFailurePercentage"));
        let reader = map.item_reader.as_ref().map(|reader| self.item_reader(reader, &format!("{location}/ItemReader")));
        let batcher =
            map.item_batcher.as_ref().map(|batcher| self.item_batcher(batcher, &format!("{location}/ItemBatcher")));
        let writer =
            map.result_writer.as_ref().map(|writer| self.result_writer(writer, &format!("{location}/ResultWriter")));
        Some(Distributed {
            label: map.label.as_ref().map_or_else(|| label_of(name), |label| label.value.as_str().into()),
            tolerance: Tolerance { count: count?, percentage: percentage? },
            reader: transpose(reader)?,
            batcher: transpose(batcher)?,
            writer: transpose(writer)?,
        })
    }

    fn item_reader(&mut self, reader: &asl::ItemReader, location: &str) -> Option<ItemReader> {
        let parameters = self.data_parameters(&reader.parameters, location);
        let max_items = self.cap(&reader.max_items, &format!("{location}/ReaderConfig/MaxItems"));
        let format = match &reader.source {
            ItemSource::Listing => None,
            ItemSource::Object(format) => Some(format.clone()),
            ItemSource::Unsupported(field) => {
                self.refuse(field.value, format!("{location}/ReaderConfig"), &field.span);
                return None;
            }
        };
        let callee = self.data_callee(&reader.resource.value, Role::ItemReader);
        Some(ItemReader { callee, parameters: parameters?, format, max_items: max_items? })
    }

    fn item_batcher(&mut self, batcher: &asl::ItemBatcher, location: &str) -> Option<ItemBatcher> {
        let batch_input = self.optional_payload(&batcher.batch_input, &format!("{location}/BatchInput"));
        let max_items = self.cap(&batcher.max_items, &format!("{location}/MaxItemsPerBatch"));
        let max_input_bytes = self.cap(&batcher.max_input_bytes, &format!("{location}/MaxInputBytesPerBatch"));
        Some(ItemBatcher { batch_input: batch_input?, max_items: max_items?, max_input_bytes: max_input_bytes? })
    }

    fn result_writer(&mut self, writer: &asl::ResultWriter, location: &str) -> Option<ResultWriter> {
        let destination = match &writer.destination {
            None => None,
            Some(destination) => {
                let parameters = self.data_parameters(&destination.parameters, location)?;
                Some(Destination {
                    callee: self.data_callee(&destination.resource.value, Role::ResultWriter),
                    parameters,
                })
            }
        };
        // What is exported is described unless the definition says otherwise; in the state's result only outputs stand.
        let default = if destination.is_some() { Transformation::None } else { Transformation::Compact };
        Some(ResultWriter {
            destination,
            transformation: writer.transformation.unwrap_or(default),
            output_type: writer.output_type,
        })
    }

    fn data_parameters(&mut self, parameters: &Option<Node>, location: &str) -> Option<Option<Payload>> {
        let field = if self.language == QueryLanguage::JSONata { "Arguments" } else { "Parameters" };
        self.optional_payload(parameters, &format!("{location}/{field}"))
    }

    /// A Resource that data is read from or written to, by a connector like those of tasks.
    fn data_callee(&mut self, resource: &Arc<Resource>, role: Role) -> Callee {
        self.can_suspend = true;
        self.callee(resource, role)
    }
}

/// Nothing given is fine, something faulty is not.
fn transpose<T>(given: Option<Option<T>>) -> Option<Option<T>> {
    match given {
        None => Some(None),
        Some(compiled) => compiled.map(Some),
    }
}

/// A label for a Map without one: of the state's name, what a label may hold.
fn label_of(name: &str) -> Box<str> {
    let label: String =
        name.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).take(MAX_LABEL_CHARS).collect();
    if label.is_empty() { "Map".into() } else { label.into() }
}
