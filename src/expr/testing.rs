//! What the tests of this room share: a scope, and any value.

use proptest::prelude::*;

use crate::expr::path::Root;
use crate::expr::scope::Scope;
use crate::value::{Heap, Value};

/// A scope with an input, a context object and the variables of an object.
pub(super) struct World {
    pub(super) input: Value,
    context: Value,
    variables: Value,
    random: fastrand::Rng,
}

impl World {
    /// Reads the input; the context object and the variables are always the same.
    pub(super) fn new(heap: &mut Heap, input: &str) -> World {
        World {
            input: json(heap, input),
            context: json(heap, r#"{"Execution":{"Name":"exec-1"},"StateMachine":{"Id":"arn:m","Name":"machine-1"}}"#),
            variables: json(heap, r#"{"x":{"list":[1,2,3]},"text":"Hello {}","größe":5}"#),
            random: fastrand::Rng::with_seed(1),
        }
    }
}

impl Scope for World {
    fn root(&mut self, heap: &mut Heap, root: &Root) -> Option<Value> {
        match (root, self.variables) {
            (Root::Input, _) => Some(self.input),
            (Root::Context, _) => Some(self.context),
            (Root::Variable(name), Value::Object(variables)) => heap.field(variables, name),
            _ => None,
        }
    }

    fn random(&mut self) -> &mut fastrand::Rng {
        &mut self.random
    }
}

/// Reads a JSON text that a test was written with.
pub(super) fn json(heap: &mut Heap, text: &str) -> Value {
    heap.parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Any small JSON text, with keys that paths in tests use.
pub(super) fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<i32>().prop_map(|n| n.to_string()),
        (-1000i32..1000).prop_map(|n| format!("{}", f64::from(n) / 8.0)),
        prop_oneof!["[a-c]{0,3}", "\\PC{0,8}"].prop_map(|text| serde_json::Value::String(text).to_string()),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::btree_map("[a-c]", inner, 0..4).prop_map(|entries| {
                let entries: Vec<_> = entries.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
                format!("{{{}}}", entries.join(","))
            }),
        ]
    })
}
