//! Our own form of an expression: for what real workflows are made of. It is evaluated on the heap and allocates nothing
//! besides.
//!
//! It gives values, never errors: where the reference would throw, or where its rules are too intricate to repeat (nested
//! arrays, arrays out of computed steps), the evaluation [gives up](GiveUp), and the library evaluates the whole expression
//! from the start. So error texts are the library's alone.

mod compile;
mod evaluate;
mod functions;
mod operators;
mod path;
mod text;

use super::scope::{Scope, StatesField};
use crate::expr::ContextField;
use crate::value::{Heap, Key, Str, Value};
use evaluate::Evaluation;
use functions::Function;

/// Variables that an expression may bind; those with more are the library's.
const MAX_LOCALS: usize = 8;

/// A compiled expression.
#[derive(Debug)]
pub(super) struct Compiled {
    root: Node,
    /// Functions of the language that are called: a workflow variable of the same name hides one.
    functions: Vec<Box<str>>,
}

/// The evaluation cannot go on in this form.
#[derive(Clone, Copy, Debug)]
pub(super) struct GiveUp;

type Answer<T> = Result<T, GiveUp>;

impl Compiled {
    /// Evaluates the expression; `None` is undefined. Whatever was drawn from the scope's generator before giving up counts
    /// as not drawn.
    pub(super) fn evaluate(&self, heap: &mut Heap, scope: &mut impl Scope) -> Answer<Option<Value>> {
        for name in &self.functions {
            if scope.variable(heap, name).is_some() {
                return Err(GiveUp);
            }
        }
        let random = scope.random().clone();
        let mark = heap.mark();
        let result = Evaluation::new(heap, scope).value(&self.root, None);
        if result.is_err() {
            heap.abandon(mark);
            *scope.random() = random;
        }
        result
    }
}

/// A part of an expression. What it evaluates to may be undefined.
#[derive(Debug)]
enum Node {
    /// A value of the program's constants.
    Constant(Value),
    /// `$`: the item that a step or a predicate is evaluated for.
    Input,
    /// `$states.input`
    States(StatesField),
    /// `$states.context.Execution.Id`
    Context(ContextField),
    /// A workflow variable.
    Variable(Box<str>),
    /// A variable of the expression itself.
    Local(usize),
    Path(Box<Path>),
    Arithmetic(Arithmetic, Box<[Node; 2]>),
    Compare(Comparison, Box<[Node; 2]>),
    Equals {
        negated: bool,
        sides: Box<[Node; 2]>,
    },
    In(Box<[Node; 2]>),
    And(Box<[Node; 2]>),
    Or(Box<[Node; 2]>),
    Negate(Box<Node>),
    /// `a & b & c`
    Concat(Vec<Node>),
    /// Condition, then, else.
    Conditional(Box<[Node; 3]>),
    Undefined,
    Array(Vec<Element>),
    /// The keys are constants that differ from each other.
    Object(Vec<(Str, Node)>),
    Block(Vec<Node>),
    Assign(usize, Box<Node>),
    Call(Function, Vec<Node>),
    /// `$map`, `$filter` or `$reduce` with a function that is written there.
    Higher(Box<Higher>),
}

/// A part of an array constructor.
#[derive(Debug)]
enum Element {
    /// An array is spread.
    Spread(Node),
    /// `[…]` within `[…]` is kept.
    Kept(Node),
    /// `a..b`
    Range(Box<[Node; 2]>),
}

#[derive(Clone, Copy, Debug)]
enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

#[derive(Clone, Copy, Debug)]
enum Comparison {
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// `head.step.step`
#[derive(Debug)]
struct Path {
    head: Node,
    head_stages: Vec<Stage>,
    steps: Vec<Step>,
    /// `[]` somewhere in the path.
    keep_array: bool,
}

#[derive(Debug)]
struct Step {
    kind: StepKind,
    stages: Vec<Stage>,
}

#[derive(Debug)]
enum StepKind {
    Name(Key),
    /// `.$`
    Input,
    /// `.(…)`, `.{…}`, `.$f(…)`
    Node(Node),
}

#[derive(Debug)]
enum Stage {
    /// `[2]`, `[-1]`
    Index(i64),
    /// `[price > 10]`
    Filter(Node),
}

#[derive(Debug)]
struct Higher {
    function: HigherFunction,
    items: Node,
    /// Where the parameters of the function go.
    parameters: Vec<usize>,
    body: Node,
    /// The third argument of `$reduce`.
    first: Option<Node>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HigherFunction {
    Map,
    Filter,
    Reduce,
}
