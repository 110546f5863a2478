use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, NamedSource, SourceCode, SourceSpan, SpanContents,
};

use super::model::Place;
use super::tree::Origin;

/// Columns of a rendered mistake, where the terminal's width is not known.
const RENDER_WIDTH: usize = 120;

/// Everything that is wrong with a configuration. `Display` gives each mistake with its place, the line with a mark under
/// the fault, and a hint.
pub struct ConfigErrors {
    file: Arc<Path>,
    text: Arc<str>,
    mistakes: Vec<Mistake>,
}

/// One mistake in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where; none when the mistake is in an environment variable (which the message names) or the file can't be read.
    pub place: Option<Place>,
    span: Option<Range<usize>>,
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
            let source = OwnLines(NamedSource::new(self.file.to_string_lossy(), Arc::clone(&self.text)));
            let rendered = handler.render_report(&mut out, &Rendered { mistake, source });
            // Writing to a string can't fail; a fault of the renderer must not hide the mistake.
            if rendered.is_err() {
                out.push_str(&mistake.to_string());
                out.push('\n');
            }
        }
        out
    }

    pub(super) fn unreadable(file: &Path, message: String, hint: Option<String>) -> Self {
        let mistake = Mistake { message, hint, place: None, span: None };
        Self { file: file.into(), text: "".into(), mistakes: vec![mistake] }
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
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// Collects mistakes and warnings while a configuration is read.
pub(super) struct Report {
    file: Arc<Path>,
    text: Arc<str>,
    mistakes: Vec<Mistake>,
    warnings: Vec<String>,
}

impl Report {
    pub fn new(file: &Path, text: &str) -> Self {
        Self { file: file.into(), text: text.into(), mistakes: Vec::new(), warnings: Vec::new() }
    }

    /// Adds a mistake; one in an environment variable names it.
    pub fn mistake(&mut self, origin: &Origin, message: impl Into<String>, hint: Option<String>) {
        let mut message = message.into();
        let (place, span) = match origin {
            Origin::File(span) => (Some(self.place(span)), Some(span.clone())),
            Origin::Variable(name) => {
                message = format!("environment variable {name}: {message}");
                (None, None)
            }
        };
        self.mistakes.push(Mistake { message, hint, place, span });
    }

    /// Whether there is no mistake so far.
    pub fn is_clean(&self) -> bool {
        self.mistakes.is_empty()
    }

    /// Adds what works but bites.
    pub fn warning(&mut self, origin: &Origin, message: &str) {
        let at = match origin {
            Origin::File(span) => self.place(span).to_string(),
            Origin::Variable(name) => format!("environment variable {name}"),
        };
        self.warnings.push(format!("{at}: {message}"));
    }

    /// Where something stands; the file's first line for what stands in no file.
    pub fn place_of(&self, origin: &Origin) -> Place {
        match origin {
            Origin::File(span) => self.place(span),
            Origin::Variable(_) => Place { file: Arc::clone(&self.file), line: 1, column: 1 },
        }
    }

    /// The warnings, or all mistakes.
    pub fn finish(mut self) -> Result<Vec<String>, ConfigErrors> {
        if self.mistakes.is_empty() {
            return Ok(self.warnings);
        }
        self.mistakes.sort_by_key(|mistake| mistake.span.as_ref().map_or(usize::MAX, |span| span.start));
        Err(ConfigErrors { file: self.file, text: self.text, mistakes: self.mistakes })
    }

    fn place(&self, span: &Range<usize>) -> Place {
        let before = self.text.get(..span.start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place {
            file: Arc::clone(&self.file),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// A mistake in the shape that miette renders.
struct Rendered<'a> {
    mistake: &'a Mistake,
    source: OwnLines,
}

/// A source that shows the lines of a fault and never those around it, which may hold a password.
struct OwnLines(NamedSource<Arc<str>>);

impl SourceCode for OwnLines {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        // Asked without context, the renderer wants the place of the fault.
        if before == 0 {
            return self.0.read_span(span, 0, 0);
        }
        let text = self.0.inner().as_bytes();
        let is_newline = |byte: &u8| *byte == b'\n';
        let (before, end) = (span.offset().min(text.len()), (span.offset() + span.len()).min(text.len()));
        let start = text[..before].iter().rposition(is_newline).map_or(0, |at| at + 1);
        let end = text[end..].iter().position(is_newline).map_or(text.len(), |at| end + at);
        self.0.read_span(&SourceSpan::from(start..end), 0, 0)
    }
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

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.mistake.span.as_ref().map(|_| &self.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.mistake.span.clone()?;
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(None, span))))
    }
}
