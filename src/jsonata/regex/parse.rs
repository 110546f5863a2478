//! Reads a pattern by the grammar of ECMAScript with its Annex B, as engines do where the `u` flag is absent. What is wrong
//! is said in the words of V8, which the service shows.

use super::set::Set;
use super::tree::{Look, Node, Pattern, Repeat};

/// Groups inside groups. V8 gives up at the end of its stack.
const MAX_DEPTH: usize = 250;
/// The most groups that V8 takes.
const MAX_GROUPS: usize = (1 << 16) - 2;

/// The name of a group, if it is one, and the group's number.
type Named = (Option<Vec<u16>>, usize);
type Read<T> = Result<T, &'static str>;

pub(super) fn parse(pattern: &str, flags: &str) -> Read<Pattern> {
    let units: Vec<u16> = pattern.encode_utf16().collect();
    let (total, names) = groups(&units);
    if total > MAX_GROUPS {
        return Err("Too many captures");
    }
    let ignores_case = flags.contains('i');
    let mut reader =
        Reader { units, at: 0, depth: 0, opened: 0, total, names, closed: Vec::new(), is_lost: false, ignores_case };
    let node = reader.alternatives()?;
    if reader.peek().is_some() {
        return Err("Unmatched ')'");
    }
    if reader.is_lost {
        return Err("Invalid named capture referenced");
    }
    Ok(Pattern { node, groups: total, ignores_case, multiline: flags.contains('m') })
}

/// How many groups there are, and the names of those that have one. References may come before their group.
fn groups(units: &[u16]) -> (usize, Vec<Named>) {
    let mut names: Vec<Named> = Vec::new();
    let (mut total, mut at, mut in_class) = (0, 0, false);
    let is = |at: usize, byte: u8| units.get(at) == Some(&u16::from(byte));
    while at < units.len() {
        if is(at, b'\\') {
            at += 1;
        } else if is(at, b'[') {
            in_class = true;
        } else if is(at, b']') {
            in_class = false;
        } else if is(at, b'(') && !in_class {
            if !is(at + 1, b'?') {
                total += 1;
            } else if is(at + 2, b'<') && !is(at + 3, b'=') && !is(at + 3, b'!') {
                total += 1;
                // What is wrong with a name is said where it is read.
                names.push((group_name(&units[at + 3..]), total));
            }
        }
        at += 1;
    }
    (total, names)
}

/// The name before `>`.
fn group_name(units: &[u16]) -> Option<Vec<u16>> {
    let end = units.iter().position(|unit| *unit == u16::from(b'>'))?;
    let text = String::from_utf16(&units[..end]).ok()?;
    let mut chars = text.chars();
    let starts = |char: char| char.is_alphabetic() || char == '_' || char == '$';
    let is_name = chars.next().is_some_and(starts)
        && chars.all(|char| starts(char) || char.is_alphanumeric() || matches!(char, '\u{200c}' | '\u{200d}'));
    is_name.then(|| units[..end].to_vec())
}

struct Reader {
    units: Vec<u16>,
    at: usize,
    depth: usize,
    /// Groups that were opened so far.
    opened: usize,
    total: usize,
    names: Vec<Named>,
    /// The names of groups that were read to their end.
    closed: Vec<Vec<u16>>,
    /// A reference names no group. It is said last.
    is_lost: bool,
    ignores_case: bool,
}

/// An element of a class: one unit, or what an escape names.
enum Member {
    Unit(u16),
    Set(Set),
}

impl Reader {
    fn peek(&self) -> Option<u16> {
        self.units.get(self.at).copied()
    }

    /// The next unit if it is ASCII.
    fn peek_byte(&self) -> Option<u8> {
        self.peek().and_then(|unit| u8::try_from(unit).ok())
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.units[self.at..].len() >= text.len()
            && std::iter::zip(&self.units[self.at..], text.bytes()).all(|(unit, byte)| *unit == u16::from(byte));
        if found {
            self.at += text.len();
        }
        found
    }

    fn alternatives(&mut self) -> Read<Node> {
        if self.depth == MAX_DEPTH {
            return Err("Regular expression too large");
        }
        self.depth += 1;
        let mut all = vec![self.sequence()?];
        while self.take("|") {
            all.push(self.sequence()?);
        }
        self.depth -= 1;
        Ok(if all.len() == 1 { all.swap_remove(0) } else { Node::Alternatives(all) })
    }

    fn sequence(&mut self) -> Read<Node> {
        let mut nodes = Vec::new();
        while let Some(unit) = self.peek()
            && unit != u16::from(b'|')
            && unit != u16::from(b')')
        {
            nodes.push(self.term()?);
        }
        Ok(match nodes.len() {
            0 => Node::Empty,
            1 => nodes.swap_remove(0),
            _ => Node::Sequence(nodes),
        })
    }

