use super::super::Stop;
use super::super::evaluate::Evaluated;
use super::super::signature::Arguments;
use super::super::text;
use super::double;
use crate::value::{Heap, Str, Value};

/// `$string(value, prettify)`
pub(super) fn string(heap: &mut Heap, [value, pretty, ..]: Arguments) -> Evaluated {
    Ok(match value {
        None | Some(Value::String(_)) => value,
        Some(value) if pretty.is_none_or(|pretty| pretty.as_bool() == Some(false)) => {
            let mark = heap.begin_text();
            text::append(heap, value);
            Some(heap.finish_text(mark))
        }
        Some(value) => {
            let text = text::string(heap, value, true);
            Some(heap.string(&text))
        }
    })
}

/// `$length(text)`
pub(super) fn length(heap: &mut Heap, [value, ..]: Arguments) -> Evaluated {
    let Some(Value::String(text)) = value else { return Ok(None) };
    Ok(Some(Value::Int(heap.str(text).chars().count() as i64)))
}

/// `$substring(text, start, length)`
pub(super) fn substring(heap: &mut Heap, arguments: Arguments) -> Evaluated {
    let [Some(Value::String(text)), start, length, _] = arguments else { return Ok(None) };
    // What JavaScript makes of an undefined start is left to the library.
    let start = start.map(|start| double(heap, start)).ok_or(Stop::Library)?;
    let length = length.map(|length| double(heap, length));
    if start.fract() != 0.0 || length.is_some_and(|length| length.fract() != 0.0) {
        return Err(Stop::Library);
    }
    let text = heap.str(text);
    let count = text.chars().count() as f64;
    let start = if start < 0.0 { (count + start).max(0.0) } else { start };
    let taken = length.map_or(count, |length| length.max(0.0));
    let part: String = text.chars().skip(start as usize).take(taken as usize).collect();
    Ok(Some(heap.string(&part)))
}

/// `$substringBefore(text, characters)`
pub(super) fn substring_before(heap: &mut Heap, arguments: Arguments) -> Evaluated {
    cut(heap, arguments, |(before, _)| before)
}

/// `$substringAfter(text, characters)`
pub(super) fn substring_after(heap: &mut Heap, arguments: Arguments) -> Evaluated {
    cut(heap, arguments, |(_, after)| after)
}

/// The part before or after the first appearance of the characters; the whole text if there is none.
fn cut(
    heap: &mut Heap,
    [text, characters, ..]: Arguments,
    choose: for<'a> fn((&'a str, &'a str)) -> &'a str,
) -> Evaluated {
    let Some(Value::String(whole)) = text else { return Ok(None) };
    let Some(Value::String(characters)) = characters else { return Err(Stop::Library) };
    let part = heap.str(whole).split_once(&*heap.str(characters)).map(|parts| choose(parts).to_owned());
    Ok(Some(part.map_or(Value::String(whole), |part| heap.string(&part))))
}

/// `$uppercase(text)`
pub(super) fn uppercase(heap: &mut Heap, [text, ..]: Arguments) -> Evaluated {
    map(heap, text, str::to_uppercase)
}

/// `$lowercase(text)`
pub(super) fn lowercase(heap: &mut Heap, [text, ..]: Arguments) -> Evaluated {
    map(heap, text, str::to_lowercase)
}

/// `$trim(text)`: runs of white space inside become one blank.
pub(super) fn trim(heap: &mut Heap, [text, ..]: Arguments) -> Evaluated {
    map(heap, text, |text| {
        let words = text.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(" ")
    })
}

fn map(heap: &mut Heap, text: Option<Value>, change: fn(&str) -> String) -> Evaluated {
    let Some(Value::String(text)) = text else { return Ok(None) };
    let changed = change(&heap.str(text));
    Ok(Some(heap.string(&changed)))
}

/// `$contains(text, part)`
pub(super) fn contains(heap: &mut Heap, [text, part, ..]: Arguments) -> Evaluated {
    let (Some(Value::String(text)), Some(Value::String(part))) = (text, part) else { return Ok(None) };
    Ok(Some(Value::bool(heap.str(text).contains(&*heap.str(part)))))
}

