//! Functions that search a text: for another one, by a regular expression, or by a function that gives matches.

use super::{Arguments, Row, row};
use crate::jsonata::error::{OUT_OF_MEMORY, TIMEOUT, Throw};
use crate::jsonata::evaluate::{Evaluated, Evaluation, Matcher};
use crate::jsonata::regex::{Exceeded, Fuel, Regex, Subject};
use crate::value::{Key, Value};

pub(super) const ROWS: &[Row] = &[
    row("contains", "<s-(sf):b>", contains),
    row("split", "<s-(sf)n?:a<s>>", split),
    row("match", "<s-f<s:o>n?:a<o>>", matches),
    row("replace", "<s-(sf)(sf)n?:s>", replace),
];

/// A match.
struct Hit {
    text: String,
    start: usize,
    end: usize,
    groups: Vec<Option<String>>,
    /// As a value, where a function takes it, or gave it.
    value: Option<Value>,
}

/// Where matches come from, one after the other.
enum Hits<'a> {
    Regex { regex: &'a Regex, from: usize, is_first: bool },
    Function { function: Value, argument: Option<Value> },
    End,
}

impl<'a> Evaluation<'a> {
    fn hits(&self, text: Value, matcher: Value) -> Hits<'a> {
        match self.matcher(matcher) {
            Matcher::Regex(regex) => Hits::Regex { regex, from: 0, is_first: true },
            Matcher::Function(function) => Hits::Function { function, argument: Some(text) },
        }
    }

    fn next_hit(&mut self, subject: &Subject<'_>, hits: &mut Hits<'a>) -> Result<Option<Hit>, Throw> {
        match std::mem::replace(hits, Hits::End) {
            Hits::End => Ok(None),
            Hits::Regex { regex, from, is_first } => {
                if !is_first && from >= subject.len() {
                    return Ok(None);
                }
                let hit = self.find(regex, subject, from)?;
                if let Some(hit) = &hit {
                    if !is_first && hit.text.is_empty() {
                        return Err(Throw::new("D1004", "Regular expression matches zero length string"));
                    }
                    *hits = Hits::Regex { regex, from: hit.end, is_first: false };
                }
                Ok(hit)
            }
            Hits::Function { function, argument } => {
                let Some(found) = self.invoke(function, &[argument])? else { return Ok(None) };
                let field = |own: &mut Self, name: &str| own.field(Some(found), &Key::new(name));
                let (start, end) = (field(self, "start")?, field(self, "end")?);
                let (groups, next) = (field(self, "groups")?, field(self, "next")?);
                let is_match = self.number(start).is_some()
                    || self.number(end).is_some()
                    || matches!(groups, Some(Value::Array(_)))
                    || matches!(next, Some(Value::Foreign(_)));
                if !is_match {
                    let text = "The matcher function argument passed to function {{token}} does not return the correct \
                                object structure";
                    return Err(Throw::of_function("T1010", text));
                }
                let text = field(self, "match")?;
                let texts = groups.map_or(Vec::new(), |groups| self.texts(groups));
                if let Some(next) = next {
                    *hits = Hits::Function { function: next, argument: None };
                }
                Ok(Some(Hit {
                    text: self.text(text).unwrap_or_default(),
                    start: self.number(start).unwrap_or(0.0) as usize,
                    end: self.number(end).unwrap_or(0.0) as usize,
                    groups: texts,
                    value: Some(found),
                }))
            }
        }
    }

    fn texts(&self, groups: Value) -> Vec<Option<String>> {
        let Value::Array(list) = groups else { return Vec::new() };
        self.heap.items(list).iter().map(|group| self.text(Some(*group))).collect()
    }

    /// The first match from there on.
    fn find(&mut self, regex: &Regex, subject: &Subject<'_>, from: usize) -> Result<Option<Hit>, Throw> {
        self.work(1)?;
        let mut fuel = Fuel(self.heap.work_left());
        let before = fuel.0;
        let found = regex.find(subject, from, &mut fuel);
        self.work((before - fuel.0) as usize)?;
        let found = found.map_err(|exceeded| match exceeded {
            Exceeded::Steps => Throw::bound(TIMEOUT),
            Exceeded::Memory => Throw::bound(OUT_OF_MEMORY),
        })?;
        Ok(found.map(|found| Hit {
            text: subject.slice(found.start, found.end).into_owned(),
            start: found.start,
            end: found.end,
            groups: found
                .groups
                .iter()
                .map(|group| group.map(|(start, end)| subject.slice(start, end).into_owned()))
                .collect(),
            value: None,
        }))
    }

    /// A match as the value that a regular expression gives as a function. `next`: it is not the first one.
    pub(in crate::jsonata) fn match_value(
        &mut self,
        regex: &'a crate::jsonata::compile::Regex,
        text: Option<Value>,
        from: usize,
        next: bool,
    ) -> Evaluated {
        let (Some(value), Some(content)) = (text, self.text(text)) else { return Ok(None) };
        let subject = Subject::new(&content);
        if next && from >= subject.len() {
            return Ok(None);
        }
        let Some(hit) = self.find(&regex.regex, &subject, from.min(subject.len()))? else { return Ok(None) };
        if next && hit.text.is_empty() {
            return Err(Throw::new("D1004", "Regular expression matches zero length string"));
        }
        let following = self.next_match(regex, value, hit.end)?;
        self.hit_value(&hit, Some(following)).map(Some)
    }

    /// The match with its fields: as a function sees it if there is a function for the `next` one, else as `$match` gives it.
    fn hit_value(&mut self, hit: &Hit, next: Option<Value>) -> Result<Value, Throw> {
        self.afford(hit.text.len())?;
        let mut fields = vec![("match", self.heap.string(&hit.text))];
        match next {
            Some(_) => {
                fields.push(("start", Value::Int(hit.start as i64)));
                fields.push(("end", Value::Int(hit.end as i64)));
            }
            None => fields.push(("index", Value::Int(hit.start as i64))),
        }
        let groups = self.heap.mark();
        for group in &hit.groups {
            let group = group.as_ref().map_or(Value::Null, |group| self.heap.string(group));
            self.heap.push(group);
        }
        fields.push(("groups", self.close_array(groups)?));
        fields.extend(next.map(|next| ("next", next)));
        let mark = self.heap.mark();
        for (name, value) in fields {
            let key = self.heap.key(name);
            self.keep(value);
            self.heap.push_entry(key, value);
        }
        self.close_object(mark)
    }
}

