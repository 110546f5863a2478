use crate::expr::scope::Scope;
use crate::value::{Heap, Mark, Value};

use super::{Refusal, array, encoding, format, json, math};

/// The intrinsic functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Array,
    ArrayPartition,
    ArrayContains,
    ArrayRange,
    ArrayGetItem,
    ArrayLength,
    ArrayUnique,
    Base64Encode,
    Base64Decode,
    Hash,
    JsonMerge,
    StringToJson,
    JsonToString,
    MathRandom,
    MathAdd,
    StringSplit,
    Uuid,
    Format,
}

const NAMES: [(&str, Function); 18] = [
    ("States.Array", Function::Array),
    ("States.ArrayPartition", Function::ArrayPartition),
    ("States.ArrayContains", Function::ArrayContains),
    ("States.ArrayRange", Function::ArrayRange),
    ("States.ArrayGetItem", Function::ArrayGetItem),
    ("States.ArrayLength", Function::ArrayLength),
    ("States.ArrayUnique", Function::ArrayUnique),
    ("States.Base64Encode", Function::Base64Encode),
    ("States.Base64Decode", Function::Base64Decode),
    ("States.Hash", Function::Hash),
    ("States.JsonMerge", Function::JsonMerge),
    ("States.StringToJson", Function::StringToJson),
    ("States.JsonToString", Function::JsonToString),
    ("States.MathRandom", Function::MathRandom),
    ("States.MathAdd", Function::MathAdd),
    ("States.StringSplit", Function::StringSplit),
    ("States.UUID", Function::Uuid),
    ("States.Format", Function::Format),
];

impl Function {
    /// The function with this name.
    pub(super) fn from_name(name: &str) -> Option<Function> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
    }

    /// The name as it stands in a definition.
    pub(super) fn name(self) -> &'static str {
        // Every function is listed; a test asks each.
        NAMES.iter().find(|(_, function)| *function == self).map_or("", |(name, _)| name)
    }

    pub(super) fn is_random(self) -> bool {
        matches!(self, Function::MathRandom | Function::Uuid)
    }

    /// Calls the function on what was pushed since the mark.
    pub(super) fn apply(self, heap: &mut Heap, scope: &mut impl Scope, mark: Mark) -> Result<Value, Refusal> {
        match self {
            Function::Array => Ok(heap.array_from(mark)?),
            Function::ArrayPartition => array::partition(heap, mark),
            Function::ArrayContains => array::contains(heap, mark),
            Function::ArrayRange => array::range(heap, mark),
            Function::ArrayGetItem => array::item(heap, mark),
            Function::ArrayLength => array::length(heap, mark),
            Function::ArrayUnique => array::unique(heap, mark),
            Function::Base64Encode => encoding::base64_encode(heap, mark),
            Function::Base64Decode => encoding::base64_decode(heap, mark),
            Function::Hash => encoding::hash(heap, mark),
            Function::JsonMerge => json::merge(heap, mark),
            Function::StringToJson => json::parse(heap, mark),
            Function::JsonToString => json::print(heap, mark),
            Function::MathRandom => math::random(heap, scope.random(), mark),
            Function::MathAdd => math::add(heap, mark),
            Function::StringSplit => format::split(heap, mark),
            Function::Uuid => math::uuid(heap, scope.random(), mark),
            Function::Format => format::format_value(heap, mark),
        }
    }
}
