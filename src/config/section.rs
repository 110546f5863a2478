use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::report::Report;
use super::tree::{Kind, Node, Origin, Table};
use crate::suggest::nearest;

/// Reads the options of one table: each accessor reports what is wrong with a value and falls back to its default, so
/// that the reading goes on to the next mistake.
pub(super) struct Section<'a> {
    title: String,
    table: &'a Table,
    origin: Origin,
}

/// A text value and whether it may be shown.
#[derive(Clone)]
pub struct Text {
    /// The value.
    pub value: String,
    pub(super) origin: Origin,
    pub(super) from_environment: bool,
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl Text {
    /// The value for a message: one from the environment is not shown.
    pub fn shown(&self) -> String {
        if self.from_environment { "the value given".to_owned() } else { format!("`{}`", self.value) }
    }
}

impl<'a> Section<'a> {
    /// Opens a table; names that are not among `options` are reported.
    pub(super) fn open(
        title: impl Into<String>,
        table: &'a Table,
        origin: Origin,
        options: &[&str],
        report: &mut Report,
    ) -> Self {
        let title = title.into();
        for entry in table.entries.iter().filter(|entry| !options.contains(&entry.name.as_str())) {
            let hint = match nearest(&entry.name, options.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("{title} has {}", options.join(", ")),
            };
            report.mistake(&entry.name_origin, format!("{title} has no option `{}`", entry.name), Some(hint));
        }
        Self { title, table, origin }
    }

    /// What people call the table.
    pub(super) fn title(&self) -> &str {
        &self.title
    }

    /// Where the table stands.
    pub(super) fn own_origin(&self) -> &Origin {
        &self.origin
    }

    /// The value of an option as it stands.
    pub(super) fn node(&self, name: &str) -> Option<&'a Node> {
        self.table.find(name)
    }

    /// Where the option stands, or its table where it is not given.
    pub(super) fn origin(&self, name: &str) -> &Origin {
        self.node(name).map_or(&self.origin, |node| &node.origin)
    }

    /// A text that may be left out, but not be empty.
    pub(super) fn text(&self, name: &str, report: &mut Report) -> Option<Text> {
        let node = self.node(name)?;
        match &node.kind {
            Kind::Text(value) if value.trim().is_empty() => {
                report.mistake(
                    &node.origin,
                    format!("`{name}` is empty"),
                    Some("give it a value, or leave it out".into()),
                );
                None
            }
            Kind::Text(value) => Some(Text {
                value: value.clone(),
                origin: node.origin.clone(),
                from_environment: node.from_environment,
            }),
            other => self.wrong_kind(node, name, "a string in double quotes", other, report),
        }
    }

    /// A text that has to be there; `hint` says what to write.
    pub(super) fn required(&self, name: &str, hint: &str, report: &mut Report) -> Option<Text> {
        if self.node(name).is_none() {
            report.mistake(&self.origin, format!("{} needs `{name}`", self.title), Some(hint.to_owned()));
        }
        self.text(name, report)
    }

    /// A list of texts. A single text is taken as a list of one; in an environment variable commas separate.
    pub(super) fn texts(&self, name: &str, report: &mut Report) -> Vec<Text> {
        let Some(node) = self.node(name) else { return Vec::new() };
        let text = |value: &str| Text {
            value: value.to_owned(),
            origin: node.origin.clone(),
            from_environment: node.from_environment,
        };
        match &node.kind {
            Kind::Text(value) if matches!(node.origin, Origin::Variable(_)) => {
                value.split(',').map(str::trim).filter(|part| !part.is_empty()).map(text).collect()
            }
            Kind::Text(value) => vec![text(value)],
            Kind::List(items) => items.iter().filter_map(|item| self.item(item, name, report)).collect(),
            other => {
                self.wrong_kind::<()>(node, name, "an array of strings", other, report);
                Vec::new()
            }
        }
    }

    /// A whole number within a range. Texts that came from the environment are read as numbers.
    pub(super) fn integer(&self, name: &str, default: u64, range: RangeInclusive<u64>, report: &mut Report) -> u64 {
        let Some(node) = self.node(name) else { return default };
        let value = match &node.kind {
            Kind::Integer(value) => u64::try_from(*value).ok(),
            Kind::Text(text) if node.from_environment => text.trim().parse().ok(),
            other => return self.wrong_kind(node, name, "an integer", other, report).unwrap_or(default),
        };
        match value.filter(|value| range.contains(value)) {
            Some(value) => value,
            None => {
                report.mistake(&node.origin, format!("`{name}` must be {}", between(&range)), None);
                default
            }
        }
    }

