use std::fmt::Write;

use super::filter::Filter;
use super::function::Function;
use crate::value::Key;

/// What comes after the root of a path, or after the `@` of a path in a filter.
#[derive(Clone, Debug)]
pub(super) struct Steps {
    pub(super) list: Box<[Step]>,
    /// Applied to what the steps find.
    pub(super) function: Option<Box<Function>>,
    /// Whether the steps name one place.
    pub(super) definite: bool,
    /// Whether the steps are names and indexes only, and no function follows.
    pub(super) plain: bool,
}

/// One step of a path.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// `.name`
    Name(Key),
    /// `['a','b']`: at the end of a path an object of these entries, elsewhere each of them.
    Names(Box<[Box<str>]>),
    /// `[n]`; negative from the end.
    Index(i64),
    /// `[n,m]`
    Indexes(Box<[i64]>),
    /// `[from:to:by]`
    Slice { from: Option<i64>, to: Option<i64>, by: usize },
    /// `.*`
    All,
    /// `[?(…)]`
    Filter(Box<Filter>),
    /// `..`: the next step is applied to this value and everything in it.
    Descend,
}

impl Steps {
    pub(super) fn new(list: Vec<Step>, function: Option<Function>) -> Steps {
        let last = list.len().saturating_sub(1);
        let definite = list.iter().enumerate().all(|(at, step)| match step {
            Step::Name(_) | Step::Index(_) => true,
            Step::Names(_) => at == last,
            _ => false,
        });
        let plain = function.is_none() && list.iter().all(|step| matches!(step, Step::Name(_) | Step::Index(_)));
        Steps { list: list.into(), function: function.map(Box::new), definite, plain }
    }

    /// Whether there is nothing to apply.
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty() && self.function.is_none()
    }
}

impl Step {
    pub(super) fn write_normalized(&self, out: &mut String) {
        let mut list = |items: &mut dyn Iterator<Item = String>| {
            let items: Vec<String> = items.collect();
            let _ = write!(out, "[{}]", items.join(","));
        };
        match self {
            Step::Name(name) => list(&mut [format!("'{}'", &**name)].into_iter()),
            Step::Names(names) => list(&mut names.iter().map(|name| format!("'{name}'"))),
            Step::Index(index) => list(&mut [index.to_string()].into_iter()),
            Step::Indexes(indexes) => list(&mut indexes.iter().map(i64::to_string)),
            Step::Slice { from, to, by } => {
                let text = |end: &Option<i64>| end.map(|n| n.to_string()).unwrap_or_default();
                let by = if *by == 1 { String::new() } else { format!(":{by}") };
                list(&mut [format!("{}:{}{by}", text(from), text(to))].into_iter());
            }
            Step::All => out.push_str("[*]"),
            Step::Filter(_) => out.push_str("[?]"),
            Step::Descend => out.push_str(".."),
        }
    }
}
