//! Lines and columns of a text, for people.

use super::node::Span;

/// A place for people: both numbers from 1, columns counted in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineColumn {
    /// Line, from 1.
    pub line: usize,
    /// Character in the line, from 1.
    pub column: usize,
}

/// Where the lines of a text begin: found once, asked for many places.
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Finds the lines of a text.
    pub fn new(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// The place of a byte; one past the end counts as the end.
    pub fn place(&self, offset: usize) -> LineColumn {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.line_of(offset);
        LineColumn { line, column: self.text[self.starts[line - 1]..offset].chars().count() + 1 }
    }

    /// The number of a byte's line, from 1: cheaper than its place.
    pub(super) fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    /// Where a line stands in the text, without its end; `None` if there is no such line.
    pub(super) fn span(&self, line: usize) -> Option<Span> {
        let start = *self.starts.get(line.checked_sub(1)?)?;
        let end = self.starts.get(line).map_or(self.text.len(), |next| next - 1);
        let ends_with_return = self.text[start..end].ends_with('\r');
        Some(start..end - usize::from(ends_with_return))
    }
}

/// The place of a byte, for those who ask once.
pub fn line_column(text: &str, offset: usize) -> LineColumn {
    Lines::new(text).place(offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_and_column_count_from_one_in_characters() {
        let text = "ab\nçd\n";
        for (offset, line, column) in [(0, 1, 1), (2, 1, 3), (3, 2, 1), (4, 2, 1), (5, 2, 2), (7, 3, 1), (99, 3, 1)] {
            assert_eq!(line_column(text, offset), LineColumn { line, column }, "offset {offset}");
        }
    }

    #[test]
    fn lines_stand_without_their_ends() {
        let lines = Lines::new("ab\r\n\nc");
        assert_eq!([0, 1, 2, 3, 4].map(|line| lines.span(line)), [None, Some(0..2), Some(4..4), Some(5..6), None]);
    }
}
