//! Texts from outside, as people get to see them on a terminal or in a log.
//!
//! Names of states, causes, inputs, definitions and file names may hold anything. Written raw, a control character changes
//! the terminal's title or colours, a line break forges a line of ours, and a bidirectional override shows text in another
//! order than it has. Here they become escapes as in a JSON string, so that JSON stays the same JSON.

use std::borrow::Cow;
use std::fmt::Write as _;

/// A text on one line: control characters, line breaks and characters that hide or reorder text become escapes.
///
/// Unchanged texts are borrowed.
pub fn visible(text: &str) -> Cow<'_, str> {
    escape(text, false)
}

/// As [`visible`], but line feeds stay: for texts that are laid out over several lines.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    escape(text, true)
}

/// As [`visible_lines`] for text that Stepstream has coloured itself: sequences that only set colours stay, too.
pub fn visible_screen(text: &str) -> Cow<'_, str> {
    if !text.contains('\x1b') {
        return visible_lines(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\x1b') {
        let (before, sequence) = rest.split_at(at);
        shown.push_str(&visible_lines(before));
        let length = colour_length(sequence).unwrap_or(0);
        shown.push_str(&sequence[..length]);
        rest = &sequence[length..];
        if length == 0 {
            push_escaped(&mut shown, '\x1b');
            rest = &rest[1..];
        }
    }
    shown.push_str(&visible_lines(rest));
    Cow::Owned(shown)
}

/// Bytes of the sequence `ESC [ … m` that a text begins with.
fn colour_length(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\x1b[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    parameters[end..].starts_with('m').then_some(text.len() - parameters.len() + end + 1)
}

fn escape(text: &str, keeps_lines: bool) -> Cow<'_, str> {
    let is_kept = |c: char| !is_hidden(c) || (keeps_lines && c == '\n');
    if text.chars().all(is_kept) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_kept(c) {
            shown.push(c);
        } else {
            push_escaped(&mut shown, c);
        }
    }
    Cow::Owned(shown)
}

/// Whether a character does something to the terminal, or hides or reorders what stands beside it.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Breaks of lines and paragraphs.
            '\u{2028}' | '\u{2029}'
            // Marks, embeddings, overrides and isolates of bidirectional text.
            | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // What has no width and joins nothing. U+200C and U+200D stay: words and emoji are made with them.
            | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            // A second alphabet that nobody sees.
            | '\u{e0000}'..='\u{e007f}')
}

/// Adds an escape of JSON.
fn push_escaped(shown: &mut String, c: char) {
    match c {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        _ => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String can't fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_shown() {
        for (text, shown) in [
            ("plain, größer, 日本語, 👩‍🚀", "plain, größer, 日本語, 👩‍🚀"),
            ("\x1b]0;title\x07", "\\u001b]0;title\\u0007"),
            ("a\nSUCCEEDED\r\t", "a\\nSUCCEEDED\\r\\t"),
            ("\u{9b}2J\u{7f}", "\\u009b2J\\u007f"),
            ("user\u{202e}txt.exe\u{2066}", "user\\u202etxt.exe\\u2066"),
            ("\u{e0041}", "\\udb40\\udc41"),
        ] {
            assert_eq!(visible(text), shown);
        }
        assert_eq!(visible_lines("a\n\x1bb"), "a\n\\u001bb");
    }

    #[test]
    fn of_a_coloured_text_only_colours_stay() {
        let text = "\x1b[1;31mred\x1b[0m \x1b[2J \x1b]0;t\x07\n\x1b";
        assert_eq!(visible_screen(text), "\x1b[1;31mred\x1b[0m \\u001b[2J \\u001b]0;t\\u0007\n\\u001b");
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left(text in "(\\PC|[\\x00-\\x1f\\x7f-\u{9f}\u{2028}-\u{202e}]){0,40}") {
            prop_assert!(!visible(&text).chars().any(is_hidden));
            prop_assert!(!visible_lines(&text).chars().any(|c| c != '\n' && is_hidden(c)));
            let screen = visible_screen(&text).into_owned();
            for (at, _) in screen.match_indices(|c| c != '\n' && is_hidden(c)) {
                prop_assert!(colour_length(&screen[at..]).is_some(), "{screen:?}");
            }
        }

        #[test]
        fn json_stays_the_same_json(text in any::<String>()) {
            let json = serde_json::Value::from(text);
            let shown = json.to_string();
            let shown = visible(&shown);
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).expect("it is still JSON"), json);
        }
    }
}
