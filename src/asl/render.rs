//! Diagnostics for people: the place in the text, a caret under it, what is wrong, what to do.

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};

use super::diagnostic::{Diagnostic, Severity};
use super::excerpt::Excerpt;
use super::lines::Lines;
use crate::visible::{visible, visible_lines};

/// How wide messages may get, in characters.
const WIDTH: usize = 120;

/// Writes diagnostics as text with excerpts of `source`, which is called `name`.
pub fn render(diagnostics: &[Diagnostic], name: &str, source: &str, colour: bool) -> String {
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(WIDTH).with_links(false);
    let lines = Lines::new(source);
    let name = &*visible(name);
    let mut text = String::new();
    for diagnostic in diagnostics {
        let excerpt = diagnostic.span.as_ref().map(|span| Excerpt::new(name, source, &lines, span));
        if handler.render_report(&mut text, &Report { diagnostic, excerpt }).is_err() {
            // Rendering fails only if the excerpt can't be cut out; the plain words are always at hand.
            text.push_str(&visible(&diagnostic.to_string()));
        }
        text.push('\n');
    }
    text
}

/// Diagnostics that a summary lists.
const SUMMARIZED: usize = 10;

/// Diagnostics without excerpts, each on one line: place, code, message and advice. Of many, the first ones.
pub fn summarize(diagnostics: &[Diagnostic], name: &str, source: &str) -> String {
    let lines = Lines::new(source);
    let mut text: Vec<String> = Vec::new();
    for diagnostic in diagnostics.iter().take(SUMMARIZED) {
        let report = Report { diagnostic, excerpt: None };
        let place = diagnostic.span.as_ref().map(|span| lines.place(span.start));
        let place = place.map(|place| format!(":{}:{}", place.line, place.column)).unwrap_or_default();
        let hint = diagnostic.hint.as_ref().map(|hint| format!(" ({})", visible(hint))).unwrap_or_default();
        text.push(format!("{}{place}: {}: {report}{hint}", visible(name), diagnostic.code));
    }
    if diagnostics.len() > SUMMARIZED {
        text.push(format!("and {} more", diagnostics.len() - SUMMARIZED));
    }
    text.join("\n")
}

/// A diagnostic as miette sees it.
#[derive(Debug)]
struct Report<'a> {
    diagnostic: &'a Diagnostic,
    /// Where it is about a place.
    excerpt: Option<Excerpt<'a>>,
}

impl std::fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Messages of AWS's JSON parser quote the whole text; the excerpt shows it better.
        let message = &self.diagnostic.message;
        let message = message.split_once("\n at [Source").map_or(message.as_str(), |(message, _)| message).trim_end();
        f.write_str(&visible(message))
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        Some(Box::new(self.diagnostic.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.diagnostic.hint.as_ref().map(|hint| Box::new(visible_lines(hint)) as Box<dyn std::fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|excerpt| excerpt as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let mark = &self.excerpt.as_ref()?.mark;
        let location = self.diagnostic.location.as_deref().filter(|location| !location.starts_with("[Source"));
        let label = location.map(|location| visible(location).into_owned());
        Some(Box::new(std::iter::once(LabeledSpan::new(label, mark.start, mark.len()))))
    }
}

#[cfg(test)]
mod tests {
    use super::super::diagnostic::Code;
    use super::*;

    #[test]
    fn places_outside_of_the_text_are_borne() {
        let source = "{\"ä\": 1}\n";
        for span in [0..0, 0..1, 2..3, 8..10, 10..10, 99..120] {
            let diagnostic = Diagnostic::error(Code::SchemaValidationFailed, "x").at("/a", span.clone());
            assert!(render(&[diagnostic], "a.json", source, false).contains("x"), "{span:?}");
        }
    }
    #[test]
    fn of_a_long_line_only_the_marked_part_is_shown() {
        let source = format!("[\"{}\", \"ä\", \"{}\"]\n", "é".repeat(50_000), "x".repeat(50_000));
        let at = source.find("ä").expect("it is there");
        let diagnostic = Diagnostic::error(Code::SchemaValidationFailed, "m").at("/[1]", at..at + 2);
        let shown = render(&[diagnostic], "a.json", &source, false);
        assert!(shown.contains("[a.json:1:50007]"), "{shown}");
        assert!(shown.contains("é\", \"ä\", \"xx"), "{shown}");
        assert!(shown.lines().all(|line| line.chars().count() < 150), "{shown}");
    }

    #[test]
    fn a_summary_has_a_line_per_diagnostic() {
        let source = "{\n  \"a\": 1\n}\n";
        let fault = Diagnostic::error(Code::SchemaValidationFailed, "bad\nvalue").at("/a", 9..10).with_hint("write 2");
        let line = "a.json:2:8: SCHEMA_VALIDATION_FAILED: bad\\nvalue (write 2)";
        assert_eq!(summarize(std::slice::from_ref(&fault), "a.json", source), line);
        let many = summarize(&vec![fault; SUMMARIZED + 5], "a.json", source);
        assert_eq!(many.lines().count(), SUMMARIZED + 1);
        assert!(many.ends_with("and 5 more"));
    }
}
