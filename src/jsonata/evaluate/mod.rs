//! Evaluation of a compiled expression on the heap of the execution.
//!
//! Values are those of the heap. What JSON has no value for is *foreign*: functions and numbers that are not finite (see
//! `foreign`). They, and the environments that functions keep, live in the evaluation and end with it, all at once.
//!
//! The reference marks arrays: as sequences, whose only element stands for the sequence, as kept, as constructed. So do
//! we, on the heap's header of the array (see `array`); a mark counts only in the evaluation that made it.
//!
//! **Invariant:** evaluation is bounded: in depth as the service's is, in what it makes, and in units of work. A unit is
//! about the work for a node or for an element, and no clock is read, so that an evaluation ends the same way on every
//! machine.

mod apply;
mod array;
mod environment;
mod export;
mod filter;
pub(super) mod foreign;
mod group;
mod node;
pub(super) mod operator;
mod path;
mod rebuild;
mod sort;
pub(super) mod text;
mod transform;
mod tuple;
mod validate;

pub(super) use apply::Matcher;
pub(super) use array::{SEQUENCE, length};
use environment::{Environment, Environments};
use foreign::Closure;

use super::compile::{Node, Program};
use super::error::{EvaluationError, OUT_OF_MEMORY, STACK_OVERFLOW, Throw};
use super::number;
use super::scope::Scope;
use crate::value::{Age, Double, Heap, UNIT_BYTES, Value};

/// A value; `None` is undefined.
pub(super) type Evaluated = Result<Option<Value>, Throw>;

/// How deep evaluations may be nested (recorded: 100).
const MAX_DEPTH: u32 = 100;
/// Bytes that an evaluation may add to the heap. The service's bound lies where a sequence of numbers has about 873,800
/// elements (measured).
const MAX_BYTES: usize = 873_800 * size_of::<Value>();
/// Units of work of one evaluation: some hundred milliseconds.
const MAX_WORK: u64 = 10_000_000;

/// An evaluation under way.
pub(super) struct Evaluation<'a> {
    pub(super) heap: &'a mut Heap,
    pub(super) scope: &'a mut dyn Scope,
    program: &'a Program,
    /// The document that `$$` stands for. The service has none.
    root: Option<Value>,
    closures: Vec<Closure<'a>>,
    environments: Environments,
    environment: Environment,
    /// Arguments of calls under way.
    arguments: Vec<Option<Value>>,
    /// Where those of the built-in function begin that is applied.
    applied: usize,
    depth: u32,
    max_bytes: usize,
    /// Until so many units of work are done on the heap, the bytes can't be more: each unit brings few.
    room_until: u64,
    /// Arrays made since then may carry our marks.
    age: Age,
    /// Functions that were given a name or put into a container: they may outlive the call that made them.
    kept: usize,
    /// How often the scope was asked for something that it may make, and keep, on the heap.
    asked: usize,
    /// Whether a value was made that must not leave as it is.
    has_foreign: bool,
}

impl Program {
    /// The value, `None` if it is undefined.
    pub(super) fn evaluate(
        &self,
        heap: &mut Heap,
        scope: &mut dyn Scope,
        input: Option<Value>,
    ) -> Result<Option<Value>, Box<EvaluationError>> {
        // What most expressions of a state are takes no evaluation.
        if let Node::Path(path) = &self.root
            && let Some(found) = path::lookup(path, heap, scope)
        {
            heap.work(1 + path.steps.len()).map_err(EvaluationError::from)?;
            return Ok(found);
        }
        let (mark, work_end) = (heap.mark(), heap.narrow_work(MAX_WORK));
        let mut evaluation = Evaluation::new(heap, scope, self, input);
        let result = evaluation.run();
        heap.restore_work(work_end);
        heap.abandon(mark);
        result
    }
}

impl<'a> Evaluation<'a> {
    fn new(heap: &'a mut Heap, scope: &'a mut dyn Scope, program: &'a Program, root: Option<Value>) -> Evaluation<'a> {
        let max_bytes = heap.bytes_used().saturating_add(MAX_BYTES);
        let age = heap.age();
        Evaluation {
            heap,
            scope,
            program,
            root,
            closures: Vec::new(),
            environments: Environments::default(),
            environment: Environment::ROOT,
            arguments: Vec::new(),
            applied: 0,
            depth: 0,
            max_bytes,
            room_until: 0,
            age,
            kept: 0,
            asked: 0,
            has_foreign: false,
        }
    }

    fn run(&mut self) -> Result<Option<Value>, Box<EvaluationError>> {
        let context = self.root_context()?;
        let program = self.program;
        match self.evaluate(&program.root, context)? {
            Some(value) => self.export(value).map(Some),
            None => Ok(None),
        }
    }

    /// Counts units of work.
    ///
    /// # Errors
    /// Too many for one evaluation.
    #[inline]
    pub(super) fn work(&mut self, units: usize) -> Result<(), Throw> {
        Ok(self.heap.work(units)?)
    }

    /// Pays for bytes that are about to be made.
    ///
    /// # Errors
    /// There is no room for them.
    #[inline]
    pub(super) fn afford(&mut self, bytes: usize) -> Result<(), Throw> {
        let units = (bytes / UNIT_BYTES) as u64 + 1;
        if self.heap.work_done().saturating_add(units) > self.room_until {
            self.check_room(bytes)?;
        }
        Ok(self.heap.afford(bytes)?)
    }

    /// As [`check_room`](Self::check_room), for what was paid for as work.
    ///
    /// # Errors
    /// There is no room.
    #[inline]
    pub(super) fn check_paid(&mut self) -> Result<(), Throw> {
        if self.heap.work_done() > self.room_until { self.check_room(0) } else { Ok(()) }
    }

    /// Whether there is room for so many bytes more.
    ///
    /// # Errors
    /// There is not.
    #[cold]
    pub(super) fn check_room(&mut self, bytes: usize) -> Result<(), Throw> {
        let closures = self.closures.len() * size_of::<Closure<'_>>();
        let used = self.heap.bytes_used() + closures + self.environments.bytes();
        let left = self.max_bytes.checked_sub(used.saturating_add(bytes));
        let left = left.ok_or_else(|| Throw::bound(OUT_OF_MEMORY))?;
        self.room_until = self.heap.work_done() + (left / UNIT_BYTES) as u64;
        Ok(())
    }

    /// Whether so many levels more may be entered.
    #[inline]
    fn check_depth(&self, levels: u32) -> Result<(), Throw> {
        if self.depth + levels > MAX_DEPTH { Err(Throw::bound(STACK_OVERFLOW)) } else { Ok(()) }
    }

    /// The value of a number.
    pub(super) fn number_value(&mut self, number: f64) -> Value {
        if !number.is_finite() {
            self.has_foreign = true;
            return foreign::number(number);
        }
        if number == 0.0 && number.is_sign_negative() {
            self.has_foreign = true;
            return Value::Float(Double::new(number));
        }
        number::value(self.heap, number)
    }

    /// The value of a text.
    pub(super) fn text_value(&mut self, text: &str) -> Evaluated {
        self.afford(text.len())?;
        Ok(Some(self.heap.string(text)))
    }
}
