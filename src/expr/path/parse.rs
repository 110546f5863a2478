use super::bracket;
use super::step::{Step, Steps};
use super::{PathSyntaxError, Root};

/// Steps of one path. Longer ones cannot find anything in a value that is nested as deep as values may be.
const MAX_STEPS: usize = 1000;

/// Reads a whole text as a path.
pub(super) fn path(text: &str) -> Result<(Root, Steps), PathSyntaxError> {
    let Some(rest) = text.strip_prefix('$') else { return Err(refuse("A path must begin with '$'", 0)) };
    // White space behind a path means nothing.
    let rest = rest.trim_end_matches(is_blank);
    let (root, skip) = match rest.chars().next() {
        Some('$') => (Root::Context, 1),
        Some(c) if c != '.' && c != '[' => {
            let name = variable(rest)?;
            (Root::Variable(name.into()), name.len())
        }
        _ => (Root::Input, 0),
    };
    let rest = &rest[skip..];
    if !rest.is_empty() && !rest.starts_with(['.', '[']) {
        return Err(refuse("'$$' must be followed by '.' or '['", 1 + skip));
    }
    Ok((root, steps(Piece { text: rest, offset: 1 + skip }, Place::Alone)?))
}

pub(super) fn refuse(message: &str, offset: usize) -> PathSyntaxError {
    PathSyntaxError { message: message.to_owned(), offset }
}

/// A part of a path's text, and where in it the part begins.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    pub(super) offset: usize,
}

impl<'a> Piece<'a> {
    /// The part from one byte to another; both lie between characters.
    pub(super) fn part(self, from: usize, to: usize) -> Piece<'a> {
        Piece { text: &self.text[from..to], offset: self.offset + from }
    }

    /// The part without white space around it.
    pub(super) fn trimmed(self) -> Piece<'a> {
        let start = self.text.len() - self.text.trim_start_matches(is_blank).len();
        Piece { text: trim(self.text), offset: self.offset + start }
    }

    pub(super) fn refuse(self, message: &str) -> PathSyntaxError {
        refuse(message, self.offset)
    }

    /// The text ends where something has to follow.
    pub(super) fn unfinished(self, message: &str) -> PathSyntaxError {
        refuse(message, self.offset + self.text.len())
    }
}

/// Where a path stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It is the whole text.
    Alone,
    /// It is an operand in a filter. It must name one place, so it has no filters itself.
    InFilter,
}

/// White space as Java's `trim` sees it.
fn is_blank(c: char) -> bool {
    c <= ' '
}

pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(is_blank)
}

fn variable(rest: &str) -> Result<&str, PathSyntaxError> {
    let name = &rest[..rest.find(['.', '[']).unwrap_or(rest.len())];
    let mut chars = name.chars();
    let starts = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    if !starts || !chars.all(|c| c.is_alphanumeric() || c == '_') {
        return Err(refuse("'$' must be followed by '.', '[', another '$', or the name of a variable", 1));
    }
    Ok(name)
}

/// The steps behind a root.
pub(super) fn steps(piece: Piece<'_>, place: Place) -> Result<Steps, PathSyntaxError> {
    let text = piece.text;
    if text.ends_with("..") {
        return Err(piece.unfinished("A path must not end with '..'"));
    }
    let mut list = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.as_bytes().get(at) {
        if list.len() > MAX_STEPS {
            return Err(refuse(&format!("The path has more than {MAX_STEPS} steps"), piece.offset + at));
        }
        at += 1;
        match byte {
            b' ' => {
                let message = "A blank is not allowed here; a name with blanks is written ['like this']";
                return Err(refuse(message, piece.offset + at - 1));
            }
            b'$' => list.push(Step::Here),
            b'*' => list.push(Step::All),
            b'[' => {
                let end = at - 1 + bracket::length(&text[at - 1..]);
                list.push(bracket::step(piece.part(at - 1, end), place)?);
                at = end;
            }
            b'.' => match text.as_bytes().get(at) {
                None => return Err(piece.unfinished("Expected a name or '*' after '.'")),
                Some(b'.') => {
                    list.push(Step::Descend);
                    at += 1;
                }
                // A dot may stand before a bracket.
                Some(_) => at = dotted(piece, at, &mut list),
            },
            // What follows a bracket without a dot is a name too.
            _ => at = name(piece, at - 1, &mut list),
        }
    }
    Ok(Steps::new(list))
}

/// `*` or a name that begins at `start`, behind a dot; gives its end.
fn dotted(piece: Piece<'_>, start: usize, list: &mut Vec<Step>) -> usize {
    let end = name_end(piece.text, start);
    if &piece.text[start..end] == "*" {
        list.push(Step::All);
        return end;
    }
    name(piece, start, list)
}

fn name(piece: Piece<'_>, start: usize, list: &mut Vec<Step>) -> usize {
    let end = name_end(piece.text, start);
    if end > start {
        list.push(bracket::name(piece.part(start, end)));
    }
    end
}

fn name_end(text: &str, start: usize) -> usize {
    text[start..].find(['.', '[', ' ']).map_or(text.len(), |len| start + len)
}
