//! What is evaluated against values: paths, payload templates, choice conditions, intrinsic functions, timestamps.
