//! The configuration file: TOML with environment overrides, every mistake reported with its place.
