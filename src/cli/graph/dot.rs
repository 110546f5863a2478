//! A picture in Graphviz's language.

use std::fmt::Write;

use super::picture::{Chart, Edge, EdgeKind, Node, Shape};
use super::text;

/// A graph for `dot`; `title` is its name.
pub(super) fn dot(chart: &Chart, title: &str) -> String {
    let mut out = format!(
        "digraph {} {{\n  compound=true;\n  node [shape=box, style=rounded, fontname=\"Helvetica\", fontsize=12];\n  \
         edge [fontname=\"Helvetica\", fontsize=10];\n  graph [fontname=\"Helvetica\", fontsize=12, style=rounded];\n",
        quoted(title)
    );
    machine(chart, 1, &mut out);
    out.push_str("}\n");
    out
}

fn machine(chart: &Chart, depth: usize, out: &mut String) {
    for each in &chart.nodes {
        node(each, depth, out);
    }
    for edge in &chart.edges {
        line(depth, &arrow(chart, edge), out);
    }
}

fn node(node: &Node, depth: usize, out: &mut String) {
    let id = node.id;
    let state = match &node.shape {
        Shape::Start => {
            let mark = "[shape=circle, style=filled, fillcolor=black, width=0.15, label=\"\", tooltip=\"Start\"]";
            return line(depth, &format!("n{id} {mark};"), out);
        }
        Shape::End => {
            let mark = "[shape=doublecircle, style=filled, fillcolor=black, width=0.1, label=\"\", tooltip=\"End\"]";
            return line(depth, &format!("n{id} {mark};"), out);
        }
        Shape::State(state) => state,
    };
    let lines = [text::name_lines(&state.name), text::subtitle_lines(&state.subtitle())].concat();
    let label = quoted_lines(&lines);
    if state.charts.is_empty() {
        let shape = match state.type_name {
            "Choice" => ", shape=hexagon, style=solid",
            "Succeed" => ", color=darkgreen, peripheries=2",
            "Fail" => ", color=red, peripheries=2",
            _ => "",
        };
        return line(depth, &format!("n{id} [label={label}{shape}];"), out);
    }
    line(depth, &format!("subgraph cluster_{id} {{"), out);
    line(depth + 1, &format!("label={label}; style=rounded;"), out);
    for (index, chart) in state.charts.iter().enumerate() {
        if state.charts.len() == 1 {
            machine(chart, depth + 1, out);
            continue;
        }
        line(depth + 1, &format!("subgraph cluster_{id}_{index} {{"), out);
        line(depth + 2, "label=\"\"; style=dotted;", out);
        machine(chart, depth + 2, out);
        line(depth + 1, "}", out);
    }
    line(depth, "}", out);
}

fn arrow(chart: &Chart, edge: &Edge) -> String {
    let (from, to) = (&chart.nodes[edge.from], &chart.nodes[edge.to]);
    let mut attributes = Vec::new();
    if !edge.label.is_empty() {
        attributes.push(format!("label={}", quoted_lines(&text::label_lines(&edge.label))));
        attributes.push(format!("tooltip={}", quoted(&edge.label)));
    }
    if edge.kind == EdgeKind::Catch {
        attributes.push("style=dashed, color=red, fontcolor=red".to_owned());
    }
    // An edge has to end at a node; at the border of a cluster it is only cut off. One from a cluster to itself can't be.
    if edge.from != edge.to {
        attributes.extend((!from.charts().is_empty()).then(|| format!("ltail=cluster_{}", from.id)));
        attributes.extend((!to.charts().is_empty()).then(|| format!("lhead=cluster_{}", to.id)));
    }
    let attributes = if attributes.is_empty() { String::new() } else { format!(" [{}]", attributes.join(", ")) };
    format!("n{} -> n{}{attributes};", last(from).id, first(to).id)
}

/// The first node within: where edges to a cluster end.
fn first(node: &Node) -> &Node {
    node.charts().first().and_then(|chart| chart.nodes.first()).map_or(node, first)
}

/// The last node within: where edges from a cluster begin.
fn last(node: &Node) -> &Node {
    node.charts().first().and_then(|chart| chart.nodes.last()).map_or(node, last)
}

fn line(depth: usize, text: &str, out: &mut String) {
    // Writing to a String can't fail.
    let _ = writeln!(out, "{:indent$}{text}", "", indent = depth * 2);
}

fn quoted_lines(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
    format!("\"{}\"", lines.join("\\n"))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// Quotes and backslashes mean something in strings, and so do entities as in HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '&' => out.push_str("&amp;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
