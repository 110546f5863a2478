//! The variables that may have a value at a place.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::shape::Shape;

/// Variables by name. Cheap to copy.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Variables {
    known: Rc<BTreeMap<String, Shape>>,
}

impl Variables {
    pub(super) fn get(&self, name: &str) -> Option<&Shape> {
        self.known.get(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }

    /// With others in the place of those of the same name.
    pub(super) fn with(&self, assigned: Vec<(String, Shape)>) -> Variables {
        if assigned.is_empty() {
            return self.clone();
        }
        let mut known = BTreeMap::clone(&self.known);
        known.extend(assigned);
        Variables { known: Rc::new(known) }
    }

    /// Those that have a value on one way or the other.
    pub(super) fn join(&self, other: &Variables) -> Variables {
        if Rc::ptr_eq(&self.known, &other.known) {
            return self.clone();
        }
        let mut known = BTreeMap::clone(&self.known);
        for (name, shape) in &*other.known {
            let joined = known.get(name).map_or_else(|| shape.clone(), |known| known.join(shape));
            known.insert(name.clone(), joined);
        }
        Variables { known: Rc::new(known) }
    }

    /// The same names with values of any shape.
    pub(super) fn widened(&self) -> Variables {
        Variables { known: Rc::new(self.known.keys().map(|name| (name.clone(), Shape::Unknown)).collect()) }
    }
}
