//! Why a text is not YAML: the likely cause.

/// The likely cause of a fault that the parser explains with `info` at `offset`.
pub(super) fn cause(text: &str, offset: usize, info: &str) -> Option<String> {
    let (line, column) = line_of(text, offset);
    let before = line.get(..column).unwrap_or(line);
    let indent = line.len() - line.trim_start().len();
    let hint = if line.get(..indent).is_some_and(|indent| indent.contains('\t')) {
        "YAML indents with blanks, never with tabs."
    } else if line.contains("{%") {
        "A JSONata expression needs quotes: '{% … %}'."
    } else if line.trim_start().starts_with("```") {
        "The text is still in its Markdown fence: remove the lines that begin with ```."
    } else if before.contains(": ") && (info.contains("mapping values") || line.matches(": ").count() > 1) {
        "A text with a colon and a blank in it needs quotes."
    } else if line.trim_start().starts_with("//") {
        "A comment begins with #."
    } else if line.contains(": @") || line.contains(": `") || line.contains(": %") {
        "A text that begins with @, ` or % needs quotes."
    } else if info.contains("anchor") {
        "A text that begins with * or & needs quotes."
    } else if info.contains("expected") && info.contains("block") || info.contains("indent") {
        "Names of one object stand in the same column; look at the indentation of this line and the one before."
    } else {
        return None;
    };
    Some(hint.to_owned())
}

/// The line of a place and the byte in it.
fn line_of(text: &str, offset: usize) -> (&str, usize) {
    let offset = (0..=offset.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    (text[start..].lines().next().unwrap_or_default(), offset - start)
}
