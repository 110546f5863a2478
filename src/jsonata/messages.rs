//! The library's error texts in the words of the reference implementation.

use super::error::{OUT_OF_MEMORY, STACK_OVERFLOW, TIMEOUT};
use super::number;

/// What the library's text amounts to.
pub(super) enum Message {
    Known(String),
    /// The library leaves out what the reference shows; this is the best that can be said without looking again.
    Incomplete(String),
}

/// Codes with a text that shows no values.
const PLAIN: [(&str, &str); 40] = [
    ("D1001", "Number out of range: null"),
    ("D1004", "Regular expression matches zero length string"),
    ("D3001", "Attempting to invoke string function on Infinity or NaN"),
    ("D3010", "Second argument of replace function cannot be an empty string"),
    ("D3011", "Fourth argument of replace function must evaluate to a positive number"),
    ("D3012", "Attempted to replace a matched string with a non-string value"),
    ("D3020", "Third argument of split function must evaluate to a positive number"),
    ("D3040", "Third argument of match function must evaluate to a positive number"),
    ("D3050", "The second argument of reduce function must be a function with at least two arguments"),
    (
        "D3070",
        "The single argument form of the sort function can only be applied to an array of strings or an array of \
         numbers.  Use the second argument to specify a comparison function",
    ),
    ("D3080", "The picture string must only contain a maximum of two sub-pictures"),
    ("D3081", "The sub-picture must not contain more than one instance of the 'decimal-separator' character"),
    ("D3082", "The sub-picture must not contain more than one instance of the 'percent' character"),
    ("D3083", "The sub-picture must not contain more than one instance of the 'per-mille' character"),
    ("D3084", "The sub-picture must not contain both a 'percent' and a 'per-mille' character"),
    (
        "D3085",
        "The mantissa part of a sub-picture must contain at least one character that is either an 'optional digit \
         character' or a member of the 'decimal digit family'",
    ),
    (
        "D3086",
        "The sub-picture must not contain a passive character that is preceded by an active character and that is \
         followed by another active character",
    ),
    (
        "D3087",
        "The sub-picture must not contain a 'grouping-separator' character that appears adjacent to a \
         'decimal-separator' character",
    ),
    ("D3088", "The sub-picture must not contain a 'grouping-separator' at the end of the integer part"),
    ("D3089", "The sub-picture must not contain two adjacent instances of the 'grouping-separator' character"),
    (
        "D3090",
        "The integer part of the sub-picture must not contain a member of the 'decimal digit family' that is followed \
         by an instance of the 'optional digit character'",
    ),
    (
        "D3091",
        "The fractional part of the sub-picture must not contain an instance of the 'optional digit character' that is \
         followed by a member of the 'decimal digit family'",
    ),
    (
        "D3092",
        "A sub-picture that contains a 'percent' or 'per-mille' character must not contain a character treated as an \
         'exponent-separator'",
    ),
    (
        "D3093",
        "The exponent part of the sub-picture must comprise only of one or more characters that are members of the \
         'decimal digit family'",
    ),
    ("D3131", "In a decimal digit pattern, all digits must be from the same decimal group"),
    ("D3134", "The timezone integer format specifier cannot have more than four digits"),
    ("D3135", "No matching closing bracket ']' in date/time picture string"),
    ("D3136", "The date/time picture string is missing specifiers required to parse the timestamp"),
    ("D3138", "The $single() function expected exactly 1 matching result.  Instead it matched more."),
    ("D3139", "The $single() function expected exactly 1 matching result.  Instead it matched 0."),
    ("T1006", "Attempted to invoke a non-function"),
    ("T1008", "Attempted to partially apply a non-function"),
    ("T2003", "The left side of the range operator (..) must evaluate to an integer"),
    ("T2004", "The right side of the range operator (..) must evaluate to an integer"),
    ("T2006", "The right side of the function application operator ~> must be a function"),
    ("T2008", "The expressions within an order-by clause must evaluate to numeric or string values"),
    ("D1011", STACK_OVERFLOW),
    ("U1001", STACK_OVERFLOW),
    ("D1012", TIMEOUT),
    ("D2015", OUT_OF_MEMORY),
];

/// Codes whose text shows what the library's text ends with, in JSON form: before and after it.
const WITH_END: [(&str, &str, &str); 5] = [
    ("D3100", "The radix of the formatBase function must be between 2 and 36.  It was given ", ""),
    (
        "D3130",
        "Formatting or parsing an integer as a sequence starting with ",
        " is not supported by this implementation",
    ),
    ("D3132", "Unknown component specifier ", " in date/time picture string"),
    ("D3133", "The 'name' modifier can only be applied to months and days in the date/time picture string, not ", ""),
    ("T1010", "The matcher function argument passed to function ", " does not return the correct object structure"),
];

/// Codes whose text the library has right.
const RIGHT: [&str; 6] = ["D1009", "T1005", "T1007", "D3110", "D3137", "D3141"];

/// The message for the library's text.
pub(super) fn message(text: &str) -> Message {
    let (code, rest) = match text.split_once(": ") {
        Some((code, rest)) if code.len() == 5 => (code, rest),
        // Ours.
        _ if [STACK_OVERFLOW, TIMEOUT, OUT_OF_MEMORY].contains(&text) => return Message::Known(text.to_owned()),
        _ => return Message::Incomplete(text.to_owned()),
    };
    if let Some((_, plain)) = PLAIN.iter().find(|(own, _)| *own == code) {
        let is_bound = [STACK_OVERFLOW, TIMEOUT, OUT_OF_MEMORY].contains(plain);
        return Message::Known(if is_bound { (*plain).to_owned() } else { format!("{code}: {plain}") });
    }
    if let Some((_, before, after)) = WITH_END.iter().find(|(own, ..)| *own == code) {
        let end = match code {
            "D3100" => rest.rsplit(' ').next().unwrap_or_default().to_owned(),
            "T1010" => serde_json::Value::from(rest.split('"').nth(1).unwrap_or_default()).to_string(),
            _ => serde_json::Value::from(rest).to_string(),
        };
        return Message::Known(format!("{code}: {before}{end}{after}"));
    }
    if ["D3060", "D3061"].contains(&code) {
        return Message::Known(with_numbers(text));
    }
    if RIGHT.contains(&code) || is_ours(code, rest) {
        return Message::Known(text.to_owned());
    }
    Message::Incomplete(text.to_owned())
}

/// Numbers in a text as JavaScript prints them.
fn with_numbers(text: &str) -> String {
    let word = |word: &str| {
        let (before, number) = word.split_at(word.find('=').map_or(0, |at| at + 1));
        let (number, after) = number.split_at(number.trim_end_matches(',').len());
        match number.parse::<f64>() {
            Ok(parsed) if parsed.is_finite() => format!("{before}{}{after}", number::text(parsed)),
            _ => word.to_owned(),
        }
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Whether the text was made by our own functions: what they say is complete.
fn is_ours(code: &str, rest: &str) -> bool {
    match code {
        "T0410" | "T0411" | "T0412" => rest.contains("of function \""),
        "T2001" | "T2002" | "T2010" => rest.contains('"'),
        "T2009" => rest.starts_with("The values "),
        "D1002" => rest.contains("a non-numeric value: "),
        "D2014" => rest.starts_with("The size of the sequence"),
        "D3030" => rest.starts_with("Unable to cast"),
        "D3120" | "D3140" => true,
        _ => false,
    }
}
