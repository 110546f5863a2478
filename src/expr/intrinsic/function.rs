use crate::expr::scope::Scope;
use crate::value::{Heap, Mark, Value};

use super::{Refusal, array, encoding, format, json, math};

macro_rules! functions {
    ($($variant:ident),+ $(,)?) => {
        /// The intrinsic functions.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Function {
            $($variant),+
        }

        impl Function {
            /// The name as it stands in a definition.
            pub(super) fn name(self) -> &'static str {
                match self {
                    $(Function::$variant => concat!("States.", stringify!($variant))),+
                }
            }

            /// The function with this name.
            pub(super) fn from_name(name: &str) -> Option<Function> {
                const ALL: &[Function] = &[$(Function::$variant),+];
                ALL.iter().copied().find(|function| function.name() == name)
            }
        }
    };
}

functions! {
    Array, ArrayPartition, ArrayContains, ArrayRange, ArrayGetItem, ArrayLength, ArrayUnique,
    Base64Encode, Base64Decode, Hash,
    JsonMerge, StringToJson, JsonToString,
    MathRandom, MathAdd,
    StringSplit, UUID, Format,
}

impl Function {
    pub(super) fn is_random(self) -> bool {
        matches!(self, Function::MathRandom | Function::UUID)
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
            Function::UUID => math::uuid(heap, scope.random(), mark),
            Function::Format => format::format_value(heap, mark),
        }
    }
}
