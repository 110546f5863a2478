//! What an expression is compiled to.

use crate::expr::ContextField;
use crate::jsonata::function::Function;
use crate::jsonata::scope::StatesField;
use crate::jsonata::signature::Signature;
use crate::value::{Key, Outline, Str, Value};

/// A compiled expression.
#[derive(Debug)]
pub(in crate::jsonata) struct Program {
    pub(in crate::jsonata) root: Node,
    /// The names of the symbols.
    pub(in crate::jsonata) symbols: Vec<Box<str>>,
}

/// A name that the expression binds: a variable, a parameter, or the label of an ancestor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jsonata) struct Symbol(pub(in crate::jsonata) u32);

/// An expression.
#[derive(Debug)]
pub(in crate::jsonata) enum Node {
    /// A scalar, or a string among the constants.
    Constant(Value),
    /// `$`
    Context,
    /// `$states` as a whole.
    States,
    Variable(Box<Variable>),
    /// A field of the context, item by item.
    Name(Key),
    Wildcard,
    Descendants,
    /// `%`
    Parent(Symbol),
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
    Range(Box<[Node; 2]>),
    /// Operands of a row of `&`.
    Join(Box<[Node]>),
    Condition(Box<Condition>),
    Array {
        elements: Box<[Element]>,
        constructed: bool,
    },
    Object(Box<Pairs>),
    Record(Box<Record>),
    Block(Box<Block>),
    Bind(Symbol, Box<Node>),
    Call(Box<Call>),
    Partial(Box<Partial>),
    Lambda(Box<Lambda>),
    Regex(Box<Regex>),
    Apply(Box<[Node; 2]>),
    Transform(Box<Transform>),
    /// A value with predicates, `{…}` or `[]` behind it.
    Shaped(Box<Shaped>),
}

/// `(…; …)`
#[derive(Debug)]
pub(in crate::jsonata) struct Block {
    pub(in crate::jsonata) items: Box<[Node]>,
    /// Something in it binds a name here, so that it needs an environment.
    pub(in crate::jsonata) binds: bool,
}

/// A variable by its name, without `$`.
#[derive(Debug)]
pub(in crate::jsonata) struct Variable {
    pub(in crate::jsonata) name: Box<str>,
    /// If the expression binds the name anywhere.
    pub(in crate::jsonata) symbol: Option<Symbol>,
    pub(in crate::jsonata) function: Option<Function>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::jsonata) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::jsonata) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug)]
pub(in crate::jsonata) struct Condition {
    pub(in crate::jsonata) condition: Node,
    pub(in crate::jsonata) then: Node,
    pub(in crate::jsonata) other: Option<Node>,
}

/// An element of an array constructor.
#[derive(Debug)]
pub(in crate::jsonata) struct Element {
    pub(in crate::jsonata) node: Node,
    /// `[…]`: an element of its own, where other arrays add their elements.
    pub(in crate::jsonata) nested: bool,
}

/// Keys and values of an object constructor or a group.
#[derive(Debug)]
pub(in crate::jsonata) struct Pairs(pub(in crate::jsonata) Box<[(Node, Node)]>);

/// An object constructor with keys that are written, and differ from each other.
#[derive(Debug)]
pub(in crate::jsonata) struct Record {
    /// Its keys and constants.
    pub(in crate::jsonata) outline: Outline,
    /// What is filled in: places and keys of entries, and their values.
    pub(in crate::jsonata) parts: Box<[(usize, Str, Node)]>,
}

#[derive(Debug)]
pub(in crate::jsonata) struct Shaped {
    pub(in crate::jsonata) node: Node,
    pub(in crate::jsonata) predicates: Box<[Filter]>,
    pub(in crate::jsonata) group: Option<Pairs>,
    pub(in crate::jsonata) keep_array: bool,
}

#[derive(Debug)]
pub(in crate::jsonata) struct Path {
    pub(in crate::jsonata) start: Start,
    pub(in crate::jsonata) steps: Box<[Step]>,
    /// There is nothing to it but names, behind `$states.…` or in the context.
    pub(in crate::jsonata) names_only: bool,
    /// `[]` on a step: a single result stays an array.
    pub(in crate::jsonata) keep_array: bool,
    /// `[]` on the path as a whole.
    pub(in crate::jsonata) keep_whole: bool,
    /// Items come with bindings.
    pub(in crate::jsonata) binds: bool,
    /// The bindings go on to the path that this one stands in.
    pub(in crate::jsonata) hands_on: bool,
    pub(in crate::jsonata) group: Option<Pairs>,
}

/// What a path begins with.
#[derive(Debug)]
pub(in crate::jsonata) enum Start {
    /// The context, item by item.
    Items,
    /// The context as a whole: the first step is a variable.
    Whole,
    /// The context goes as a whole into an array constructor, whose elements are the items.
    Constructor(Node),
    /// `$states.…` with the predicates on it.
    States(StatesField, Box<[Filter]>),
    /// A part of the context object, and the names that lead to it if the scope does not know it.
    ContextField(ContextField, Box<[Key]>),
}

#[derive(Debug)]
pub(in crate::jsonata) struct Step {
    pub(in crate::jsonata) kind: StepKind,
    pub(in crate::jsonata) stages: Box<[Stage]>,
    /// `@$name`
    pub(in crate::jsonata) focus: Option<Symbol>,
    /// `#$name`
    pub(in crate::jsonata) index: Option<Symbol>,
    /// Where the step's input is bound for a `%`.
    pub(in crate::jsonata) ancestor: Option<Symbol>,
    /// From here on, items come with bindings.
    pub(in crate::jsonata) binds: bool,
}

#[derive(Debug)]
pub(in crate::jsonata) enum StepKind {
    Node(Node),
    Sort(Box<[Term]>),
}

#[derive(Debug)]
pub(in crate::jsonata) struct Term {
    pub(in crate::jsonata) key: Node,
    pub(in crate::jsonata) descending: bool,
}

#[derive(Debug)]
pub(in crate::jsonata) enum Stage {
    Filter(Filter),
    Index(Symbol),
}

#[derive(Debug)]
pub(in crate::jsonata) enum Filter {
    Index(f64),
    Where(Node),
}

#[derive(Debug)]
pub(in crate::jsonata) struct Call {
    pub(in crate::jsonata) procedure: Node,
    pub(in crate::jsonata) arguments: Box<[Node]>,
    /// What errors call the function.
    pub(in crate::jsonata) token: Option<Box<str>>,
    /// The variable that was probably meant where a field is called.
    pub(in crate::jsonata) meant: Option<Box<Variable>>,
}

#[derive(Debug)]
pub(in crate::jsonata) struct Partial {
    pub(in crate::jsonata) procedure: Node,
    /// `None`: `?`
    pub(in crate::jsonata) arguments: Box<[Option<Node>]>,
    pub(in crate::jsonata) meant: Option<Box<Variable>>,
}

#[derive(Debug)]
pub(in crate::jsonata) struct Lambda {
    pub(in crate::jsonata) parameters: Box<[Symbol]>,
    pub(in crate::jsonata) signature: Option<Signature>,
    pub(in crate::jsonata) body: Node,
}

#[derive(Debug)]
pub(in crate::jsonata) struct Regex {
    pub(in crate::jsonata) regex: crate::jsonata::regex::Regex,
}

#[derive(Debug)]
pub(in crate::jsonata) struct Transform {
    pub(in crate::jsonata) pattern: Node,
    pub(in crate::jsonata) update: Node,
    pub(in crate::jsonata) delete: Option<Node>,
}
