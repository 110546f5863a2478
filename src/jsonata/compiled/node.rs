//! What an expression is compiled to.

use super::function::Function;
use crate::expr::ContextField;
use crate::jsonata::scope::StatesField;
use crate::value::{Key, Str, Value};

/// An expression. Local variables are numbered slots.
#[derive(Debug)]
pub(super) enum Node {
    /// `null`, `true`, `false`, or a string among the constants.
    Constant(Value),
    Number(f64),
    Undefined,
    /// `$`
    Context,
    Local(usize),
    /// A workflow variable.
    Variable(Box<str>),
    Path(Box<Path>),
    Negate(Box<Node>),
    Arithmetic(Arithmetic, Box<[Node; 2]>),
    Compare(Comparison, Box<[Node; 2]>),
    Equal {
        negated: bool,
        sides: Box<[Node; 2]>,
    },
    In(Box<[Node; 2]>),
    And(Box<[Node; 2]>),
    Or(Box<[Node; 2]>),
    /// Operands of a row of `&`.
    Join(Box<[Node]>),
    /// Condition, then, else.
    Conditional(Box<(Node, Node, Option<Node>)>),
    Array(Box<[Element]>),
    Object(Box<[(Node, Node)]>),
    /// With keys that are written, and differ from each other.
    Record(Box<[(Str, Node)]>),
    Block(Box<[Node]>),
    Assign(usize, Box<Node>),
    Call(Box<Call>),
    EachItem(Box<EachItem>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// An element of an array constructor.
#[derive(Debug)]
pub(super) enum Element {
    /// An array value adds its elements.
    Flat(Node),
    /// `[…]`: an element of its own.
    Nested(Node),
    /// `a..b`
    Range(Node, Node),
}

#[derive(Debug)]
pub(super) struct Path {
    pub(super) start: Start,
    /// Predicates on what the path starts with.
    pub(super) filters: Box<[Filter]>,
    pub(super) steps: Box<[Step]>,
    /// `[]` somewhere: the result stays an array.
    pub(super) keep_array: bool,
}

/// What a path begins with.
#[derive(Debug)]
pub(super) enum Start {
    /// The context, item by item: the first step is a name.
    Items,
    States(StatesField),
    /// A part of the context object, and the names that lead to it if the scope does not know it.
    ContextField(ContextField, Box<[Key]>),
    /// Evaluated once. `mapped`: item by item if the context is an array.
    Node {
        node: Node,
        mapped: bool,
    },
}

#[derive(Debug)]
pub(super) struct Step {
    pub(super) kind: StepKind,
    pub(super) filters: Box<[Filter]>,
}

#[derive(Debug)]
pub(super) enum StepKind {
    Name(Key),
    /// `.(…)`, `.{…}`, `.$f(…)`
    Map(Node),
    /// `.[…]` at the end: each array is an element.
    Group(Node),
}

#[derive(Debug)]
pub(super) enum Filter {
    Index(f64),
    Where(Node),
}

/// A call of a built-in function.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) function: Function,
    pub(super) arguments: Box<[Node]>,
}

/// `$map`, `$filter` or `$reduce` with a function written in place.
#[derive(Debug)]
pub(super) struct EachItem {
    pub(super) kind: EachKind,
    pub(super) array: Node,
    /// The slots of the parameters.
    pub(super) parameters: Box<[usize]>,
    pub(super) body: Node,
    pub(super) initial: Option<Node>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum EachKind {
    Map,
    Filter,
    Reduce,
}
