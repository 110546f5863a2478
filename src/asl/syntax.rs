//! Whether paths, intrinsic function calls, timestamps and names are well formed.
//!
//! The one place of this room that knows their grammar; it says yes or no, and why not.

/// Most functions inside functions.
const MAX_INTRINSIC_NESTING: usize = 10;

/// The intrinsic functions.
const INTRINSICS: [&str; 18] = [
    "States.Array",
    "States.ArrayContains",
    "States.ArrayGetItem",
    "States.ArrayLength",
    "States.ArrayPartition",
    "States.ArrayRange",
    "States.ArrayUnique",
    "States.Base64Decode",
    "States.Base64Encode",
    "States.Format",
    "States.Hash",
    "States.JsonMerge",
    "States.JsonToString",
    "States.MathAdd",
    "States.MathRandom",
    "States.StringSplit",
    "States.StringToJson",
    "States.UUID",
];

/// A path of the whole dialect: `$…`, `$$…` or `$variable…`.
pub(super) fn path(text: &str) -> Result<(), String> {
    Cursor::new(text).path(false).and_then(Cursor::end)
}

/// A path that names one place: only `.name`, `['name']` and `[n]`.
pub(super) fn reference_path(text: &str) -> Result<(), String> {
    if !text.starts_with('$') {
        return Err("Reference path didn't start with '$'".to_owned());
    }
    Cursor::new(text).path(true).and_then(Cursor::end)
}

/// What a `ResultPath` may be: a Reference Path into the input, not into the context or a variable.
pub(super) fn result_path(text: &str) -> Result<(), String> {
    reference_path(text)?;
    match text[1..].chars().next() {
        None | Some('.' | '[') => Ok(()),
        Some('$') => Err("a ResultPath can't point into the context object".to_owned()),
        Some(_) => Err("a ResultPath can't point into a variable".to_owned()),
    }
}

/// The value of a `.$` field: a path or an intrinsic function call.
pub(super) fn template_value(text: &str) -> Result<(), String> {
    if text.starts_with('$') { path(text) } else { intrinsic(text) }
}

/// A call of an intrinsic function.
pub(super) fn intrinsic(text: &str) -> Result<(), String> {
    Cursor::new(text.trim()).call(0).and_then(Cursor::end)
}

/// Does a literal look like a path or a call, so that a `.$` is probably missing?
pub(super) fn looks_like_template_value(text: &str) -> bool {
    let path_like = text.starts_with("$.") || text.starts_with("$[") || text.starts_with("$$.");
    (path_like && path(text).is_ok()) || (text.starts_with("States.") && intrinsic(text).is_ok())
}

/// The name of an intrinsic function in `text`, if it starts like a call.
pub(super) fn unknown_intrinsic(text: &str) -> Option<&str> {
    let (name, _) = text.split_once('(')?;
    let name = name.trim();
    (!INTRINSICS.contains(&name)).then_some(name)
}

/// The names of the intrinsic functions.
pub(super) fn intrinsic_names() -> impl Iterator<Item = &'static str> {
    INTRINSICS.into_iter()
}

/// A variable name as `Assign` takes it.
pub(super) fn variable_name(name: &str) -> Result<(), &'static str> {
    /// In characters.
    const MAX_LENGTH: usize = 80;
    let mut chars = name.chars();
    if name == "states" {
        return Err("'states' is reserved");
    }
    if !chars.next().is_some_and(|first| first.is_alphabetic() || first == '_') {
        return Err("it must start with a letter");
    }
    if !chars.all(|c| c.is_alphanumeric() || c == '_') {
        return Err("it may hold only letters, digits and '_'");
    }
    if name.chars().count() > MAX_LENGTH {
        return Err("it may have at most 80 characters");
    }
    Ok(())
}

/// An RFC 3339 timestamp with capital `T` and `Z` or a numeric offset.
pub(super) fn timestamp(text: &str) -> bool {
    let Some((date, rest)) = text.split_once('T') else { return false };
    let Some(offset_at) = rest.find(['Z', '+', '-']) else { return false };
    let (time, offset) = rest.split_at(offset_at);
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let (Some([year, month, day]), Some([hour, minute, second])) =
        (numbers(date, '-', [4, 2, 2]), numbers(time, ':', [2, 2, 2]))
    else {
        return false;
    };
    let offset_valid = offset == "Z" || numbers(&offset[1..], ':', [2, 2]).is_some_and(|[h, m]| h < 24 && m < 60);
    let fraction_valid = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
    let days = match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day) && hour < 24 && minute < 60 && second <= 60 && offset_valid && fraction_valid
}

