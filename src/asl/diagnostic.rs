//! What is wrong with a definition, where, and what to do about it.

use std::fmt;

use super::node::Span;

/// A fault or a doubt found in a definition.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    /// Whether the definition is refused for it.
    pub severity: Severity,
    /// What kind of fault.
    pub code: Code,
    /// What is wrong; AWS's words where AWS has a message for it.
    pub message: String,
    /// The place as AWS writes it: `/States/Wait a bit/Next`, `/States/C/Choices[0]/Next`, `/`.
    pub location: Option<String>,
    /// The place in the source text.
    pub span: Option<Span>,
    /// What to do, in a sentence.
    pub hint: Option<String>,
}

/// Whether a [`Diagnostic`] refuses the definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The definition is refused.
    Error,
    /// The definition runs, but maybe not as it was meant.
    Warning,
}

impl Severity {
    /// As the API writes it: `ERROR`, `WARNING`.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The stable code of a [`Diagnostic`]: those of AWS first, then our own. `docs/diagnostics.md` says more.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// The code as printed: `MISSING_TRANSITION_TARGET`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Code::$name => $text,)*
                }
            }
        }
    };
}

codes! {
    /// The text is not JSON.
    InvalidJsonDescription = "INVALID_JSON_DESCRIPTION",
    /// The text is not YAML.
    InvalidYamlDescription = "INVALID_YAML_DESCRIPTION",
    /// A YAML tag that only CloudFormation can evaluate.
    UnsupportedYamlTag = "UNSUPPORTED_YAML_TAG",
    /// Arrays and objects are nested too deeply.
    TooDeeplyNested = "TOO_DEEPLY_NESTED",
    /// A field is missing, unknown, of the wrong type or out of range.
    SchemaValidationFailed = "SCHEMA_VALIDATION_FAILED",
    /// A `Next`, `Default` or `StartAt` names no state, or no transition leads to a state.
    MissingTransitionTarget = "MISSING_TRANSITION_TARGET",
    /// No state ends the machine.
    MissingEndState = "MISSING_END_STATE",
    /// Two states have the same name.
    DuplicateStateName = "DUPLICATE_STATE_NAME",
    /// A state's name is empty or too long.
    InvalidStateName = "INVALID_STATE_NAME",
    /// Two Maps have the same `Label`.
    DuplicateLabelName = "DUPLICATE_LABEL_NAME",
    /// A Map's `Label` is empty, too long or has a forbidden character.
    InvalidLabelName = "INVALID_LABEL_NAME",
    /// A string that is half a JSONata expression, or none by its syntax.
    InvalidJsonataExpression = "INVALID_JSONATA_EXPRESSION",
    /// An expression refers to something that it cannot have where it stands.
    UnsupportedJsonataExpression = "UNSUPPORTED_JSONATA_EXPRESSION",
    /// A literal looks like a path or an intrinsic function call, but its key has no `.$`.
    NoDollar = "NO_DOLLAR",
    /// A literal looks like a path, but the field's name doesn't end in `Path`.
    NoPath = "NO_PATH",
    /// A JSONata expression in a JSONPath state.
    JsonataInJsonpath = "JSONATA_IN_JSONPATH",
    /// A path or a `.$` in a JSONata state.
    JsonpathInJsonata = "JSONPATH_IN_JSONATA",
    /// A JSONata expression that is not the whole string.
    ExpressionWithinText = "EXPRESSION_WITHIN_TEXT",
    /// A path that leads to nothing, whatever the input.
    PathNeverExists = "PATH_NEVER_EXISTS",
    /// A variable that no state before assigns.
    UndefinedVariable = "UNDEFINED_VARIABLE",
    /// A path in the literal `Result` of a Pass.
    PassResultIsStatic = "PASS_RESULT_IS_STATIC",
    /// Valid for AWS, but this program can't run it.
    NotSupported = "NOT_SUPPORTED",
    /// An object has a key twice; the last one counts.
    DuplicateKey = "DUPLICATE_KEY",
    /// A Task has no timeout of its own.
    TaskWithoutTimeout = "TASK_WITHOUT_TIMEOUT",
    /// The delays of a retrier grow without a cap.
    RetryWithoutCap = "RETRY_WITHOUT_CAP",
    /// A retrier or catcher can't be reached, since an earlier one takes all its errors.
    UnreachableHandler = "UNREACHABLE_HANDLER",
    /// A name with the prefix `States.` that no error has.
    UnknownErrorName = "UNKNOWN_ERROR_NAME",
    /// An error that no retrier or catcher gets.
    UncatchableError = "UNCATCHABLE_ERROR",
    /// A catcher replaces the state's input by the error.
    CatchDiscardsInput = "CATCH_DISCARDS_INPUT",
    /// A Wait lasts longer than the execution may.
    WaitExceedsExecution = "WAIT_EXCEEDS_EXECUTION",
    /// A Task that AWS refuses in Express machines; it runs here, within the execution's time.
    StandardOnlyIntegration = "STANDARD_ONLY_INTEGRATION",
    /// A distributed Map, which AWS refuses in Express machines.
    StandardOnlyMap = "STANDARD_ONLY_MAP",
    /// A resource that AWS doesn't know; it needs a connector.
    UnknownResource = "UNKNOWN_RESOURCE",
    /// Something that a template or a reader should have replaced.
    Placeholder = "PLACEHOLDER",
    /// An older spelling of a field.
    LegacyField = "LEGACY_FIELD",
    /// A field that has no effect where it stands.
    FieldWithoutEffect = "FIELD_WITHOUT_EFFECT",
    /// More iterations at once than an inline Map runs.
    ConcurrencyAboveLimit = "CONCURRENCY_ABOVE_LIMIT",
    /// A password, key or token in the text of the definition.
    HardCodedSecret = "HARD_CODED_SECRET",
    /// `Items` with a filter, which gives no array when one item matches.
    ItemsMayCollapse = "ITEMS_MAY_COLLAPSE",
    /// A Choice without a Default fails when no rule matches.
    ChoiceWithoutDefault = "CHOICE_WITHOUT_DEFAULT",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Diagnostic {
    /// An error; add place and hint with the other methods.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        let message = message.into();
        Diagnostic { severity: Severity::Error, code, message, location: None, span: None, hint: None }
    }

    /// A warning; add place and hint with the other methods.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, message) }
    }

    /// The same at a place.
    pub fn at(mut self, location: impl Into<String>, span: Span) -> Self {
        self.location = Some(location.into());
        self.span = Some(span);
        self
    }

    /// The same with advice.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Where it stands in the text, to sort by.
    pub(super) fn position(&self) -> usize {
        self.span.as_ref().map_or(0, |span| span.start)
    }

    /// Does it refuse the definition?
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// `CODE: message at /location`, as `CreateStateMachine` puts it.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let location = self.location.as_deref().unwrap_or("null");
        write!(f, "{}: {} at {location}", self.code, self.message)
    }
}
