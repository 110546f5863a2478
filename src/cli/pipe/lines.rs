//! Cuts a stream of bytes into chunks of whole lines.

use std::io::{self, ErrorKind, Read};

/// Bytes asked for at once: a few hundred events, so that handing a chunk to another thread costs next to nothing per
/// event.
const READ_BYTES: usize = 256 * 1024;

/// The byte order mark that some editors put at the start of UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Some lines of the input, in order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Number of the first line, from 1.
    pub(super) first_line: u64,
    /// Bytes of input up to the end of this chunk.
    pub(super) input_bytes: u64,
    pub(super) content: Content,
}

/// What a chunk holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Whole lines, each but maybe the last with its line feed.
    Lines(Vec<u8>),
    /// One line that is longer than allowed, with its number of bytes; its text was not kept.
    TooLong(u64),
}

impl Chunk {
    /// The events of the chunk with their line numbers: lines without their ends, blank ones left out.
    pub(super) fn events(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let text: &[u8] = match &self.content {
            Content::Lines(text) => text,
            Content::TooLong(_) => &[],
        };
        text.split(|&byte| byte == b'\n')
            .zip(self.first_line..)
            .map(|(line, number)| (number, line.strip_suffix(b"\r").unwrap_or(line)))
            .filter(|(_, line)| !line.iter().all(u8::is_ascii_whitespace))
    }
}

/// Reads chunks of whole lines. A chunk holds what one read gave, so a slow input is passed on as it comes.
pub(super) struct Chunks<R> {
    input: R,
    buffer: Box<[u8]>,
    /// The longest line allowed, in bytes without its end.
    max_line_bytes: usize,
    /// Read, but not yet handed out: the beginning of a line.
    rest: Vec<u8>,
    /// How much of `rest` is known to hold no end of a line.
    searched: usize,
    next_line: u64,
    input_bytes: u64,
    ended: bool,
}

impl<R: Read> Chunks<R> {
    pub(super) fn new(input: R, max_line_bytes: usize) -> Self {
        Chunks {
            input,
            buffer: vec![0; READ_BYTES].into(),
            max_line_bytes,
            rest: Vec::new(),
            searched: 0,
            next_line: 1,
            input_bytes: 0,
            ended: false,
        }
    }

    /// The next chunk; `None` at the end of the input.
    pub(super) fn next(&mut self) -> io::Result<Option<Chunk>> {
        loop {
            if let Some(at) = self.rest[self.searched..].iter().rposition(|&byte| byte == b'\n') {
                let rest = self.rest.split_off(self.searched + at + 1);
                self.searched = rest.len();
                let lines = std::mem::replace(&mut self.rest, rest);
                return Ok(Some(self.chunk(lines)));
            }
            self.searched = self.rest.len();
            // One byte more than allowed may be the carriage return of the line's end.
            if self.rest.len() > self.max_line_bytes + 1 {
                return self.skip_line().map(Some);
            }
            if self.ended || self.read_more()? == 0 {
                self.ended = true;
                self.searched = 0;
                let last = std::mem::take(&mut self.rest);
                return Ok(if last.is_empty() { None } else { Some(self.chunk(last)) });
            }
        }
    }

    fn read_more(&mut self) -> io::Result<usize> {
        let size = loop {
            match self.input.read(&mut self.buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                outcome => break outcome?,
            }
        };
        let at_start = self.rest.is_empty() && self.input_bytes == 0;
        self.rest.extend_from_slice(&self.buffer[..size]);
        if at_start && self.rest.starts_with(BYTE_ORDER_MARK) {
            self.rest.drain(..BYTE_ORDER_MARK.len());
            self.input_bytes = BYTE_ORDER_MARK.len() as u64;
        }
        Ok(size)
    }

    /// Reads on to the end of a line that is too long, without keeping it.
    fn skip_line(&mut self) -> io::Result<Chunk> {
        let mut size = self.rest.len() as u64;
        loop {
            self.rest.clear();
            if self.read_more()? == 0 {
                self.ended = true;
                break;
            }
            if let Some(at) = self.rest.iter().position(|&byte| byte == b'\n') {
                size += at as u64;
                self.rest.drain(..=at);
                self.input_bytes += 1;
                break;
            }
            size += self.rest.len() as u64;
        }
        self.searched = 0;
        let first_line = self.next_line;
        self.next_line += 1;
        self.input_bytes += size;
        Ok(Chunk { first_line, input_bytes: self.input_bytes, content: Content::TooLong(size) })
    }

