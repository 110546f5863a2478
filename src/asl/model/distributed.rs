//! What a distributed Map adds: where items come from, how they are put together, where results go.

use std::sync::Arc;

use super::Dynamic;
use crate::asl::node::{Node, Span, Spanned};
use crate::resource::Resource;

/// `ItemReader`: where the items are read from.
#[derive(Clone, Debug)]
pub struct ItemReader {
    /// What to read by.
    pub resource: Spanned<Arc<Resource>>,
    /// What the Resource does.
    pub source: ItemSource,
    /// `Parameters` or `Arguments`: `Bucket` and `Key`, or `Bucket` and `Prefix`.
    pub parameters: Option<Node>,
    /// `MaxItems`: 0 or absent: all.
    pub max_items: Option<Dynamic<u64>>,
    /// Where the reader's object stands.
    pub span: Span,
}

/// What an [`ItemReader`] reads.
#[derive(Clone, Debug, PartialEq)]
pub enum ItemSource {
    /// The objects of a bucket: each item describes one.
    Listing,
    /// One object, which holds the items.
    Object(InputType),
    /// A kind of data set that is valid but that no reader here knows, with the field that asks for it.
    Unsupported(Spanned<&'static str>),
}

/// `ReaderConfig.InputType`, with the options that belong to it.
#[derive(Clone, Debug, PartialEq)]
pub enum InputType {
    /// A JSON array, or an object whose members become items.
    Json {
        /// `ItemsPointer`: a JSON Pointer to the items; empty: the whole.
        pointer: String,
    },
    /// A JSON value per line.
    JsonLines,
    /// A table; each row is an object of strings.
    Csv {
        /// `CSVDelimiter`, as the character.
        delimiter: char,
        /// `CSVHeaders` with `CSVHeaderLocation` GIVEN; `None`: the first row holds them.
        headers: Option<Vec<String>>,
    },
}

impl InputType {
    /// Whether the items are a part of the data set that an `ItemsPointer` finds.
    pub fn has_pointer(&self) -> bool {
        matches!(self, InputType::Json { pointer } if !pointer.is_empty())
    }
}

/// `ItemBatcher`: how items are put together; at least one of the limits is given.
#[derive(Clone, Debug)]
pub struct ItemBatcher {
    /// `BatchInput`: what every batch gets besides its items.
    pub batch_input: Option<Node>,
    /// Items of a batch.
    pub max_items: Option<Dynamic<u64>>,
    /// Bytes of a batch's input as JSON.
    pub max_input_bytes: Option<Dynamic<u64>>,
}

/// `ResultWriter`: where results are written, and their shape.
#[derive(Clone, Debug)]
pub struct ResultWriter {
    /// Where to; `None`: only the shape of the state's result is given.
    pub destination: Option<Destination>,
    /// `WriterConfig.Transformation`, if it is given.
    pub transformation: Option<Transformation>,
    /// `WriterConfig.OutputType`.
    pub output_type: OutputType,
}

/// Where a [`ResultWriter`] writes to.
#[derive(Clone, Debug)]
pub struct Destination {
    /// What to write by.
    pub resource: Spanned<Arc<Resource>>,
    /// `Parameters` or `Arguments`: `Bucket` and `Prefix`.
    pub parameters: Option<Node>,
}

/// What is kept of a child execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transformation {
    /// A description of the execution, with its output as a text.
    None,
    /// Its output.
    Compact,
    /// Its output; the elements, if that is an array.
    Flatten,
}

/// How results are put into a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutputType {
    /// One JSON array.
    #[default]
    Json,
    /// A JSON value per line.
    JsonLines,
}