/// The third or fourth argument: how many matches at most.
fn limit(own: &Evaluation<'_>, limit: Option<Value>, code: &str, text: &str) -> Result<f64, Throw> {
    match own.number(limit) {
        Some(limit) if limit < 0.0 => Err(Throw::new(code, text)),
        Some(limit) => Ok(limit),
        None => Ok(f64::INFINITY),
    }
}

/// `$contains(text, pattern)`
fn contains(own: &mut Evaluation<'_>, [text, pattern, ..]: Arguments) -> Evaluated {
    let (Some(value), Some(content)) = (text, own.text(text)) else { return Ok(None) };
    let found = match pattern {
        Some(Value::String(part)) => {
            own.work(content.len() / 16)?;
            content.contains(&*own.heap.str(part))
        }
        Some(matcher) => {
            let mut hits = own.hits(value, matcher);
            own.next_hit(&Subject::new(&content), &mut hits)?.is_some()
        }
        None => return Err(Throw::internal()),
    };
    Ok(Some(Value::bool(found)))
}

/// `$split(text, separator, limit)`
fn split(own: &mut Evaluation<'_>, [text, separator, most, _]: Arguments) -> Evaluated {
    let (Some(value), Some(content)) = (text, own.text(text)) else { return Ok(None) };
    let text = "Third argument of split function must evaluate to a positive number";
    let most = limit(own, most, "D3020", text)?;
    let mark = own.heap.mark();
    match separator {
        Some(Value::String(separator)) => {
            let separator = own.heap.str(separator).into_owned();
            let most = most.floor().min(1e9) as usize;
            own.work(content.len() / 4)?;
            own.afford(content.len() + content.matches(&*separator).count().min(most) * size_of::<Value>())?;
            let mut push = |part: &str| {
                let part = own.heap.string(part);
                own.heap.push(part);
            };
            match separator.is_empty() {
                true => content.chars().take(most).for_each(|char| push(char.encode_utf8(&mut [0; 4]))),
                false => content.split(&*separator).take(most).for_each(push),
            }
        }
        Some(matcher) if most > 0.0 => {
            let subject = Subject::new(&content);
            let mut hits = own.hits(value, matcher);
            let (mut start, mut count) = (0, 0.0);
            // The one after the last that is wanted is looked for, too.
            while let Some(hit) = own.next_hit(&subject, &mut hits)?
                && count < most
            {
                push_slice(own, &subject, start, hit.start)?;
                start = hit.end;
                count += 1.0;
            }
            if count < most {
                push_slice(own, &subject, start, subject.len())?;
            }
        }
        None if most > 0.0 => return Err(Throw::internal()),
        _ => {}
    }
    own.close_array(mark).map(Some)
}

fn push_slice(own: &mut Evaluation<'_>, subject: &Subject<'_>, start: usize, end: usize) -> Result<(), Throw> {
    let part = slice(subject, start, end);
    if let Some(part) = own.text_value(&part)? {
        own.heap.push(part);
    }
    Ok(())
}

/// The part of the text, as far as there is one: positions may come from a function.
fn slice<'t>(subject: &Subject<'t>, start: usize, end: usize) -> std::borrow::Cow<'t, str> {
    let (start, end) = (start.min(subject.len()), end.min(subject.len()));
    subject.slice(start.min(end), start.max(end))
}