    /// A whole number of things within a range.
    pub(super) fn count(&self, name: &str, default: usize, range: RangeInclusive<usize>, report: &mut Report) -> usize {
        let range = *range.start() as u64..=*range.end() as u64;
        usize::try_from(self.integer(name, default as u64, range, report)).unwrap_or(default)
    }

    /// A number of bytes: an integer, or a text such as "64MiB".
    pub(super) fn bytes(&self, name: &str, default: usize, range: RangeInclusive<usize>, report: &mut Report) -> usize {
        let Some(node) = self.node(name) else { return default };
        let value = match &node.kind {
            Kind::Integer(value) => usize::try_from(*value).ok(),
            Kind::Text(text) => parse_bytes(text),
            other => return self.wrong_kind(node, name, "a number of bytes", other, report).unwrap_or(default),
        };
        match value.filter(|value| range.contains(value)) {
            Some(value) => value,
            None => {
                let message =
                    format!("`{name}` must be a number of bytes between {} and {}", range.start(), range.end());
                report.mistake(&node.origin, message, Some("write 65536, \"64KiB\" or \"16MiB\"".into()));
                default
            }
        }
    }

    /// A duration such as "250ms" within a range.
    pub(super) fn duration(
        &self,
        name: &str,
        default: Duration,
        range: RangeInclusive<Duration>,
        report: &mut Report,
    ) -> Duration {
        let hint = Some("write a number and a unit: \"100ms\", \"30s\", \"5m\" or \"1h\"".to_owned());
        let Some(node) = self.node(name) else { return default };
        let Kind::Text(text) = &node.kind else {
            if !matches!(node.kind, Kind::Broken) {
                let message = format!("`{name}` is {}, it must be a duration", node.kind.name());
                report.mistake(&node.origin, message, hint);
            }
            return default;
        };
        match parse_duration(text) {
            Some(value) if range.contains(&value) => value,
            Some(_) => {
                let message = format!("`{name}` must be between {:?} and {:?}", range.start(), range.end());
                report.mistake(&node.origin, message, None);
                default
            }
            None => {
                let meant = meant_duration(text).filter(|_| !node.from_environment);
                let hint = meant.map(|meant| format!("did you mean \"{meant}\"?")).or(hint);
                report.mistake(&node.origin, format!("`{name}` is not a duration"), hint);
                default
            }
        }
    }

    /// A number from 0 to 1.
    pub(super) fn probability(&self, name: &str, report: &mut Report) -> Option<f64> {
        let node = self.node(name)?;
        let value = match &node.kind {
            Kind::Float { value, .. } => Some(*value),
            Kind::Integer(value) => Some(*value as f64),
            Kind::Text(text) if node.from_environment => text.trim().parse().ok(),
            other => return self.wrong_kind(node, name, "a number from 0 to 1", other, report),
        };
        let value = value.filter(|value| (0.0..=1.0).contains(value));
        if value.is_none() {
            report.mistake(&node.origin, format!("`{name}` must be a number from 0 to 1"), None);
        }
        value
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, name: &str, default: bool, report: &mut Report) -> bool {
        let Some(node) = self.node(name) else { return default };
        match &node.kind {
            Kind::Bool(value) => *value,
            Kind::Text(text) if node.from_environment && matches!(text.trim(), "true" | "false") => {
                text.trim() == "true"
            }
            other => self.wrong_kind(node, name, "true or false", other, report).unwrap_or(default),
        }
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)], report: &mut Report) -> Option<T> {
        let text = self.text(name, report)?;
        if let Some((_, chosen)) = choices.iter().find(|(word, _)| *word == text.value) {
            return Some(*chosen);
        }
        let words = choices.iter().map(|(word, _)| *word);
        let all: Vec<String> = words.clone().map(|word| format!("\"{word}\"")).collect();
        let hint = match nearest(&text.value, words) {
            Some(near) if !text.from_environment => format!("did you mean \"{near}\"? It may be {}", all.join(", ")),
            _ => format!("it may be {}", all.join(", ")),
        };
        report.mistake(&text.origin, format!("`{name}` can't be {}", text.shown()), Some(hint));
        None
    }

    fn item(&self, item: &Node, name: &str, report: &mut Report) -> Option<Text> {
        match &item.kind {
            Kind::Text(value) if value.trim().is_empty() => {
                report.mistake(&item.origin, format!("`{name}` holds an empty string"), None);
                None
            }
            Kind::Text(value) => Some(Text {
                value: value.clone(),
                origin: item.origin.clone(),
                from_environment: item.from_environment,
            }),
            other => self.wrong_kind(item, name, "an array of strings", other, report),
        }
    }

    fn wrong_kind<T>(&self, node: &Node, name: &str, wanted: &str, found: &Kind, report: &mut Report) -> Option<T> {
        if !matches!(found, Kind::Broken) {
            let message = format!("`{name}` is {}, it must be {wanted}", found.name());
            report.mistake(&node.origin, message, unquoted(name, wanted, found));
        }
        None
    }
}

