//! JSON or YAML?

use std::path::Path;

/// How a definition is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// YAML if the text looks like it, else JSON.
    #[default]
    ByLook,
    /// JSON with comments and trailing commas.
    Json,
    /// YAML 1.2 as people write it for AWS SAM.
    Yaml,
}

impl Format {
    /// What the file's name says: `.yaml` and `.yml` are YAML, `.json` is JSON.
    pub fn of_file(file: &Path) -> Format {
        match file.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase).as_deref() {
            Some("yaml" | "yml") => Format::Yaml,
            Some("json") => Format::Json,
            _ => Format::ByLook,
        }
    }

    /// Whether a text is to be read as YAML first.
    pub(super) fn is_yaml(self, text: &str) -> bool {
        match self {
            Format::ByLook => looks_like_yaml(text),
            Format::Json => false,
            Format::Yaml => true,
        }
    }
}

/// Is the text YAML by its look? JSON begins with a bracket, a quote or a comment.
pub(super) fn looks_like_yaml(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let Some(first) = lines.next() else { return false };
    if first == "---" || first.starts_with("--- ") || first.starts_with("%YAML") {
        return true;
    }
    let Some((key, rest)) = first.split_once(':') else { return false };
    let is_word = |key: &str| !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || " _-.".contains(c));
    let key = key.trim();
    !key.starts_with('"') && is_word(key.trim_matches('\'')) && (rest.is_empty() || rest.starts_with(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_decides_and_then_the_look() {
        for (name, format) in [
            ("a.asl.yaml", Format::Yaml),
            ("a.YML", Format::Yaml),
            ("a.asl.json", Format::Json),
            ("a.asl", Format::ByLook),
            ("-", Format::ByLook),
        ] {
            assert_eq!(Format::of_file(Path::new(name)), format, "{name}");
        }
        for (text, yaml) in [
            ("StartAt: A\n", true),
            ("\n# note\n---\n{}", true),
            ("States:\n  A:", true),
            ("  'StartAt': A", true),
            ("{ \"StartAt\": 1 }", false),
            ("// States:\n{}", false),
            ("/* a: b */ {}", false),
            ("\"A\": {}", false),
            ("http://example.com", false),
            ("not a definition", false),
            ("", false),
        ] {
            assert_eq!(Format::ByLook.is_yaml(text), yaml, "{text}");
        }
    }
}
