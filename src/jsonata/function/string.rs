use super::{Arguments, Row, row};
use crate::jsonata::evaluate::{Evaluated, Evaluation};
use crate::value::Value;

pub(super) const ROWS: &[Row] = &[
    row("length", "<s-:n>", length),
    row("substring", "<s-nn?:s>", substring),
    row("substringBefore", "<s-s:s>", substring_before),
    row("substringAfter", "<s-s:s>", substring_after),
    row("uppercase", "<s-:s>", uppercase),
    row("lowercase", "<s-:s>", lowercase),
    row("trim", "<s-:s>", trim),
    row("pad", "<s-ns?:s>", pad),
    row("join", "<a<s>s?:s>", join),
];

/// Bytes of text that count as one unit of work.
const BYTES_PER_UNIT: usize = 16;

/// `$length(text)`
fn length(own: &mut Evaluation<'_>, [text, ..]: Arguments) -> Evaluated {
    let Some(Value::String(text)) = text else { return Ok(None) };
    let count = own.heap.str(text).chars().count();
    own.work(count / BYTES_PER_UNIT)?;
    Ok(Some(Value::Int(count as i64)))
}

/// `$substring(text, start, length)`
fn substring(own: &mut Evaluation<'_>, [text, start, length, _]: Arguments) -> Evaluated {
    let Some(text) = own.text(text) else { return Ok(None) };
    let count = text.chars().count() as f64;
    own.work(text.len() / BYTES_PER_UNIT)?;
    let start = own.number(start).map(|start| if count + start < 0.0 { 0.0 } else { start });
    let from = start.unwrap_or(0.0).trunc();
    let from = if from < 0.0 { count + from } else { from };
    let end = match (own.number(length), start) {
        (Some(length), _) if length <= 0.0 => return own.text_value(""),
        (Some(_), None) => 0.0,
        (Some(length), Some(start)) if start >= 0.0 => start + length,
        (Some(length), Some(start)) => count + start + length,
        (None, _) => count,
    };
    let taken = (end.trunc() - from).max(0.0);
    let part: String = text.chars().skip(from as usize).take(taken as usize).collect();
    own.text_value(&part)
}

/// `$substringBefore(text, characters)`
fn substring_before(own: &mut Evaluation<'_>, arguments: Arguments) -> Evaluated {
    cut(own, arguments, |(before, _)| before)
}

/// `$substringAfter(text, characters)`
fn substring_after(own: &mut Evaluation<'_>, arguments: Arguments) -> Evaluated {
    cut(own, arguments, |(_, after)| after)
}

/// The part before or after the first appearance of the characters; the whole text if there is none.
fn cut(
    own: &mut Evaluation<'_>,
    [text, characters, ..]: Arguments,
    choose: for<'a> fn((&'a str, &'a str)) -> &'a str,
) -> Evaluated {
    let Some(whole) = own.text(text) else { return Ok(None) };
    own.work(whole.len() / BYTES_PER_UNIT)?;
    let characters = own.text(characters).unwrap_or_else(|| "undefined".to_owned());
    match whole.split_once(&*characters) {
        Some(parts) => own.text_value(choose(parts)),
        None => Ok(text),
    }
}

/// `$uppercase(text)`
fn uppercase(own: &mut Evaluation<'_>, [text, ..]: Arguments) -> Evaluated {
    map(own, text, str::to_uppercase)
}

/// `$lowercase(text)`
fn lowercase(own: &mut Evaluation<'_>, [text, ..]: Arguments) -> Evaluated {
    map(own, text, str::to_lowercase)
}

/// `$trim(text)`: runs of white space inside become one blank.
fn trim(own: &mut Evaluation<'_>, [text, ..]: Arguments) -> Evaluated {
    map(own, text, |text| {
        let words = text.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(" ")
    })
}

fn map(own: &mut Evaluation<'_>, text: Option<Value>, change: fn(&str) -> String) -> Evaluated {
    let Some(text) = own.text(text) else { return Ok(None) };
    own.work(text.len() / BYTES_PER_UNIT)?;
    own.text_value(&change(&text))
}

/// `$pad(text, width, filler)`: on the left if the width is negative.
fn pad(own: &mut Evaluation<'_>, [text, width, filler, _]: Arguments) -> Evaluated {
    let Some(text) = own.text(text) else { return Ok(None) };
    let width = own.number(width).unwrap_or(0.0);
    let filler = own.text(filler).filter(|filler| !filler.is_empty()).unwrap_or_else(|| " ".to_owned());
    let missing = (width.abs().trunc() - text.chars().count() as f64).max(0.0);
    let bytes = (missing * filler.len() as f64).min(1e12) as usize;
    own.afford(bytes)?;
    own.work(bytes / BYTES_PER_UNIT)?;
    let padding: String = filler.chars().cycle().take(missing as usize).collect();
    own.text_value(&if width < 0.0 { padding + &text } else { text + &padding })
}

/// `$join(texts, separator)`
fn join(own: &mut Evaluation<'_>, [texts, separator, ..]: Arguments) -> Evaluated {
    let Some(Value::Array(texts)) = texts else { return Ok(None) };
    let between = separator.map_or(0, |separator| own.heap.size(separator) as usize);
    let total = own.heap.size(Value::Array(texts)) as usize + texts.len() * between;
    own.work(texts.len() + total / BYTES_PER_UNIT)?;
    own.afford(total)?;
    let mark = own.heap.begin_text();
    for index in 0..texts.len() {
        if let Some(separator) = separator.filter(|_| index > 0) {
            own.heap.append_value(separator);
        }
        let text = own.heap.items(texts)[index];
        own.heap.append_value(text);
    }
    Ok(Some(own.heap.finish_text(mark)))
}
