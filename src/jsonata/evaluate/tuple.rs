//! Items that come with bindings: what `@`, `#` and `%` need.
//!
//! Such an item is a row: an array of the item itself, and then symbols and values in turn. The rows of a path are the
//! elements of an array with a mark.

use super::array::{KEPT, SEQUENCE, TUPLES, length};
use super::foreign::{self, Foreign};
use super::path::{Found, Reached};
use super::{Evaluated, Evaluation};
use crate::jsonata::compile::{Path, Stage, Step, StepKind, Symbol};
use crate::jsonata::error::Throw;
use crate::value::Value;

/// The item of a row, or a context: undefined has a value of its own there.
#[inline]
pub(super) fn defined(item: Value) -> Option<Value> {
    match item {
        Value::Foreign(_) if foreign::read(item) == Some(Foreign::Undefined) => None,
        item => Some(item),
    }
}

/// What a step puts into a row.
type Additions = [Option<(Symbol, Value)>; 3];

impl<'a> Evaluation<'a> {
    /// A path with bindings, from what it starts with.
    pub(super) fn binding_path(&mut self, path: &'a Path, reached: Reached) -> Evaluated {
        let mut reached = reached;
        let mut rows = None;
        for (at, step) in path.steps.iter().enumerate() {
            if rows.is_none() && !step.binds {
                reached = self.step(step, reached, at + 1 == path.steps.len())?;
                // No later step is taken, and nothing is bound.
                if let Reached::Nothing = reached {
                    break;
                }
                continue;
            }
            rows = Some(match (rows, &step.kind) {
                (Some(rows), _) => self.row_step(step, rows)?,
                (None, StepKind::Sort(_)) => self.sorted_rows(step, reached)?,
                (None, _) => {
                    let rows = self.rows_of(reached)?;
                    self.row_step(step, rows)?
                }
            });
        }
        let Some(rows) = rows else {
            let value = self.close_path(path, reached)?;
            return match &path.group {
                Some(pairs) => self.group(pairs, value).map(Some),
                None => Ok(value),
            };
        };
        if let Some(pairs) = &path.group {
            // The reference takes the item of a row that is not there.
            if let Value::Array(list) = rows
                && list.is_empty()
            {
                return Err(Throw::internal());
            }
            return self.group(pairs, Some(rows)).map(Some);
        }
        if path.hands_on {
            return Ok(Some(rows));
        }
        let mark = self.heap.mark();
        for index in 0..length(rows) {
            let row = self.item(rows, index);
            let item = self.item(row, 0);
            self.heap.push(item);
        }
        let items = self.close_array(mark)?;
        let keep = path.keep_array || path.keep_whole;
        self.set_marks(items, SEQUENCE | if keep { KEPT } else { 0 });
        Ok(Some(items))
    }

    /// Rows without bindings.
    fn rows_of(&mut self, reached: Reached) -> Result<Value, Throw> {
        let items = match reached {
            Reached::Nothing => return self.heap.array(&[]).map_err(Throw::from),
            Reached::One(item) => self.heap.array(&[item])?,
            Reached::Items(items) | Reached::Whole(items) => items,
        };
        let mark = self.heap.mark();
        for index in 0..length(items) {
            let item = self.item(items, index);
            let row = self.heap.array(&[item])?;
            self.heap.push(row);
        }
        self.close_rows(mark)
    }

    fn close_rows(&mut self, mark: crate::value::Mark) -> Result<Value, Throw> {
        let rows = self.close_array(mark)?;
        self.set_marks(rows, SEQUENCE | TUPLES);
        Ok(rows)
    }

    /// Items that are sorted before they are bound.
    fn sorted_rows(&mut self, step: &'a Step, reached: Reached) -> Result<Value, Throw> {
        let StepKind::Sort(terms) = &step.kind else { return self.rows_of(reached) };
        let items = match reached {
            Reached::Nothing => return self.rows_of(reached),
            Reached::One(item) => self.heap.array(&[item])?,
            Reached::Items(items) | Reached::Whole(items) => items,
        };
        let sorted = self.sort_by(terms, items, false)?;
        let mark = self.heap.mark();
        for index in 0..length(sorted) {
            let item = self.item(sorted, index);
            let row = self.heap.array(&[item])?;
            let position = step.index.map(|symbol| (symbol, Value::Int(index as i64)));
            let row = self.extend(row, item, [position, None, None])?;
            self.heap.push(row);
        }
        let rows = self.close_rows(mark)?;
        self.row_stages(step, rows)
    }

    fn row_step(&mut self, step: &'a Step, rows: Value) -> Result<Value, Throw> {
        if let StepKind::Sort(terms) = &step.kind {
            let sorted = self.sort_by(terms, rows, true)?;
            return self.row_stages(step, sorted);
        }
        let StepKind::Node(node) = &step.kind else { return Ok(rows) };
        let mark = self.heap.mark();
        for index in 0..length(rows) {
            let row = self.item(rows, index);
            let result = self.in_tuple(row, |own, item| own.evaluate(node, item))?;
            let Some(result) = result else { continue };
            let hands_on = self.has_mark(result, TUPLES);
            for at in 0..length(result) {
                let found = self.item(result, at);
                let row = match hands_on {
                    true => self.merge_rows(row, found)?,
                    false => self.step_row(step, row, found, at)?,
                };
                self.heap.push(row);
            }
            self.check_paid()?;
        }
        let rows = self.close_rows(mark)?;
        self.row_stages(step, rows)
    }

