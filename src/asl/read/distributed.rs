//! The fields of a distributed Map that are objects: ItemReader, ItemBatcher, ResultWriter.

use std::sync::Arc;

use super::super::diagnostic::Code;
use super::super::fields;
use super::super::model::{
    Destination, InputType, ItemBatcher, ItemReader, ItemSource, OutputType, ResultWriter, Transformation,
};
use super::super::node::{Node, Spanned};
use super::{Object, Reader};
use crate::asl::placeholder;
use crate::limits::MAX_EVENT_BYTES;
use crate::resource::Resource;
use crate::suggest;

/// The most items that `MaxItems` may name.
const MAX_ITEMS: u64 = 100_000_000;
/// The longest `ItemsPointer`, in characters.
const MAX_POINTER_CHARS: usize = 2000;
/// The most bytes of all `CSVHeaders` together.
const MAX_HEADERS_BYTES: usize = 10 * 1024;

const INPUT_TYPES: [&str; 5] = ["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"];
const CSV_FIELDS: [&str; 3] = ["CSVDelimiter", "CSVHeaderLocation", "CSVHeaders"];

impl Reader {
    pub(super) fn item_reader(&mut self, map: &Object<'_>) -> Option<ItemReader> {
        let reader = self.field_object(map, "ItemReader", fields::ITEM_READER)?;
        self.require(&reader, &["Resource"]);
        let resource = self.s3_resource(&reader, &["getObject", "listObjectsV2"]);
        let listing = resource.as_ref().is_some_and(|resource| resource.value.as_str().ends_with(":listObjectsV2"));
        let needed: &[&str] = match &resource {
            None => &[],
            Some(_) if listing => &["Bucket"],
            Some(_) => &["Bucket", "Key"],
        };
        let parameters = self.s3_parameters(&reader, needed);
        let config = self.field_object(&reader, "ReaderConfig", fields::READER_CONFIG);
        let source = match &config {
            Some(config) if listing => self.listing(config),
            Some(config) => self.object_source(config),
            None if listing => Some(ItemSource::Listing),
            None => {
                if reader.get("ReaderConfig").is_none() {
                    self.require(&reader, &["ReaderConfig"]);
                }
                None
            }
        };
        let max_items = config.as_ref().and_then(|config| {
            self.dynamic(config, "MaxItems", |reader, config| reader.integer(config, "MaxItems", 0, MAX_ITEMS))
        });
        Some(ItemReader { resource: resource?, source: source?, parameters, max_items, span: reader.span.clone() })
    }

    fn listing(&mut self, config: &Object<'_>) -> Option<ItemSource> {
        let transformation = self.choice_of(config, "Transformation", &["NONE", "LOAD_AND_FLATTEN"]);
        self.choice_of(config, "InputType", &INPUT_TYPES);
        if let Some(transformation) = transformation.filter(|text| text.value == "LOAD_AND_FLATTEN") {
            self.require(config, &["InputType"]);
            return Some(unsupported("Transformation LOAD_AND_FLATTEN", &transformation));
        }
        Some(ItemSource::Listing)
    }

    fn object_source(&mut self, config: &Object<'_>) -> Option<ItemSource> {
        self.choice_of(config, "Transformation", &["NONE", "LOAD_AND_FLATTEN"]);
        if let Some(manifest) = self.choice_of(config, "ManifestType", &["ATHENA_DATA", "S3_INVENTORY"]) {
            self.choice_of(config, "InputType", &INPUT_TYPES);
            return Some(unsupported("ManifestType", &manifest));
        }
        if config.get("ManifestType").is_none() {
            self.require(config, &["InputType"]);
        }
        let input_type = self.choice_of(config, "InputType", &INPUT_TYPES)?;
        let pointer = self.items_pointer(config);
        let csv = self.csv(config, input_type.value == "CSV");
        self.check_format_fields(config, &input_type.value);
        Some(match input_type.value.as_str() {
            "JSON" => ItemSource::Object(InputType::Json { pointer }),
            "JSONL" => ItemSource::Object(InputType::JsonLines),
            "CSV" => ItemSource::Object(csv?),
            "PARQUET" => unsupported("InputType PARQUET", &input_type),
            _ => unsupported("InputType MANIFEST", &input_type),
        })
    }

