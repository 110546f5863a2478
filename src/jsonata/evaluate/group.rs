//! Object constructors and groups: a key expression's results say which value goes where.

use std::collections::HashMap;

use super::array::{TUPLES, length};
use super::{Evaluated, Evaluation, text};
use crate::jsonata::compile::{Node, Pairs, Record};
use crate::jsonata::error::Throw;
use crate::value::{Str, Value};

/// Groups that are looked for one after the other; of more, a table is made.
const MAX_SEARCHED: usize = 8;

struct Group {
    key: Str,
    /// The pair whose key expression has made it.
    pair: usize,
    /// By their place, the items that have this key.
    items: Vec<u32>,
}

/// The groups so far, in the order in which their keys were met.
#[derive(Default)]
struct Groups {
    groups: Vec<Group>,
    /// By key, once there are many.
    table: HashMap<Box<str>, usize>,
}

impl<'a> Evaluation<'a> {
    /// An object of these pairs. Of an array, each element is an item, and items with the same key are one group.
    pub(super) fn group(&mut self, pairs: &'a Pairs, input: Option<Value>) -> Result<Value, Throw> {
        let is_rows = input.is_some_and(|input| self.has_mark(input, TUPLES));
        let items = match input {
            Some(Value::Array(list)) if list.is_empty() => None,
            input => input,
        };
        let mut groups = Groups::default();
        for index in 0..items.map_or(1, length) {
            let item = items.map(|items| self.item(items, index));
            self.work(1)?;
            match item {
                Some(row) if is_rows => {
                    self.in_tuple(row, |own, item| own.add_keys(pairs, item, index, &mut groups))?;
                }
                item => self.add_keys(pairs, item, index, &mut groups)?,
            }
        }
        let mark = self.heap.mark();
        for group in groups.groups {
            let (_, value) = &pairs.0[group.pair];
            let value = match (items, is_rows) {
                (Some(rows), true) => {
                    let rows: Vec<Value> = group.items.iter().map(|index| self.item(rows, *index as usize)).collect();
                    let row = self.reduce_rows(&rows)?;
                    self.in_tuple(row, |own, item| own.evaluate(value, item))?
                }
                (items, _) => {
                    let context = self.group_context(items, &group.items)?;
                    self.evaluate(value, context)?
                }
            };
            if let Some(value) = value {
                self.keep(value);
                self.heap.push_entry(group.key, value);
            }
        }
        self.close_object(mark)
    }

    /// Adds an item to the groups of its keys.
    fn add_keys(
        &mut self,
        pairs: &'a Pairs,
        item: Option<Value>,
        index: usize,
        groups: &mut Groups,
    ) -> Result<(), Throw> {
        for (pair, (key, _)) in pairs.0.iter().enumerate() {
            let key = match self.evaluate(key, item)? {
                Some(Value::String(key)) => key,
                None => continue,
                Some(other) => {
                    let shown = text::json(self, other);
                    let text = format!("Key in object structure must evaluate to a string; got: {shown}");
                    return Err(Throw::new("T1003", text));
                }
            };
            match self.find_group(groups, key) {
                Some(at) if groups.groups[at].pair != pair => {
                    let shown = text::json(self, Value::String(key));
                    let text = format!("Multiple key definitions evaluate to same key: {shown}");
                    return Err(Throw::new("D1009", text));
                }
                Some(at) => groups.groups[at].items.push(index as u32),
                None => {
                    self.work(1)?;
                    self.check_room((groups.groups.len() + 1) * size_of::<Group>())?;
                    groups.groups.push(Group { key, pair, items: vec![index as u32] });
                }
            }
        }
        Ok(())
    }

    fn find_group(&self, groups: &mut Groups, key: Str) -> Option<usize> {
        let Groups { groups, table } = groups;
        if groups.len() <= MAX_SEARCHED {
            let key = Value::String(key);
            return groups.iter().position(|group| self.heap.equals(Value::String(group.key), key));
        }
        // Those that are not in the table yet: the last one, or all of them at first.
        for (at, group) in groups.iter().enumerate().skip(table.len()) {
            table.insert(self.heap.str(group.key).into(), at);
        }
        table.get(&*self.heap.str(key)).copied()
    }

    /// The context in which the value of a group is evaluated: its item, or all of them.
    fn group_context(&mut self, items: Option<Value>, indexes: &[u32]) -> Evaluated {
        let Some(items) = items else { return Ok(None) };
        let mark = self.heap.mark();
        for index in indexes {
            let item = self.item(items, *index as usize);
            self.heap.push(item);
        }
        self.work(indexes.len())?;
        self.close_appended(mark)
    }

    /// An object constructor whose keys are written.
    pub(super) fn record(&mut self, record: &'a Record, context: Option<Value>) -> Result<Value, Throw> {
        // Every item of an array has the same keys, so that there is one group for each.
        let context = match context {
            Some(Value::Array(list)) => {
                self.work(list.len())?;
                let mark = self.heap.mark();
                for index in 0..list.len() {
                    let item = self.heap.items(list)[index];
                    self.heap.push(item);
                }
                self.close_appended(mark)?
            }
            context => context,
        };
        // For the constants, whose work is paid with the outline.
        self.check_depth(1)?;
        let mut draft = self.heap.draft(&record.outline)?;
        let mut parts = record.parts.iter();
        while let Some((place, _, node)) = parts.next() {
            let Some(value) = self.evaluate(node, context)? else {
                let mark = self.heap.mark();
                self.heap.push_drafted(draft, *place);
                return self.rest_of_record(record, *place + 1, mark, parts, context);
            };
            self.keep(value);
            self.heap.fill(&mut draft, *place, value);
        }
        self.check_paid()?;
        let object = self.heap.finish(draft)?;
        self.check_size(object)?;
        Ok(object)
    }

    /// Goes on with a record from the entry at `next`, where an entry before had no value.
    fn rest_of_record(
        &mut self,
        record: &'a Record,
        mut next: usize,
        mark: crate::value::Mark,
        parts: std::slice::Iter<'a, (usize, Str, Node)>,
        context: Option<Value>,
    ) -> Result<Value, Throw> {
        for (place, key, node) in parts {
            self.heap.push_outlined(&record.outline, next..*place);
            next = *place + 1;
            if let Some(value) = self.evaluate(node, context)? {
                self.keep(value);
                self.heap.push_entry(*key, value);
            }
        }
        self.heap.push_outlined(&record.outline, next..usize::MAX);
        self.close_object(mark)
    }

    pub(in crate::jsonata) fn close_object(&mut self, mark: crate::value::Mark) -> Result<Value, Throw> {
        // As for arrays: what was pushed is counted already.
        self.check_paid()?;
        let object = self.heap.object_from(mark)?;
        self.check_size(object)?;
        Ok(object)
    }
}
