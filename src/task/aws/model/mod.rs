//! The public API models: what services, operations and shapes there are.
//!
//! The data are compiled in (see `README.md` beside this file); a service is unpacked when something first asks for it.

mod read;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use dashmap::DashMap;
use regex::Regex;

use crate::suggest::nearest;

/// The data: head and services.
static DATA: &[u8] = include_bytes!("services.bin");

/// All models.
pub(super) struct Library {
    partitions: Vec<Partition>,
    /// Name in Resources → where it lies.
    index: BTreeMap<String, (usize, usize)>,
    services: &'static [u8],
    unpacked: DashMap<String, Arc<Service>>,
}

/// A partition of AWS.
pub(super) struct Partition {
    /// Such as `aws-cn`.
    pub(super) id: String,
    /// What names of hosts end with.
    pub(super) suffix: String,
    regions: Option<Regex>,
}

/// How a service is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// JSON in the body, the operation in a header.
    Json,
    /// JSON in the body, the operation in method and path.
    RestJson,
    /// XML in the body, the operation in method and path.
    RestXml,
    /// A form; the answer is XML.
    Query,
    /// The same, as EC2 has it.
    Ec2,
}

/// A service.
pub(super) struct Service {
    /// Such as `DynamoDB`, `EventBridge`.
    pub(super) id: String,
    /// Its name in signatures.
    pub(super) signing: String,
    pub(super) version: String,
    /// None: one that Stepstream doesn't speak.
    pub(super) protocol: Option<Protocol>,
    /// `1.0` or `1.1`, for [`Protocol::Json`].
    pub(super) json: String,
    /// What operations are prefixed with in the header of [`Protocol::Json`].
    pub(super) target: String,
    /// XML namespace of what is sent.
    pub(super) namespace: Option<String>,
    /// Rows: `*`, partition or region; host; region that is signed for, if another.
    pub(super) endpoints: Vec<Vec<String>>,
    pub(super) operations: BTreeMap<String, Operation>,
    shapes: Vec<Shape>,
}

/// An operation.
pub(super) struct Operation {
    pub(super) name: String,
    pub(super) method: String,
    /// Path with `{Label}` and `{Label+}`, maybe with a query.
    pub(super) uri: String,
    pub(super) input: Option<usize>,
    pub(super) output: Option<usize>,
    pub(super) errors: Vec<usize>,
    /// The element around the XML that is sent.
    pub(super) root: Option<String>,
    /// Its namespace.
    pub(super) namespace: Option<String>,
    /// What its host begins with, with `{Label}`.
    pub(super) host: Option<String>,
    /// Whether the body needs a checksum.
    pub(super) checksum: bool,
    /// Whether it is not signed.
    pub(super) unsigned: bool,
    /// Whether it sends or receives a stream of events.
    pub(super) events: bool,
}

/// The type of a value.
#[derive(Debug)]
pub(super) enum Shape {
    Structure(Structure),
    /// `name`: the element of an item. `flat`: items stand where the list would.
    List {
        item: usize,
        name: Option<String>,
        flat: bool,
    },
    /// `key` and `value_name`: the elements of an entry.
    Map {
        value: usize,
        key: String,
        value_name: String,
        flat: bool,
    },
    String,
    Blob,
    Boolean,
    Whole,
    Fraction,
    Timestamp {
        format: Option<TimestampFormat>,
    },
    /// Any JSON.
    Document,
}

/// How a moment is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimestampFormat {
    /// `2026-11-28T18:00:00Z`.
    Iso8601,
    /// Seconds since 1970.
    UnixTimestamp,
    /// `Sat, 28 Nov 2026 18:00:00 GMT`.
    Rfc822,
}

/// Named members.
#[derive(Debug, Default)]
pub(super) struct Structure {
    pub(super) members: BTreeMap<String, Member>,
    pub(super) required: Vec<String>,
    /// The member that is the body.
    pub(super) payload: Option<String>,
    /// The name of an error.
    pub(super) exception: Option<String>,
    /// Its code on the wire, where that is another.
    pub(super) code: Option<String>,
    /// The XML element where nothing around it names one.
    pub(super) name: Option<String>,
}

/// A member of a structure.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) shape: usize,
    /// What optimised integrations call it.
    pub(super) capitalised: String,
    /// What SDK integrations call it.
    pub(super) sdk_name: String,
    /// Its name on the wire, where that is another.
    pub(super) name: Option<String>,
    /// Where in the HTTP message it stands; none: in the body.
    pub(super) location: Option<Location>,
    /// Its name in EC2's forms.
    pub(super) query: Option<String>,
    /// Whether it makes repeated calls one.
    pub(super) token: bool,
    pub(super) flat: bool,
    pub(super) attribute: bool,
    /// Whether it is part of the host.
    pub(super) label: bool,
    /// Whether it is JSON within a header.
    pub(super) json: bool,
    pub(super) namespace: Option<String>,
}

