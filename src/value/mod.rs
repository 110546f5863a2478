//! JSON values as small `Copy` handles into a per-execution heap: parse, print, compare, edit.
