//! Our own form of expressions: compiled once from the library's tree, evaluated on the heap of the execution.
//!
//! It covers what real workflows are made of. What it does not cover is left to the library, as a whole, when it is
//! compiled; and what it cannot decide as the library would, or only the library has the words for, when it runs: see
//! [`Stop::Library`].

mod compile;
mod evaluate;
mod function;
mod node;
mod operator;
mod path;
mod signature;
mod text;

use jsonata_core::ast::AstNode;

use super::error::EvaluationError;
use super::scope::Scope;
use crate::value::{Exceeded, Heap, Value};
use compile::Compiler;
use evaluate::Evaluation;
use function::Function;
use node::{Arithmetic, Comparison, Node};

pub(super) use function::pad;

/// Bytes that an evaluation may add to the heap (recorded: about 7 MB).
pub(super) const MAX_BYTES: usize = 7_000_000;

/// A covered expression.
#[derive(Debug)]
pub(super) struct Program {
    root: Node,
    slots: usize,
}

/// Why our own way ends without a value.
#[derive(Debug)]
pub(super) enum Stop {
    /// Only the library knows how it goes on.
    Library,
    Failed(Box<EvaluationError>),
}

impl Stop {
    fn thrown(text: impl Into<Box<str>>) -> Stop {
        Stop::Failed(Box::new(EvaluationError::Thrown(text.into())))
    }
}

impl From<Exceeded> for Stop {
    fn from(error: Exceeded) -> Stop {
        Stop::Failed(error.into())
    }
}

impl Program {
    /// `None` if something in the expression is not covered.
    pub(super) fn compile(ast: &AstNode, constants: &mut Heap) -> Option<Program> {
        let mut compiler = Compiler::new(constants);
        let root = compiler.statement(ast)?;
        Some(Program { root, slots: compiler.slots })
    }

    /// The value, `None` if it is undefined.
    pub(super) fn evaluate(&self, heap: &mut Heap, scope: &mut impl Scope) -> Result<Option<Value>, Stop> {
        let mark = heap.mark();
        let mut evaluation = Evaluation::new(heap, scope, self.slots);
        let result = evaluation.evaluate(&self.root, None);
        heap.abandon(mark);
        result
    }
}

/// Whether the parameters of the function of this name are known: see [`check`].
pub(super) fn has_signature(name: &str) -> bool {
    Function::parameters(name).is_some()
}

/// Everything that [`check`] knows.
pub(super) fn checked() -> impl Iterator<Item = &'static str> {
    ["+", "-", "*", "/", "%", "<", "<=", ">", ">=", "key", "negate"].into_iter().chain(Function::names())
}

/// Applies an operator to operands, or compares arguments (after the context) with the parameters of a function, only to
/// see whether they are accepted.
pub(super) fn check(heap: &mut Heap, what: &str, operands: &[Option<Value>]) -> Result<(), Stop> {
    let arithmetic = |op| move |heap: &mut Heap, left, right| operator::arithmetic(heap, op, left, right).map(drop);
    let compare = |op| move |heap: &mut Heap, left, right| operator::compare(heap, op, left, right).map(drop);
    match (what, operands) {
        ("+", [left, right]) => arithmetic(Arithmetic::Add)(heap, *left, *right),
        ("-", [left, right]) => arithmetic(Arithmetic::Subtract)(heap, *left, *right),
        ("*", [left, right]) => arithmetic(Arithmetic::Multiply)(heap, *left, *right),
        ("/", [left, right]) => arithmetic(Arithmetic::Divide)(heap, *left, *right),
        ("%", [left, right]) => arithmetic(Arithmetic::Modulo)(heap, *left, *right),
        ("<", [left, right]) => compare(Comparison::Less)(heap, *left, *right),
        ("<=", [left, right]) => compare(Comparison::LessOrEqual)(heap, *left, *right),
        (">", [left, right]) => compare(Comparison::Greater)(heap, *left, *right),
        (">=", [left, right]) => compare(Comparison::GreaterOrEqual)(heap, *left, *right),
        ("key", [key]) => match key {
            Some(key) if !matches!(key, Value::String(_)) => Err(evaluate::key_error(heap, *key)),
            _ => Ok(()),
        },
        ("negate", [Some(operand)]) => operator::negate(heap, *operand).map(drop),
        (name, [context, arguments @ ..]) => match Function::parameters(name) {
            Some(parameters) => signature::validate(heap, name, parameters, arguments, *context).map(drop),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The first number and the length of a range.
pub(super) fn range(heap: &Heap, first: Option<Value>, last: Option<Value>) -> Result<Option<(f64, usize)>, Stop> {
    evaluate::range_bounds(heap, first, last)
}

/// Applies the function of this name, which needs nothing but its arguments. They come after the context.
pub(super) fn apply(heap: &mut Heap, name: &str, operands: &[Option<Value>]) -> Result<Option<Value>, Stop> {
    match (Function::find(name), operands) {
        (Some(function), [context, arguments @ ..]) => function.apply(heap, arguments, *context),
        _ => Err(Stop::Library),
    }
}
