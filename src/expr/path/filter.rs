use std::cmp::Ordering;

use crate::expr::java;
use crate::value::{Heap, Num, Value};

use super::decimal::Decimal;
use super::literal::Literal;
use super::search::{SearchError, Walk};
use super::step::Steps;

/// What stands in `[?(…)]`.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    /// One of these has to hold, and of that one everything. In the order in which they are looked at.
    pub(super) any: Box<[Box<[Criterion]>]>,
}

#[derive(Clone, Debug)]
pub(super) enum Criterion {
    /// A path alone: whether it leads to anything but `null`.
    Exists {
        steps: Steps,
        expected: bool,
    },
    Compare {
        left: Operand,
        operator: Operator,
        right: Operand,
    },
}

/// One side of a comparison.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    /// `@…` or `$…`
    Path {
        steps: Steps,
        from_root: bool,
    },
    Text(Literal),
    Regex(Box<Pattern>),
}

/// A regular expression, and how it is written.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    pub(super) regex: regex::Regex,
    pub(super) source: Box<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
}

impl Operator {
    /// All signs, in the order in which a comparison is searched for them.
    pub(super) const ALL: [(&str, Operator); 7] = [
        ("==", Operator::Equal),
        (">=", Operator::GreaterOrEqual),
        ("<=", Operator::LessOrEqual),
        ("!=", Operator::NotEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
        ("=~", Operator::Matches),
    ];
}

/// The value of an operand.
#[derive(Clone, Copy)]
enum Term<'a> {
    Value(Value),
    Text(&'a Literal),
    Regex(&'a Pattern),
}

impl Filter {
    /// Whether a value is let through.
    pub(super) fn accepts(&self, heap: &mut Heap, current: Value, walk: &mut Walk) -> Result<bool, SearchError> {
        for all in &self.any {
            let mut holds = true;
            for criterion in all {
                if !criterion.holds(heap, current, walk)? {
                    holds = false;
                    break;
                }
            }
            if holds {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Criterion {
    fn holds(&self, heap: &mut Heap, current: Value, walk: &mut Walk) -> Result<bool, SearchError> {
        match self {
            // The library asks the current value even where the path begins with `$`.
            Criterion::Exists { steps, expected } => {
                let found = present(steps.evaluate_asked(heap, current, walk))?;
                Ok(found.is_some_and(|value| !matches!(value, Value::Null)) == *expected)
            }
            Criterion::Compare { left, operator, right } => {
                let Some(left) = left.evaluate(heap, current, walk)? else { return Ok(false) };
                let Some(right) = right.evaluate(heap, current, walk)? else { return Ok(false) };
                operator.holds(heap, left, right)
            }
        }
    }
}

impl Operand {
    /// `None` if a path leads nowhere.
    fn evaluate(&self, heap: &mut Heap, current: Value, walk: &mut Walk) -> Result<Option<Term<'_>>, SearchError> {
        match self {
            Operand::Path { steps, from_root } => {
                let start = if *from_root { walk.root } else { current };
                Ok(present(steps.evaluate_inside(heap, start, walk))?.map(Term::Value))
            }
            Operand::Text(text) => Ok(Some(Term::Text(text))),
            Operand::Regex(pattern) => Ok(Some(Term::Regex(pattern))),
        }
    }
}

fn present(found: Result<Value, SearchError>) -> Result<Option<Value>, SearchError> {
    match found {
        Ok(value) => Ok(Some(value)),
        Err(fault) if fault.is_missing() => Ok(None),
        Err(fault) => Err(fault),
    }
}

impl Operator {
    fn holds(self, heap: &Heap, left: Term<'_>, right: Term<'_>) -> Result<bool, SearchError> {
        heap.afford(left.bytes(heap) + right.bytes(heap))?;
        if self == Operator::Matches {
            return matches(heap, left, right);
        }
        let ordered = !matches!(self, Operator::Equal | Operator::NotEqual);
        // Nothing is less or greater than null. The text `null` is one here only beside a real one.
        if ordered && left.is_null_value() != right.is_null_value() {
            return Ok(false);
        }
        let Some(order) = compare(heap, left, right)? else { return Ok(false) };
        Ok(match self {
            Operator::Equal => order.is_eq(),
            Operator::NotEqual => order.is_ne(),
            Operator::Less => order.is_lt(),
            Operator::LessOrEqual => order.is_le(),
            Operator::Greater => order.is_gt(),
            Operator::GreaterOrEqual => order.is_ge(),
            Operator::Matches => false,
        })
    }
}

/// The order of two sides; `None` if their types cannot be compared, which no operator accepts.
///
/// A text on the right becomes the type of what is on the left, but not the other way round.
fn compare(heap: &Heap, left: Term<'_>, right: Term<'_>) -> Result<Option<Ordering>, SearchError> {
    match (left.is_null(heap), right.is_null(heap)) {
        (true, true) => return Ok(Some(Ordering::Equal)),
        (true, false) => return Ok(Some(Ordering::Less)),
        (false, true) => return Ok(Some(Ordering::Greater)),
        (false, false) => {}
    }
    if let (Term::Value(value), Term::Text(right)) = (left, right)
        && let Some(Num::Int(left)) = heap.number(value)
    {
        let order = right.compare_to_int(left).ok_or_else(|| not_a_number(&right.text))?;
        return Ok(Some(order.reverse()));
    }
    if let (Some(a), Some(b)) = (left.text(heap), right.text(heap)) {
        // An escaped quote stays escaped on the right side, unless it is compared.
        let b = if b.contains('\'') { b.replace("\\'", "'").into() } else { b };
        return Ok(Some(java::compare(&a, &b)));
    }
    Ok(match (left, right) {
        (Term::Value(Value::Array(a)), Term::Value(Value::Array(b)))
        | (Term::Value(Value::Object(a)), Term::Value(Value::Object(b))) => a.is_same(b).then_some(Ordering::Equal),
        (Term::Value(a), b) if a.is_number() => match b.digits(heap) {
            Some(b) => Some(compare_numbers(&java::text(heap, a), &b)?),
            None => None,
        },
        (Term::Value(a), b) if a.as_bool().is_some() => {
            let b = match b {
                Term::Value(b) if b.as_bool().is_some() => b.as_bool(),
                b => b.text(heap).map(|text| text.eq_ignore_ascii_case("true")),
            };
            b.map(|b| a.as_bool().cmp(&Some(b)))
        }
        _ => None,
    })
}

fn compare_numbers(a: &str, b: &str) -> Result<Ordering, SearchError> {
    let read = |text| Decimal::parse(text).ok_or_else(|| not_a_number(text));
    Ok(read(a)?.compare(&read(b)?))
}

fn not_a_number(text: &str) -> SearchError {
    SearchError::Refused(format!("The filter compares a number with '{text}', which is no number").into())
}

/// The whole text of a side has to match the regular expression that the other one is.
fn matches(heap: &Heap, left: Term<'_>, right: Term<'_>) -> Result<bool, SearchError> {
    let (regex, target) = match (left, right) {
        (Term::Regex(pattern), target) | (target, Term::Regex(pattern)) => (&pattern.regex, target),
        (left, right) if left.is_null_value() && right.is_null_value() => return Ok(false),
        _ => {
            let message = "The right side of '=~' is no regular expression: it is written /like this/";
            return Err(SearchError::Refused(message.into()));
        }
    };
    if let Term::Value(value) = target {
        heap.afford(heap.size(value) as usize)?;
    }
    Ok(match target {
        Term::Value(Value::Null) => false,
        Term::Value(Value::String(text)) => regex.is_match(&heap.str(text)),
        Term::Value(value) => regex.is_match(&java::text(heap, value)),
        Term::Text(text) => regex.is_match(&text.text),
        Term::Regex(other) => regex.is_match(&other.source),
    })
}

impl<'a> Term<'a> {
    /// Bytes that a comparison looks at.
    fn bytes(self, heap: &Heap) -> usize {
        match self {
            Term::Value(Value::String(text)) => heap.str(text).len(),
            Term::Value(Value::Number(digits)) => heap.digits(digits).len(),
            _ => 0,
        }
    }

    fn is_null_value(self) -> bool {
        matches!(self, Term::Value(Value::Null))
    }

    /// Whether it is null, or a text that says so.
    fn is_null(self, heap: &Heap) -> bool {
        self.is_null_value() || self.text(heap).as_deref() == Some("null")
    }

    fn text<'b>(self, heap: &'b Heap) -> Option<std::borrow::Cow<'b, str>>
    where
        'a: 'b,
    {
        match self {
            Term::Value(Value::String(text)) => Some(heap.str(text)),
            Term::Text(literal) => Some((&*literal.text).into()),
            _ => None,
        }
    }

    /// A number's digits, or a text that may be some.
    fn digits<'b>(self, heap: &'b Heap) -> Option<std::borrow::Cow<'b, str>>
    where
        'a: 'b,
    {
        match self {
            Term::Value(value) if value.is_number() => Some(java::text(heap, value).into()),
            other => other.text(heap),
        }
    }
}
