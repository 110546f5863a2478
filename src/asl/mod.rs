//! The definition as people write it: model with source positions, reading, diagnostics, lint.
