//! What is evaluated against values: paths, payload templates, choice conditions, intrinsic functions, timestamps.
//!
//! Everything here is compiled once from the text of a definition and then evaluated many times. Evaluation allocates
//! nothing outside the execution's [`Heap`](crate::value::Heap), unless it fails.
//!
//! | file | what lives there |
//! |---|---|
//! | [`path`] | JSONPath and reference paths |
//! | [`template`] | payload templates (`Parameters`, `ResultSelector`, `ItemSelector`, `Assign`) |
//! | [`intrinsic`] | `States.*` function calls |
//! | [`condition`] | the rules of Choice |
//! | [`timestamp`] | points in time, as definitions and events write them |
//! | [`scope`] | where the roots of paths come from |
//! | [`error`] | what can go wrong, in the words of the real service |

pub mod condition;
pub mod error;
pub mod intrinsic;
mod java;
mod java_random;
pub mod path;
pub mod scope;
pub mod template;
pub mod timestamp;

#[cfg(test)]
mod testing;

pub use condition::{Condition, Operand, Operator, Test};
pub use error::EvalError;
pub use intrinsic::{Call, IntrinsicSyntaxError};
pub use java_random::JavaRandom;
pub use path::{ContextField, Path, PathError, PathSyntaxError, Place, ReferencePath, ResultPathError, Root};
pub use scope::Scope;
pub use template::Template;
pub use timestamp::Instant;
