use crate::expr::error::{CallFault, EvalError};
use crate::expr::java;
use crate::expr::path::{Path, Root};
use crate::value::{Exceeded, Heap};

use super::search::{Reason, SearchError};
use super::step::Steps;
use super::trail::Part;

/// Why a path has no value.
#[derive(Clone, Debug)]
pub struct PathError(pub(super) Cause);

#[derive(Clone, Debug)]
pub(super) enum Cause {
    /// The root is not there: a variable that is not defined.
    NoRoot,
    /// The path is applied to `null`.
    NullRoot,
    /// A path of names and indexes leads nowhere. Its text is made only where it is needed.
    Plain(SearchError),
    /// Another path cannot be applied: whether it found nothing, and the text.
    Search(bool, Box<str>),
    /// The evaluation passed a bound: depth, memory or work.
    Exceeded(Exceeded),
}

impl PathError {
    /// What a search ended with, and where.
    pub(super) fn of_search(heap: &Heap, path: &Path, fault: &SearchError, trail: &[Part]) -> PathError {
        PathError(match fault {
            SearchError::Exceeded(exceeded) => Cause::Exceeded(*exceeded),
            fault => Cause::Search(fault.is_missing(), text(heap, &path.steps, &path.root_text(), fault, trail).into()),
        })
    }

    /// Whether the path found nothing, in contrast to: cannot be applied.
    pub fn is_missing(&self) -> bool {
        match &self.0 {
            Cause::NoRoot | Cause::NullRoot => true,
            Cause::Plain(fault) => fault.is_missing(),
            Cause::Search(missing, _) => *missing,
            Cause::Exceeded(_) => false,
        }
    }

    /// The bound that the evaluation passed, if that is why it has no value.
    pub fn exceeded(&self) -> Option<Exceeded> {
        match self.0 {
            Cause::Exceeded(exceeded) => Some(exceeded),
            _ => None,
        }
    }

    /// What happened, where in the path: the part of the cause behind `Invalid path '…' : `.
    pub fn detail(&self, heap: &Heap, path: &Path) -> String {
        match &self.0 {
            Cause::NoRoot => format!("No results for path: {}{}", path.root_text(), path.steps.text(0)),
            Cause::NullRoot => String::from("root can not be null"),
            Cause::Plain(fault) => plain_text(heap, &path.steps, &path.root_text(), fault),
            Cause::Search(_, text) => text.to_string(),
            Cause::Exceeded(exceeded) => exceeded.to_string(),
        }
    }

    /// The error of a field such as `InputPath`, `OutputPath` or `TimeoutSecondsPath`.
    pub fn in_field(&self, heap: &Heap, path: &Path) -> Box<EvalError> {
        if let Some(exceeded) = self.exceeded() {
            return exceeded.into();
        }
        Box::new(EvalError::InvalidPath { path: path.text().into(), detail: self.detail(heap, path).into() })
    }

    /// The error of a `.$` value (`field` with the `.$`), of `ErrorPath` and of `CausePath`.
    pub fn in_template(&self, heap: &Heap, path: &Path, field: &str) -> Box<EvalError> {
        if !self.is_missing() {
            return self.in_field(heap, path);
        }
        Box::new(EvalError::NotFound { path: path.text().into(), field: field.into() })
    }

    /// The error of `Variable` or of an operand of a Choice rule.
    pub fn in_choice(&self, path: &Path) -> Box<EvalError> {
        if let Some(exceeded) = self.exceeded() {
            return exceeded.into();
        }
        Box::new(EvalError::InvalidChoicePath { path: path.text().into() })
    }

    /// The error of an argument of an intrinsic function; `call` is the whole expression.
    pub fn in_call(&self, heap: &Heap, path: &Path, call: &str) -> Box<EvalError> {
        if self.is_missing() {
            return Box::new(EvalError::ArgumentNotFound { call: call.into(), path: path.text().into() });
        }
        if let Some(exceeded) = self.exceeded() {
            return exceeded.into();
        }
        let text = format!("Invalid path '{}' : {}", path.text(), self.detail(heap, path));
        Box::new(EvalError::Function { call: call.into(), fault: CallFault::InvalidPath(text.into()) })
    }
}

impl Path {
    /// What error texts of the path begin with. The service evaluates a path into the context object as one into any
    /// other, so `$$` is `$` there.
    pub(super) fn root_text(&self) -> String {
        match &self.root {
            Root::Input | Root::Context => String::from("$"),
            Root::Variable(name) => format!("${name}"),
        }
    }
}

/// The text of a fault in steps that are names and indexes only.
pub(super) fn plain_text(heap: &Heap, steps: &Steps, root: &str, fault: &SearchError) -> String {
    let way: Vec<Part> = match fault {
        SearchError::Step { at, .. } => (0..*at as usize).map(Part::Step).collect(),
        _ => Vec::new(),
    };
    text(heap, steps, root, fault, &way)
}

/// The text of a fault in `steps`, to which `trail` led.
pub(super) fn text(heap: &Heap, steps: &Steps, root: &str, fault: &SearchError, trail: &[Part]) -> String {
    let SearchError::Step { at, reason, found } = fault else {
        return match fault {
            SearchError::Refused(text) => text.to_string(),
            SearchError::Exceeded(exceeded) => exceeded.to_string(),
            SearchError::Step { .. } => String::new(),
        };
    };
    let at = *at as usize;
    let way = way(heap, steps, root, trail);
    let step = || {
        let mut out = String::new();
        steps.list.iter().skip(at).take(1).for_each(|step| step.write(&mut out));
        out
    };
    match reason {
        Reason::NoResults => format!("No results for path: {way}{}", step()),
        Reason::MissingProperty => format!("Missing property in path {way}{}", step()),
        Reason::NotAnObject => format!("Property {} not found in path {way}", step()),
        Reason::OutOfBounds(index) => format!("Index out of bounds when evaluating path {way}[{index}]"),
        Reason::Null => format!("The path {way} is null"),
        Reason::NotAnArray => {
            let context = java::text(heap, *found);
            format!("Filter: {} can only be applied to arrays. Current context is: {context}", steps.text(at))
        }
        Reason::Primitive => {
            let context = java::text(heap, *found);
            format!("Filter: {} can not be applied to primitives. Current context is: {context}", steps.text(at))
        }
        Reason::NamesNotLast => format!("Multi properties can only be used as path leafs: {way}{}", step()),
    }
}

fn way(heap: &Heap, steps: &Steps, root: &str, trail: &[Part]) -> String {
    let mut out = root.to_owned();
    for part in trail {
        match part {
            Part::Step(at) => steps.list.iter().skip(*at).take(1).for_each(|step| step.write(&mut out)),
            Part::Key(key) => {
                out.push_str("['");
                out.push_str(&heap.str(*key));
                out.push_str("']");
            }
            Part::Index(index) => out.push_str(&format!("[{index}]")),
            Part::Here => out = String::from("$"),
        }
    }
    out
}
