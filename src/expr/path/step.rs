use std::fmt::Write;

use super::filter::Filter;
use crate::value::Key;

/// What comes after the root of a path, or after the `@` or `$` of a path in a filter.
#[derive(Clone, Debug)]
pub(super) struct Steps {
    pub(super) list: Box<[Step]>,
    /// Whether the steps name one place.
    pub(super) definite: bool,
    /// Whether the steps are names and indexes only.
    pub(super) plain: bool,
    /// How many steps there are up to and with the last one that leads to any number of places.
    indefinite: usize,
}

/// One step of a path.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// `.name`
    Name(Key),
    /// `['a','b']`: an object of these entries. Also what has no names: `['a]`.
    Names(Box<[Box<str>]>),
    /// `[n]`. A negative one leads nowhere.
    Index(i64),
    /// `[(@.length-n)]`: this number, which is negative as a rule, added to the length.
    FromEnd(i64),
    /// `[n,m]`
    Indexes(Box<[i64]>),
    /// `[from:to]` and its shorter forms.
    Slice(Slice),
    /// `.*`
    All,
    /// `[?(…)]`
    Filter(Box<Filter>),
    /// `..`: the next step is applied to this value and everything in it.
    Descend,
    /// `$` behind the beginning: leads to where it stands, and is where error texts say that the path begins.
    Here,
}

/// Which elements of an array a slice takes. Ends are exclusive.
#[derive(Clone, Copy, Debug)]
pub(super) enum Slice {
    /// `[n:]`; a negative number counts from the end.
    From(i64),
    /// `[:n]`; a negative number counts from the end.
    To(i64),
    /// `[n:m]`; both as they are.
    Between(i64, i64),
}

impl Steps {
    pub(super) fn new(list: Vec<Step>) -> Steps {
        let indefinite = list.iter().rposition(|step| !step.is_definite()).map_or(0, |at| at + 1);
        let plain = list.iter().all(|step| matches!(step, Step::Name(_) | Step::Index(_)));
        Steps { list: list.into(), definite: indefinite == 0, plain, indefinite }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn is_last(&self, at: usize) -> bool {
        at + 1 == self.list.len()
    }

    /// Whether a name on the way may be missing without a word: so it is up to the step behind the last one that leads to
    /// many places, but not further, and never at the end of the path.
    pub(super) fn may_miss(&self, at: usize) -> bool {
        self.indefinite >= at && self.indefinite > 0 && !self.is_last(at)
    }

    /// The steps from `from` on, in the notation of error texts.
    pub(super) fn text(&self, from: usize) -> String {
        let mut out = String::new();
        self.list.iter().skip(from).for_each(|step| step.write(&mut out));
        out
    }
}

impl Step {
    fn is_definite(&self) -> bool {
        matches!(self, Step::Name(_) | Step::Names(_) | Step::Index(_) | Step::FromEnd(_) | Step::Here)
    }

    /// Writes the step in the notation of error texts.
    pub(super) fn write(&self, out: &mut String) {
        // Writing to a String cannot fail.
        let _ = match self {
            Step::Name(name) => write!(out, "['{}']", &**name),
            Step::Names(names) => {
                let names: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
                write!(out, "[{}]", names.join(", "))
            }
            Step::Index(index) => write!(out, "[{index}]"),
            Step::FromEnd(added) => write!(out, "[@.size(){added}]"),
            Step::Indexes(indexes) => {
                let indexes: Vec<String> = indexes.iter().map(i64::to_string).collect();
                write!(out, "[{}]", indexes.join(","))
            }
            Step::Slice(Slice::From(from)) => write!(out, "[{from}:]"),
            Step::Slice(Slice::To(to)) => write!(out, "[:{to}]"),
            Step::Slice(Slice::Between(from, to)) => write!(out, "[{from}:{to}]"),
            Step::All => write!(out, "[*]"),
            Step::Filter(_) => write!(out, "[?]"),
            Step::Descend => write!(out, ".."),
            Step::Here => write!(out, "$"),
        };
    }
}
