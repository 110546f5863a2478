//! Evaluation by the library: for whatever our own form does not cover.

use std::cell::RefCell;
use std::rc::Rc;

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError, EvaluatorOptions};
use jsonata_core::parser;
use jsonata_core::value::{JMap, JValue};

use super::convert::{Inexact, from_library, to_library};
use super::error::{EvaluationError, SyntaxError};
use super::functions::{self, World};
use super::names::Names;
use super::references::References;
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
    ast: AstNode,
    names: Names,
    references: References,
}

impl Program {
    pub(super) fn parse(text: &str) -> Result<Program, SyntaxError> {
        let ast = parser::parse(&syntax::check(text)?).map_err(|error| SyntaxError::from_library(&error))?;
        let names = Names::of(&ast);
        let references = References::of(&ast);
        Ok(Program { ast, names, references })
    }

    pub(super) fn references(&self) -> &References {
        &self.references
    }

    pub(super) fn ast(&self) -> &AstNode {
        &self.ast
    }

    pub(super) fn evaluate(
        &self,
        heap: &mut Heap,
        scope: &mut impl Scope,
    ) -> Result<Option<Value>, Box<EvaluationError>> {
        let mut inexact = Inexact::default();
        let context = self.bind(heap, scope, &mut inexact);
        let options =
            EvaluatorOptions { timeout_ms: Some(MAX_MILLIS), max_stack_depth: Some(MAX_DEPTH), ..Default::default() };
        let mut evaluator = Evaluator::with_options(context, options);
        let random = Rc::new(RefCell::new(scope.random().clone()));
        let world = World { random: Rc::clone(&random), now_millis: scope.now_millis() };
        let result = functions::register(&mut evaluator, &world)
            .and_then(|()| evaluator.evaluate(&self.ast, &JValue::Undefined))
            .map_err(|error| thrown(&error));
        *scope.random() = random.borrow().clone();
        from_library(heap, &result?, &inexact)
    }

    fn bind(&self, heap: &mut Heap, scope: &mut impl Scope, inexact: &mut Inexact) -> Context {
        let mut context = Context::new();
        let mut states = JMap::default();
        for field in StatesField::ALL {
            if self.names.uses(field)
                && let Some(value) = scope.states(heap, field)
            {
                states.insert(field.as_str().to_owned(), to_library(heap, value, inexact));
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

fn thrown(error: &EvaluatorError) -> Box<EvaluationError> {
    let text = match error.code() {
        // The library adds the name.
        Some("T1006") => "T1006: Attempted to invoke a non-function",
        _ => error.message(),
    };
    Box::new(EvaluationError::Thrown(text.into()))
}