/// Numbers of fixed widths, separated.
fn numbers<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[u32; N]> {
    let mut found = [0; N];
    let mut parts = text.split(separator);
    for (slot, width) in found.iter_mut().zip(widths) {
        let part = parts.next().filter(|part| part.len() == width && part.bytes().all(|b| b.is_ascii_digit()))?;
        *slot = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

/// A place in the text of a path or call; each step returns the place after it.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    rest: &'a str,
}

type Step<'a> = Result<Cursor<'a>, String>;

impl<'a> Cursor<'a> {
    fn new(rest: &'a str) -> Self {
        Cursor { rest }
    }

    fn end(self) -> Result<(), String> {
        if self.rest.is_empty() { Ok(()) } else { Err(format!("unexpected '{}'", self.rest)) }
    }

    fn eat(self, expected: &str) -> Option<Self> {
        self.rest.strip_prefix(expected).map(Cursor::new)
    }

    fn skip_while(self, accept: impl Fn(char) -> bool) -> Self {
        Cursor::new(self.rest.trim_start_matches(accept))
    }

    fn blanks(self) -> Self {
        Cursor::new(self.rest.trim_start())
    }

    fn path(self, reference: bool) -> Step<'a> {
        let Some(after) = self.eat("$") else { return Err("a path starts with '$'".to_owned()) };
        // `$$`, `$name` or `$`.
        let mut at = after.eat("$").unwrap_or_else(|| after.skip_while(|c| c.is_alphanumeric() || c == '_'));
        loop {
            at = if let Some(descent) = at.eat("..") {
                if reference {
                    return Err("'..' can find several places".to_owned());
                }
                if descent.rest.starts_with('[') { descent } else { descent.name()? }
            } else if let Some(child) = at.eat(".") {
                let next = child.name()?;
                let found_many = child.rest.starts_with('*') || next.rest.starts_with('(');
                if reference && found_many {
                    return Err("a wildcard or function doesn't name one place".to_owned());
                }
                next.arguments()?
            } else if at.rest.starts_with('[') {
                at.bracket(reference)?
            } else {
                return Ok(at);
            };
        }
    }

    /// A name in dot form, or `*`.
    fn name(self) -> Step<'a> {
        if let Some(after) = self.eat("*") {
            return Ok(after);
        }
        let mut end = 0;
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => {
                    let Some((escaped, c)) = chars.next() else { return Err("'\\' at the end".to_owned()) };
                    end = escaped + c.len_utf8();
                }
                '.' | '[' | ']' | '(' | ')' | '\'' | '"' | ',' | '@' | '?' | ':' | '*' | '{' | '}' => break,
                c => end = at + c.len_utf8(),
            }
        }
        if end == 0 { Err("a name is missing after '.'".to_owned()) } else { Ok(Cursor::new(&self.rest[end..])) }
    }

    /// The arguments of a path function, if any.
    fn arguments(self) -> Step<'a> {
        if self.rest.starts_with('(') { self.balanced('(', ')') } else { Ok(self) }
    }

    fn bracket(self, reference: bool) -> Step<'a> {
        let after = self.balanced('[', ']')?;
        let content = self.rest[1..self.rest.len() - after.rest.len() - 1].trim();
        if content.is_empty() {
            return Err("'[' must be followed by ' or '['".to_owned());
        }
        let quoted = content.len() >= 2 && content.starts_with(['\'', '"']);
        let index = content.bytes().all(|b| b.is_ascii_digit());
        let other_content =
            content.starts_with(['*', '?', '-', ':', '(']) || content.starts_with(|c: char| c.is_ascii_digit());
        let one_name = quoted && Cursor::new(content).quoted().is_ok_and(|end| end.rest.is_empty());
        if (reference && (index || one_name)) || (!reference && (quoted || other_content)) {
            Ok(after)
        } else {
            Err("'[' must be followed by ' or '['".to_owned())
        }
    }

    /// Behind the bracket that closes the one that is here; quotes protect brackets.
    fn balanced(self, open: char, close: char) -> Step<'a> {
        let mut depth = 0_usize;
        let mut at = self;
        loop {
            let Some(c) = at.rest.chars().next() else { return Err(format!("'{open}' is not closed by '{close}'")) };
            if c == '\'' || c == '"' {
                at = at.quoted()?;
                continue;
            }
            at = Cursor::new(&at.rest[c.len_utf8()..]);
            if c == open {
                depth += 1;
            } else if c == close {
                depth -= 1;
                if depth == 0 {
                    return Ok(at);
                }
            }
        }
    }

    /// Behind the quoted text that starts here.
    fn quoted(self) -> Step<'a> {
        let mut chars = self.rest.char_indices();
        let quote = chars.next().map(|(_, c)| c);
        while let Some((at, c)) = chars.next() {
            if Some(c) == quote {
                return Ok(Cursor::new(&self.rest[at + c.len_utf8()..]));
            }
            if c == '\\' && quote == Some('\'') {
                chars.next();
            }
        }
        Err("a quote is not closed".to_owned())
    }

    fn call(self, depth: usize) -> Step<'a> {
        if depth > MAX_INTRINSIC_NESTING {
            return Err(format!("functions are nested deeper than {MAX_INTRINSIC_NESTING} levels"));
        }
        let after = self.skip_while(|c| c.is_ascii_alphanumeric() || c == '.');
        let name = &self.rest[..self.rest.len() - after.rest.len()];
        if !INTRINSICS.contains(&name) {
            return Err(format!("there is no intrinsic function '{name}'"));
        }
        let Some(open) = after.blanks().eat("(") else { return Err("'(' is missing".to_owned()) };
        let mut at = open.blanks();
        if let Some(after) = at.eat(")") {
            return Ok(after);
        }
        loop {
            at = at.blanks().argument(depth)?.blanks();
            if let Some(after) = at.eat(")") {
                return Ok(after);
            }
            at = at.eat(",").ok_or("',' or ')' is missing")?;
        }
    }

    fn argument(self, depth: usize) -> Step<'a> {
        match self.rest.chars().next() {
            Some('\'') => self.literal(),
            Some('$') => self.path(false),
            Some('-' | '0'..='9') => {
                let after = self.skip_while(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'));
                let digits = &self.rest[..self.rest.len() - after.rest.len()];
                digits.parse::<f64>().map(|_| after).map_err(|_| format!("'{digits}' is no number"))
            }
            Some(_) => {
                let literal = ["true", "false", "null"].into_iter().find_map(|word| self.eat(word));
                literal.map_or_else(|| self.call(depth + 1), Ok)
            }
            None => Err("an argument is missing".to_owned()),
        }
    }

    /// A text in single quotes; only `\'`, `\{`, `\}` and `\\` are escapes.
    fn literal(self) -> Step<'a> {
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\'' => return Ok(Cursor::new(&self.rest[at + 1..])),
                '\\' => match chars.next() {
                    Some((_, '\'' | '{' | '}' | '\\')) => {}
                    Some((_, other)) => {
                        return Err(format!("'\\{other}' is no escape of an intrinsic function's text"));
                    }
                    None => break,
                },
                _ => {}
            }
        }
        Err("a text is not closed by '".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_paths_name_one_place() {
        for good in
            ["$", "$.a", "$.a.b[0]", "$['a b'].c", "$.a-b", "$$.Map.Item.Index", "$v", "$v.x", "$.ä", "$['it\\'s']"]
        {
            assert_eq!(reference_path(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "a",
            "$.",
            "$.a[*]",
            "$..a",
            "$.*",
            "$.a[0:1]",
            "$.a[?(@.x)]",
            "$.a[0,1]",
            "$.a.length()",
            "$[",
            "$[a]",
            "$.a[",
            "$['a",
        ] {
            assert!(reference_path(bad).is_err(), "{bad}");
        }
        for bad in ["$$.a", "$v", "$v.x"] {
            assert!(result_path(bad).is_err(), "{bad}");
        }
        assert_eq!(result_path("$"), Ok(()));
    }

    #[test]
    fn paths_may_use_the_whole_dialect() {
        for good in [
            "$",
            "$$",
            "$..a",
            "$..*",
            "$..[0]",
            "$.a[*].b",
            "$.a[-1:]",
            "$.a[?(@.x == 'a]' && @.y)]",
            "$['a','b']",
            "$.a.length()",
            "$['Test\\\"\"Name\"']",
            "$.a[?(@.b =~ /x/)]",
        ] {
            assert_eq!(path(good), Ok(()), "{good}");
        }
        for bad in ["", "x", "$.", "$.a[", "$.a]", "$..", "$.a b)", "$.a[x]"] {
            assert!(path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn template_values_are_paths_or_known_functions() {
        for good in [
            "$.a",
            "States.UUID()",
            "States.Format('a, {} \\'b\\'', $.x[0,1], 1.5, true, null)",
            "States.Array( States.UUID( ) , $v )",
        ] {
            assert_eq!(template_value(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "a",
            "States.Uuid()",
            "States.UUID",
            "States.Format('a",
            "States.Format('\\\"')",
            "States.Array(1,)",
            "States.Array(1",
            "States.UUID()x",
        ] {
            assert!(template_value(bad).is_err(), "{bad}");
        }
        let nested = format!("{}1{}", "States.Array(".repeat(1000), ")".repeat(1000));
        assert!(intrinsic(&nested).is_err());
    }

    #[test]
    fn timestamps_need_a_zone_and_a_real_day() {
        for good in ["2016-03-14T01:59:00Z", "2016-02-29T23:59:59.123456+01:00"] {
            assert!(timestamp(good), "{good}");
        }
        for bad in [
            "2016-13-05T21:29:29Z",
            "05-12-2016T21:29:29Z",
            "2016-12-05T25:29:29Z",
            "2016-12-05T21:29:29",
            "2015-02-29T00:00:00Z",
            "2016-03-14t01:59:00Z",
            "2016-03-14 01:59:00Z",
            "2016-03-14T01:59:00z",
            "2016-03-14T01:59Z",
            "",
            "T",
            "2016-03-14T01:59:00.Z",
            "2016-03-14T01:59:00+0100",
        ] {
            assert!(!timestamp(bad), "{bad}");
        }
    }
}
