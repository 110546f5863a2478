//! The graph that the layout library places: the nodes of a machine, and the vertices through which its edges go.
//!
//! Nodes stand in even rows, labels in odd ones, and every link leads from a row to the next one. So edges of any
//! length get room of their own, and none crosses a node. Edges to the same target that pass a row share a lane there.

use std::collections::HashMap;

use super::super::picture::{Chart, EdgeKind};
use super::rank::Ranks;
use super::{LayoutError, Size};

/// Vertices and links.
pub(super) struct Weave {
    /// The chart's nodes come first, by their indices.
    pub vertices: Vec<Vertex>,
    /// From a vertex to one in the next row.
    pub links: Vec<(usize, usize)>,
    /// By edge of the chart; `None` for a self-loop.
    pub threads: Vec<Option<Thread>>,
    lanes: HashMap<Lane, usize>,
}

pub(super) struct Vertex {
    pub row: usize,
    pub size: Size,
}

/// The way of an edge.
pub(super) struct Thread {
    /// From the source to the target, or to the lane that another edge has drawn already.
    pub vertices: Vec<usize>,
    /// Ends in the target, not in a lane.
    pub arrives: bool,
}

/// What edges share in a row.
#[derive(PartialEq, Eq, Hash)]
struct Lane {
    target: usize,
    catch: bool,
    back: bool,
    row: usize,
}

impl Weave {
    /// `sizes` are those of the nodes; `labels` those of the edges' labels, `None` where there is none.
    /// `left` is how many vertices the picture may still have.
    pub(super) fn new(
        chart: &Chart,
        ranks: &Ranks,
        sizes: &[Size],
        labels: &[Option<Size>],
        left: &mut usize,
    ) -> Result<Self, LayoutError> {
        let nodes = ranks.rows.iter().zip(sizes);
        let vertices = nodes.map(|(row, &size)| Vertex { row: row * 2, size }).collect();
        let mut weave = Weave { vertices, links: Vec::new(), threads: Vec::new(), lanes: HashMap::new() };
        for (index, edge) in chart.edges.iter().enumerate() {
            let thread = (edge.from != edge.to).then(|| {
                weave.thread(edge.from, edge.to, edge.kind == EdgeKind::Catch, ranks.back[index], labels[index])
            });
            weave.threads.push(thread);
            if weave.vertices.len() > *left {
                return Err(LayoutError::TooLarge);
            }
        }
        // The library needs one connected graph, else it would lay out the parts each for itself.
        for &stray in &ranks.stray {
            weave.thread(0, stray, false, false, None);
        }
        *left = left.saturating_sub(weave.vertices.len());
        Ok(weave)
    }

    fn thread(&mut self, from: usize, target: usize, catch: bool, back: bool, label: Option<Size>) -> Thread {
        let last = self.vertices[target].row;
        let step = |row: usize| if back { row.saturating_sub(1) } else { row + 1 };
        let mut row = step(self.vertices[from].row);
        let mut thread = Thread { vertices: vec![from], arrives: false };
        if let Some(size) = label {
            let vertex = self.vertex(Vertex { row, size });
            self.go(&mut thread, vertex, back);
            row = step(row);
        }
        while row != last {
            let lane = Lane { target, catch, back, row };
            if let Some(&vertex) = self.lanes.get(&lane) {
                self.go(&mut thread, vertex, back);
                return thread;
            }
            let vertex = self.vertex(Vertex { row, size: Size::default() });
            self.lanes.insert(lane, vertex);
            self.go(&mut thread, vertex, back);
            row = step(row);
        }
        self.go(&mut thread, target, back);
        thread.arrives = true;
        thread
    }

    fn vertex(&mut self, vertex: Vertex) -> usize {
        self.vertices.push(vertex);
        self.vertices.len() - 1
    }

    fn go(&mut self, thread: &mut Thread, to: usize, back: bool) {
        if let Some(&from) = thread.vertices.last() {
            self.links.push(if back { (to, from) } else { (from, to) });
        }
        thread.vertices.push(to);
    }
}