    fn term(&mut self) -> Read<Node> {
        let first_group = self.opened;
        let (node, can_repeat) = self.atom()?;
        if !can_repeat {
            return Ok(node);
        }
        let Some((min, max)) = self.quantifier()? else { return Ok(node) };
        let greedy = !self.take("?");
        let groups = first_group + 1..self.opened + 1;
        Ok(Node::Repeat(Box::new(Repeat { node, min, max, greedy, groups })))
    }

    /// A thing, and whether it may be repeated.
    fn atom(&mut self) -> Read<(Node, bool)> {
        let Some(unit) = self.peek() else { return Ok((Node::Empty, false)) };
        let byte = u8::try_from(unit).unwrap_or(b'a');
        if matches!(byte, b'*' | b'+' | b'?') || (byte == b'{' && self.braces().is_some()) {
            return Err("Nothing to repeat");
        }
        if byte == b'(' {
            return self.group();
        }
        self.at += 1;
        Ok(match byte {
            b'^' => (Node::Start, false),
            b'$' => (Node::End, false),
            b'.' => (Node::Set(Set::any()), true),
            b'[' => (self.class()?, true),
            b'\\' => match self.peek_byte() {
                Some(letter @ (b'b' | b'B')) => {
                    self.at += 1;
                    (Node::Boundary { negated: letter == b'B' }, false)
                }
                _ => (self.escape()?, true),
            },
            _ => (self.unit(unit), true),
        })
    }

    fn unit(&self, unit: u16) -> Node {
        if self.ignores_case {
            let set = Set::new(vec![(unit, unit)]).folded();
            if set.ranges() != [(unit, unit)] {
                return Node::Set(set);
            }
        }
        Node::Unit(unit)
    }

    fn group(&mut self) -> Read<(Node, bool)> {
        let look = [("(?=", false, false), ("(?!", false, true), ("(?<=", true, false), ("(?<!", true, true)];
        if let Some((_, behind, negated)) = look.into_iter().find(|(text, ..)| self.take(text)) {
            let node = self.alternatives()?;
            self.close()?;
            // Only what looks ahead may be repeated.
            if behind && self.quantifier()?.is_some() {
                return Err("Invalid quantifier");
            }
            return Ok((Node::Look(Box::new(Look { behind, negated, node })), !behind));
        }
        if self.take("(?:") {
            let node = self.alternatives()?;
            self.close()?;
            return Ok((node, true));
        }
        let mut named = None;
        if self.take("(?<") {
            let name = group_name(&self.units[self.at..]).ok_or("Invalid capture group name")?;
            self.at += name.len() + 1;
            named = Some(name);
        } else if self.take("(?") {
            return Err("Invalid group");
        } else {
            self.at += 1;
        }
        self.opened += 1;
        let number = self.opened;
        let node = self.alternatives()?;
        self.close()?;
        if let Some(name) = named {
            if self.closed.contains(&name) {
                return Err("Duplicate capture group name");
            }
            self.closed.push(name);
        }
        Ok((Node::Group(number, Box::new(node)), true))
    }

    fn close(&mut self) -> Read<()> {
        if self.take(")") { Ok(()) } else { Err("Unterminated group") }
    }

    fn quantifier(&mut self) -> Read<Option<(u32, u32)>> {
        if let Some((min, max, end)) = self.braces() {
            self.at = end;
            return if min > max { Err("numbers out of order in {} quantifier") } else { Ok(Some((min, max))) };
        }
        let bounds = match self.peek_byte() {
            Some(b'*') => (0, u32::MAX),
            Some(b'+') => (1, u32::MAX),
            Some(b'?') => (0, 1),
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(bounds))
    }

    /// `{2}`, `{2,}`, `{2,3}`, and where it ends. Anything else with a brace stands for itself.
    fn braces(&self) -> Option<(u32, u32, usize)> {
        let rest = self.units.get(self.at..)?.strip_prefix(&[u16::from(b'{')])?;
        let number = |units: &[u16]| {
            let digits = units.iter().take_while(|unit| is_digit(**unit)).count();
            let value = units[..digits].iter().fold(0_u32, |value, digit| {
                value.saturating_mul(10).saturating_add(u32::from(*digit) - u32::from(b'0'))
            });
            (digits, value)
        };
        let (digits, min) = number(rest);
        if digits == 0 {
            return None;
        }
        let (mut len, mut max) = (digits, min);
        if rest.get(len) == Some(&u16::from(b',')) {
            len += 1;
            let (digits, value) = number(&rest[len..]);
            max = if digits == 0 { u32::MAX } else { value };
            len += digits;
        }
        (rest.get(len) == Some(&u16::from(b'}'))).then_some((min, max, self.at + len + 2))
    }

