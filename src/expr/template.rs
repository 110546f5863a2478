//! Payload templates: what `Parameters`, `ResultSelector`, `ItemSelector` and `Assign` are compiled to.

use crate::expr::error::EvalError;
use crate::expr::intrinsic::Call;
use crate::expr::path::Path;
use crate::expr::scope::Scope;
use crate::value::{Exceeded, Heap, Outline, Str, Value};

/// A compiled payload template, or a part of one.
#[derive(Debug)]
pub enum Template {
    /// A part without `.$` keys: a value of the program's constants.
    Constant(Value),
    /// An object.
    Object(ObjectTemplate),
    /// An array.
    Array(Vec<Template>),
    /// The value of a `.$` key that is a path.
    Path {
        /// The path.
        path: Path,
        /// The key as it was written, with `.$`; error texts show it.
        field: Box<str>,
    },
    /// The value of a `.$` key that is an intrinsic function call.
    Call(Call),
}

/// An object with parts that are not constant.
#[derive(Debug)]
pub struct ObjectTemplate {
    /// What is known of it, a constant of the program.
    outline: Outline,
    /// What is filled in, with the places of the entries.
    parts: Box<[(usize, Template)]>,
}

impl Template {
    /// A template of an object with these entries. The keys are constants of the program, without `.$`, and differ from each
    /// other.
    ///
    /// # Errors
    /// [`Exceeded`] if a constant is nested too deep.
    pub fn object(entries: Vec<(Str, Template)>, constants: &mut Heap) -> Result<Template, Exceeded> {
        let known = entries.iter().map(|(key, part)| match part {
            Template::Constant(value) => (*key, Some(*value)),
            _ => (*key, None),
        });
        let outline = constants.outline(known)?;
        let parts = entries.into_iter().map(|(_, part)| part).enumerate();
        let parts = parts.filter(|(_, part)| !matches!(part, Template::Constant(_))).collect();
        Ok(Template::Object(ObjectTemplate { outline, parts }))
    }

    /// Builds the value. Parts that are constant or found by a path are shared, not copied.
    ///
    /// # Errors
    /// [`EvalError`] if a path finds nothing, a function fails, or the result is nested too deep.
    pub fn evaluate(&self, heap: &mut Heap, scope: &mut impl Scope) -> Result<Value, Box<EvalError>> {
        match self {
            Template::Constant(value) => Ok(*value),
            Template::Path { path, field } => path.resolve(heap, scope).map_err(|e| e.in_template(heap, path, field)),
            Template::Call(call) => call.evaluate(heap, scope),
            Template::Object(object) => object.evaluate(heap, scope),
            Template::Array(items) => {
                let mark = heap.mark();
                for part in items {
                    match part.evaluate(heap, scope) {
                        Ok(value) => heap.push(value),
                        Err(error) => {
                            heap.abandon(mark);
                            return Err(error);
                        }
                    }
                }
                Ok(heap.array_from(mark)?)
            }
        }
    }

    /// The paths of the template, those of its function calls included.
    pub fn for_each_path<'a>(&'a self, visit: &mut impl FnMut(&'a Path)) {
        match self {
            Template::Constant(_) => {}
            Template::Path { path, .. } => visit(path),
            Template::Call(call) => call.for_each_path(visit),
            Template::Object(object) => object.parts.iter().for_each(|(_, part)| part.for_each_path(visit)),
            Template::Array(items) => items.iter().for_each(|part| part.for_each_path(visit)),
        }
    }
}

impl ObjectTemplate {
    fn evaluate(&self, heap: &mut Heap, scope: &mut impl Scope) -> Result<Value, Box<EvalError>> {
        let mut draft = heap.draft(&self.outline)?;
        for (place, part) in &self.parts {
            let value = match part {
                // Most parts are such paths: without a call, and without room for an error.
                Template::Path { path, .. } if let Some(value) = path.find(heap, scope) => value,
                other => other.evaluate(heap, scope)?,
            };
            heap.fill(&mut draft, *place, value);
        }
        Ok(heap.finish(draft)?)
    }
}

#[cfg(test)]
mod tests {
    use super::Template;
    use crate::expr::intrinsic::Call;
    use crate::expr::path::Path;
    use crate::expr::testing::{World, json};
    use crate::value::{Heap, Value};

    fn path(text: &str, field: &str) -> Template {
        Template::Path { path: Path::parse(text).unwrap(), field: field.into() }
    }

    #[test]
    fn paths_and_calls_are_filled_in_and_the_rest_is_kept() {
        let mut heap = Heap::new();
        let constant = json(&mut heap, r#"{"literal":"$.x"}"#);
        let call = Call::parse("States.Format('{}!', $.name)", &mut heap).unwrap();
        let nested = Template::Array(vec![
            Template::Constant(constant),
            Template::object(vec![(heap.key("who"), Template::Call(call))], &mut heap).unwrap(),
        ]);
        let entries = vec![
            (heap.key("all"), path("$", "all.$")),
            (heap.key("quo\"ted"), path("$x.list[0]", "quo\"ted.$")),
            (heap.key("fixed"), Template::Constant(Value::Int(7))),
            (heap.key("nested"), nested),
        ];
        let template = Template::object(entries, &mut heap).unwrap();
        let mut world = World::new(&mut heap, r#"{"name":"Ann"}"#);
        let value = template.evaluate(&mut heap, &mut world).unwrap();
        let expected = r#"{"all":{"name":"Ann"},"quo\"ted":1,"fixed":7,"nested":[{"literal":"$.x"},{"who":"Ann!"}]}"#;
        assert_eq!(heap.to_json(value), expected);

        let mut paths = Vec::new();
        template.for_each_path(&mut |path| paths.push(path.text()));
        assert_eq!(paths, ["$", "$x.list[0]", "$.name"]);
    }

    #[test]
    fn a_miss_names_path_and_field_and_leaves_nothing_behind() {
        let cases = [
            ("$.x", "The JSONPath '$.x' specified for the field 'key.$' could not be found in the input '{\"a\":1}'"),
            (
                "$$.Task.Token",
                "The JSONPath '$$.Task.Token' specified for the field 'key.$' could not be found in the input '{\"a\":1}'",
            ),
            (
                "$nobody",
                "The JSONPath '$nobody' specified for the field 'key.$' could not be found in the input '{\"a\":1}'",
            ),
            ("$.a[0]", "Invalid path '$.a[0]' : Filter: [0] can only be applied to arrays. Current context is: 1"),
        ];
        for (text, cause) in cases {
            let mut heap = Heap::new();
            let mut world = World::new(&mut heap, r#"{"a":1}"#);
            let mark = heap.mark();
            let list = Template::Array(vec![path("$.a", "a.$"), path(text, "key.$")]);
            let entries = vec![(heap.key("good"), path("$.a", "good.$")), (heap.key("list"), list)];
            let template = Template::object(entries, &mut heap).unwrap();
            let error = template.evaluate(&mut heap, &mut world).unwrap_err();
            assert_eq!(error.cause(&heap, world.input), cause);
            assert_eq!(error.error_name(), "States.Runtime");
            assert!(heap.pushed(mark).is_empty());
        }
    }

    #[test]
    fn a_result_that_is_too_deep_is_an_error() {
        let mut heap = Heap::new();
        let mut world = World::new(&mut heap, &format!("{}{}", "[".repeat(1000), "]".repeat(1000)));
        let error = Template::Array(vec![path("$", "a.$")]).evaluate(&mut heap, &mut world).unwrap_err();
        assert_eq!(error.cause(&heap, world.input), "the value is nested deeper than 1000 levels");
    }
}
