//! The names in a JSONata expression, found without reading it as a whole.

use std::collections::HashSet;

/// The longest expression that is looked at: a bound on the time for what no person wrote.
const MAX_BYTES: usize = 20_000;

/// Words of an expression that begin with `$`.
struct Word<'t> {
    /// Without the `$`.
    name: &'t str,
    /// What follows, blanks left out.
    rest: &'t str,
    /// What stands before, blanks left out.
    before: &'t str,
}

/// The variables that an expression reads and does not bind itself. Built-in functions are not among them, nor what is
/// only asked for its existence.
pub(super) fn variables(expression: &str) -> Vec<&str> {
    if expression.len() > MAX_BYTES {
        return Vec::new();
    }
    let words = words(expression);
    let bound: HashSet<&str> = words.iter().filter(|word| binds(word)).map(|word| word.name).collect();
    let mut found: Vec<&str> = Vec::new();
    for word in &words {
        let is_call = word.rest.starts_with('(');
        let asked = word.before.ends_with("$exists(");
        let reserved = word.name.is_empty() || word.name == "states" || BUILT_IN.contains(&word.name);
        if !is_call && !asked && !reserved && !bound.contains(word.name) && !found.contains(&word.name) {
            found.push(word.name);
        }
    }
    found
}

/// The names behind `$states.input`, if the expression is nothing but that.
pub(super) fn path_of<'t>(expression: &'t str, root: &str) -> Option<Vec<&'t str>> {
    let rest = expression.trim().strip_prefix("$states.")?.strip_prefix(root)?;
    if rest.is_empty() {
        return Some(Vec::new());
    }
    let names: Vec<&str> = rest.strip_prefix('.')?.split('.').collect();
    let is_name = |name: &&str| {
        name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    names.iter().all(is_name).then_some(names)
}

/// Assigned, a parameter, or bound to a position or a context.
fn binds(word: &Word<'_>) -> bool {
    let in_parameters = || {
        let open = word.before.rfind('(');
        open.is_some_and(|open| {
            let head = word.before[..open].trim_end();
            let between = &word.before[open + 1..];
            (head.ends_with("function") || head.ends_with('λ'))
                && between.chars().all(|c| c.is_alphanumeric() || "_$, \t\r\n".contains(c))
        })
    };
    word.rest.starts_with(":=") || word.before.ends_with(['@', '#']) || in_parameters()
}

fn words(expression: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(c) = expression[at..].chars().next() {
        let rest = &expression[at + c.len_utf8()..];
        match c {
            '"' | '\'' => at += c.len_utf8() + quoted(rest, c),
            '`' => at += 1 + rest.find('`').map_or(rest.len(), |end| end + 1),
            '/' if rest.starts_with('*') => at += 1 + rest.find("*/").map_or(rest.len(), |end| end + 2),
            '$' => {
                let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                let before = expression[..at].trim_end();
                words.push(Word { name: &rest[..length], rest: rest[length..].trim_start(), before });
                at += 1 + length;
            }
            c => at += c.len_utf8(),
        }
    }
    words
}

/// The length of a text in quotes, its closing quote included.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// Functions that may be named without a call, as in `$map(list, $string)`.
const BUILT_IN: &[&str] = &[
    "abs",
    "append",
    "assert",
    "average",
    "base64decode",
    "base64encode",
    "boolean",
    "ceil",
    "clone",
    "contains",
    "count",
    "decodeUrl",
    "decodeUrlComponent",
    "distinct",
    "each",
    "encodeUrl",
    "encodeUrlComponent",
    "error",
    "eval",
    "exists",
    "filter",
    "floor",
    "formatBase",
    "formatInteger",
    "formatNumber",
    "fromMillis",
    "hash",
    "join",
    "keys",
    "length",
    "lookup",
    "lowercase",
    "map",
    "match",
    "max",
    "merge",
    "millis",
    "min",
    "not",
    "now",
    "number",
    "pad",
    "parse",
    "parseInteger",
    "partition",
    "power",
    "random",
    "range",
    "reduce",
    "replace",
    "reverse",
    "round",
    "shuffle",
    "sift",
    "single",
    "sort",
    "split",
    "spread",
    "sqrt",
    "string",
    "substring",
    "substringAfter",
    "substringBefore",
    "sum",
    "toMillis",
    "trim",
    "type",
    "uppercase",
    "uuid",
    "zip",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_free_variables_are_found() {
        for (expression, names) in [
            ("$a + $b.c[$d > 1]", vec!["a", "b", "d"]),
            ("$sum($a)", vec!["a"]),
            ("$map($list, $string)", vec!["list"]),
            ("($x := 1; $x + $y)", vec!["y"]),
            ("$map(list, function($v, $i) { $v + $i + $z })", vec!["z"]),
            ("list@$l#$i.{ 'a': $l, 'b': $i }", vec![]),
            ("'$a' & \"$b \\\" $c\" & `$d` /* $e */", vec![]),
            ("$states.input.$f", vec!["f"]),
            ("$$.a + $.b", vec![]),
            ("$exists($a) ? 1 : 2", vec![]),
            ("λ($ä) { $ä }", vec![]),
            ("$g(1)", vec![]),
            ("'unterminated $a", vec![]),
            ("ü$", vec![]),
        ] {
            assert_eq!(variables(expression), names, "{expression}");
        }
    }

    #[test]
    fn plain_paths_are_distinguished_from_others() {
        assert_eq!(path_of(" $states.input.a.b ", "input"), Some(vec!["a", "b"]));
        assert_eq!(path_of("$states.input", "input"), Some(vec![]));
        for other in
            ["$states.input.a[0]", "$states.inputs", "$states.result.a", "$states.input.a + 1", "$states.input.*"]
        {
            assert_eq!(path_of(other, "input"), None, "{other}");
        }
    }
}
