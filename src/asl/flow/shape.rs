//! What is known of a value before anything has run.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::node::{Node, NodeKind};

/// How deep a shape is followed. What lies deeper is unknown.
const MAX_DEPTH: usize = 16;

/// How many values within each other are distinguished: a bound on the work for each step.
const MAX_SIZE: usize = 2000;

/// All values that may come to a place. What a shape does not have, no value has.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// Any value.
    Unknown,
    /// A string, number, boolean or null.
    Scalar,
    /// An array, or a scalar; `None`: without elements.
    Array(Option<Rc<Shape>>),
    /// An object, or a scalar.
    Object(Rc<Fields>),
}

/// The fields that an object may have.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fields {
    known: BTreeMap<Rc<str>, Shape>,
    /// May it have others?
    open: bool,
    /// How many values there are in it, itself included.
    size: usize,
}

impl Shape {
    /// An object that has no other fields.
    pub(super) fn closed<'a>(fields: impl IntoIterator<Item = (&'a str, Shape)>) -> Shape {
        Shape::object(fields.into_iter().map(|(name, shape)| (Rc::from(name), shape)).collect(), false)
    }

    fn object(known: BTreeMap<Rc<str>, Shape>, open: bool) -> Shape {
        let size = known.values().map(Shape::size).fold(1, usize::saturating_add);
        if size > MAX_SIZE { Shape::Unknown } else { Shape::Object(Rc::new(Fields { known, open, size })) }
    }

    fn size(&self) -> usize {
        match self {
            Shape::Unknown | Shape::Scalar | Shape::Array(None) => 1,
            Shape::Array(Some(element)) => element.size().saturating_add(1),
            Shape::Object(fields) => fields.size,
        }
    }

    /// An array of such elements.
    pub(super) fn array(elements: impl IntoIterator<Item = Shape>) -> Shape {
        Shape::Array(elements.into_iter().reduce(|a, b| a.join(&b)).map(Rc::new))
    }

    /// The shape of a literal.
    pub(super) fn of(node: &Node) -> Shape {
        let shape = match &node.kind {
            NodeKind::Array(elements) => Shape::array(elements.iter().map(Shape::of)),
            NodeKind::Object(members) => Shape::closed(members.iter().map(|m| (m.key.as_str(), Shape::of(&m.value)))),
            _ => Shape::Scalar,
        };
        shape.cut(MAX_DEPTH)
    }

    /// What a name leads to; `None`: nothing, ever.
    pub(super) fn name(&self, name: &str) -> Option<Shape> {
        match self {
            Shape::Unknown => Some(Shape::Unknown),
            Shape::Object(fields) => match fields.known.get(name) {
                Some(shape) => Some(shape.clone()),
                None => fields.open.then_some(Shape::Unknown),
            },
            Shape::Scalar | Shape::Array(_) => None,
        }
    }

    /// What an index leads to; `None`: nothing, ever.
    pub(super) fn index(&self) -> Option<Shape> {
        match self {
            Shape::Unknown => Some(Shape::Unknown),
            Shape::Array(element) => element.as_deref().cloned(),
            Shape::Scalar | Shape::Object(_) => None,
        }
    }

    /// The names of fields, if no others are possible.
    pub(super) fn names(&self) -> Option<Vec<&str>> {
        match self {
            Shape::Object(fields) if !fields.open => Some(fields.known.keys().map(|name| &**name).collect()),
            _ => None,
        }
    }

    /// A value of either shape.
    pub(super) fn join(&self, other: &Shape) -> Shape {
        self.join_to(other, MAX_DEPTH)
    }

    fn join_to(&self, other: &Shape, depth: usize) -> Shape {
        match (self, other) {
            _ if depth == 0 => Shape::Unknown,
            (Shape::Scalar, shape) | (shape, Shape::Scalar) => shape.clone(),
            (Shape::Array(None), Shape::Array(one)) | (Shape::Array(one), Shape::Array(None)) => {
                Shape::Array(one.clone())
            }
            (Shape::Array(Some(a)), Shape::Array(Some(b))) => Shape::Array(Some(Rc::new(a.join_to(b, depth - 1)))),
            (Shape::Object(a), Shape::Object(b)) if Rc::ptr_eq(a, b) => self.clone(),
            (Shape::Object(a), Shape::Object(b)) => {
                let mut known = a.known.clone();
                for (name, shape) in &b.known {
                    let joined = known.get(name).map_or_else(|| shape.clone(), |known| known.join_to(shape, depth - 1));
                    known.insert(Rc::clone(name), joined);
                }
                // What is known of a field only one side has, the other may have otherwise.
                for (name, shape) in &mut known {
                    let hidden = |fields: &Fields| fields.open && !fields.known.contains_key(name);
                    if hidden(a) || hidden(b) {
                        *shape = Shape::Unknown;
                    }
                }
                Shape::object(known, a.open || b.open)
            }
            _ => Shape::Unknown,
        }
    }

    /// The shape after `value` was put to the place that the names lead to, as `ResultPath` does it.
    pub(super) fn with(&self, names: &[&str], value: Shape) -> Shape {
        self.put(names, value).cut(MAX_DEPTH)
    }

    fn put(&self, names: &[&str], value: Shape) -> Shape {
        let [name, rest @ ..] = names else { return value };
        let (mut known, open) = match self {
            Shape::Object(fields) => (fields.known.clone(), fields.open),
            Shape::Unknown => (BTreeMap::new(), true),
            Shape::Scalar | Shape::Array(_) => return Shape::Unknown,
        };
        let below = match known.get(*name) {
            Some(shape) => shape.clone(),
            None if open => Shape::Unknown,
            None => Shape::closed([]),
        };
        known.insert(Rc::from(*name), below.put(rest, value));
        Shape::object(known, open)
    }

    /// The shape without what lies deeper.
    fn cut(&self, depth: usize) -> Shape {
        match self {
            Shape::Array(Some(element)) if depth > 0 => Shape::Array(Some(Rc::new(element.cut(depth - 1)))),
            Shape::Object(fields) if depth > 0 => {
                let known = fields.known.iter().map(|(name, shape)| (Rc::clone(name), shape.cut(depth - 1))).collect();
                Shape::object(known, fields.open)
            }
            Shape::Array(Some(_)) | Shape::Object(_) => Shape::Unknown,
            shape => shape.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_side_has_the_join_may_have() {
        let a = Shape::closed([("a", Shape::Scalar), ("both", Shape::closed([("x", Shape::Scalar)]))]);
        let b = Shape::closed([("b", Shape::Unknown), ("both", Shape::closed([("y", Shape::Scalar)]))]);
        let both = a.join(&b);
        assert!(both.name("a").is_some() && both.name("b").is_some() && both.name("c").is_none());
        let inner = both.name("both").expect("both have it");
        assert!(inner.name("x").is_some() && inner.name("y").is_some() && inner.name("z").is_none());
        assert_eq!(a.join(&Shape::Unknown), Shape::Unknown);
        assert_eq!(a.join(&Shape::array([])), Shape::Unknown);
        assert!(a.join(&Shape::Scalar).name("b").is_none());
    }

    #[test]
    fn a_result_is_put_into_the_input() {
        let input = Shape::closed([("a", Shape::Scalar)]);
        let output = input.with(&["r", "s"], Shape::Scalar);
        assert!(output.name("a").is_some() && output.name("b").is_none());
        let inner = output.name("r").expect("it was put there");
        assert!(inner.name("s").is_some() && inner.name("t").is_none());
        let open = Shape::Unknown.with(&["r"], Shape::closed([]));
        assert!(open.name("x").is_some() && open.name("r").expect("it was put there").name("x").is_none());
        assert_eq!(Shape::Scalar.with(&["r"], Shape::Scalar), Shape::Unknown);
    }

    #[test]
    fn depth_is_bounded() {
        let mut shape = Shape::Scalar;
        for _ in 0..100 {
            shape = Shape::closed([("a", shape)]).join(&Shape::closed([]));
            shape = shape.with(&["b"], shape.clone());
        }
        let mut depth = 0;
        while let Some(inner) = shape.name("b").filter(|_| shape != Shape::Unknown) {
            shape = inner;
            depth += 1;
        }
        assert!(depth <= MAX_DEPTH + 1, "{depth}");
    }
}
