//! The parent operator: which step's input a `%` stands for.

use super::super::error::SyntaxError;
use super::shape::no_parent;
use super::tree::{Kind, Label, Tree};

/// A `%` in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot(usize);

impl Slot {
    pub(super) fn label(self) -> Label {
        Label(self.0 as u32)
    }
}

struct Search {
    /// The slot whose label is used: the first that led to the same step.
    label: Label,
    /// Steps up that are still to go.
    level: i32,
}

#[derive(Default)]
pub(super) struct Ancestry {
    slots: Vec<Search>,
}

impl Ancestry {
    /// A `%` whose step is to be found.
    pub(super) fn seek(&mut self) -> Slot {
        let slot = Slot(self.slots.len());
        self.slots.push(Search { label: slot.label(), level: 1 });
        slot
    }

    /// By slot, the label that it ended up with.
    pub(super) fn labels(self) -> Vec<Label> {
        self.slots.into_iter().map(|slot| slot.label).collect()
    }

    /// Goes one step up from this node, or as many as it has.
    fn up(&mut self, node: &mut Tree, slot: Slot) -> Result<(), SyntaxError> {
        match &mut node.kind {
            Kind::Name(_) | Kind::Wildcard => {
                self.slots[slot.0].level -= 1;
                if self.slots[slot.0].level == 0 {
                    if let Some(known) = node.ancestor {
                        self.slots[slot.0].label = self.slots[known.0 as usize].label;
                    }
                    node.ancestor = Some(slot.label());
                    node.tuple = true;
                }
            }
            Kind::Parent(_) => self.slots[slot.0].level += 1,
            Kind::Block(items) => {
                if let Some(last) = items.last_mut() {
                    node.tuple = true;
                    self.up(last, slot)?;
                }
            }
            Kind::Path { steps, .. } => {
                node.tuple = true;
                let mut steps = steps.iter_mut().rev();
                if let Some(last) = steps.next() {
                    self.up(last, slot)?;
                }
                for step in steps {
                    if self.slots[slot.0].level <= 0 {
                        break;
                    }
                    self.up(step, slot)?;
                }
            }
            _ => return Err(no_parent(node.position)),
        }
        Ok(())
    }

    /// Resolves what the last step of a path seeks in the steps before it. The answer: what lies further up.
    pub(super) fn resolve(&mut self, steps: &mut [Tree], sought: &[Slot]) -> Result<Vec<Slot>, SyntaxError> {
        let mut unresolved = Vec::new();
        for slot in sought {
            let mut before = steps.len() - 1;
            while self.slots[slot.0].level > 0 {
                if before == 0 {
                    unresolved.push(*slot);
                    break;
                }
                before -= 1;
                // Of steps in a row that leave the context as it is, only the first goes up.
                while before > 0 && steps[before].focus.is_some() && steps[before - 1].focus.is_some() {
                    before -= 1;
                }
                self.up(&mut steps[before], *slot)?;
            }
        }
        Ok(unresolved)
    }

    /// What a predicate seeks begins with the step that it is on.
    pub(super) fn leave_predicate(&mut self, step: &mut Tree, sought: &[Slot]) -> Result<(), SyntaxError> {
        for slot in sought {
            match self.slots[slot.0].level {
                1 => self.up(step, *slot)?,
                _ => self.slots[slot.0].level -= 1,
            }
        }
        Ok(())
    }
}
