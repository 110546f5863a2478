//! Workflows and their versions: loading, watching, swapping.
