//! Paths, templates and function calls over shapes.

use crate::expr::intrinsic::{Call, Returns};
use crate::expr::path::Path;
use crate::expr::{Place, Root};
use crate::value::Heap;

use super::super::diagnostic::{Code, Diagnostic};
use super::super::node::{Node, NodeKind, Span, Spanned};
use super::shape::Shape;
use super::{Flow, Variables};
use crate::suggest;

/// How many names a hint lists.
const MAX_NAMES: usize = 8;

/// What the paths of a field may begin at.
pub(super) struct Scope<'a> {
    /// `$`
    pub data: &'a Shape,
    /// `$$`
    pub context: &'a Shape,
    pub variables: &'a Variables,
}

impl Flow<'_> {
    /// What a path leads to; a warning if that is nothing, ever.
    pub(super) fn path(&mut self, path: &Spanned<String>, scope: &Scope<'_>, location: &str) -> Shape {
        match Path::parse(&path.value) {
            Ok(parsed) => self.follow(&parsed, &path.span, scope, location),
            Err(_) => Shape::Unknown,
        }
    }

    /// What a payload template gives.
    pub(super) fn template(&mut self, node: &Node, scope: &Scope<'_>, location: &str) -> Shape {
        match &node.kind {
            NodeKind::Array(elements) => {
                let shapes: Vec<Shape> =
                    elements.iter().map(|element| self.template(element, scope, location)).collect();
                Shape::array(shapes)
            }
            NodeKind::Object(members) => {
                let mut fields = Vec::with_capacity(members.len());
                for member in members {
                    let (name, shape) = match (member.key.strip_suffix(".$"), member.value.as_str()) {
                        (Some(name), Some(text)) => (name, self.dynamic(text, &member.value.span, scope, location)),
                        _ => (member.key.as_str(), self.template(&member.value, scope, location)),
                    };
                    fields.push((name, shape));
                }
                Shape::closed(fields)
            }
            _ => Shape::Scalar,
        }
    }

    /// A path or a function call.
    pub(super) fn dynamic(&mut self, text: &str, span: &Span, scope: &Scope<'_>, location: &str) -> Shape {
        if text.starts_with('$') {
            return self.path(&Spanned { value: text.to_owned(), span: span.clone() }, scope, location);
        }
        let Ok(call) = Call::parse(text, &mut Heap::new()) else { return Shape::Unknown };
        call.for_each_path(&mut |path| {
            self.follow(path, span, scope, location);
        });
        of_function(call.returns())
    }

    fn follow(&mut self, path: &Path, span: &Span, scope: &Scope<'_>, location: &str) -> Shape {
        let root = match path.root() {
            Root::Input => Some(scope.data.clone()),
            Root::Context => Some(scope.context.clone()),
            Root::Variable(name) => self.variable(name, "$", span, scope.variables, location),
        };
        let Some(mut shape) = root else { return Shape::Unknown };
        let Some(places) = path.places() else {
            return if path.is_definite() { Shape::Unknown } else { Shape::Array(Some(Shape::Unknown.into())) };
        };
        let mut text = root_text(path.root());
        for place in places {
            let next = match place {
                Place::Name(name) if PATH_FUNCTIONS.contains(&name) => None,
                Place::Name(name) => shape.name(name),
                Place::Index(index) if index < 0 => None,
                Place::Index(_) => shape.index(),
            };
            match next {
                Some(next) => shape = next,
                None => {
                    self.warn(nothing_there(path, &text, place, &shape).at(location, span.clone()));
                    return Shape::Unknown;
                }
            }
            match place {
                Place::Name(name) => text.push_str(&format!(".{name}")),
                Place::Index(index) => text.push_str(&format!("[{index}]")),
            }
        }
        shape
    }

    /// The value of a variable; a warning if it never has one here. `data` is how the state calls its input.
    pub(super) fn variable(
        &mut self,
        name: &str,
        data: &str,
        span: &Span,
        variables: &Variables,
        location: &str,
    ) -> Option<Shape> {
        // That $states is no variable has been said.
        let known = variables.get(name).cloned();
        if known.is_none() && name != "states" {
            let message =
                format!("The variable '{name}' has no value here: no state on any way to this one assigns it");
            let near = suggest::closest(name, variables.names());
            let hint = match (self.assigned.get(name), near) {
                (Some(place), _) => format!("{place} assigns it, but not before this state, or in another scope."),
                (None, Some(near)) => format!("Did you mean '${near}'?"),
                (None, None) => format!("Set it in the Assign of a state before, or read the data: '{data}.{name}'."),
            };
            self.warn(Diagnostic::warning(Code::UndefinedVariable, message).at(location, span.clone()).with_hint(hint));
        }
        known
    }
}