    fn chunk(&mut self, lines: Vec<u8>) -> Chunk {
        let first_line = self.next_line;
        self.next_line += lines.iter().filter(|&&byte| byte == b'\n').count() as u64;
        self.input_bytes += lines.len() as u64;
        Chunk { first_line, input_bytes: self.input_bytes, content: Content::Lines(lines) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives its bytes in portions of the given sizes, in turn.
    struct Portions<'a> {
        bytes: &'a [u8],
        sizes: std::iter::Cycle<std::slice::Iter<'a, usize>>,
    }

    impl Read for Portions<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let size = (*self.sizes.next().expect("sizes go round")).min(self.bytes.len()).min(buffer.len());
            buffer[..size].copy_from_slice(&self.bytes[..size]);
            self.bytes = &self.bytes[size..];
            Ok(size)
        }
    }

    /// All events with their line numbers; `None` for one that is too long.
    fn events(bytes: &[u8], sizes: &[usize], max_line_bytes: usize) -> Vec<(u64, Option<Vec<u8>>)> {
        let mut chunks = Chunks::new(Portions { bytes, sizes: sizes.iter().cycle() }, max_line_bytes);
        let mut events = Vec::new();
        let mut seen = 0;
        while let Some(chunk) = chunks.next().expect("memory can be read") {
            if let Content::TooLong(_) = chunk.content {
                events.push((chunk.first_line, None));
            }
            events.extend(chunk.events().map(|(line, event)| (line, Some(event.to_vec()))));
            assert!(chunk.input_bytes > seen, "chunks go forward");
            seen = chunk.input_bytes;
        }
        assert_eq!(seen, bytes.len() as u64, "every byte is accounted for");
        events
    }

    fn texts(bytes: &[u8]) -> Vec<(u64, String)> {
        let text = |event: Option<Vec<u8>>| String::from_utf8(event.expect("short")).expect("text");
        events(bytes, &[1, 7], 100).into_iter().map(|(line, event)| (line, text(event))).collect()
    }

    #[test]
    fn lines_of_every_kind() {
        let cases: [(&str, &[(u64, &str)]); 8] = [
            ("", &[]),
            ("\n\r\n  \n", &[]),
            ("1\n2\n", &[(1, "1"), (2, "2")]),
            ("1\n2", &[(1, "1"), (2, "2")]),
            ("1\r\n2\r\n", &[(1, "1"), (2, "2")]),
            ("\n1\n\n\n2\n", &[(2, "1"), (5, "2")]),
            (" {} \r\n\t\n", &[(1, " {} ")]),
            ("1\r", &[(1, "1")]),
        ];
        for (text, expected) in cases {
            let expected: Vec<_> = expected.iter().map(|&(line, event)| (line, event.to_owned())).collect();
            assert_eq!(texts(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_event() {
        let mut chunks = Chunks::new(&b"\xEF\xBB\xBF1\n"[..], 100);
        let chunk = chunks.next().expect("readable").expect("a chunk");
        assert_eq!(chunk.events().collect::<Vec<_>>(), [(1, &b"1"[..])]);
    }

    #[test]
    fn a_line_that_never_ends_is_not_kept() {
        // Read in portions as a pipe gives them, so that the line is seen to be too long before its end.
        let long = "x".repeat(1_000_000);
        let text = format!("1\n{long}\n3\n\n5\n{long}");
        let expected =
            vec![(1, Some(b"1".to_vec())), (2, None), (3, Some(b"3".to_vec())), (5, Some(b"5".to_vec())), (6, None)];
        assert_eq!(events(text.as_bytes(), &[1000], 10_000), expected);
    }

    proptest! {
        #[test]
        fn portions_do_not_matter(text in "[a\r\n ]{0,60}", sizes in proptest::collection::vec(1usize..9, 1..5), max in 1usize..12) {
            let all = events(text.as_bytes(), &[usize::MAX], 100);
            let cut = events(text.as_bytes(), &sizes, max);
            let lines = |events: &[(u64, Option<Vec<u8>>)]| events.iter().map(|(line, _)| *line).collect::<Vec<_>>();
            // Blank lines that are too long count as events: whether they are blank is not known.
            let blank = |line: &u64| !lines(&all).contains(line);
            let seen: Vec<u64> = lines(&cut).into_iter().filter(|line| !blank(line)).collect();
            prop_assert_eq!(seen, lines(&all));
            for (line, event) in &cut {
                let Some(event) = event else { continue };
                prop_assert!(all.contains(&(*line, Some(event.clone()))), "line {}", line);
            }
        }
    }
}
