//! Where everything of a picture stands: machines within states first, each as one box in the machine around it.

use std::{fmt, io, thread};

use super::picture::{Chart, Edge, Node, Shape};
use super::text;

mod rank;
mod route;
mod rows;
mod straighten;
#[cfg(test)]
mod tests;
mod weave;

pub(crate) use route::{Route, Segment};

/// Sizes of fonts.
pub(super) const NAME_FONT: f64 = 14.0;
pub(super) const SUBTITLE_FONT: f64 = 11.0;
pub(super) const LABEL_FONT: f64 = 11.0;
/// Heights of their lines.
pub(super) const NAME_LINE: f64 = 18.0;
pub(super) const SUBTITLE_LINE: f64 = 14.0;
pub(super) const LABEL_LINE: f64 = 14.0;
/// Between the border of a box and what it holds.
pub(super) const PADDING: f64 = 14.0;
/// Above and below the text of a box.
pub(super) const TEXT_PADDING: f64 = 9.0;
/// How far the corners of a Choice lie outside its text.
pub(super) const CHOICE_POINT: f64 = 16.0;
/// The diameter of a mark for start or end.
pub(super) const MARK: f64 = 16.0;
/// Between the branches of a Parallel.
const BRANCH_GAP: f64 = 14.0;
/// Branches beyond this width go to a new row.
const MAX_BRANCHES_WIDTH: f64 = 1800.0;
/// More vertices than this, in all machines of a picture, take too long.
const MAX_VERTICES: usize = 40_000;
/// Enough for a recursion that goes once through all of them.
const STACK_BYTES: usize = 256 << 20;
const MIN_BOX: f64 = 90.0;
/// How far a self-loop reaches out of its box.
pub(super) const LOOP_REACH: f64 = 30.0;
/// From one self-loop of a box to the next.
const LOOP_STEP: f64 = 34.0;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Size {
    pub width: f64,
    pub height: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Point {
    pub x: f64,
    pub y: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Rect {
    pub(super) fn center(self) -> Point {
        Point { x: self.x + self.width / 2.0, y: self.y + self.height / 2.0 }
    }

    pub(super) fn right(self) -> f64 {
        self.x + self.width
    }

    pub(super) fn bottom(self) -> f64 {
        self.y + self.height
    }
}

/// A machine with places; the upper left corner is the origin.
pub(super) struct Placed<'a> {
    pub size: Size,
    pub nodes: Vec<PlacedNode<'a>>,
    /// In the order of the chart's edges.
    pub edges: Vec<PlacedEdge<'a>>,
}

pub(super) struct PlacedNode<'a> {
    pub node: &'a Node,
    pub rect: Rect,
    pub name: Vec<String>,
    pub subtitle: Vec<String>,
    /// The machines within, and where their upper left corners are, seen from that of the node.
    pub inner: Vec<(Point, Placed<'a>)>,
}

pub(super) struct PlacedEdge<'a> {
    pub edge: &'a Edge,
    /// The nodes at its ends.
    pub from: &'a Node,
    pub to: &'a Node,
    pub route: Route,
    pub label: Option<PlacedLabel>,
}

pub(super) struct PlacedLabel {
    pub rect: Rect,
    pub lines: Vec<String>,
}

/// Why there is no layout.
#[derive(Debug)]
pub(super) enum LayoutError {
    /// It would take too long.
    TooLarge,
    /// The system gives no thread.
    NoThread(io::Error),
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LayoutError::TooLarge => write!(
                f,
                "the picture is too large to lay out: its states and transitions pass through more than \
                 {MAX_VERTICES} places. Take --format dot, which Graphviz lays out, or --format mermaid"
            ),
            LayoutError::NoThread(error) => write!(f, "cannot start a thread to lay the picture out: {error}"),
        }
    }
}

/// Lays a chart out.
pub(super) fn lay_out(chart: &Chart) -> Result<Placed<'_>, LayoutError> {
    // The library recurses along the links, and a machine may be a chain of thousands of states.
    let builder = thread::Builder::new().stack_size(STACK_BYTES);
    thread::scope(|scope| {
        let worker =
            builder.spawn_scoped(scope, || place(chart, &mut { MAX_VERTICES })).map_err(LayoutError::NoThread)?;
        worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Lays a machine out; `left` is how many vertices the picture may still have.
fn place<'a>(chart: &'a Chart, left: &mut usize) -> Result<Placed<'a>, LayoutError> {
    let mut nodes = chart.nodes.iter().map(|node| measure(node, left)).collect::<Result<Vec<_>, _>>()?;
    let labels: Vec<Vec<String>> = chart.edges.iter().map(|edge| text::label_lines(&edge.label)).collect();
    let label_sizes: Vec<Option<Size>> = labels.iter().map(|lines| label_size(lines)).collect();
    let loops = Loops::of(chart, &label_sizes, &mut nodes);
    let sizes: Vec<Size> = nodes
        .iter()
        .zip(&loops.rooms)
        .map(|(node, room)| Size { width: node.rect.width + 2.0 * room, height: node.rect.height })
        .collect();
    let ranks = rank::rank(chart);
    let weave = weave::Weave::new(chart, &ranks, &sizes, &label_sizes, left)?;
    let rows = rows::Rows::new(&weave);
    for (index, node) in nodes.iter_mut().enumerate() {
        node.rect.x = rows.xs[index] - node.rect.width / 2.0;
        node.rect.y = rows.middle(weave.vertices[index].row) - node.rect.height / 2.0;
    }
    let rects: Vec<Rect> = nodes.iter().map(|node| node.rect).collect();
    let routes = route::routes(&weave, &rows, &rects);
    let edges = chart.edges.iter().zip(labels).zip(label_sizes).zip(routes).enumerate();
    let edges = edges.map(|(index, (((edge, lines), size), way))| {
        let (route, middle) = match way {
            Some((route, middle)) => (route, middle),
            None => route::self_loop(rects[edge.from], loops.offsets[index], size.unwrap_or_default()),
        };
        let label = size.map(|size| PlacedLabel { rect: around(middle, size), lines });
        PlacedEdge { edge, from: &chart.nodes[edge.from], to: &chart.nodes[edge.to], route, label }
    });
    let edges = edges.collect();
    Ok(Placed { size: rows.size, nodes, edges })
}

