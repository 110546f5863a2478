//! Patterns that a linear engine takes exactly.
//!
//! The `regex` crate prefers matches in the same order as ECMAScript (leftmost, then by priority), but knows nothing of
//! look-around and back-references, does not forget groups between the iterations of a loop, treats loops over nothing in
//! another way, and reads scalar values where ECMAScript reads code units. A pattern without all that is translated; it is
//! used for texts of which every scalar value is one code unit.

use std::fmt::Write;

use super::set::Set;
use super::tree::{Node, Pattern};

/// Bytes that a translated pattern may take. What would be larger is left to the other engine.
const MAX_BYTES: usize = 256 * 1024;

/// `None` if the pattern is not one of those.
pub(super) fn translate(pattern: &Pattern) -> Option<regex::Regex> {
    let mut text = String::new();
    write(&pattern.node, pattern, &mut text)?;
    regex::RegexBuilder::new(&text).size_limit(MAX_BYTES).dfa_size_limit(MAX_BYTES).build().ok()
}

fn write(node: &Node, pattern: &Pattern, out: &mut String) -> Option<()> {
    match node {
        Node::Empty => {}
        Node::Unit(unit) => write_set(&Set::new(vec![(*unit, *unit)]), out)?,
        Node::Set(set) => write_set(set, out)?,
        // The other engine knows more line ends.
        Node::Start if !pattern.multiline => out.push_str(r"\A"),
        Node::End if !pattern.multiline => out.push_str(r"\z"),
        Node::Boundary { negated: false } => out.push_str(r"(?-u:\b)"),
        Node::Group(_, node) => {
            out.push('(');
            write(node, pattern, out)?;
            out.push(')');
        }
        Node::Sequence(nodes) => {
            for node in nodes {
                out.push_str("(?:");
                write(node, pattern, out)?;
                out.push(')');
            }
        }
        Node::Alternatives(nodes) => {
            for (index, node) in nodes.iter().enumerate() {
                out.push_str(if index == 0 { "(?:" } else { "|" });
                write(node, pattern, out)?;
            }
            out.push(')');
        }
        Node::Repeat(repeat) => {
            let forgets = repeat.max > 1 && !always_sets_groups(&repeat.node);
            // Groups of what never matches are not even counted there.
            let loses = repeat.max == 0 && has_group(&repeat.node);
            if repeat.node.is_nullable() || forgets || loses {
                return None;
            }
            out.push_str("(?:");
            write(&repeat.node, pattern, out)?;
            out.push(')');
            match (repeat.min, repeat.max) {
                (min, u32::MAX) => write!(out, "{{{min},}}").ok()?,
                (min, max) => write!(out, "{{{min},{max}}}").ok()?,
            }
            if !repeat.greedy {
                out.push('?');
            }
        }
        Node::Start | Node::End | Node::Boundary { .. } | Node::BackReference(_) | Node::Look(_) => return None,
    }
    Some(())
}

/// Whether each iteration sets every group in the node, so that there is nothing to forget.
fn always_sets_groups(node: &Node) -> bool {
    match node {
        Node::Group(_, node) => always_sets_groups(node),
        Node::Sequence(nodes) => nodes.iter().all(always_sets_groups),
        Node::Alternatives(nodes) => !nodes.iter().any(has_group),
        Node::Repeat(repeat) => !has_group(&repeat.node) || (repeat.min > 0 && always_sets_groups(&repeat.node)),
        _ => true,
    }
}

fn has_group(node: &Node) -> bool {
    match node {
        Node::Group(..) => true,
        Node::Sequence(nodes) | Node::Alternatives(nodes) => nodes.iter().any(has_group),
        Node::Repeat(repeat) => has_group(&repeat.node),
        Node::Look(look) => has_group(&look.node),
        _ => false,
    }
}

/// The set without surrogates, which the texts of this engine don't have.
fn write_set(set: &Set, out: &mut String) -> Option<()> {
    let surrogates = Set::new(vec![(0xd800, 0xdfff)]);
    let ranges = Set::new(set.negated().ranges().iter().chain(surrogates.ranges()).copied().collect()).negated();
    if ranges.ranges().is_empty() {
        // Nothing.
        out.push_str(r"[^\x{0}-\x{10ffff}]");
        return Some(());
    }
    out.push('[');
    for (first, last) in ranges.ranges() {
        write!(out, "\\x{{{first:x}}}-\\x{{{last:x}}}").ok()?;
    }
    out.push(']');
    Some(())
}
