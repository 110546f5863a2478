//! `|pattern|update, delete|`: a copy of a value with changes where the pattern leads to.

use std::collections::HashMap;

use super::array::length;
use super::foreign::callable;
use super::{Evaluated, Evaluation, text};
use crate::jsonata::compile::{Symbol, Transform};
use crate::jsonata::error::Throw;
use crate::value::Value;

/// By the container in the copy, what it was changed to.
type Changes = HashMap<usize, Value>;

impl<'a> Evaluation<'a> {
    pub(super) fn transform(&mut self, transform: &'a Transform, subject: Option<Value>) -> Evaluated {
        let Some(subject) = subject else { return Ok(None) };
        let clone = self.program.symbols.iter().position(|name| &**name == "clone");
        let clone = clone.and_then(|at| self.environments.find(self.environment, Symbol(at as u32)));
        if let Some(own) = clone.flatten().filter(|own| callable(*own).is_some()) {
            let Some(subject) = self.invoke(own, &[Some(subject)])? else { return Ok(None) };
            return self.transform_copy(transform, subject);
        }
        if clone.is_some() {
            let text = "The transform expression clones the input object using the $clone() function.  This has been \
                        overridden in the current scope by a non-function.";
            return Err(Throw::new("T2013", text));
        }
        if !matches!(subject, Value::Object(_) | Value::Array(_)) {
            // Of $clone.
            let text = "Argument 1 of function {{token}} does not match function signature";
            return Err(Throw::of_function("T0410", text));
        }
        self.transform_copy(transform, subject)
    }

    fn transform_copy(&mut self, transform: &'a Transform, subject: Value) -> Evaluated {
        // A copy in which each container is there once: it is known by its place.
        let copy = self.copy(subject)?;
        let Some(matches) = self.evaluate(&transform.pattern, Some(copy))? else { return Ok(Some(copy)) };
        let mut changes = Changes::new();
        for index in 0..length(matches) {
            let found = self.item(matches, index);
            self.change(transform, found, &mut changes)?;
        }
        self.changed(copy, &changes).map(Some)
    }

    /// Changes one match.
    fn change(&mut self, transform: &'a Transform, found: Value, changes: &mut Changes) -> Result<(), Throw> {
        if callable(found).is_some() {
            return Err(Throw::new("D1010", "Attempted to access the Javascript object prototype"));
        }
        let mut current = if changes.is_empty() { found } else { self.changed(found, changes)? };
        if let Some(update) = self.evaluate(&transform.update, Some(current))? {
            // Of its own: it may hold what is being changed.
            let Value::Object(update) = self.copy(update)? else {
                let shown = text::json(self, update);
                let text =
                    format!("The insert/update clause of the transform expression must evaluate to an object: {shown}");
                return Err(Throw::new("T2011", text));
            };
            // The reference writes into whatever it has found.
            if !update.is_empty() && !matches!(current, Value::Object(_) | Value::Array(_)) {
                return Err(Throw::internal());
            }
            if let Value::Object(object) = current {
                self.work(object.len() + update.len())?;
                self.afford(2 * (object.len() + update.len()) * size_of::<Value>())?;
                current = self.heap.merge(object, update)?;
            }
        }
        if let Some(delete) = &transform.delete
            && let Some(keys) = self.evaluate(delete, Some(current))?
        {
            current = self.without(current, keys)?;
        }
        if let Value::Array(list) | Value::Object(list) = found {
            changes.insert(self.heap.place(list), current);
        }
        Ok(())
    }

    /// The object without these keys.
    fn without(&mut self, value: Value, keys: Value) -> Result<Value, Throw> {
        let mut names = Vec::new();
        for index in 0..length(keys) {
            let Value::String(name) = self.item(keys, index) else {
                let shown = text::json(self, keys);
                let text = format!(
                    "The delete clause of the transform expression must evaluate to a string or array of strings: {shown}"
                );
                return Err(Throw::new("T2012", text));
            };
            names.push(self.heap.str(name).into_owned());
        }
        let Value::Object(object) = value else { return Ok(value) };
        self.work(object.len() * names.len())?;
        let mark = self.heap.mark();
        for index in 0..object.len() {
            let (key, item) = self.heap.entry(object, index);
            if !names.iter().any(|name| self.heap.str_equals(key, name)) {
                self.heap.push_entry(key, item);
            }
        }
        self.close_object(mark)
    }

    fn copy(&mut self, value: Value) -> Result<Value, Throw> {
        self.rebuilt(value, &mut |own, item| own.copy(item))
    }

    /// The value with the changes in it.
    fn changed(&mut self, value: Value, changes: &Changes) -> Result<Value, Throw> {
        let value = match value {
            Value::Array(list) | Value::Object(list) => *changes.get(&self.heap.place(list)).unwrap_or(&value),
            scalar => scalar,
        };
        self.rebuilt(value, &mut |own, item| own.changed(item, changes))
    }
}