/// `$split(text, separator, limit)`
pub(super) fn split(heap: &mut Heap, arguments: Arguments) -> Evaluated {
    let [Some(Value::String(text)), separator, limit, _] = arguments else { return Ok(None) };
    let Some(Value::String(separator)) = separator else { return Err(Stop::Library) };
    let limit = limit.map_or(f64::INFINITY, |limit| double(heap, limit));
    if limit < 0.0 {
        return Err(Stop::thrown("D3020: Third argument of split function must evaluate to a positive number"));
    }
    let (text, separator) = (heap.str(text).into_owned(), heap.str(separator).into_owned());
    let limit = limit.floor() as usize;
    let mark = heap.mark();
    let mut push = |part: &str| {
        let part = heap.string(part);
        heap.push(part);
    };
    if separator.is_empty() {
        let mut buffer = [0; 4];
        text.chars().take(limit).for_each(|char| push(char.encode_utf8(&mut buffer)));
    } else {
        text.split(&*separator).take(limit).for_each(push);
    }
    Ok(Some(heap.array_from(mark)?))
}

/// `$join(texts, separator)`
pub(super) fn join(heap: &mut Heap, [texts, separator, ..]: Arguments) -> Evaluated {
    let Some(Value::Array(texts)) = texts else { return Ok(None) };
    let size = |heap: &Heap, value: Option<Value>| value.map_or(0, |value| heap.size(value) as usize);
    let total = size(heap, Some(Value::Array(texts))) + texts.len() * size(heap, separator);
    if total > 2 * super::super::MAX_BYTES {
        return Err(Stop::thrown(crate::jsonata::error::OUT_OF_MEMORY));
    }
    let mark = heap.begin_text();
    for index in 0..texts.len() {
        if let Some(separator) = separator.filter(|_| index > 0) {
            heap.append_value(separator);
        }
        let text = heap.items(texts)[index];
        heap.append_value(text);
    }
    Ok(Some(heap.finish_text(mark)))
}

/// `$replace(text, part, replacement, limit)` with plain strings.
pub(super) fn replace(heap: &mut Heap, arguments: Arguments) -> Evaluated {
    let [Some(Value::String(text)), part, replacement, limit] = arguments else { return Ok(None) };
    let (Some(Value::String(part)), Some(Value::String(replacement))) = (part, replacement) else {
        return Err(Stop::Library);
    };
    let [text, part, replacement] = [text, part, replacement].map(|text: Str| heap.str(text).into_owned());
    if part.is_empty() {
        return Err(Stop::thrown("D3010: Second argument of replace function cannot be an empty string"));
    }
    let limit = limit.map_or(f64::INFINITY, |limit| double(heap, limit));
    if limit < 0.0 {
        return Err(Stop::thrown("D3011: Fourth argument of replace function must evaluate to a positive number"));
    }
    let limit = limit.ceil() as usize;
    let hits = text.matches(&*part).take(limit).count();
    if text.len() + hits * replacement.len() > super::super::MAX_BYTES {
        return Err(Stop::thrown(crate::jsonata::error::OUT_OF_MEMORY));
    }
    Ok(Some(heap.string(&text.replacen(&*part, &replacement, limit))))
}

/// `$error(message)`
pub(super) fn error(heap: &mut Heap, [message, ..]: Arguments) -> Evaluated {
    let text = match message {
        Some(Value::String(message)) => heap.str(message).into_owned(),
        _ => "$error() function evaluated".to_owned(),
    };
    Err(Stop::thrown(format!("D3137: {text}")))
}

/// `$pad(text, width, filler)` for the library, whose own allocates whatever it is asked for.
pub(in crate::jsonata) fn pad(text: &str, width: f64, filler: &str) -> Option<String> {
    let filler = if filler.is_empty() { " " } else { filler };
    let missing = (width.abs().trunc() - text.chars().count() as f64).max(0.0);
    if missing * filler.len() as f64 > super::super::MAX_BYTES as f64 {
        return None;
    }
    let padding: String = filler.chars().cycle().take(missing as usize).collect();
    Some(if width < 0.0 { padding + text } else { text.to_owned() + &padding })
}
