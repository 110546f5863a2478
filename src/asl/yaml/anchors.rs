//! Anchors and aliases, with a bound on what they add up to.

use std::collections::HashMap;

use super::super::diagnostic::{Code, Diagnostic};
use super::super::node::{Node, NodeKind};
use super::super::parse::{MAX_DEFINITION_BYTES, MAX_NESTING, too_deep};

/// The values that have an anchor.
#[derive(Default)]
pub(super) struct Anchors {
    known: HashMap<usize, Anchored>,
    /// Bytes that copies take so far, counted roughly.
    copied: usize,
}

struct Anchored {
    node: Node,
    measure: Measure,
}

#[derive(Clone, Copy)]
struct Measure {
    /// Roughly, in bytes as JSON.
    size: usize,
    /// Arrays and objects within each other.
    height: usize,
}

impl Anchors {
    /// Remembers a value that has an anchor.
    pub(super) fn keep(&mut self, anchor: usize, node: &Node) -> Result<(), Diagnostic> {
        let measure = measure(node);
        self.count(measure.size)?;
        self.known.insert(anchor, Anchored { node: node.clone(), measure });
        Ok(())
    }

    /// A copy of the value, to stand below `depth` collections.
    pub(super) fn resolve(&mut self, anchor: usize, depth: usize) -> Result<Node, Diagnostic> {
        let Some(measure) = self.known.get(&anchor).map(|anchored| anchored.measure) else {
            let message = "An alias stands within the value of its own anchor";
            return Err(Diagnostic::error(Code::InvalidYamlDescription, message));
        };
        if depth + measure.height > MAX_NESTING {
            return Err(too_deep());
        }
        self.count(measure.size)?;
        // It was there a moment ago.
        self.known.get(&anchor).map(|anchored| anchored.node.clone()).ok_or_else(too_deep)
    }

    fn count(&mut self, size: usize) -> Result<(), Diagnostic> {
        self.copied = self.copied.saturating_add(size);
        if self.copied > MAX_DEFINITION_BYTES {
            let message = format!("Aliases make the definition larger than {MAX_DEFINITION_BYTES} bytes");
            return Err(Diagnostic::error(Code::SchemaValidationFailed, message));
        }
        Ok(())
    }
}

fn measure(node: &Node) -> Measure {
    let of_children = |children: &mut dyn Iterator<Item = (usize, &Node)>| {
        children.fold(Measure { size: 2, height: 1 }, |sum, (key, child)| {
            let child = measure(child);
            Measure { size: sum.size + key + child.size + 4, height: sum.height.max(child.height + 1) }
        })
    };
    match &node.kind {
        NodeKind::Array(elements) => of_children(&mut elements.iter().map(|element| (0, element))),
        NodeKind::Object(members) => of_children(&mut members.iter().map(|member| (member.key.len(), &member.value))),
        NodeKind::String(text) | NodeKind::Number(text) => Measure { size: text.len() + 2, height: 0 },
        NodeKind::Null | NodeKind::Bool(_) => Measure { size: 5, height: 0 },
    }
}
