use std::cmp::Ordering;

/// The operators of Choice, without regard to where the operand comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `StringEquals` and its siblings.
    String(Comparison),
    /// `NumericEquals` and its siblings.
    Numeric(Comparison),
    /// `TimestampEquals` and its siblings.
    Timestamp(Comparison),
    /// `BooleanEquals`
    BooleanEquals,
    /// `StringMatches`
    StringMatches,
    /// `IsNull` and its siblings.
    Is(Kind),
}

/// How two values of the same type are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `…Equals`
    Equals,
    /// `…LessThan`
    LessThan,
    /// `…GreaterThan`
    GreaterThan,
    /// `…LessThanEquals`
    LessThanEquals,
    /// `…GreaterThanEquals`
    GreaterThanEquals,
}

/// What a type test asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `IsNull`
    Null,
    /// `IsPresent`
    Present,
    /// `IsNumeric`
    Numeric,
    /// `IsString`
    String,
    /// `IsBoolean`
    Boolean,
    /// `IsTimestamp`
    Timestamp,
}

/// The form in which an operator's operand stands in the definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperandForm {
    /// A string.
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A string that is a timestamp.
    Timestamp,
    /// A string with `*` for any run of characters.
    Pattern,
    /// A path (`…Path` operators).
    Path,
}

impl Operator {
    /// The operator with this name in a definition, and the form of its operand.
    pub fn from_name(name: &str) -> Option<(Operator, OperandForm)> {
        if let Some(kind) = name.strip_prefix("Is") {
            return Some((Operator::Is(Kind::from_name(kind)?), OperandForm::Boolean));
        }
        if name == "StringMatches" {
            return Some((Operator::StringMatches, OperandForm::Pattern));
        }
        let (base, by_path) = match name.strip_suffix("Path") {
            Some(base) => (base, true),
            None => (name, false),
        };
        let (operator, form) = if let Some(comparison) = base.strip_prefix("String") {
            (Operator::String(Comparison::from_name(comparison)?), OperandForm::String)
        } else if let Some(comparison) = base.strip_prefix("Numeric") {
            (Operator::Numeric(Comparison::from_name(comparison)?), OperandForm::Number)
        } else if let Some(comparison) = base.strip_prefix("Timestamp") {
            (Operator::Timestamp(Comparison::from_name(comparison)?), OperandForm::Timestamp)
        } else if base == "BooleanEquals" {
            (Operator::BooleanEquals, OperandForm::Boolean)
        } else {
            return None;
        };
        Some((operator, if by_path { OperandForm::Path } else { form }))
    }
}

impl Comparison {
    fn from_name(name: &str) -> Option<Comparison> {
        Some(match name {
            "Equals" => Comparison::Equals,
            "LessThan" => Comparison::LessThan,
            "GreaterThan" => Comparison::GreaterThan,
            "LessThanEquals" => Comparison::LessThanEquals,
            "GreaterThanEquals" => Comparison::GreaterThanEquals,
            _ => return None,
        })
    }

    /// Whether two values in this order satisfy the comparison.
    pub(super) fn accepts(self, order: Ordering) -> bool {
        match self {
            Comparison::Equals => order.is_eq(),
            Comparison::LessThan => order.is_lt(),
            Comparison::GreaterThan => order.is_gt(),
            Comparison::LessThanEquals => order.is_le(),
            Comparison::GreaterThanEquals => order.is_ge(),
        }
    }
}

impl Kind {
    fn from_name(name: &str) -> Option<Kind> {
        Some(match name {
            "Null" => Kind::Null,
            "Present" => Kind::Present,
            "Numeric" => Kind::Numeric,
            "String" => Kind::String,
            "Boolean" => Kind::Boolean,
            "Timestamp" => Kind::Timestamp,
            _ => return None,
        })
    }
}
