//! Regular expressions as Java reads them.

/// The pattern in the notation of the `regex` crate: its classes hold letters and digits of all scripts, Java's only ASCII,
/// and Java's dot stops at more ends of lines.
pub(super) fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut in_class = 0_usize;
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(escaped) => escape(escaped, &mut out),
                None => out.push('\\'),
            },
            '[' => {
                in_class += 1;
                out.push('[');
            }
            ']' => {
                in_class = in_class.saturating_sub(1);
                out.push(']');
            }
            '.' if in_class == 0 => out.push_str(r"[^\n\r\x{85}\x{2028}\x{2029}]"),
            c => out.push(c),
        }
    }
    out
}

fn escape(escaped: char, out: &mut String) {
    match escaped {
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        's' => out.push_str(r"[ \t\n\x0B\f\r]"),
        'S' => out.push_str(r"[^ \t\n\x0B\f\r]"),
        // Java takes other characters as they are; the crate knows only those that need it.
        c if !c.is_alphanumeric() && !c.is_ascii_punctuation() => out.push(c),
        c => {
            out.push('\\');
            out.push(c);
        }
    }
}