/// `$match(text, pattern, limit)`
fn matches(own: &mut Evaluation<'_>, [text, pattern, most, _]: Arguments) -> Evaluated {
    let (Some(value), Some(content), Some(pattern)) = (text, own.text(text), pattern) else { return Ok(None) };
    let text = "Third argument of match function must evaluate to a positive number";
    let most = limit(own, most, "D3040", text)?;
    let subject = Subject::new(&content);
    let mut hits = own.hits(value, pattern);
    let mark = own.heap.mark();
    let mut count = 0.0;
    // The one after the last that is wanted is looked for, too.
    while most > 0.0
        && let Some(hit) = own.next_hit(&subject, &mut hits)?
        && count < most
    {
        let value = own.hit_value(&hit, None)?;
        own.heap.push(value);
        count += 1.0;
    }
    own.close_sequence(mark).map(Some)
}

/// `$replace(text, pattern, replacement, limit)`
fn replace(own: &mut Evaluation<'_>, [text, pattern, replacement, most]: Arguments) -> Evaluated {
    let (Some(value), Some(content)) = (text, own.text(text)) else { return Ok(None) };
    if let Some(Value::String(pattern)) = pattern
        && own.heap.str_equals(pattern, "")
    {
        return Err(Throw::new("D3010", "Second argument of replace function cannot be an empty string"));
    }
    let text = "Fourth argument of replace function must evaluate to a positive number";
    let most = limit(own, most, "D3011", text)?;
    match pattern {
        Some(Value::String(pattern)) => {
            let pattern = own.heap.str(pattern).into_owned();
            let replacement = own.text(replacement).unwrap_or_else(|| "undefined".to_owned());
            own.work(content.len() / 8)?;
            let most = most.ceil().min(1e9) as usize;
            let hits = content.matches(&*pattern).take(most).count();
            own.afford(content.len() + hits * replacement.len())?;
            own.text_value(&content.replacen(&*pattern, &replacement, most))
        }
        Some(matcher) => replace_hits(own, value, &content, matcher, replacement, most),
        None if most > 0.0 => Err(Throw::internal()),
        None => Ok(Some(value)),
    }
}

fn replace_hits(
    own: &mut Evaluation<'_>,
    value: Value,
    content: &str,
    matcher: Value,
    replacement: Option<Value>,
    most: f64,
) -> Evaluated {
    let subject = Subject::new(content);
    let template = own.text(replacement);
    let mut hits = own.hits(value, matcher);
    let mut result = String::new();
    let (mut position, mut count) = (0, 0.0);
    // The one after the last that is wanted is looked for, too.
    while most > 0.0
        && let Some(hit) = own.next_hit(&subject, &mut hits)?
        && count < most
    {
        result.push_str(&slice(&subject, position, hit.start));
        match (&template, replacement) {
            (Some(template), _) => substitute(template, &hit, &mut result),
            (None, Some(function)) => {
                let found = replaced_value(own, matcher, value, &hit)?;
                match own.invoke(function, &[Some(found)])? {
                    Some(Value::String(text)) => result.push_str(&own.heap.str(text)),
                    _ => {
                        return Err(Throw::new(
                            "D3012",
                            "Attempted to replace a matched string with a non-string value",
                        ));
                    }
                }
            }
            (None, None) => return Err(Throw::internal()),
        }
        own.work(1 + hit.text.len() / 16)?;
        own.check_room(result.len())?;
        position = hit.start + hit.text.encode_utf16().count();
        count += 1.0;
    }
    if count == 0.0 {
        return Ok(Some(value));
    }
    result.push_str(&slice(&subject, position, subject.len()));
    own.text_value(&result)
}

/// The match as the function that replaces it gets it.
fn replaced_value(own: &mut Evaluation<'_>, matcher: Value, text: Value, hit: &Hit) -> Result<Value, Throw> {
    match hit.value {
        Some(value) => Ok(value),
        None => {
            let next = own.next_of(matcher, text, hit.end)?;
            own.hit_value(hit, Some(next))
        }
    }
}

/// Appends the replacement: `$0` is the match, `$1` and so on its groups, `$$` a dollar sign.
fn substitute(template: &str, hit: &Hit, out: &mut String) {
    let groups = hit.groups.len();
    let most_digits = if groups == 0 { 1 } else { groups.ilog10() as usize + 1 };
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('0') {
            out.push_str(&hit.text);
            rest = after;
        } else {
            let digits = |most: usize| {
                let count = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
                rest[..count].parse::<usize>().ok()
            };
            let mut index = digits(most_digits);
            if most_digits > 1 && index.is_some_and(|index| index > groups) {
                index = digits(most_digits - 1);
            }
            match index {
                Some(index) => {
                    let group = index.checked_sub(1).and_then(|index| hit.groups.get(index));
                    out.push_str(group.and_then(Option::as_deref).unwrap_or_default());
                    rest = &rest[index.to_string().len()..];
                }
                None => out.push('$'),
            }
        }
    }
    out.push_str(rest);
}
