//! The part of a text that a diagnostic is about, small enough to read.

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::lines::{LineColumn, Lines};
use super::node::Span;
use crate::visible::visible;

/// The longest line that is shown whole, in bytes. A definition without line ends is one line of up to a megabyte.
const MAX_LINE_BYTES: usize = 400;
/// What is shown of a longer line before the mark, in bytes.
const BEFORE_MARK_BYTES: usize = 40;
/// What is shown of a longer line from the mark on, in bytes.
const FROM_MARK_BYTES: usize = 60;

/// The line with the mark, and those beside it.
#[derive(Debug)]
pub(super) struct Excerpt<'a> {
    name: &'a str,
    text: String,
    /// Where the mark stands in `text`. It never spans lines: that hides more than it shows.
    pub(super) mark: Span,
    /// Number of the first line of `text`.
    first_line: usize,
    /// Where the mark begins in the source.
    place: LineColumn,
}

impl<'a> Excerpt<'a> {
    /// What is around `span` in the source that is called `name`.
    pub(super) fn new(name: &'a str, source: &str, lines: &Lines<'_>, span: &Span) -> Self {
        let place = lines.place(span.start);
        let first_line = place.line.saturating_sub(1).max(1);
        let mut excerpt = Excerpt { name, text: String::new(), mark: 0..0, first_line, place };
        for number in first_line..=place.line + 1 {
            let Some(line) = lines.span(number) else { break };
            if number > first_line {
                excerpt.text.push('\n');
            }
            let mark = if number == place.line { span.start..span.end } else { line.start..line.start };
            let (start, end) = (mark.start.clamp(line.start, line.end), mark.end.clamp(line.start, line.end));
            let mark = excerpt.push(&source[line.clone()], start - line.start..end.max(start) - line.start);
            if number == place.line {
                excerpt.mark = mark;
            }
        }
        excerpt
    }

    /// Adds a line, or what is around the mark if it is too long. Gives the mark's place in the excerpt.
    fn push(&mut self, line: &str, mark: Span) -> Span {
        let shown = match line.len() > MAX_LINE_BYTES {
            true => {
                let start = mark.start.saturating_sub(BEFORE_MARK_BYTES);
                boundary(line, start)..boundary(line, mark.start + FROM_MARK_BYTES)
            }
            false => 0..line.len(),
        };
        if shown.start > 0 {
            self.text.push('…');
        }
        // A place may lie within a character.
        let start = boundary(line, mark.start);
        let marked = start..boundary(line, mark.end.min(shown.end)).max(start);
        self.push_visible(&line[shown.start..marked.start]);
        let at = self.text.len();
        self.push_visible(&line[marked.clone()]);
        let end = self.text.len();
        self.push_visible(&line[marked.end..shown.end]);
        if shown.end < line.len() {
            self.text.push('…');
        }
        at..end
    }

    /// Adds a part of a line. Definitions are indented with tabs, too, which are drawn as blanks later.
    fn push_visible(&mut self, part: &str) {
        for (index, part) in part.split('\t').enumerate() {
            if index > 0 {
                self.text.push('\t');
            }
            self.text.push_str(&visible(part));
        }
    }
}

/// The nearest place at or before `at` where a text can be cut.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

impl SourceCode for Excerpt<'_> {
    /// Only ever asked about the mark: with lines around it to be shown, without to name its place.
    fn read_span<'b>(
        &'b self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let (data, span, line, column) = match lines_before + lines_after {
            0 => (&self.text.as_bytes()[self.mark.clone()], *span, self.place.line, self.place.column),
            _ => (self.text.as_bytes(), (0, self.text.len()).into(), self.first_line, 1),
        };
        let name = self.name.to_owned();
        let lines = self.text.split('\n').count();
        Ok(Box::new(MietteSpanContents::new_named(name, data, span, line - 1, column - 1, lines)))
    }
}