/// Functions that other versions of JSONPath have. The service takes them for names.
const PATH_FUNCTIONS: [&str; 12] = [
    "length()", "size()", "sum()", "min()", "max()", "avg()", "stddev()", "keys()", "concat()", "append()", "first()",
    "last()",
];

fn root_text(root: &Root) -> String {
    match root {
        Root::Input => "$".to_owned(),
        Root::Context => "$$".to_owned(),
        Root::Variable(name) => format!("${name}"),
    }
}

fn nothing_there(path: &Path, before: &str, place: Place<'_>, shape: &Shape) -> Diagnostic {
    let certainty = match place {
        // A field may have such a name, but hardly one does.
        Place::Name(name) if PATH_FUNCTIONS.contains(&name) => "hardly leads anywhere",
        _ => "can never exist here",
    };
    let message = format!("The path '{}' {certainty}: {}", path.text(), why(before, place, shape));
    let names = shape.names().unwrap_or_default();
    let hint = match place {
        Place::Name(_) if before.ends_with(".Cause") && *shape == Shape::Scalar => {
            format!("A Cause is a text. If it holds JSON, read it first: States.StringToJson({before}).")
        }
        Place::Name("length()" | "size()") => {
            format!("The length of an array is States.ArrayLength({before}); paths have no functions.")
        }
        Place::Name(name) if PATH_FUNCTIONS.contains(&name) => {
            "Paths have no functions. Add up with States.MathAdd, or use JSONata in this state.".to_owned()
        }
        Place::Name(name) => match suggest::closest(name, names.iter().copied()) {
            Some(near) => format!("Did you mean '{before}.{near}'?"),
            None => listing(before, &names),
        },
        Place::Index(index) if index < 0 => {
            format!("The last element is {before}[(@.length-1)], or {before}[-1:] as an array.")
        }
        Place::Index(_) => listing(before, &names),
    };
    Diagnostic::warning(Code::PathNeverExists, message).with_hint(hint)
}

fn why(before: &str, place: Place<'_>, shape: &Shape) -> String {
    match (place, shape) {
        (Place::Name(name), _) if PATH_FUNCTIONS.contains(&name) => format!("'{name}' is read as the name of a field"),
        (Place::Index(index), _) if index < 0 => "an index does not count from the end".to_owned(),
        (_, Shape::Scalar) => format!("'{before}' is neither an object nor an array"),
        (Place::Name(_), Shape::Array(_)) => format!("'{before}' is an array"),
        (Place::Index(_), Shape::Array(_)) => format!("'{before}' is an empty array"),
        (Place::Index(_), _) => format!("'{before}' is an object, not an array"),
        (Place::Name(name), _) => format!("nothing puts '{name}' into '{before}'"),
    }
}

fn listing(before: &str, names: &[&str]) -> String {
    match names {
        [] => format!("Look at what the states before hand on as '{before}'."),
        names => {
            let more = if names.len() > MAX_NAMES { ", …" } else { "" };
            let shown: Vec<&str> = names.iter().copied().take(MAX_NAMES).collect();
            format!("'{before}' has: {}{more}.", shown.join(", "))
        }
    }
}

/// What a call gives.
fn of_function(returns: Returns) -> Shape {
    match returns {
        Returns::String | Returns::Number | Returns::Boolean => Shape::Scalar,
        Returns::Scalars => Shape::array([Shape::Scalar]),
        Returns::Array => Shape::array([Shape::Unknown]),
        Returns::Object | Returns::Element | Returns::Json => Shape::Unknown,
    }
}
