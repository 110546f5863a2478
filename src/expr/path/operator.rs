use std::cmp::Ordering;

use crate::value::{Heap, Value};

use super::filter::Term;

/// What compares two sides in a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
    In,
    NotIn,
    SubsetOf,
    AnyOf,
    NoneOf,
    Contains,
    Size,
    Empty,
}

/// Symbols, longer ones before those that they begin with.
pub(super) const SYMBOLS: [(&str, Operator); 7] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("=~", Operator::Matches),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

/// Words.
pub(super) const WORDS: [(&str, Operator); 8] = [
    ("in", Operator::In),
    ("nin", Operator::NotIn),
    ("subsetof", Operator::SubsetOf),
    ("anyof", Operator::AnyOf),
    ("noneof", Operator::NoneOf),
    ("contains", Operator::Contains),
    ("size", Operator::Size),
    ("empty", Operator::Empty),
];

impl Operator {
    /// Whether the comparison holds. Sides of types that cannot be compared are unequal, and in no order.
    pub(super) fn holds(self, heap: &Heap, left: Term<'_>, right: Term<'_>) -> bool {
        let order = || left.compare(heap, right);
        match self {
            Operator::Equal => left.equals(heap, right),
            Operator::NotEqual => !left.equals(heap, right),
            Operator::Less => order() == Some(Ordering::Less),
            Operator::LessOrEqual => order().is_some_and(Ordering::is_le),
            Operator::Greater => order() == Some(Ordering::Greater),
            Operator::GreaterOrEqual => order().is_some_and(Ordering::is_ge),
            Operator::Matches => matches(heap, left, right),
            Operator::In => is_in(heap, left, right) == Some(true),
            Operator::NotIn => is_in(heap, left, right) == Some(false),
            Operator::SubsetOf => share(heap, left, right).is_some_and(|(shared, len)| shared == len),
            Operator::AnyOf => share(heap, left, right).is_some_and(|(shared, _)| shared > 0),
            Operator::NoneOf => share(heap, left, right).is_some_and(|(shared, _)| shared == 0),
            Operator::Contains => contains(heap, left, right),
            Operator::Size => size(heap, left, right),
            Operator::Empty => {
                right.boolean().is_some_and(|empty| left.len(heap).is_some_and(|len| (len == 0) == empty))
            }
        }
    }
}

fn matches(heap: &Heap, left: Term<'_>, right: Term<'_>) -> bool {
    match (left, right) {
        (Term::Value(Value::String(text)), Term::Regex(regex)) => regex.is_match(&heap.str(text)),
        (Term::Text(text), Term::Regex(regex)) => regex.is_match(text),
        (Term::Regex(_), Term::Value(_) | Term::Text(_)) => matches(heap, right, left),
        _ => false,
    }
}

/// Whether `list` holds `item`; `None` if `list` is no list.
fn is_in(heap: &Heap, item: Term<'_>, list: Term<'_>) -> Option<bool> {
    match list {
        Term::List(items) => Some(items.iter().any(|other| item.equals(heap, other.literal()))),
        Term::Value(Value::Array(array)) => {
            Some(heap.items(array).iter().any(|other| item.equals(heap, Term::Value(*other))))
        }
        _ => None,
    }
}

/// How many elements of `left` are in `right`, and how many there are.
fn share(heap: &Heap, left: Term<'_>, right: Term<'_>) -> Option<(usize, usize)> {
    let shared = |item: Term<'_>| is_in(heap, item, right) == Some(true);
    // Asks once up front, so that an empty left side does not hide a right side that is no list.
    is_in(heap, Term::Missing, right)?;
    match left {
        Term::List(items) => Some((items.iter().filter(|item| shared(item.literal())).count(), items.len())),
        Term::Value(Value::Array(array)) => {
            let items = heap.items(array);
            Some((items.iter().filter(|item| shared(Term::Value(**item))).count(), items.len()))
        }
        _ => None,
    }
}

fn contains(heap: &Heap, left: Term<'_>, right: Term<'_>) -> bool {
    match (left, right) {
        (Term::Value(Value::String(text)), Term::Text(part)) => heap.str(text).contains(part),
        (Term::Value(Value::String(text)), Term::Value(Value::String(part))) => {
            heap.str(text).contains(&*heap.str(part))
        }
        (Term::Text(text), Term::Value(Value::String(part))) => text.contains(&*heap.str(part)),
        (Term::Text(text), Term::Text(part)) => text.contains(part),
        (list, item) => is_in(heap, item, list) == Some(true),
    }
}

/// `size` takes a number, or something of the same size.
fn size(heap: &Heap, left: Term<'_>, right: Term<'_>) -> bool {
    let Some(len) = left.len(heap) else { return false };
    match right.number(heap) {
        Some(number) => number.as_f64() == len as f64,
        None => right.len(heap) == Some(len),
    }
}
