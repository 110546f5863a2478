//! Whether paths, intrinsic function calls, timestamps and names are well formed: yes, or why not.
//!
//! The one place of this room that knows who reads them.

use crate::expr::intrinsic::{self, Call, Returns};
use crate::expr::{Instant, Path, ReferencePath};
use crate::value::Heap;

/// The longest name of a variable, in characters.
const MAX_VARIABLE_CHARS: usize = 80;

/// A path of the whole dialect: `$…`, `$$…` or `$variable…`.
pub(super) fn path(text: &str) -> Result<(), String> {
    Path::parse(text).map(drop).map_err(|error| format!("Value is not a valid JSONPath: {}", error.message))
}

/// A path that names one place: only `.name`, `['name']` and `[n]`.
pub(super) fn reference_path(text: &str) -> Result<(), String> {
    ReferencePath::parse(text).map(drop).map_err(|error| error.message)
}

/// What a `ResultPath` may be: a Reference Path into the input, not into the context or a variable.
pub(super) fn result_path(text: &str) -> Result<(), String> {
    let path = ReferencePath::parse(text).map_err(|error| error.message)?;
    if path.is_writable() {
        return Ok(());
    }
    Err("Value is not a Reference Path: a ResultPath points into the input, not the context object or a variable"
        .into())
}

/// The value of a `.$` field: a path or an intrinsic function call.
pub(super) fn template_value(text: &str) -> Result<(), String> {
    if text.starts_with('$') { Path::parse(text).map(drop).map_err(|error| error.message) } else { intrinsic(text) }
}

/// A call of an intrinsic function.
pub(super) fn intrinsic(text: &str) -> Result<(), String> {
    Call::parse(text, &mut Heap::new()).map(drop).map_err(|error| error.message)
}

/// Does a literal look like a path or a call, so that a `.$` is probably missing?
pub(super) fn looks_like_template_value(text: &str) -> bool {
    let path_like = text.starts_with("$.") || text.starts_with("$[") || text.starts_with("$$.");
    (path_like && path(text).is_ok()) || (text.starts_with("States.") && intrinsic(text).is_ok())
}

/// The name of the function in `text`, if it starts like a call of one that doesn't exist.
pub(super) fn unknown_intrinsic(text: &str) -> Option<&str> {
    let (name, _) = text.split_once('(')?;
    let name = name.trim();
    (!intrinsics().any(|known| known == name)).then_some(name)
}

/// The names of the intrinsic functions, for hints.
pub(super) fn intrinsics() -> impl Iterator<Item = &'static str> + Clone {
    intrinsic::names()
}

/// A call of an intrinsic function that a Fail state may have in the place of a path: one that returns a string. Which
/// these are is AWS's list; an element of an array may be one.
pub(super) fn text_intrinsic(text: &str) -> Result<(), String> {
    let call = Call::parse(text, &mut Heap::new()).map_err(|error| error.message)?;
    match call.returns() {
        Returns::String | Returns::Element => Ok(()),
        _ => Err("It does not return a string.".into()),
    }
}

/// A variable name as `Assign` takes it.
pub(super) fn variable_name(name: &str) -> Result<(), String> {
    let mut chars = name.chars();
    if name == "states" {
        return Err("'states' is reserved".into());
    }
    if !chars.next().is_some_and(|first| first.is_alphabetic() || first == '_') {
        return Err("it must start with a letter".into());
    }
    if !chars.all(|c| c.is_alphanumeric() || c == '_') {
        return Err("it may hold only letters, digits and '_'".into());
    }
    if name.chars().count() > MAX_VARIABLE_CHARS {
        return Err(format!("it may have at most {MAX_VARIABLE_CHARS} characters"));
    }
    Ok(())
}

/// An RFC 3339 timestamp with capital `T` and `Z` or a numeric offset.
pub(super) fn timestamp(text: &str) -> bool {
    Instant::parse(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_for_hints_are_those_of_functions() {
        for name in intrinsics() {
            assert_eq!(intrinsic(&format!("{name}()")), Ok(()), "{name}");
            assert_eq!(unknown_intrinsic(&format!("{name}()")), None);
        }
        assert_eq!(unknown_intrinsic("States.Uuid()"), Some("States.Uuid"));
    }

    #[test]
    fn reasons_are_in_the_words_of_the_service() {
        assert_eq!(
            reference_path("a.b"),
            Err("Value is not a Reference Path: Reference path didn't start with '$'".to_owned())
        );
        assert_eq!(
            reference_path("$.a[*]"),
            Err("Value is not a Reference Path: '[' must be followed by ' or '['".to_owned())
        );
    }

    #[test]
    fn a_result_goes_into_the_input() {
        for good in ["$", "$.a", "$['a b'][0]"] {
            assert_eq!(result_path(good), Ok(()), "{good}");
        }
        for bad in ["$$.a", "$v", "$v.x", "$..a", "a", ""] {
            assert!(result_path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_literal_that_looks_like_a_path_is_distinguished_from_prices() {
        for yes in ["$.a", "$['a']", "$$.Execution.Id", "States.UUID()"] {
            assert!(looks_like_template_value(yes), "{yes}");
        }
        for no in ["$5", "$", "a", "States", "States.Gone()", "$. a [", "$name"] {
            assert!(!looks_like_template_value(no), "{no}");
        }
    }
}
