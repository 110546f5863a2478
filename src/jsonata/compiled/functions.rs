//! Functions of the language that are evaluated here. Arguments of types that a function refuses make it give up.

use jsonata_core::functions::numeric;
use jsonata_core::value::JValue;

use super::evaluate::Evaluation;
use super::operators::number;
use super::{Answer, GiveUp, Node};
use crate::expr::intrinsic;
use crate::jsonata::scope::Scope;
use crate::value::{List, Value};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Abs,
    Append,
    Average,
    Boolean,
    Ceil,
    Contains,
    Count,
    Exists,
    Floor,
    Hash,
    Join,
    Keys,
    Length,
    Lookup,
    Lowercase,
    Max,
    Merge,
    Millis,
    Min,
    Not,
    Number,
    Random,
    Round,
    String,
    Substring,
    SubstringAfter,
    SubstringBefore,
    Sum,
    Type,
    Uppercase,
    Uuid,
}

/// Name, least and most number of arguments.
const FUNCTIONS: [(&str, usize, usize, Function); 31] = [
    ("abs", 1, 1, Function::Abs),
    ("append", 2, 2, Function::Append),
    ("average", 1, 1, Function::Average),
    ("boolean", 1, 1, Function::Boolean),
    ("ceil", 1, 1, Function::Ceil),
    ("contains", 2, 2, Function::Contains),
    ("count", 1, 1, Function::Count),
    ("exists", 1, 1, Function::Exists),
    ("floor", 1, 1, Function::Floor),
    ("hash", 2, 2, Function::Hash),
    ("join", 1, 2, Function::Join),
    ("keys", 1, 1, Function::Keys),
    ("length", 1, 1, Function::Length),
    ("lookup", 2, 2, Function::Lookup),
    ("lowercase", 1, 1, Function::Lowercase),
    ("max", 1, 1, Function::Max),
    ("merge", 1, 1, Function::Merge),
    ("millis", 0, 0, Function::Millis),
    ("min", 1, 1, Function::Min),
    ("not", 1, 1, Function::Not),
    ("number", 1, 1, Function::Number),
    ("random", 0, 0, Function::Random),
    ("round", 1, 2, Function::Round),
    ("string", 1, 1, Function::String),
    ("substring", 2, 3, Function::Substring),
    ("substringAfter", 2, 2, Function::SubstringAfter),
    ("substringBefore", 2, 2, Function::SubstringBefore),
    ("sum", 1, 1, Function::Sum),
    ("type", 1, 1, Function::Type),
    ("uppercase", 1, 1, Function::Uppercase),
    ("uuid", 0, 0, Function::Uuid),
];

impl Function {
    /// The function of that name, if it takes so many arguments.
    pub(super) fn find(name: &str, arguments: usize) -> Option<Function> {
        let found = FUNCTIONS.iter().find(|(known, ..)| *known == name);
        found.filter(|(_, least, most, _)| (*least..=*most).contains(&arguments)).map(|(.., function)| *function)
    }
}