    /// What stands behind a backslash, outside a class.
    fn escape(&mut self) -> Read<Node> {
        if self.peek().is_none() {
            return Err("\\ at end of pattern");
        }
        if let Some(set) = self.peek_byte().and_then(Set::of_escape) {
            self.at += 1;
            return Ok(Node::Set(set));
        }
        if let Some(b'1'..=b'9') = self.peek_byte() {
            let digits = self.units[self.at..].iter().take_while(|unit| is_digit(**unit)).count();
            let value = self.units[self.at..self.at + digits].iter().fold(0_usize, |value, digit| {
                value.saturating_mul(10).saturating_add(usize::from(*digit) - usize::from(b'0'))
            });
            if value <= self.total {
                self.at += digits;
                return Ok(Node::BackReference(value));
            }
        }
        if self.peek_byte() == Some(b'k') && !self.names.is_empty() {
            return self.named_reference();
        }
        let unit = self.character_escape(false)?;
        Ok(self.unit(unit))
    }

    fn named_reference(&mut self) -> Read<Node> {
        if !self.take("k<") {
            return Err("Invalid named reference");
        }
        let name = group_name(&self.units[self.at..]).ok_or("Invalid capture group name")?;
        self.at += name.len() + 1;
        let group = self.names.iter().find(|(known, _)| known.as_ref() == Some(&name));
        self.is_lost |= group.is_none();
        Ok(group.map_or(Node::Empty, |(_, number)| Node::BackReference(*number)))
    }

    /// The unit that is meant by what stands behind a backslash.
    fn character_escape(&mut self, in_class: bool) -> Read<u16> {
        let Some(unit) = self.peek() else { return Err("\\ at end of pattern") };
        self.at += 1;
        let Ok(byte) = u8::try_from(unit) else { return Ok(unit) };
        Ok(match byte {
            b'f' => 0x0c,
            b'n' => 0x0a,
            b'r' => 0x0d,
            b't' => 0x09,
            b'v' => 0x0b,
            b'c' => match self.peek_byte() {
                Some(letter)
                    if letter.is_ascii_alphabetic() || (in_class && (letter.is_ascii_digit() || letter == b'_')) =>
                {
                    self.at += 1;
                    u16::from(letter % 32)
                }
                // The backslash stands for itself, and so does what follows.
                _ => {
                    self.at -= 1;
                    u16::from(b'\\')
                }
            },
            b'x' => self.hexadecimal(2).unwrap_or(unit),
            b'u' => self.hexadecimal(4).unwrap_or(unit),
            b'0'..=b'7' => self.octal(u16::from(byte - b'0')),
            b'k' if !self.names.is_empty() => return Err("Invalid escape"),
            _ => unit,
        })
    }

    fn hexadecimal(&mut self, digits: usize) -> Option<u16> {
        let units = self.units.get(self.at..self.at + digits)?;
        let value = units.iter().try_fold(0, |value, unit| {
            let digit = char::from_u32(u32::from(*unit))?.to_digit(16)?;
            Some(value * 16 + digit as u16)
        })?;
        self.at += digits;
        Some(value)
    }

    /// Up to three octal digits that make less than 256, the first of which was taken.
    fn octal(&mut self, mut value: u16) -> u16 {
        for limit in [u16::MAX, 32] {
            match self.peek_byte() {
                Some(digit @ b'0'..=b'7') if value < limit => {
                    self.at += 1;
                    value = value * 8 + u16::from(digit - b'0');
                }
                _ => break,
            }
        }
        value
    }

    /// What stands behind `[`.
    fn class(&mut self) -> Read<Node> {
        let negated = self.take("^");
        let mut ranges = Vec::new();
        let mut add = |member: Member| match member {
            Member::Unit(unit) => ranges.push((unit, unit)),
            Member::Set(set) => ranges.extend_from_slice(set.ranges()),
        };
        while !self.take("]") {
            let first = self.member()?;
            let is_range = self.peek_byte() == Some(b'-') && self.units.get(self.at + 1) != Some(&u16::from(b']'));
            if !is_range {
                add(first);
                continue;
            }
            self.at += 1;
            let last = self.member()?;
            match (first, last) {
                (Member::Unit(first), Member::Unit(last)) if first <= last => {
                    add(Member::Set(Set::new(vec![(first, last)])));
                }
                (Member::Unit(_), Member::Unit(_)) => return Err("Range out of order in character class"),
                (first, last) => [first, Member::Unit(u16::from(b'-')), last].into_iter().for_each(&mut add),
            }
        }
        let mut set = Set::new(ranges);
        if self.ignores_case {
            set = set.folded();
        }
        Ok(Node::Set(if negated { set.negated() } else { set }))
    }

    fn member(&mut self) -> Read<Member> {
        let Some(unit) = self.peek() else { return Err("Unterminated character class") };
        self.at += 1;
        if unit != u16::from(b'\\') {
            return Ok(Member::Unit(unit));
        }
        if let Some(set) = self.peek_byte().and_then(Set::of_escape) {
            self.at += 1;
            return Ok(Member::Set(set));
        }
        if self.peek_byte() == Some(b'b') {
            self.at += 1;
            return Ok(Member::Unit(0x08));
        }
        self.character_escape(true).map(Member::Unit)
    }
}

fn is_digit(unit: u16) -> bool {
    u8::try_from(unit).is_ok_and(|byte| byte.is_ascii_digit())
}
