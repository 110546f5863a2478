//! Signatures of built-in functions: which arguments are taken, and what is said of others.

use super::Stop;
use super::function::MAX_ARGUMENTS;
use crate::value::{Heap, Value};

/// The arguments of a call, by parameter.
pub(super) type Arguments = [Option<Value>; MAX_ARGUMENTS];

/// A parameter.
#[derive(Debug)]
pub(super) struct Parameter {
    /// Symbols of the types taken: string `s`, number `n`, boolean `b`, null `l`, object `o`, array `a`. Undefined always is.
    types: &'static str,
    /// A single value is taken for an array of one.
    wraps: bool,
    /// The symbol that the elements of an array must have, and their name.
    elements: Option<(char, &'static str)>,
    optional: bool,
    /// The context stands in for a missing argument.
    context: bool,
}

const fn of(types: &'static str) -> Parameter {
    Parameter { types, wraps: false, elements: None, optional: false, context: false }
}

const fn array(elements: Option<(char, &'static str)>) -> Parameter {
    Parameter { types: "asnblo", wraps: true, elements, optional: false, context: false }
}

const fn optional(parameter: Parameter) -> Parameter {
    Parameter { optional: true, ..parameter }
}

const fn or_context(parameter: Parameter) -> Parameter {
    Parameter { context: true, ..parameter }
}

pub(super) const STRING: Parameter = of("s");
pub(super) const STRING_OR_CONTEXT: Parameter = or_context(STRING);
pub(super) const OPTIONAL_STRING: Parameter = optional(STRING);
pub(super) const NUMBER: Parameter = of("n");
pub(super) const NUMBER_OR_CONTEXT: Parameter = or_context(NUMBER);
pub(super) const OPTIONAL_NUMBER: Parameter = optional(NUMBER);
pub(super) const BOOLEAN: Parameter = of("b");
pub(super) const OPTIONAL_OBJECT: Parameter = optional(of("o"));
pub(super) const OPTIONAL_BOOLEAN: Parameter = optional(of("b"));
pub(super) const SCALAR_OR_CONTEXT: Parameter = or_context(of("nsb"));
pub(super) const ANY: Parameter = of("asnblo");
pub(super) const ANY_OR_CONTEXT: Parameter = or_context(ANY);
pub(super) const ARRAY: Parameter = array(None);
pub(super) const NUMBERS: Parameter = array(Some(('n', "numbers")));
pub(super) const STRINGS: Parameter = array(Some(('s', "strings")));
pub(super) const OBJECTS: Parameter = array(Some(('o', "objects")));

/// The arguments by parameter, the context and arrays of one put in.
pub(super) fn validate(
    heap: &mut Heap,
    name: &str,
    parameters: &[Parameter],
    supplied: &[Option<Value>],
    context: Option<Value>,
) -> Result<Arguments, Stop> {
    // More arguments than that fit no signature.
    let supplied = &supplied[..supplied.len().min(MAX_ARGUMENTS)];
    let mut symbols = ['m'; MAX_ARGUMENTS];
    std::iter::zip(&mut symbols, supplied).for_each(|(symbol, value)| *symbol = type_symbol(*value));
    let symbols = &symbols[..supplied.len()];
    let mut taken = [None; MAX_ARGUMENTS];
    if !assign(parameters, symbols, 0, &mut taken) {
        let index = 1 + matched(parameters, symbols);
        let text = format!("T0410: Argument {index} of function \"{name}\" does not match function signature");
        return Err(Stop::thrown(text));
    }
    let mut arguments = [None; MAX_ARGUMENTS];
    let mut passed = 0;
    for (at, parameter) in parameters.iter().enumerate() {
        let value = match taken[at] {
            Some(index) => {
                passed = index + 1;
                supplied[index]
            }
            None if parameter.context && !is_taken(parameter, type_symbol(context)) => {
                return Err(Stop::thrown(format!(
                    "T0411: Context value is not a compatible type with argument {} of function \"{name}\"",
                    passed + 1
                )));
            }
            None if parameter.context => context,
            None => None,
        };
        arguments[at] = match value {
            Some(value) if parameter.wraps => Some(as_array(heap, name, parameter, value, passed)?),
            other => other,
        };
    }
    Ok(arguments)
}

fn as_array(heap: &mut Heap, name: &str, parameter: &Parameter, value: Value, number: usize) -> Result<Value, Stop> {
    if let Some((symbol, elements)) = parameter.elements {
        let fits = |value: &Value| type_symbol(Some(*value)) == symbol;
        let all_fit = match value {
            Value::Array(list) => heap.items(list).iter().all(fits),
            single => fits(&single),
        };
        if !all_fit {
            let text = format!("T0412: Argument {number} of function \"{name}\" must be an array of \"{elements}\"");
            return Err(Stop::thrown(text));
        }
    }
    match value {
        Value::Array(_) => Ok(value),
        single => Ok(heap.array(&[single])?),
    }
}

fn type_symbol(value: Option<Value>) -> char {
    match value {
        None => 'm',
        Some(Value::Null) => 'l',
        Some(Value::True | Value::False) => 'b',
        Some(Value::Int(_) | Value::Float(_) | Value::Number(_)) => 'n',
        Some(Value::String(_)) => 's',
        Some(Value::Array(_)) => 'a',
        Some(Value::Object(_)) => 'o',
    }
}

fn is_taken(parameter: &Parameter, symbol: char) -> bool {
    symbol == 'm' || parameter.types.contains(symbol)
}

/// Finds for each parameter its argument, as a regular expression would: as many as possible.
fn assign(parameters: &[Parameter], symbols: &[char], at: usize, taken: &mut [Option<usize>]) -> bool {
    let Some((parameter, rest)) = parameters.split_first() else { return at == symbols.len() };
    if symbols.get(at).is_some_and(|symbol| is_taken(parameter, *symbol)) {
        taken[0] = Some(at);
        if assign(rest, symbols, at + 1, &mut taken[1..]) {
            return true;
        }
        taken[0] = None;
    }
    (parameter.optional || parameter.context) && assign(rest, symbols, at, &mut taken[1..])
}

/// How many arguments fit before the first that does not.
fn matched(parameters: &[Parameter], symbols: &[char]) -> usize {
    let mut good = 0;
    for count in 1..=parameters.len() {
        match prefix(&parameters[..count], symbols, 0) {
            Some(len) => good = len,
            None => return good,
        }
    }
    good
}

fn prefix(parameters: &[Parameter], symbols: &[char], at: usize) -> Option<usize> {
    let Some((parameter, rest)) = parameters.split_first() else { return Some(at) };
    if symbols.get(at).is_some_and(|symbol| is_taken(parameter, *symbol))
        && let Some(len) = prefix(rest, symbols, at + 1)
    {
        return Some(len);
    }
    if parameter.optional || parameter.context { prefix(rest, symbols, at) } else { None }
}
