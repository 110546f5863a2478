//! The line that a mistake is about, without the secrets that stand in it.

use std::ops::Range;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

/// What stands in the place of a secret.
const MASK: &str = "***";
/// The longest line that is shown whole, in characters: a screen's width.
const MAX_LINE_CHARS: usize = 160;
/// What is shown of a longer line before the mark, in characters.
const BEFORE_MARK_CHARS: usize = 40;
/// What is shown of a longer line from the mark on, in characters.
const FROM_MARK_CHARS: usize = 80;

/// One line of the file with a mark in it. Lines around it are never shown: they may hold a password.
#[derive(Debug)]
pub(super) struct Excerpt {
    name: String,
    text: String,
    /// Where the mark stands in `text`.
    pub mark: Range<usize>,
    /// From 1.
    line: usize,
    /// Of the mark in the file, from 1.
    column: usize,
}

impl Excerpt {
    /// The line in which `span` begins. `secrets` are the parts of the source that nobody may see, in their order.
    pub(super) fn new(name: String, source: &str, span: &Range<usize>, secrets: &[Range<usize>]) -> Self {
        let at = boundary(source, span.start);
        let start = source[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let end = source[at..].find(['\n', '\r']).map_or(source.len(), |length| at + length);
        let mark = at..boundary(source, span.end).clamp(at, end);
        let mut excerpt = Self {
            name,
            text: String::new(),
            mark: 0..0,
            line: source[..start].matches('\n').count() + 1,
            column: source[start..at].chars().count() + 1,
        };
        excerpt.fill(source, start..end, &mark, secrets);
        excerpt.clip();
        excerpt
    }

    fn fill(&mut self, source: &str, line: Range<usize>, mark: &Range<usize>, secrets: &[Range<usize>]) {
        let mut at = line.start;
        let (mut mark_start, mut mark_end) = (None, None);
        while at < line.end {
            let hidden = secrets.iter().find(|secret| secret.contains(&at)).map(|secret| secret.end.min(line.end));
            let next = hidden.unwrap_or_else(|| {
                let secret = secrets.iter().map(|secret| secret.start).find(|start| *start > at);
                secret.unwrap_or(line.end).min(line.end)
            });
            let (from, piece) = (self.text.len(), if hidden.is_some() { MASK } else { &source[at..next] });
            self.text.push_str(piece);
            let place_of =
                |offset: usize, whole: usize| if hidden.is_some() { from + whole } else { from + offset - at };
            if (at..next).contains(&mark.start) {
                mark_start = Some(place_of(mark.start, 0));
            }
            if mark.end > at && mark.end <= next {
                mark_end = Some(place_of(mark.end, MASK.len()));
            }
            at = next;
        }
        let start = mark_start.unwrap_or(self.text.len());
        self.mark = start..mark_end.unwrap_or(start).max(start);
    }

    /// Leaves what is around the mark of a line that is too long to read.
    fn clip(&mut self) {
        if self.text.chars().count() <= MAX_LINE_CHARS {
            return;
        }
        let before = self.text[..self.mark.start].char_indices().rev().take(BEFORE_MARK_CHARS).last();
        let start = before.map_or(self.mark.start, |(at, _)| at);
        let end = self.text[self.mark.start..].char_indices().nth(FROM_MARK_CHARS);
        let end = end.map_or(self.text.len(), |(at, _)| self.mark.start + at);
        let head = if start > 0 { "…" } else { "" };
        let tail = if end < self.text.len() { "…" } else { "" };
        let mark = self.mark.start - start + head.len()..self.mark.end.min(end) - start + head.len();
        self.text = format!("{head}{}{tail}", &self.text[start..end]);
        self.mark = mark;
    }
}

/// The nearest place at or before `at` where a text can be cut.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

impl SourceCode for Excerpt {
    /// Only ever asked about the mark: with lines around it to be shown, without to name its place.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (data, span, column) = match lines_before + lines_after {
            0 => (&self.text.as_bytes()[self.mark.clone()], *span, self.column),
            _ => (self.text.as_bytes(), (0, self.text.len()).into(), 1),
        };
        Ok(Box::new(MietteSpanContents::new_named(self.name.clone(), data, span, self.line - 1, column - 1, 1)))
    }
}
