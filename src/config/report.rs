use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan};

use super::excerpt::Excerpt;
use super::model::{Exact, Place};
use super::tree::Origin;

/// Columns of a rendered mistake, where the terminal's width is not known.
const RENDER_WIDTH: usize = 120;

/// Everything that is wrong with a configuration. `Display` gives each mistake with its place, the line with a mark under
/// the fault, and a hint. Secrets in the lines are masked.
pub struct ConfigErrors {
    file: Arc<Path>,
    text: Arc<str>,
    /// Parts of the text that are never shown, in their order.
    secrets: Vec<Range<usize>>,
    mistakes: Vec<Mistake>,
}

/// One mistake in a configuration, or in what it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where; none when the mistake is in an environment variable (which the message names) or the file can't be read.
    pub place: Option<Place>,
    /// More about it, laid out over several lines, such as the diagnostics of a definition; mostly empty.
    pub detail: String,
}

impl Mistake {
    /// A mistake at a place of the configuration.
    pub fn new(place: &Place, message: impl Into<String>, hint: Option<String>) -> Self {
        let (message, detail) = (message.into(), String::new());
        match &place.exact.variable {
            Some(name) => {
                Self { message: format!("environment variable {name}: {message}"), hint, place: None, detail }
            }
            None => Self { message, hint, place: Some(place.clone()), detail },
        }
    }

    /// The mistake with more about it.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    /// The mistake with what `redact` makes of its texts.
    pub(super) fn redacted(self, redact: impl Fn(String) -> String) -> Self {
        let Self { message, hint, place, detail } = self;
        Self { message: redact(message), hint: hint.map(&redact), place, detail: redact(detail) }
    }

    /// Whether the other is at the same place: the second is mostly a consequence of the first.
    pub(super) fn is_beside(&self, other: &Mistake) -> bool {
        match &other.place {
            Some(place) => self.is_at(place),
            None => self == other,
        }
    }

    /// Whether it was found at this place.
    fn is_at(&self, place: &Place) -> bool {
        self.place.as_ref().is_some_and(|known| known.exact == place.exact)
    }

    fn position(&self) -> usize {
        self.place.as_ref().map_or(usize::MAX, |place| place.exact.span.start)
    }
}

impl ConfigErrors {
    /// All mistakes, in the order of the file; never empty.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }

    /// All mistakes as text for people, with colours for a terminal or without.
    pub fn render(&self, colour: bool) -> String {
        let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(RENDER_WIDTH).with_context_lines(1);
        let mut out = String::new();
        for mistake in &self.mistakes {
            let excerpt = mistake.place.as_ref().map(|place| {
                Excerpt::new(self.file.to_string_lossy().into_owned(), &self.text, &place.exact.span, &self.secrets)
            });
            let rendered = handler.render_report(&mut out, &Rendered { mistake, excerpt });
            // Writing to a string can't fail; a bug of the renderer must not hide the mistake.
            if rendered.is_err() {
                out.push_str(&mistake.to_string());
                out.push('\n');
            }
            if !mistake.detail.is_empty() {
                out.push_str(mistake.detail.trim_end());
                out.push('\n');
            }
        }
        out
    }

    pub(super) fn unreadable(file: &Path, message: String, hint: Option<String>) -> Self {
        let mistake = Mistake { message, hint, place: None, detail: String::new() };
        Self { file: file.into(), text: "".into(), secrets: Vec::new(), mistakes: vec![mistake] }
    }

    /// Whether a mistake was found at this place.
    pub(super) fn knows(&self, place: &Place) -> bool {
        self.mistakes.iter().any(|mistake| mistake.is_at(place))
    }

    /// Whether there is no mistake.
    pub(super) fn is_empty(&self) -> bool {
        self.mistakes.is_empty()
    }

    /// Adds a mistake, unless one was found at its place already.
    pub(super) fn add(&mut self, mistake: Mistake) {
        if !self.mistakes.iter().any(|known| known.is_beside(&mistake)) {
            self.push(mistake);
        }
    }

    /// Adds a mistake, whatever was found at its place.
    pub(super) fn push(&mut self, mistake: Mistake) {
        self.mistakes.push(mistake);
        self.mistakes.sort_by_key(Mistake::position);
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// As `Display`: the text of the file may hold passwords.
impl fmt::Debug for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for ConfigErrors {}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "; {hint}")?;
        }
        if !self.detail.is_empty() {
            write!(f, ":\n{}", self.detail)?;
        }
        Ok(())
    }
}

/// The text that mistakes are about.
#[derive(Clone)]
pub(super) struct Source {
    file: Arc<Path>,
    text: Arc<str>,
    unreliable: bool,
}

