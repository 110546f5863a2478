//! In which row each node of a machine stands, and which edges lead back up.

use super::super::picture::Chart;

/// The rows of a chart's nodes.
pub(super) struct Ranks {
    /// By node: the length of the longest way to it from the start, without edges that lead back.
    pub rows: Vec<usize>,
    /// By edge: leads back to a node from which one came, hence up.
    pub back: Vec<bool>,
    /// Nodes besides the start to which no way leads.
    pub stray: Vec<usize>,
}

/// Finds the rows. A self-loop counts as neither forward nor back.
pub(super) fn rank(chart: &Chart) -> Ranks {
    let mut walk = Walk::new(chart);
    let mut stray = Vec::new();
    for root in 0..chart.nodes.len() {
        if walk.marks[root] == Mark::New {
            walk.from(root);
            if root != 0 {
                stray.push(root);
            }
        }
    }
    let Walk { outgoing, back, finished, .. } = walk;
    let mut rows = vec![0; chart.nodes.len()];
    for &root in &stray {
        rows[root] = 1;
    }
    for &node in finished.iter().rev() {
        for &edge in outgoing[node].iter().filter(|&&edge| !back[edge]) {
            let to = chart.edges[edge].to;
            rows[to] = rows[to].max(rows[node] + 1);
        }
    }
    Ranks { rows, back, stray }
}

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    New,
    /// On the way from the root to where the walk is.
    Open,
    Done,
}

/// A depth-first walk, without recursion: a chain of states may be long.
struct Walk<'a> {
    chart: &'a Chart,
    /// Edges by the node they leave, without self-loops.
    outgoing: Vec<Vec<usize>>,
    marks: Vec<Mark>,
    back: Vec<bool>,
    /// Nodes in the order in which all was seen that follows them.
    finished: Vec<usize>,
}

impl<'a> Walk<'a> {
    fn new(chart: &'a Chart) -> Self {
        let mut outgoing = vec![Vec::new(); chart.nodes.len()];
        for (index, edge) in chart.edges.iter().enumerate().filter(|(_, edge)| edge.from != edge.to) {
            outgoing[edge.from].push(index);
        }
        let marks = vec![Mark::New; chart.nodes.len()];
        Walk { chart, outgoing, marks, back: vec![false; chart.edges.len()], finished: Vec::new() }
    }

    fn from(&mut self, root: usize) {
        self.marks[root] = Mark::Open;
        let mut way = vec![(root, 0)];
        while let Some((node, next)) = way.last_mut() {
            let Some(&edge) = self.outgoing[*node].get(*next) else {
                self.marks[*node] = Mark::Done;
                self.finished.push(*node);
                way.pop();
                continue;
            };
            *next += 1;
            let to = self.chart.edges[edge].to;
            match self.marks[to] {
                Mark::Open => self.back[edge] = true,
                Mark::New => {
                    self.marks[to] = Mark::Open;
                    way.push((to, 0));
                }
                Mark::Done => {}
            }
        }
    }
}
