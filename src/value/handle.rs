//! Handles. Everything that a [`Value`] carries is one word of 64 bits: the compiler then keeps the whole handle in two
//! registers. With payloads of several fields it writes and reads them piecemeal, and the processor waits for its own
//! writes; that was a quarter of an execution's time.

/// A JSON value: a handle that is valid in the [`Heap`](super::Heap) it came from.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// `null`
    Null,
    /// `true`
    True,
    /// `false`
    False,
    /// A computed integer.
    Int(i64),
    /// A computed number with a fraction.
    Float(Double),
    /// A number as it was written.
    Number(Span),
    /// A string.
    String(Str),
    /// An array.
    Array(List),
    /// An object; keys keep their order.
    Object(List),
    /// What a room above keeps elsewhere under this number, such as a function. JSON has no text for it: it never leaves the
    /// evaluation that made it.
    Foreign(u64),
}

const _: () = assert!(size_of::<Value>() == 16);

impl Value {
    /// `true` or `false`.
    pub fn bool(value: bool) -> Value {
        if value { Value::True } else { Value::False }
    }

    /// The boolean, if it is one.
    pub fn as_bool(self) -> Option<bool> {
        match self {
            Value::True => Some(true),
            Value::False => Some(false),
            _ => None,
        }
    }

    /// The type's name as JSON knows it: `null`, `boolean`, `number`, `string`, `array` or `object`.
    pub fn type_name(self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::True | Value::False => "boolean",
            Value::Int(_) | Value::Float(_) | Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
            Value::Foreign(_) => "foreign",
        }
    }

    /// Whether the value is a number of any kind.
    pub fn is_number(self) -> bool {
        matches!(self, Value::Int(_) | Value::Float(_) | Value::Number(_))
    }
}

/// A finite floating-point number.
#[derive(Clone, Copy, Debug)]
pub struct Double(u64);

impl Double {
    /// The number; JSON has no infinity and no NaN: they become 0.
    pub fn new(value: f64) -> Double {
        Double(if value.is_finite() { value.to_bits() } else { 0 })
    }

    /// The number.
    pub fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

/// A range of a heap's text, in bytes: 32 bits of start and 32 bits of length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(u64);

impl Span {
    pub(super) fn new(start: u32, len: u32) -> Span {
        Span(u64::from(start) << 32 | u64::from(len))
    }

    pub(super) fn start(self) -> u32 {
        (self.0 >> 32) as u32
    }

    pub(super) fn len(self) -> u32 {
        self.0 as u32
    }

    pub(super) fn range(self) -> std::ops::Range<usize> {
        let start = self.start() as usize;
        start..start + self.len() as usize
    }
}

/// A string, and the form in which its text is kept: 32 bits of start, 2 of form and 30 of length.
#[derive(Clone, Copy, Debug)]
pub struct Str(u64);

/// How the text of a string is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The same text inside and outside of JSON quotes.
    Plain,
    /// As [`Plain`](Form::Plain), and in the heap's text it stands between quotes.
    Quoted,
    /// With at least one escape; in the heap's text it stands between quotes.
    Escaped,
    /// Decoded; must be escaped when printed.
    Raw,
}

impl Str {
    const FORM: u32 = 30;
    /// The longest text that a handle can name, in bytes. A heap's limit is far below.
    const MAX_LEN: u32 = (1 << Self::FORM) - 1;

    pub(super) fn new(span: Span, form: Form) -> Str {
        debug_assert!(span.len() <= Self::MAX_LEN);
        Str(span.0 | (form as u64) << Self::FORM)
    }

    #[inline]
    pub(super) fn form(self) -> Form {
        match self.0 >> Self::FORM & 3 {
            0 => Form::Plain,
            1 => Form::Quoted,
            2 => Form::Escaped,
            _ => Form::Raw,
        }
    }

    #[inline]
    pub(super) fn len(self) -> u32 {
        self.0 as u32 & Self::MAX_LEN
    }

    #[inline]
    pub(super) fn range(self) -> std::ops::Range<usize> {
        let start = (self.0 >> 32) as usize;
        start..start + self.len() as usize
    }
}

/// The children of an array or object: 30 bits of start, 10 of depth and 24 of length. The node before the first child is
/// the container's header.
#[derive(Clone, Copy, Debug)]
pub struct List(u64);

impl List {
    const DEPTH: u32 = 24;
    const START: u32 = 34;
    /// The most children that a handle can name.
    pub(super) const MAX_LEN: usize = (1 << Self::DEPTH) - 1;

    pub(super) fn new(start: usize, len: usize, depth: u16) -> List {
        debug_assert!(len <= Self::MAX_LEN && depth <= super::MAX_DEPTH);
        List((start as u64) << Self::START | u64::from(depth) << Self::DEPTH | len as u64)
    }

    #[inline]
    pub(super) fn start(self) -> usize {
        (self.0 >> Self::START) as usize
    }

    #[inline]
    pub(super) fn depth(self) -> u16 {
        (self.0 >> Self::DEPTH) as u16 & 0x3FF
    }

    /// Number of elements of the array, or of entries of the object.
    #[inline]
    pub fn len(self) -> usize {
        self.0 as usize & Self::MAX_LEN
    }

    /// Whether there are no children.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether both are one and the same container, not only equal ones.
    pub(crate) fn is_same(self, other: List) -> bool {
        self.0 == other.0
    }
}
