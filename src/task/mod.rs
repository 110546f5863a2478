//! Connectors: what a task call means in the world.