impl<S: Scope> Evaluation<'_, S> {
    pub(super) fn call(
        &mut self,
        function: Function,
        arguments: &[Node],
        input: Option<Value>,
    ) -> Answer<Option<Value>> {
        let mut values = [None; 3];
        for (value, argument) in values.iter_mut().zip(arguments) {
            *value = self.value(argument, input)?;
        }
        let [first, second, third] = values;
        // These make something of nothing.
        match (function, first) {
            (Function::Count, None) => return Ok(Some(Value::Int(0))),
            (Function::Exists, first) => return Ok(Some(Value::bool(first.is_some()))),
            (Function::Append, _) => return self.append(first, second),
            (Function::Millis, _) => return number(self.scope.now_millis() as f64).map(Some),
            (Function::Random, _) => return number(self.scope.random().f64()).map(Some),
            (Function::Uuid, _) => {
                let id = intrinsic::random_uuid(self.scope.random());
                return Ok(Some(self.heap.string(&id)));
            }
            _ => {}
        }
        let Some(first) = first else {
            // The others may be of a wrong type.
            return if arguments.len() > 1 { Err(GiveUp) } else { Ok(None) };
        };
        let optional = matches!(function, Function::Round | Function::Join | Function::Substring);
        if (arguments.len() > 1 && second.is_none()) || (arguments.len() > 2 && third.is_none()) {
            return Err(GiveUp);
        }
        match function {
            _ if optional => self.with_options(function, first, second, third),
            Function::Contains | Function::SubstringAfter | Function::SubstringBefore | Function::Hash => {
                self.with_two_texts(function, first, second)
            }
            Function::Lookup => self.lookup(first, second),
            _ => self.with_one(function, first),
        }
    }

    fn with_one(&mut self, function: Function, value: Value) -> Answer<Option<Value>> {
        Ok(Some(match function {
            Function::Abs => number(self.double(value)?.abs())?,
            Function::Floor => number(self.double(value)?.floor())?,
            Function::Ceil => number(self.double(value)?.ceil())?,
            Function::Number => self.number(value)?,
            Function::Boolean => Value::bool(self.truth(value)?),
            Function::Not => Value::bool(!self.truth(value)?),
            Function::Count => Value::Int(list_of(value).map_or(1, |list| list.len() as i64)),
            Function::String => self.text_of(value)?,
            Function::Length => Value::Int(self.text(value)?.chars().count() as i64),
            Function::Uppercase => {
                let text = self.text(value)?.to_uppercase();
                self.heap.string(&text)
            }
            Function::Lowercase => {
                let text = self.text(value)?.to_lowercase();
                self.heap.string(&text)
            }
            Function::Type => self.heap.string(value.type_name()),
            Function::Sum | Function::Max | Function::Min | Function::Average => {
                return self.aggregate(function, value);
            }
            Function::Merge => self.merge(value)?,
            Function::Keys => return self.keys(value),
            _ => return Err(GiveUp),
        }))
    }

    fn with_options(
        &mut self,
        function: Function,
        first: Value,
        second: Option<Value>,
        third: Option<Value>,
    ) -> Answer<Option<Value>> {
        match function {
            Function::Round => {
                let digits = second.map(|digits| self.whole(digits)).transpose()?;
                let digits = digits.map(i32::try_from).transpose().map_err(|_| GiveUp)?;
                match numeric::round(self.double(first)?, digits) {
                    Ok(JValue::Number(rounded)) => number(rounded).map(Some),
                    _ => Err(GiveUp),
                }
            }
            Function::Substring => {
                let (Some(start), length) = (second, third) else { return Err(GiveUp) };
                let start = self.whole(start)?;
                let length = length.map(|length| self.whole(length)).transpose()?;
                let part = substring(&self.text(first)?, start, length);
                Ok(Some(self.heap.string(&part)))
            }
            Function::Join => self.join(first, second).map(Some),
            _ => Err(GiveUp),
        }
    }

    fn with_two_texts(&mut self, function: Function, first: Value, second: Option<Value>) -> Answer<Option<Value>> {
        let (text, other) = (self.text(first)?, self.text(second.ok_or(GiveUp)?)?);
        let part = match function {
            Function::Contains => return Ok(Some(Value::bool(text.contains(&other)))),
            Function::Hash => intrinsic::digest(&text, &other).ok_or(GiveUp)?,
            Function::SubstringBefore => text.find(&other).map_or(text.clone(), |at| text[..at].to_owned()),
            _ => text.find(&other).map_or(text.clone(), |at| text[at + other.len()..].to_owned()),
        };
        Ok(Some(self.heap.string(&part)))
    }

    fn text(&self, value: Value) -> Answer<String> {
        match value {
            Value::String(string) => Ok(self.heap.str(string).into_owned()),
            _ => Err(GiveUp),
        }
    }

    fn number(&self, value: Value) -> Answer<Value> {
        match value {
            Value::True => Ok(Value::Int(1)),
            Value::False => Ok(Value::Int(0)),
            value if value.is_number() => Ok(value),
            // Digits alone; other notations have rules of their own.
            Value::String(string) => {
                let text = self.heap.str(string);
                let digits = text.len() < 16 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let leading = text.len() > 1 && text.starts_with('0');
                if digits && !leading { text.parse().map(Value::Int).map_err(|_| GiveUp) } else { Err(GiveUp) }
            }
            _ => Err(GiveUp),
        }
    }

    fn append(&mut self, first: Option<Value>, second: Option<Value>) -> Answer<Option<Value>> {
        let (Some(first), Some(second)) = (first, second) else { return Ok(first.or(second)) };
        let mark = self.heap.mark();
        for value in [first, second] {
            match list_of(value) {
                Some(list) => self.spread(list),
                None => self.heap.push(value),
            }
        }
        self.heap.array_from(mark).map(Some).map_err(|_| GiveUp)
    }

    fn aggregate(&mut self, function: Function, value: Value) -> Answer<Option<Value>> {
        let Some(list) = list_of(value) else { return number(self.double(value)?).map(Some) };
        let mut numbers = Vec::new();
        for item in self.heap.items(list) {
            numbers.push(self.double(*item)?);
        }
        let sum = || numbers.iter().sum::<f64>() + 0.0;
        let result = match function {
            Function::Sum => sum(),
            _ if numbers.is_empty() => return Ok(None),
            Function::Max => numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Function::Min => numbers.iter().copied().fold(f64::INFINITY, f64::min),
            _ => sum() / numbers.len() as f64,
        };
        number(result).map(Some)
    }

    fn join(&mut self, value: Value, separator: Option<Value>) -> Answer<Value> {
        let separator = separator.map(|separator| self.text(separator)).transpose()?.unwrap_or_default();
        let Some(list) = list_of(value) else { return self.text(value).map(|_| value) };
        if !self.heap.items(list).iter().all(|item| matches!(item, Value::String(_))) {
            return Err(GiveUp);
        }
        let text = self.heap.begin_text();
        for index in 0..list.len() {
            if index > 0 {
                self.heap.append_text(&separator);
            }
            self.heap.append_value(self.heap.items(list)[index]);
        }
        Ok(self.heap.finish_text(text))
    }

    fn merge(&mut self, value: Value) -> Answer<Value> {
        let Some(list) = list_of(value) else {
            return if matches!(value, Value::Object(_)) { Ok(value) } else { Err(GiveUp) };
        };
        let mut merged = self.heap.empty_object();
        for index in 0..list.len() {
            let (Value::Object(first), Value::Object(second)) = (merged, self.heap.items(list)[index]) else {
                return Err(GiveUp);
            };
            merged = self.heap.merge(first, second).map_err(|_| GiveUp)?;
        }
        Ok(merged)
    }

    fn keys(&mut self, value: Value) -> Answer<Option<Value>> {
        let Value::Object(entries) = value else { return Err(GiveUp) };
        let mark = self.heap.mark();
        for index in 0..entries.len() {
            let (key, _) = self.heap.entry(entries, index);
            self.heap.push(Value::String(key));
        }
        self.sequence(mark)
    }

    fn lookup(&mut self, value: Value, key: Option<Value>) -> Answer<Option<Value>> {
        let (Value::Object(entries), Some(key)) = (value, key) else { return Err(GiveUp) };
        let key = self.text(key)?;
        Ok(self.heap.field(entries, &key))
    }
}

fn list_of(value: Value) -> Option<List> {
    match value {
        Value::Array(list) => Some(list),
        _ => None,
    }
}

/// Positions count characters; a negative one counts from the end.
fn substring(text: &str, start: i64, length: Option<i64>) -> String {
    let count = text.chars().count() as i64;
    let start = if start < 0 { (count + start).max(0) } else { start };
    let length = length.unwrap_or(i64::MAX);
    let amount = usize::try_from(length).unwrap_or(0);
    text.chars().skip(start as usize).take(amount).collect()
}
