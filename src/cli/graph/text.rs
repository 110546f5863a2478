//! Texts in pictures: how wide they are, where they break, what is left of them.

/// Columns and lines of a state's name.
const NAME: (usize, usize) = (26, 4);
/// Columns and lines of the line below a name.
const SUBTITLE: (usize, usize) = (34, 2);
/// Columns and lines of the label of an edge.
const LABEL: (usize, usize) = (34, 4);

/// The lines of a state's name.
pub(super) fn name_lines(name: &str) -> Vec<String> {
    wrap(name, NAME.0, NAME.1)
}

/// The lines below a state's name.
pub(super) fn subtitle_lines(subtitle: &str) -> Vec<String> {
    wrap(subtitle, SUBTITLE.0, SUBTITLE.1)
}

/// The lines of an edge's label; none if it is empty.
pub(super) fn label_lines(label: &str) -> Vec<String> {
    wrap(label, LABEL.0, LABEL.1)
}

/// A JSONata string without its delimiters, on one line.
pub(super) fn expression(text: &str) -> String {
    let inner = text.trim().strip_prefix("{%").and_then(|text| text.strip_suffix("%}")).unwrap_or(text);
    inner.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What tells a Resource from others: of an ARN, the part that names the function or the service's action.
pub(super) fn resource(resource: &str) -> &str {
    let mut parts = resource.splitn(6, ':');
    match (parts.next(), parts.nth(1), parts.nth(2)) {
        (Some("arn"), Some("lambda"), Some(function)) => function.strip_prefix("function:").unwrap_or(function),
        (Some("arn"), Some(_), Some(action)) => action,
        // Placeholders of tutorials are shorter.
        (Some("arn"), ..) => resource.rsplit(':').next().unwrap_or(resource),
        _ => resource,
    }
}

/// Breaks a text into at most `most` lines of at most `columns` characters. What doesn't fit ends in an ellipsis.
fn wrap(text: &str, columns: usize, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if lines.len() + 1 == most && rest.chars().count() > columns {
            let (kept, _) = rest.split_at(break_at(rest, columns.saturating_sub(1)));
            lines.push(format!("{}…", kept.trim_end()));
            break;
        }
        let (line, left) = rest.split_at(break_at(rest, columns));
        lines.push(line.trim_end().to_owned());
        rest = left.trim_start();
    }
    lines
}

/// How many bytes go on a line: up to an *and* or *or*, else a blank, else a separator or a hump of a name, if one comes late
/// enough; else all that fits.
fn break_at(text: &str, columns: usize) -> usize {
    let Some((end, after)) = text.char_indices().nth(columns) else { return text.len() };
    let head = &text[..end];
    let late = |at: usize, share: usize| head[..at].chars().count() * share >= columns;
    let word = [" and ", " or "].iter().filter_map(|word| head.rfind(word)).max().filter(|&at| late(at, 3));
    let blank = || if after.is_whitespace() { Some(end) } else { head.rfind(' ').filter(|&at| late(at, 2)) };
    // The separators are one byte each.
    let separator = || head.rfind(['-', '_', '.', ',', ':', '/', ')']).map(|at| at + 1).filter(|&at| late(at, 2));
    word.or_else(blank)
        .or_else(separator)
        .or_else(|| camel(&text[..end + after.len_utf8()]).filter(|&at| late(at, 2)))
        .unwrap_or(end)
}

/// Before the last capital letter that follows a small one.
fn camel(text: &str) -> Option<usize> {
    let pairs = text.char_indices().zip(text.chars().skip(1));
    pairs.filter(|((_, a), b)| a.is_lowercase() && b.is_uppercase()).map(|((at, a), _)| at + a.len_utf8()).last()
}

/// Widths of the characters from blank to tilde in Helvetica, and so in Arial and its metric twins: thousandths of the size.
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];

/// Some room for fonts that are wider than Helvetica.
const SLACK: f64 = 1.06;

/// About how wide a line is in a font of that size.
pub(super) fn width(line: &str, size: f64) -> f64 {
    line.chars().map(char_width).sum::<f64>() * size * SLACK
}

/// In shares of the font's size.
fn char_width(c: char) -> f64 {
    let code = u32::from(c);
    let known = code.checked_sub(32).and_then(|index| WIDTHS.get(index as usize));
    match (known, code) {
        (Some(&width), _) => f64::from(width) / 1000.0,
        // Marks that stand over the letter before.
        (None, 0x300..=0x36f) => 0.0,
        // East Asian scripts and emoji fill a square.
        (
            None,
            0x1100..=0x115f
            | 0x2e80..=0xa4cf
            | 0xac00..=0xd7a3
            | 0xf900..=0xfaff
            | 0xfe30..=0xfe4f
            | 0xff00..=0xff60
            | 0x1f300..,
        ) => 1.0,
        (None, _) => 0.6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_where_one_would_break_them() {
        for (text, expected) in [
            ("Short", vec!["Short"]),
            ("", vec![]),
            ("two words", vec!["two words"]),
            ("ten chars and more", vec!["ten chars", "and more"]),
            ("snake_case_name", vec!["snake_", "case_name"]),
            ("CheckStockLevels", vec!["CheckStock", "Levels"]),
            ("abcdefghijklmnopqrstuvwxyz", vec!["abcdefghij", "klmnopqrst", "uvwxyz"]),
            ("abcdefghijklmnopqrstuvwxyz0123456789", vec!["abcdefghij", "klmnopqrst", "uvwxyz012…"]),
            ("$.a > 1 and $.b", vec!["$.a > 1", "and $.b"]),
            ("größe überall größer", vec!["größe", "überall", "größer"]),
        ] {
            assert_eq!(wrap(text, 10, 3), expected);
        }
    }

    #[test]
    fn a_resource_is_known_by_its_end() {
        for (text, expected) in [
            ("arn:aws:lambda:eu-central-1:123456789012:function:price", "price"),
            ("arn:aws:lambda:eu-central-1:123456789012:function:price:live", "price:live"),
            ("arn:aws:states:::lambda:invoke.waitForTaskToken", "lambda:invoke.waitForTaskToken"),
            ("arn:aws:states:::aws-sdk:dynamodb:getItem", "aws-sdk:dynamodb:getItem"),
            ("arn:aws:states:eu-central-1:123456789012:activity:approve", "activity:approve"),
            ("arn:aws:lambda:...:send-email", "send-email"),
            ("anything", "anything"),
        ] {
            assert_eq!(resource(text), expected);
        }
    }
}