/// What to write where a number or a truth value stands in quotes, or a text alone in brackets.
fn unquoted(name: &str, wanted: &str, found: &Kind) -> Option<String> {
    match (wanted, found) {
        ("an integer", Kind::Text(text)) if text.parse::<i64>().is_ok() => {
            Some(format!("write it without quotes: {name} = {text}"))
        }
        ("true or false", Kind::Text(_)) => Some(format!("write it without quotes: {name} = true, or {name} = false")),
        ("a string in double quotes", Kind::List(_)) => Some(format!("only one can be given: {name} = \"…\"")),
        ("a string in double quotes", Kind::Integer(_) | Kind::Float { .. } | Kind::Bool(_)) => {
            Some("put it in double quotes".to_owned())
        }
        ("an array of strings", _) => Some(format!("write {name} = [\"…\"]")),
        _ => None,
    }
}

fn between(range: &RangeInclusive<u64>) -> String {
    match *range.end() {
        u64::MAX => format!("a whole number from {} on", range.start()),
        end => format!("a whole number between {} and {end}", range.start()),
    }
}

/// Reads "250ms", "1.5s", "5m", "1h" and "2d".
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = split_unit(text);
    let millis_per_unit = match unit {
        "ms" => 1.0,
        "s" => 1e3,
        "m" => 60e3,
        "h" => 3_600e3,
        "d" => 86_400e3,
        _ => return None,
    };
    let seconds = number.parse::<f64>().ok()? * millis_per_unit / 1e3;
    Duration::try_from_secs_f64(seconds).ok()
}

/// What a duration with a longer unit would be: `30 seconds`.
fn meant_duration(text: &str) -> Option<String> {
    let (number, unit) = split_unit(text);
    number.parse::<f64>().ok()?;
    let unit = match unit.to_lowercase().as_str() {
        "msec" | "msecs" | "millis" | "millisecond" | "milliseconds" => "ms",
        "sec" | "secs" | "second" | "seconds" => "s",
        "min" | "mins" | "minute" | "minutes" => "m",
        "hr" | "hrs" | "hour" | "hours" => "h",
        "day" | "days" => "d",
        _ => return None,
    };
    Some(format!("{number}{unit}"))
}

/// Reads "65536", "64KiB", "64kB" and so on.
fn parse_bytes(text: &str) -> Option<usize> {
    let (number, unit) = split_unit(text);
    let bytes_per_unit: usize = match unit {
        "" | "B" => 1,
        "kB" | "KB" => 1_000,
        "KiB" => 1 << 10,
        "MB" => 1_000_000,
        "MiB" => 1 << 20,
        "GB" => 1_000_000_000,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(bytes_per_unit)
}

fn split_unit(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit_and_may_have_a_fraction() {
        for (text, millis) in [
            ("250ms", Some(250)),
            ("1.5s", Some(1_500)),
            (" 5 m ", Some(300_000)),
            ("1h", Some(3_600_000)),
            ("0s", Some(0)),
            ("5", None),
            ("-1s", None),
            ("s", None),
            ("5 minutes", None),
            ("1e9s", None),
        ] {
            assert_eq!(parse_duration(text), millis.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn bytes_may_have_a_unit() {
        for (text, bytes) in
            [("65536", Some(65536)), ("64KiB", Some(65536)), ("64 kB", Some(64_000)), ("x", None), ("1PB", None)]
        {
            assert_eq!(parse_bytes(text), bytes, "{text}");
        }
    }
}
