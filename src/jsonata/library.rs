//! Evaluation by the library: for whatever our own form does not cover.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorOptions};
use jsonata_core::parser;
use jsonata_core::value::{JMap, JValue};

use super::compiled::MAX_BYTES;
use super::convert::{Inexact, from_library, part_to_library, to_library};
use super::error::{EvaluationError, SyntaxError};
use super::functions::{self, World};
use super::messages::{self, Message};
use super::names::Names;
use super::references::References;
use super::rewrite;
use super::scope::{Scope, StatesField};
use super::syntax;
use crate::value::{Heap, Value};

/// How long an evaluation may take, in milliseconds (documented: one second).
const MAX_MILLIS: u64 = 1000;
/// How deep evaluations may be nested (recorded: 100).
const MAX_DEPTH: usize = 100;

/// An expression in the library's form.
#[derive(Debug)]
pub(super) struct Program {
    /// As it was written.
    tree: AstNode,
    /// With our functions in it.
    ast: AstNode,
    names: Names,
    references: References,
}

impl Program {
    pub(super) fn parse(text: &str) -> Result<Program, SyntaxError> {
        let ast = parser::parse(&syntax::check(text)?).map_err(|error| SyntaxError::from_library(&error))?;
        let (names, references) = (Names::of(&ast), References::of(&ast));
        Ok(Program { ast: rewrite::for_evaluation(&ast), tree: ast, names, references })
    }

    pub(super) fn tree(&self) -> &AstNode {
        &self.tree
    }

    pub(super) fn references(&self) -> &References {
        &self.references
    }

    pub(super) fn evaluate(
        &self,
        heap: &mut Heap,
        scope: &mut impl Scope,
    ) -> Result<Option<Value>, Box<EvaluationError>> {
        let mut inexact = Inexact::default();
        let context = self.bind(heap, scope, &mut inexact);
        let before = scope.random().clone();
        let text = match run(&self.ast, false, context, scope) {
            Ok(result) => return from_library(heap, &result, &inexact),
            Err(text) => text,
        };
        let text = match messages::message(&text) {
            Message::Known(text) => text,
            Message::Incomplete(text) => {
                *scope.random() = before;
                let context = self.bind(heap, scope, &mut inexact);
                let explained = run(&rewrite::for_explanation(&self.tree), true, context, scope);
                explain(&text, explained.err())
            }
        };
        Err(Box::new(EvaluationError::Thrown(text.into())))
    }

    fn bind(&self, heap: &mut Heap, scope: &mut impl Scope, inexact: &mut Inexact) -> Context {
        let mut context = Context::new();
        let mut states = JMap::default();
        for field in StatesField::ALL {
            if let Some(needed) = self.names.needed(field)
                && let Some(value) = scope.states(heap, field)
            {
                states.insert(field.as_str().to_owned(), part_to_library(heap, value, needed, inexact));
            }
        }
        context.bind("states".to_owned(), JValue::Object(Rc::new(states)));
        for name in self.names.variables() {
            if let Some(value) = scope.variable(heap, name) {
                context.bind(name.to_owned(), to_library(heap, value, inexact));
            }
        }
        context
    }
}

/// Evaluates a tree. An error is the library's text, or that of one of our functions.
fn run(ast: &AstNode, explain: bool, context: Context, scope: &mut impl Scope) -> Result<JValue, String> {
    let options = EvaluatorOptions {
        timeout_ms: Some(MAX_MILLIS),
        max_stack_depth: Some(MAX_DEPTH),
        max_sequence_length: Some(MAX_BYTES / size_of::<Value>()),
        ..Default::default()
    };
    let mut evaluator = Evaluator::with_options(context, options);
    let random = Rc::new(RefCell::new(scope.random().clone()));
    let world = World { random: Rc::clone(&random), now_millis: scope.now_millis() };
    // The library is not ours: a fault of it must not end the process.
    let result = catch_unwind(AssertUnwindSafe(|| {
        functions::register(&mut evaluator, &world)?;
        if explain {
            functions::register_checks(&mut evaluator)?;
        }
        evaluator.evaluate(ast, &JValue::Undefined)
    }));
    *scope.random() = random.borrow().clone();
    match result {
        Ok(result) => result.map_err(|error| error.message().to_owned()),
        Err(_) => Err("The expression could not be evaluated".to_owned()),
    }
}

/// The text of an evaluation that looked at operands first, if it failed for the same reason.
fn explain(text: &str, explained: Option<String>) -> String {
    let code = |text: &str| text.split_once(": ").map(|(code, _)| code.to_owned()).filter(|code| code.len() == 5);
    // Only our own text has a code where the library's has none; ours distinguishes T0410 and the like.
    let is_same = |other: &str| match (code(text), code(other)) {
        (Some(code), Some(other)) => code == other || (code.starts_with("T04") && other.starts_with("T04")),
        (None, Some(other)) => other.starts_with("T04"),
        _ => false,
    };
    explained.filter(|other| is_same(other)).unwrap_or_else(|| text.to_owned())
}
