//! The lines of the edges, through the vertices that were placed for them.

use std::collections::HashMap;

use super::rows::Rows;
use super::weave::{Thread, Weave};
use super::{LOOP_REACH, Point, Rect, Size};

/// Between the ends of edges at the same side of a node, at most.
const PORT_GAP: f64 = 18.0;
/// Of a node's side, what stays free at each end.
const PORT_MARGIN: f64 = 22.0;

/// How far from the middle of a side an edge that is alone there may end, so as to be straight.
const STRAIGHTEN: f64 = 20.0;

/// A line with its bends.
pub(crate) struct Route {
    pub start: Point,
    pub segments: Vec<Segment>,
    /// Ends in its target, hence with an arrow head; else in the line of another edge that goes there.
    pub arrives: bool,
}

pub(crate) enum Segment {
    Line(Point),
    /// A cubic curve: two control points and the end.
    Curve(Point, Point, Point),
}

/// By edge: its line, and the middle of its label. `None` for self-loops.
pub(super) fn routes(weave: &Weave, rows: &Rows, nodes: &[Rect]) -> Vec<Option<(Route, Point)>> {
    let router = Router { weave, rows, nodes, ports: ports(weave, rows, nodes) };
    weave.threads.iter().map(|thread| thread.as_ref().map(|thread| router.route(thread))).collect()
}

/// The loop at the right side of a node and the middle of its label; `offset` is how far below the middle it stands.
pub(super) fn self_loop(node: Rect, offset: f64, label: Size) -> (Route, Point) {
    let (right, y) = (node.right(), node.center().y + offset);
    let at = |x: f64, dy: f64| Point { x: right + x, y: y + dy };
    let curve = Segment::Curve(at(LOOP_REACH, -14.0), at(LOOP_REACH, 14.0), at(0.0, 8.0));
    let middle = at(LOOP_REACH - 4.0 + label.width / 2.0, 0.0);
    (Route { start: at(0.0, -8.0), segments: vec![curve], arrives: true }, middle)
}

/// Where an edge meets a node: node and the next vertex of the edge → x.
type Ports = HashMap<(usize, usize), f64>;

/// Spreads the edges over the upper and lower sides of their nodes, in the order in which they come.
fn ports(weave: &Weave, rows: &Rows, nodes: &[Rect]) -> Ports {
    let mut ends: Vec<[Vec<usize>; 2]> = nodes.iter().map(|_| [Vec::new(), Vec::new()]).collect();
    for &(upper, lower) in &weave.links {
        if let Some(sides) = ends.get_mut(upper) {
            sides[1].push(lower);
        }
        if let Some(sides) = ends.get_mut(lower) {
            sides[0].push(upper);
        }
    }
    let mut ports = Ports::new();
    for (node, sides) in ends.iter_mut().enumerate() {
        for side in sides {
            side.sort_by(|a, b| rows.xs[*a].total_cmp(&rows.xs[*b]).then(a.cmp(b)));
            side.dedup();
            let room = (nodes[node].width - 2.0 * PORT_MARGIN).max(0.0);
            let gaps = side.len().saturating_sub(1) as f64;
            let gap = if gaps > 0.0 { PORT_GAP.min(room / gaps) } else { 0.0 };
            let mut left = nodes[node].center().x - gap * gaps / 2.0;
            // An edge that is alone may as well go straight on.
            if let [vertex] = side.as_slice()
                && (rows.xs[*vertex] - left).abs() <= STRAIGHTEN.min(room / 2.0)
            {
                left = rows.xs[*vertex];
            }
            let spread = side.iter().enumerate();
            ports.extend(spread.map(|(index, &vertex)| ((node, vertex), left + gap * index as f64)));
        }
    }
    ports
}

struct Router<'a> {
    weave: &'a Weave,
    rows: &'a Rows,
    nodes: &'a [Rect],
    ports: Ports,
}

impl Router<'_> {
    fn route(&self, thread: &Thread) -> (Route, Point) {
        let mut pen = Pen::default();
        let mut middle = Point::default();
        for (index, &vertex) in thread.vertices.iter().enumerate() {
            let last = index + 1 == thread.vertices.len();
            let row = self.weave.vertices[vertex].row;
            let (upper, lower) = self.rows.borders[row];
            let before = index.checked_sub(1).map(|before| thread.vertices[before]);
            let after = thread.vertices.get(index + 1).copied();
            let down = match (before, after) {
                (_, Some(after)) => self.weave.vertices[after].row > row,
                (Some(before), None) => self.weave.vertices[before].row < row,
                (None, None) => true,
            };
            let (enter, leave) = if down { (upper, lower) } else { (lower, upper) };
            if let Some(node) = self.nodes.get(vertex) {
                let near = |far: bool| if far == down { node.bottom() } else { node.y };
                if let Some(before) = before {
                    let x = self.port(vertex, before);
                    pen.bend(Point { x, y: enter });
                    pen.line(Point { x, y: near(false) });
                } else if let Some(after) = after {
                    let x = self.port(vertex, after);
                    pen.start(Point { x, y: near(true) });
                    pen.line(Point { x, y: leave });
                }
                continue;
            }
            let x = self.rows.xs[vertex];
            if index == 1 {
                middle = Point { x, y: self.rows.middle(row) };
            }
            pen.bend(Point { x, y: enter });
            if !last {
                pen.line(Point { x, y: leave });
            }
        }
        (Route { start: pen.start, segments: pen.segments, arrives: thread.arrives }, middle)
    }

    fn port(&self, node: usize, vertex: usize) -> f64 {
        self.ports.get(&(node, vertex)).copied().unwrap_or_else(|| self.nodes[node].center().x)
    }
}

/// Draws a line that is vertical at every vertex.
#[derive(Default)]
struct Pen {
    start: Point,
    at: Point,
    segments: Vec<Segment>,
}

impl Pen {
    fn start(&mut self, at: Point) {
        self.start = at;
        self.at = at;
    }

    fn bend(&mut self, to: Point) {
        if (to.x - self.at.x).abs() < 0.5 {
            return self.line(to);
        }
        let y = f64::midpoint(self.at.y, to.y);
        self.segments.push(Segment::Curve(Point { x: self.at.x, y }, Point { x: to.x, y }, to));
        self.at = to;
    }

    fn line(&mut self, to: Point) {
        if to == self.at {
            return;
        }
        if let Some(Segment::Line(end)) = self.segments.last_mut()
            && (end.x - to.x).abs() < 0.5
        {
            *end = to;
        } else {
            self.segments.push(Segment::Line(to));
        }
        self.at = to;
    }
}
