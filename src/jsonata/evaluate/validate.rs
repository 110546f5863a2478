//! Arguments against signatures.

use super::foreign::{self, Foreign};
use super::{Evaluation, array};
use crate::jsonata::error::Throw;
use crate::jsonata::signature::{Parameter, Signature};
use crate::value::{List, Value};

impl Evaluation<'_> {
    /// Puts the arguments on the stack from `base` on into the order of the parameters, the context and arrays of one put in.
    pub(super) fn validate(&mut self, signature: &Signature, base: usize, context: Option<Value>) -> Result<(), Throw> {
        let parameters = &signature.parameters;
        if self.fit(parameters, &self.arguments[base..])? {
            return Ok(());
        }
        let symbols: Vec<char> = self.arguments[base..].iter().map(|value| type_symbol(*value)).collect();
        let mut taken = vec![0; parameters.len()];
        if !assign(parameters, &symbols, &mut taken, true) {
            let index = 1 + matched(parameters, &symbols);
            let text = format!("Argument {index} of function {{{{token}}}} does not match function signature");
            return Err(Throw::of_function("T0410", text));
        }
        let supplied = self.arguments.split_off(base);
        let mut at = 0;
        for (parameter, count) in std::iter::zip(parameters, taken) {
            if count == 0 && parameter.context {
                if !parameter.takes(type_symbol(context)) {
                    let text = format!(
                        "Context value is not a compatible type with argument {} of function {{{{token}}}}",
                        at + 1
                    );
                    return Err(Throw::of_function("T0411", text));
                }
                self.arguments.push(context);
                continue;
            }
            for _ in 0..count.max(1) {
                let value = supplied.get(at).copied().flatten();
                let value = match value {
                    Some(value) if parameter.is_array && count > 0 => Some(self.as_array(parameter, value, at + 1)?),
                    other => other,
                };
                self.arguments.push(value);
                at += 1;
            }
        }
        Ok(())
    }

    /// Whether each argument can stay as it is, and nothing has to stand in for one that is missing.
    pub(super) fn fit(&self, parameters: &[Parameter], given: &[Option<Value>]) -> Result<bool, Throw> {
        if given.len() > parameters.len() {
            return Ok(false);
        }
        let (own, missing) = parameters.split_at(given.len());
        if missing.iter().any(|parameter| parameter.context || !parameter.optional) {
            return Ok(false);
        }
        for (parameter, value) in std::iter::zip(own, given) {
            let symbol = type_symbol(*value);
            let is_settled = match (value, &parameter.elements) {
                (None, _) => true,
                (Some(Value::Array(list)), Some(elements)) => self.all_are(*list, elements)?,
                (Some(Value::Array(_)), None) => true,
                _ => !parameter.is_array,
            };
            if !is_settled || parameter.many || !parameter.takes(symbol) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether all elements are of the type whose symbol is the first of these.
    fn all_are(&self, list: List, elements: &str) -> Result<bool, Throw> {
        let wanted = elements.chars().next().unwrap_or('x');
        self.heap.work(list.len())?;
        Ok(self.heap.items(list).iter().all(|item| type_symbol(Some(*item)) == wanted))
    }

    fn as_array(&mut self, parameter: &Parameter, value: Value, number: usize) -> Result<Value, Throw> {
        if let Some(elements) = &parameter.elements {
            let all_fit = match value {
                Value::Array(list) => self.all_are(list, elements)?,
                single => elements.len() == 1 && elements.starts_with(type_symbol(Some(single))),
            };
            if !all_fit {
                let name = match &**elements {
                    "a" => "\"arrays\"",
                    "b" => "\"booleans\"",
                    "f" => "\"functions\"",
                    "n" => "\"numbers\"",
                    "o" => "\"objects\"",
                    "s" => "\"strings\"",
                    _ => "undefined",
                };
                let text = format!("Argument {number} of function {{{{token}}}} must be an array of {name}");
                return Err(Throw::of_function("T0412", text));
            }
        }
        match value {
            Value::Array(_) => Ok(value),
            single => {
                debug_assert_eq!(array::length(single), 1);
                self.keep(single);
                Ok(self.heap.array(&[single])?)
            }
        }
    }
}

/// The symbol of a value's type, as signatures have it.
#[inline]
pub(in crate::jsonata) fn type_symbol(value: Option<Value>) -> char {
    match value {
        None => 'm',
        Some(Value::Null) => 'l',
        Some(Value::True | Value::False) => 'b',
        Some(Value::Int(_) | Value::Float(_) | Value::Number(_)) => 'n',
        Some(Value::String(_)) => 's',
        Some(Value::Array(_)) => 'a',
        Some(Value::Object(_)) => 'o',
        Some(foreign @ Value::Foreign(_)) => match foreign::read(foreign) {
            Some(Foreign::Number(_)) => 'n',
            Some(Foreign::Function(_)) => 'f',
            _ => 'm',
        },
    }
}

/// Finds for each parameter how many arguments it takes, as a regular expression would: as many as possible. `whole`: none
/// may be left.
fn assign(parameters: &[Parameter], symbols: &[char], taken: &mut [usize], whole: bool) -> bool {
    let Some((parameter, rest)) = parameters.split_first() else { return !whole || symbols.is_empty() };
    let most = if parameter.many { symbols.len() } else { 1 };
    let fitting = symbols.iter().take(most).take_while(|symbol| parameter.takes(**symbol)).count();
    let least = usize::from(!parameter.optional);
    for count in (least..=fitting).rev() {
        taken[0] = count;
        if assign(rest, &symbols[count..], &mut taken[1..], whole) {
            return true;
        }
    }
    false
}

/// How many arguments fit before the first that does not.
fn matched(parameters: &[Parameter], symbols: &[char]) -> usize {
    let mut good = 0;
    for count in 1..=parameters.len() {
        let mut taken = vec![0; count];
        if !assign(&parameters[..count], symbols, &mut taken, false) {
            break;
        }
        good = taken.iter().sum();
    }
    good
}