/// Where in an HTTP message a member stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Location {
    Uri,
    Query,
    Header,
    /// A map: headers with a prefix.
    Headers,
    Status,
}

/// There is no such thing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {name:?} is unknown{}", near.as_ref().map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default())]
pub(super) struct Unknown {
    what: &'static str,
    name: String,
    near: Option<String>,
}

impl Library {
    /// The library that is compiled in.
    pub(super) fn shared() -> &'static Library {
        static LIBRARY: OnceLock<Library> = OnceLock::new();
        LIBRARY.get_or_init(|| read::library(DATA))
    }

    /// The service that Resources call so.
    pub(super) fn service(&self, name: &str) -> Result<Arc<Service>, Unknown> {
        if let Some(service) = self.unpacked.get(name) {
            return Ok(Arc::clone(&service));
        }
        let Some(&(start, length)) = self.index.get(name) else {
            let near = nearest(name, self.index.keys().map(String::as_str)).map(str::to_owned);
            return Err(Unknown { what: "the AWS service", name: name.to_owned(), near });
        };
        let service = Arc::new(read::service(&self.services[start..start + length]));
        self.unpacked.insert(name.to_owned(), Arc::clone(&service));
        Ok(service)
    }

    /// The partition of a region: that of AWS itself for one that is in none.
    pub(super) fn partition(&self, region: &str) -> &Partition {
        let of = |partition: &&Partition| partition.regions.as_ref().is_some_and(|regions| regions.is_match(region));
        self.partitions.iter().find(of).unwrap_or(&self.partitions[0])
    }

    #[cfg(test)]
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.index.keys().map(String::as_str)
    }
}

impl Service {
    /// The operation that Resources call so: `putItem`.
    pub(super) fn operation(&self, action: &str) -> Result<&Operation, Unknown> {
        let name = crate::resource::capitalised(action);
        self.operations.get(&name).filter(|_| name != action).ok_or_else(|| {
            let near = nearest(&name, self.operations.keys().map(String::as_str));
            let near = near
                .map(|near| near.chars().take(1).flat_map(char::to_lowercase).chain(near.chars().skip(1)).collect());
            Unknown { what: "the action", name: action.to_owned(), near }
        })
    }

    /// A shape by its number.
    pub(super) fn shape(&self, number: usize) -> &Shape {
        // The numbers are those of the data; a test looks at all.
        self.shapes.get(number).unwrap_or(&Shape::Document)
    }

    /// The structure with this number; one without members for none.
    pub(super) fn structure(&self, number: Option<usize>) -> &Structure {
        static EMPTY: OnceLock<Structure> = OnceLock::new();
        match number.map(|number| self.shape(number)) {
            Some(Shape::Structure(structure)) => structure,
            _ => EMPTY.get_or_init(Structure::default),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_can_be_read_and_names_only_shapes_that_it_has() {
        let library = Library::shared();
        let (mut operations, mut services) = (0, 0);
        for name in library.names() {
            let service = library.service(name).expect("it is in the index");
            let known = |number: &usize| *number < service.shapes.len();
            for shape in &service.shapes {
                match shape {
                    Shape::Structure(structure) => {
                        assert!(structure.members.values().all(|member| known(&member.shape)), "{name}");
                        let mut named = structure.required.iter().chain(&structure.payload);
                        assert!(named.all(|member| structure.members.contains_key(member)), "{name}");
                    }
                    Shape::List { item: number, .. } | Shape::Map { value: number, .. } => assert!(known(number)),
                    _ => {}
                }
            }
            for operation in service.operations.values() {
                assert!(operation.input.iter().chain(&operation.output).chain(&operation.errors).all(known), "{name}");
            }
            assert!(!service.endpoints.is_empty(), "{name}");
            operations += service.operations.len();
            services += 1;
        }
        assert!(services > 400 && operations > 19_000, "{services} services, {operations} operations");
    }

    #[test]
    fn what_there_is_not_is_told_with_what_there_is() {
        let library = Library::shared();
        let told = |error: Option<Unknown>| error.expect("there is none").to_string();
        let dynamodb = library.service("dynamodb").expect("there is one");
        assert_eq!(
            told(library.service("dynamdb").err()),
            "the AWS service \"dynamdb\" is unknown; did you mean \"dynamodb\"?"
        );
        assert_eq!(
            told(dynamodb.operation("putItems").err()),
            "the action \"putItems\" is unknown; did you mean \"putItem\"?"
        );
        assert!(dynamodb.operation("PutItem").is_err() && dynamodb.operation("putItem").is_ok());
    }

    #[test]
    fn partitions_are_those_of_the_region() {
        for (region, suffix) in [
            ("eu-west-1", "amazonaws.com"),
            ("cn-north-1", "amazonaws.com.cn"),
            ("us-gov-west-1", "amazonaws.com"),
            ("moon-1", "amazonaws.com"),
        ] {
            assert_eq!(Library::shared().partition(region).suffix, suffix, "{region}");
        }
    }
}