    /// The row for one result of a step on the item of a row.
    fn step_row(&mut self, step: &Step, row: Value, found: Value, at: usize) -> Result<Value, Throw> {
        let before = self.item(row, 0);
        let position = step.index.map(|symbol| (symbol, Value::Int(at as i64)));
        let ancestor = step.ancestor.map(|symbol| (symbol, before));
        match step.focus {
            Some(focus) => self.extend(row, before, [Some((focus, found)), position, ancestor]),
            None => self.extend(row, found, [position, ancestor, None]),
        }
    }

    fn row_stages(&mut self, step: &'a Step, rows: Value) -> Result<Value, Throw> {
        let mut rows = rows;
        for stage in &step.stages {
            rows = match stage {
                Stage::Filter(filter) => match self.filter(filter, Found::Items(rows))? {
                    Found::Items(rows) | Found::Value(rows) => rows,
                    Found::Nothing => {
                        let mark = self.heap.mark();
                        self.close_rows(mark)?
                    }
                    Found::One(row) => {
                        let mark = self.heap.mark();
                        self.heap.push(row);
                        self.close_rows(mark)?
                    }
                },
                Stage::Index(symbol) => {
                    let mark = self.heap.mark();
                    for index in 0..length(rows) {
                        let row = self.item(rows, index);
                        let item = self.item(row, 0);
                        let row = self.extend(row, item, [Some((*symbol, Value::Int(index as i64))), None, None])?;
                        self.heap.push(row);
                    }
                    self.close_rows(mark)?
                }
            };
        }
        Ok(rows)
    }

    /// A row with another item and more bindings.
    fn extend(&mut self, row: Value, item: Value, additions: Additions) -> Result<Value, Throw> {
        self.work(1)?;
        let mark = self.heap.mark();
        self.heap.push(item);
        for index in 1..length(row) {
            let part = self.item(row, index);
            self.heap.push(part);
        }
        for (symbol, value) in additions.into_iter().flatten() {
            self.put(mark, symbol, value);
        }
        self.close_array(mark)
    }

    /// The row, and over it what an inner path has bound.
    fn merge_rows(&mut self, row: Value, inner: Value) -> Result<Value, Throw> {
        self.work(length(inner))?;
        let mark = self.heap.mark();
        let item = self.item(inner, 0);
        self.heap.push(item);
        for index in 1..length(row) {
            let part = self.item(row, index);
            self.heap.push(part);
        }
        for (symbol, value) in self.bindings(inner) {
            self.put(mark, symbol, value);
        }
        self.close_array(mark)
    }

    /// Binds the symbol in the row under construction.
    fn put(&mut self, mark: crate::value::Mark, symbol: Symbol, value: Value) {
        self.keep(value);
        let name = Value::Int(i64::from(symbol.0));
        let known = self.heap.pushed(mark)[1..].chunks(2).position(|pair| symbol_of(pair[0]) == Some(symbol));
        match known {
            Some(at) => self.heap.replace_pushed(mark, 2 * at + 2, value),
            None => {
                self.heap.push(name);
                self.heap.push(value);
            }
        }
    }

    /// The bindings of a row.
    pub(super) fn bindings(&self, row: Value) -> Vec<(Symbol, Value)> {
        let Value::Array(list) = row else { return Vec::new() };
        let pairs = self.heap.items(list).get(1..).unwrap_or_default().chunks_exact(2);
        pairs.filter_map(|pair| Some((symbol_of(pair[0])?, pair[1]))).collect()
    }

    /// Does something with the item of a row, its bindings in sight.
    pub(super) fn in_tuple<T>(
        &mut self,
        row: Value,
        act: impl FnOnce(&mut Self, Option<Value>) -> Result<T, Throw>,
    ) -> Result<T, Throw> {
        let (outer, mark, closures) = (self.environment, self.environments.mark(), self.closures.len());
        self.environment = self.environments.enter(outer);
        for (symbol, value) in self.bindings(row) {
            self.environments.bind(self.environment, symbol, defined(value));
        }
        let item = self.item(row, 0);
        let result = act(self, defined(item))?;
        self.environment = outer;
        if self.closures.len() == closures {
            self.environments.release(mark);
        }
        Ok(result)
    }

    /// The context and the bindings of rows that fell into one group: of several, each name has all of its values.
    pub(super) fn reduce_rows(&mut self, rows: &[Value]) -> Result<Value, Throw> {
        let [first, rest @ ..] = rows else { return self.heap.array(&[]).map_err(Throw::from) };
        if rest.is_empty() {
            return Ok(*first);
        }
        let mark = self.heap.mark();
        let item = self.heap.mark();
        for row in rows {
            let value = self.item(*row, 0);
            self.heap.push(value);
        }
        let value = self.close_appended(item)?.unwrap_or_else(foreign::undefined);
        self.heap.push(value);
        for (symbol, _) in self.bindings(*first) {
            let values = self.heap.mark();
            for row in rows {
                self.work(1)?;
                let value = self.bindings(*row).into_iter().find(|(name, _)| *name == symbol);
                value.into_iter().for_each(|(_, value)| self.heap.push(value));
            }
            let value = self.close_appended(values)?.unwrap_or_else(foreign::undefined);
            self.heap.push(Value::Int(i64::from(symbol.0)));
            self.heap.push(value);
        }
        self.close_array(mark)
    }
}

fn symbol_of(value: Value) -> Option<Symbol> {
    match value {
        Value::Int(number) => Some(Symbol(number as u32)),
        _ => None,
    }
}