fn around(middle: Point, size: Size) -> Rect {
    Rect { x: middle.x - size.width / 2.0, y: middle.y - size.height / 2.0, width: size.width, height: size.height }
}

fn label_size(lines: &[String]) -> Option<Size> {
    (!lines.is_empty())
        .then(|| Size { width: widest(lines, LABEL_FONT) + 8.0, height: lines.len() as f64 * LABEL_LINE + 4.0 })
}

fn widest(lines: &[String], font: f64) -> f64 {
    lines.iter().map(|line| text::width(line, font)).fold(0.0, f64::max)
}

/// The size of a node, everything within it laid out.
fn measure<'a>(node: &'a Node, left: &mut usize) -> Result<PlacedNode<'a>, LayoutError> {
    let mut placed =
        PlacedNode { node, rect: Rect::default(), name: Vec::new(), subtitle: Vec::new(), inner: Vec::new() };
    let Shape::State(state) = &node.shape else {
        placed.rect = Rect { width: MARK, height: MARK, ..Rect::default() };
        return Ok(placed);
    };
    placed.name = text::name_lines(&state.name);
    placed.subtitle = text::subtitle_lines(&state.subtitle());
    // Names are bold, and so wider.
    let text_width = (widest(&placed.name, NAME_FONT) * 1.06).max(widest(&placed.subtitle, SUBTITLE_FONT));
    let points = if state.type_name == "Choice" { CHOICE_POINT } else { 0.0 };
    let header = placed.name.len() as f64 * NAME_LINE + placed.subtitle.len() as f64 * SUBTITLE_LINE;
    let mut size =
        Size { width: (text_width + 2.0 * (PADDING + points)).max(MIN_BOX), height: header + 2.0 * TEXT_PADDING };
    if !state.charts.is_empty() {
        let charts = state.charts.iter().map(|chart| place(chart, left)).collect::<Result<Vec<_>, _>>()?;
        size = arrange(charts, size, &mut placed.inner);
    }
    placed.rect = Rect { width: size.width, height: size.height, ..Rect::default() };
    Ok(placed)
}

/// Puts machines side by side below a header of the given size; returns the size of it all.
fn arrange<'a>(charts: Vec<Placed<'a>>, header: Size, inner: &mut Vec<(Point, Placed<'a>)>) -> Size {
    let inset = if charts.len() > 1 { PADDING } else { 0.0 };
    let mut at = Point { x: PADDING, y: header.height + PADDING };
    let mut row_height = 0.0_f64;
    let mut width = header.width;
    for chart in charts {
        let outer = Size { width: chart.size.width + 2.0 * inset, height: chart.size.height + 2.0 * inset };
        if at.x > PADDING && at.x + outer.width > MAX_BRANCHES_WIDTH {
            at = Point { x: PADDING, y: at.y + row_height + BRANCH_GAP };
            row_height = 0.0;
        }
        inner.push((Point { x: at.x + inset, y: at.y + inset }, chart));
        at.x += outer.width + BRANCH_GAP;
        row_height = row_height.max(outer.height);
        width = width.max(at.x - BRANCH_GAP + PADDING);
    }
    if let [(origin, only)] = inner.as_mut_slice() {
        origin.x = (width - only.size.width) / 2.0;
    }
    Size { width, height: at.y + row_height + PADDING }
}

/// Edges that lead from a node to itself.
struct Loops {
    /// By node: the room they need at its right side; as much is left free at the other, so that edges meet its middle.
    rooms: Vec<f64>,
    /// By edge: how far below the node's middle the loop stands.
    offsets: Vec<f64>,
}

impl Loops {
    /// Finds the loops; makes nodes high enough for them.
    fn of(chart: &Chart, labels: &[Option<Size>], nodes: &mut [PlacedNode<'_>]) -> Self {
        let mut loops = Loops { rooms: vec![0.0; nodes.len()], offsets: vec![0.0; chart.edges.len()] };
        let mut of_node: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
        for (index, edge) in chart.edges.iter().enumerate().filter(|(_, edge)| edge.from == edge.to) {
            of_node[edge.from].push(index);
        }
        for (node, edges) in of_node.iter().enumerate().filter(|(_, edges)| !edges.is_empty()) {
            let sizes = || edges.iter().filter_map(|&edge| labels[edge]);
            let step = sizes().map(|size| size.height + 8.0).fold(LOOP_STEP, f64::max);
            loops.rooms[node] = LOOP_REACH + sizes().map(|size| size.width).fold(0.0, f64::max);
            let count = edges.len() as f64;
            for (number, &edge) in edges.iter().enumerate() {
                loops.offsets[edge] = (number as f64 - (count - 1.0) / 2.0) * step;
            }
            nodes[node].rect.height = nodes[node].rect.height.max(count * step);
        }
        loops
    }
}