    fn items_pointer(&mut self, config: &Object<'_>) -> String {
        let Some(pointer) = self.string(config, "ItemsPointer") else { return String::new() };
        let length = pointer.value.chars().count();
        if length > MAX_POINTER_CHARS {
            let message = format!("An ItemsPointer has at most {MAX_POINTER_CHARS} characters, this one has {length}");
            self.error(config.at("ItemsPointer"), &pointer.span, message);
        } else if !pointer.value.is_empty() && !pointer.value.starts_with('/') {
            let message = "Value is not a JSON Pointer: it starts with '/'";
            self.error(config.at("ItemsPointer"), &pointer.span, message).hint =
                Some("Write it like /orders/items, not as a path.".to_owned());
        }
        pointer.value
    }

    fn csv(&mut self, config: &Object<'_>, required: bool) -> Option<InputType> {
        let names = ["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"];
        let delimiter = match self.choice_of(config, "CSVDelimiter", &names).as_ref().map(|name| name.value.as_str()) {
            Some("PIPE") => '|',
            Some("SEMICOLON") => ';',
            Some("SPACE") => ' ',
            Some("TAB") => '\t',
            _ => ',',
        };
        if required {
            self.require(config, &["CSVHeaderLocation"]);
        }
        let location = self.choice_of(config, "CSVHeaderLocation", &["FIRST_ROW", "GIVEN"]);
        let headers = self.csv_headers(config);
        let given = location.is_some_and(|location| location.value == "GIVEN");
        if given {
            self.require(config, &["CSVHeaders"]);
            return Some(InputType::Csv { delimiter, headers: Some(headers?) });
        }
        Some(InputType::Csv { delimiter, headers: None })
    }

    fn csv_headers(&mut self, config: &Object<'_>) -> Option<Vec<String>> {
        let node = config.get("CSVHeaders")?;
        let headers: Option<Vec<String>> =
            node.as_array().and_then(|all| all.iter().map(|header| header.as_str().map(str::to_owned)).collect());
        let Some(headers) = headers else {
            self.error(config.at("CSVHeaders"), &node.span, "Expected value of type Array of String");
            return None;
        };
        if headers.is_empty() {
            self.error(config.at("CSVHeaders"), &node.span, "Value cannot be empty");
        }
        let bytes: usize = headers.iter().map(String::len).sum();
        if bytes > MAX_HEADERS_BYTES {
            let message = format!("CSVHeaders have at most {MAX_HEADERS_BYTES} bytes, these have {bytes}");
            self.error(config.at("CSVHeaders"), &node.span, message);
        }
        Some(headers)
    }

    /// Points out the options of another format.
    fn check_format_fields(&mut self, config: &Object<'_>, input_type: &str) {
        for member in config.members {
            let key = member.key.as_str();
            let idle = (CSV_FIELDS.contains(&key) && input_type != "CSV")
                || (key == "ItemsPointer" && input_type != "JSON")
                || (key == "CSVHeaders" && config.get("CSVHeaderLocation").and_then(Node::as_str) == Some("FIRST_ROW"));
            if idle {
                let message = format!("'{key}' has no effect on this data set");
                self.warning(Code::FieldWithoutEffect, config.at(key), &member.key_span, message).hint =
                    Some("Remove it, or check InputType and CSVHeaderLocation.".to_owned());
            }
        }
    }

    pub(super) fn item_batcher(&mut self, map: &Object<'_>) -> Option<ItemBatcher> {
        let batcher = self.field_object(map, "ItemBatcher", fields::ITEM_BATCHER)?;
        let batch_input = self.template(&batcher, "BatchInput");
        let max_items = self.dynamic(&batcher, "MaxItemsPerBatch", |reader, batcher| {
            reader.integer(batcher, "MaxItemsPerBatch", 1, MAX_ITEMS)
        });
        let max_input_bytes = self.dynamic(&batcher, "MaxInputBytesPerBatch", |reader, batcher| {
            reader.integer(batcher, "MaxInputBytesPerBatch", 1, MAX_EVENT_BYTES as u64)
        });
        if !batcher.members.iter().any(|member| member.key.starts_with("Max")) {
            let message = "This object should have at least one of the following fields: [MaxItemsPerBatch, MaxInputBytesPerBatch]";
            self.error(batcher.location.clone(), &batcher.mark, message);
        }
        Some(ItemBatcher { batch_input, max_items, max_input_bytes })
    }

