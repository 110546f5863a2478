//! Choice states and the comparison operators.

use super::super::node::{Node, Span, Spanned};

/// A Choice state.
#[derive(Clone, Debug)]
pub struct ChoiceState {
    /// The rules, in order; at least one.
    pub choices: Vec<ChoiceRule>,
    /// Where to go when no rule matches; the state exists.
    pub default: Option<Spanned<String>>,
}

/// A top-level rule of a Choice state.
#[derive(Clone, Debug)]
pub struct ChoiceRule {
    /// When it matches.
    pub condition: Condition,
    /// Where to go; the state exists.
    pub next: Spanned<String>,
    /// Variables to set if it matches. An object.
    pub assign: Option<Node>,
    /// JSONata: the output if it matches; default: the input.
    pub output: Option<Node>,
    /// The place as AWS writes it: `/States/C/Choices[0]`.
    pub location: String,
    /// Where the rule stands.
    pub span: Span,
}

/// What a rule asks.
#[derive(Clone, Debug)]
pub enum Condition {
    /// All of them, tried in order; at least one.
    And(Vec<Condition>),
    /// One of them, tried in order; at least one.
    Or(Vec<Condition>),
    /// Not this one.
    Not(Box<Condition>),
    /// A comparison (JSONPath).
    Test(DataTest),
    /// A boolean or an expression (JSONata).
    Expression(Node),
}

/// A comparison of a variable with an operand.
#[derive(Clone, Debug)]
pub struct DataTest {
    /// How to compare.
    pub operator: Operator,
    /// A path to the left side.
    pub variable: Spanned<String>,
    /// The right side, of the type that [`Operator::operand`] tells.
    pub operand: Node,
    /// Where the operator's name stands.
    pub operator_span: Span,
}

/// What an [`Operator`] wants on its right side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// A string.
    String,
    /// A number.
    Number,
    /// A boolean.
    Boolean,
    /// An RFC 3339 timestamp in a string.
    Timestamp,
    /// A path in a string.
    Path,
}

macro_rules! operators {
    ($($name:ident $operand:ident),* $(,)?) => {
        /// The comparison operators of data tests.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Operator {
            $(#[doc = concat!("`", stringify!($name), "`")] $name,)*
        }

        impl Operator {
            /// Every operator.
            pub const ALL: &[Operator] = &[$(Operator::$name,)*];

            /// The field name in a rule.
            pub fn as_str(self) -> &'static str {
                match self { $(Operator::$name => stringify!($name),)* }
            }

            /// The operator of that field name.
            pub fn from_name(name: &str) -> Option<Operator> {
                match name { $(stringify!($name) => Some(Operator::$name),)* _ => None }
            }

            /// What it wants on its right side.
            pub fn operand(self) -> Operand {
                match self { $(Operator::$name => Operand::$operand,)* }
            }
        }
    };
}

operators! {
    StringEquals String, StringEqualsPath Path,
    StringLessThan String, StringLessThanPath Path,
    StringGreaterThan String, StringGreaterThanPath Path,
    StringLessThanEquals String, StringLessThanEqualsPath Path,
    StringGreaterThanEquals String, StringGreaterThanEqualsPath Path,
    StringMatches String,
    NumericEquals Number, NumericEqualsPath Path,
    NumericLessThan Number, NumericLessThanPath Path,
    NumericGreaterThan Number, NumericGreaterThanPath Path,
    NumericLessThanEquals Number, NumericLessThanEqualsPath Path,
    NumericGreaterThanEquals Number, NumericGreaterThanEqualsPath Path,
    BooleanEquals Boolean, BooleanEqualsPath Path,
    TimestampEquals Timestamp, TimestampEqualsPath Path,
    TimestampLessThan Timestamp, TimestampLessThanPath Path,
    TimestampGreaterThan Timestamp, TimestampGreaterThanPath Path,
    TimestampLessThanEquals Timestamp, TimestampLessThanEqualsPath Path,
    TimestampGreaterThanEquals Timestamp, TimestampGreaterThanEqualsPath Path,
    IsNull Boolean, IsPresent Boolean, IsNumeric Boolean, IsString Boolean, IsBoolean Boolean, IsTimestamp Boolean,
}
