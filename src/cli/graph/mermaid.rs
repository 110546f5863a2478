//! A picture as a Mermaid flowchart.

use std::fmt::Write;

use super::picture::{Chart, Edge, EdgeKind, Node, Shape};
use super::text;

/// A flowchart that can stand in a Markdown file between ```` ```mermaid ```` and ```` ``` ````.
pub(super) fn mermaid(chart: &Chart) -> String {
    let mut out = "flowchart TD\n".to_owned();
    machine(chart, 1, &mut out);
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
        Shape::Start => return line(depth, &format!("n{id}((\"start\"))"), out),
        Shape::End => return line(depth, &format!("n{id}(((\"end\")))"), out),
        Shape::State(state) => state,
    };
    if state.charts.is_empty() {
        let name = lines(&text::name_lines(&state.name));
        let subtitle = lines(&text::subtitle_lines(&state.subtitle()));
        let label = format!("\"{name}<br/><small>{subtitle}</small>\"");
        let (open, close) = match state.type_name {
            "Choice" => ("{{", "}}"),
            "Succeed" | "Fail" => ("([", "])"),
            _ => ("[", "]"),
        };
        return line(depth, &format!("n{id}{open}{label}{close}"), out);
    }
    // The title of a frame has room for a single line.
    line(depth, &format!("subgraph n{id}[\"{} ({})\"]", escaped(&state.name), state.type_name), out);
    line(depth + 1, "direction TB", out);
    for (index, chart) in state.charts.iter().enumerate() {
        if state.charts.len() == 1 {
            machine(chart, depth + 1, out);
            continue;
        }
        line(depth + 1, &format!("subgraph n{id}b{index}[\" \"]"), out);
        line(depth + 2, "direction TB", out);
        machine(chart, depth + 2, out);
        line(depth + 1, "end", out);
    }
    line(depth, "end", out);
}

fn arrow(chart: &Chart, edge: &Edge) -> String {
    let (from, to) = (chart.nodes[edge.from].id, chart.nodes[edge.to].id);
    let arrow = if edge.kind == EdgeKind::Catch { "-.->" } else { "-->" };
    match edge.label.as_str() {
        "" => format!("n{from} {arrow} n{to}"),
        label => format!("n{from} {arrow}|\"{}\"| n{to}", lines(&text::label_lines(label))),
    }
}

fn line(depth: usize, text: &str, out: &mut String) {
    // Writing to a String can't fail.
    let _ = writeln!(out, "{:indent$}{text}", "", indent = depth * 2);
}

fn lines(lines: &[String]) -> String {
    lines.iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br/>")
}

/// Everything that Mermaid, Markdown or HTML would read as more than text goes in as its code.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_control() => out.push(' '),
            // Whatever its code, a backslash with an n would be a line break: a word joiner keeps them apart.
            '\\' => out.push_str("#92;#8288;"),
            c if c.is_alphanumeric() || " .,:-+=()/≤≥…$%?!'".contains(c) => out.push(c),
            c => {
                // Writing to a String can't fail.
                let _ = write!(out, "#{};", u32::from(c));
            }
        }
    }
    out
}
