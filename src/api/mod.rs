//! The HTTP side: health, metrics, workflows.