    pub(super) fn result_writer(&mut self, map: &Object<'_>) -> Option<ResultWriter> {
        let writer = self.field_object(map, "ResultWriter", fields::RESULT_WRITER)?;
        if writer.members.is_empty() {
            self.error(writer.location.clone(), writer.span, "Value cannot be empty");
        }
        let writes = ["Resource", "Parameters", "Arguments"].iter().any(|field| writer.get(field).is_some());
        let destination = if writes { self.destination(&writer).map(Some) } else { Some(None) };
        let (mut transformation, mut output_type) = (None, OutputType::Json);
        if let Some(config) = self.field_object(&writer, "WriterConfig", fields::WRITER_CONFIG) {
            transformation = self.transformation(&config);
            let name = self.choice_of(&config, "OutputType", &["JSON", "JSONL"]);
            if name.is_some_and(|name| name.value == "JSONL") {
                output_type = OutputType::JsonLines;
            }
        }
        Some(ResultWriter { destination: destination?, transformation, output_type })
    }

    fn destination(&mut self, writer: &Object<'_>) -> Option<Destination> {
        self.require(writer, &["Resource"]);
        let resource = self.s3_resource(writer, &["putObject"]);
        let parameters = self.s3_parameters(writer, &["Bucket"]);
        Some(Destination { resource: resource?, parameters })
    }

    fn transformation(&mut self, config: &Object<'_>) -> Option<Transformation> {
        let name = self.choice_of(config, "Transformation", &["NONE", "COMPACT", "FLATTEN"])?;
        Some(match name.value.as_str() {
            "COMPACT" => Transformation::Compact,
            "FLATTEN" => Transformation::Flatten,
            _ => Transformation::None,
        })
    }

    /// The value of a field as an object that may only have these fields.
    fn field_object<'a>(&mut self, object: &Object<'a>, name: &str, allowed: &[fields::Field]) -> Option<Object<'a>> {
        let inner = self.object(object.get(name)?, object.at(name), object.language)?;
        self.check_fields(&inner, allowed);
        Some(inner)
    }

    /// `Resource`: one of these actions of S3.
    fn s3_resource(&mut self, object: &Object<'_>, actions: &[&str]) -> Option<Spanned<Arc<Resource>>> {
        let resource = self.resource(object)?;
        // The partition may be a placeholder.
        let meant = Resource::parse(&placeholder::filled(resource.value.as_str()));
        if actions.iter().any(|action| meant.is_integration("s3", action) && meant.action() == *action) {
            return Some(resource);
        }
        let text = resource.value.as_str();
        let message = format!(
            "The resource provided {text} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region."
        );
        let known: Vec<String> = actions.iter().map(|action| format!("arn:aws:states:::s3:{action}")).collect();
        let hint = match suggest::closest(text, known.iter().map(String::as_str)) {
            Some(meant) => format!("Did you mean '{meant}'?"),
            None => format!("Here it is {}.", known.join(" or ")),
        };
        self.error(object.at("Resource"), &resource.span, message).hint = Some(hint);
        None
    }

    /// `Parameters` or `Arguments`, with the members that the Resource needs.
    fn s3_parameters(&mut self, object: &Object<'_>, needed: &[&str]) -> Option<Node> {
        let (name, foreign) =
            if object.is_jsonata() { ("Arguments", "Parameters") } else { ("Parameters", "Arguments") };
        let Some(node) = object.get(name) else {
            // The field of the other language has been reported.
            if object.get(foreign).is_none() {
                self.require(object, &[name]);
            }
            return None;
        };
        let whole_expression = object.is_jsonata() && node.as_str().is_some();
        if !whole_expression && let Some(parameters) = self.object(node, object.at(name), object.language) {
            for field in needed {
                let dynamic = !object.is_jsonata() && parameters.get(&format!("{field}.$")).is_some();
                if parameters.get(field).is_none() && !dynamic {
                    let message = format!("The field '{field}' is required but was missing");
                    self.error(parameters.location.clone(), &parameters.mark, message);
                }
            }
        }
        self.template(object, name)
    }
}

fn unsupported(what: &'static str, field: &Spanned<String>) -> ItemSource {
    ItemSource::Unsupported(Spanned { value: what, span: field.span.clone() })
}