/// Collects mistakes and warnings while a configuration is read.
pub(super) struct Report {
    file: Arc<Path>,
    text: Arc<str>,
    secrets: Vec<Range<usize>>,
    mistakes: Vec<Mistake>,
    warnings: Vec<String>,
    /// The file's structure is broken: what is missing may be there.
    unreliable: bool,
}

impl Report {
    pub(super) fn new(file: &Path, text: &str) -> Self {
        Self {
            file: file.into(),
            text: text.into(),
            secrets: Vec::new(),
            mistakes: Vec::new(),
            warnings: Vec::new(),
            unreliable: false,
        }
    }

    /// One for a part of a text whose reading began elsewhere.
    pub(super) fn of(Source { file, text, unreliable }: Source) -> Self {
        Self { file, text, unreliable, secrets: Vec::new(), mistakes: Vec::new(), warnings: Vec::new() }
    }

    /// The text that this is about.
    pub(super) fn source(&self) -> Source {
        Source { file: Arc::clone(&self.file), text: Arc::clone(&self.text), unreliable: self.unreliable }
    }

    /// The warnings and mistakes, in the order in which they were found.
    pub(super) fn into_parts(self) -> (Vec<String>, Vec<Mistake>) {
        (self.warnings, self.mistakes)
    }

    /// Adds a mistake whose place is known.
    pub(super) fn push(&mut self, mistake: Mistake) {
        if !self.unreliable {
            self.mistakes.push(mistake);
        }
    }

    /// Adds a mistake; one in an environment variable names it.
    pub(super) fn mistake(&mut self, origin: &Origin, message: impl Into<String>, hint: Option<String>) {
        if !self.unreliable {
            let place = self.place_of(origin);
            self.mistakes.push(Mistake::new(&place, message, hint));
        }
    }

    /// Says that only the mistakes so far can be trusted, because the structure of the file is not known.
    pub(super) fn trust_no_more(&mut self) {
        self.unreliable = true;
    }

    /// Keeps a part of the file from every output, and a comment behind it.
    pub(super) fn hide(&mut self, span: Range<usize>) {
        let rest = self.text.get(span.end..).unwrap_or_default().lines().next().unwrap_or_default();
        // What looks like a comment behind it may be the rest of a password without quotes.
        let end = if rest.trim_start().starts_with('#') { span.end + rest.len() } else { span.end };
        self.secrets.push(span.start..end);
    }

    /// Whether there is no mistake so far.
    pub(super) fn is_clean(&self) -> bool {
        self.mistakes.is_empty()
    }

    /// Whether [`Report::trust_no_more`] was said.
    pub(super) fn is_unreliable(&self) -> bool {
        self.unreliable
    }

    /// How many mistakes there are so far.
    pub(super) fn count(&self) -> usize {
        self.mistakes.len()
    }

    /// Adds what is valid, but probably not what was meant.
    pub(super) fn warning(&mut self, origin: &Origin, message: &str) {
        let at = match origin {
            Origin::File(span) => self.place(span).to_string(),
            Origin::Variable(name) => format!("environment variable {name}"),
        };
        self.warnings.push(format!("{at}: {message}"));
    }

    /// Where something stands.
    pub(super) fn place_of(&self, origin: &Origin) -> Place {
        match origin {
            Origin::File(span) => self.place(span),
            Origin::Variable(name) => {
                let exact = Exact { variable: Some(name.clone()), span: 0..0 };
                Place { exact: Arc::new(exact), ..self.place(&(0..0)) }
            }
        }
    }

    /// The warnings, and all mistakes in the order of the file.
    pub(super) fn finish(mut self) -> (Vec<String>, ConfigErrors) {
        self.mistakes.sort_by_key(Mistake::position);
        self.secrets.sort_by_key(|secret| secret.start);
        let errors = ConfigErrors { file: self.file, text: self.text, secrets: self.secrets, mistakes: self.mistakes };
        (self.warnings, errors)
    }

    fn place(&self, span: &Range<usize>) -> Place {
        let before = self.text.get(..span.start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place {
            file: Arc::clone(&self.file),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            exact: Arc::new(Exact { variable: None, span: span.clone() }),
        }
    }
}

/// A mistake in the shape that miette renders.
struct Rendered<'a> {
    mistake: &'a Mistake,
    excerpt: Option<Excerpt>,
}

impl fmt::Debug for Rendered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.mistake, f)
    }
}

impl fmt::Display for Rendered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.mistake.message)
    }
}

impl Error for Rendered<'_> {}

impl miette::Diagnostic for Rendered<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.mistake.hint.as_ref().map(|hint| Box::new(hint) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.excerpt.as_ref().map(|excerpt| excerpt as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let mark = self.excerpt.as_ref()?.mark.clone();
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(None, mark))))
    }
}
