//! Coordinates of the vertices: across by the layout library, down by the heights of the rows.

use rust_sugiyama::configure::{Config, CrossingMinimization, RankingType};
use rust_sugiyama::from_vertices_and_edges;

use super::Size;
use super::straighten::straighten;
use super::weave::Weave;

/// Between vertices of a row.
pub(super) const GAP: f64 = 26.0;
/// Between rows.
const ROW_GAP: f64 = 17.0;
/// How much farther rows stand apart for each unit that an edge goes across, and at most.
const ROW_GAP_SLOPE: f64 = 0.05;
const MAX_EXTRA_GAP: f64 = 36.0;
/// Above this many vertices, a single way is tried, without the step that takes the library longest.
const MAX_THOROUGH: usize = 2_000;
/// How to look for an order of the vertices: the library stops at the first one that small changes don't better.
/// It goes through the links of a vertex from the last one, so with reversed links the first rule comes out leftmost.
const WAYS: [(CrossingMinimization, bool); 4] = [
    (CrossingMinimization::Barycenter, true),
    (CrossingMinimization::Median, true),
    (CrossingMinimization::Barycenter, false),
    (CrossingMinimization::Median, false),
];
/// A crossing is as bad as this many units that an edge goes across.
const CROSSING_COST: f64 = 400.0;

/// Where rows and vertices stand.
pub(super) struct Rows {
    /// By vertex: its middle.
    pub xs: Vec<f64>,
    /// By row: upper and lower border.
    pub borders: Vec<(f64, f64)>,
    /// Of it all.
    pub size: Size,
}

impl Rows {
    pub(super) fn new(weave: &Weave) -> Self {
        let (xs, width) = across(weave);
        let borders = down(weave, &xs);
        let height = borders.last().map_or(0.0, |(_, lower)| *lower);
        Rows { xs, borders, size: Size { width, height } }
    }

    /// The middle of a row.
    pub(super) fn middle(&self, row: usize) -> f64 {
        let (upper, lower) = self.borders[row];
        f64::midpoint(upper, lower)
    }
}

/// The middles of all vertices, the leftmost border being 0, and the width.
fn across(weave: &Weave) -> (Vec<f64>, f64) {
    let ways = if weave.vertices.len() <= MAX_THOROUGH { WAYS.as_slice() } else { &WAYS[..1] };
    let mut best = (f64::INFINITY, Vec::new());
    for &(reduction, reversed) in ways {
        let xs = solve(weave, reduction, reversed);
        let cost = cost(weave, &xs);
        // A way that is hardly better isn't worth another order of the rules.
        if best.1.is_empty() || cost < best.0 * 0.9 {
            best = (cost, xs);
        }
    }
    let (_, mut xs) = best;
    straighten(weave, &mut xs);
    let half = |index: usize| weave.vertices[index].size.width / 2.0;
    let left = xs.iter().enumerate().map(|(index, x)| x - half(index)).fold(f64::INFINITY, f64::min);
    for x in &mut xs {
        *x -= left;
    }
    let right = xs.iter().enumerate().map(|(index, x)| x + half(index)).fold(0.0, f64::max);
    (xs, right)
}

/// The middles of all vertices as the library finds them.
fn solve(weave: &Weave, reduction: CrossingMinimization, reversed: bool) -> Vec<f64> {
    let config = Config {
        minimum_length: 1,
        vertex_spacing: GAP,
        dummy_vertices: true,
        dummy_size: 1.0,
        // Every link leads to the next row and all start from one vertex, so the rows that it finds are ours.
        ranking_type: RankingType::Up,
        c_minimization: reduction,
        transpose: weave.vertices.len() <= MAX_THOROUGH,
    };
    // The bound on vertices is far below what a u32 holds.
    let sizes: Vec<(u32, (f64, f64))> = weave
        .vertices
        .iter()
        .enumerate()
        .map(|(index, vertex)| (index as u32, (vertex.size.width, vertex.size.height)))
        .collect();
    let mut links: Vec<(u32, u32)> = weave.links.iter().map(|&(upper, lower)| (upper as u32, lower as u32)).collect();
    if reversed {
        links.reverse();
    }
    let mut xs = vec![0.0; weave.vertices.len()];
    for (vertex, (x, _)) in from_vertices_and_edges(&sizes, &links, &config).into_iter().flat_map(|(part, ..)| part) {
        xs[vertex] = x;
    }
    xs
}

/// How bad it looks: crossings, and how far edges go across.
fn cost(weave: &Weave, xs: &[f64]) -> f64 {
    let mut links: Vec<(usize, f64, f64)> =
        weave.links.iter().map(|&(upper, lower)| (weave.vertices[upper].row, xs[upper], xs[lower])).collect();
    links.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2)));
    let mut crossings = 0_u32;
    for row in links.chunk_by(|a, b| a.0 == b.0) {
        for (index, (_, upper, lower)) in row.iter().enumerate() {
            let crossed = row[index + 1..].iter().filter(|(_, second, below)| second > upper && below < lower);
            crossings += crossed.count() as u32;
        }
    }
    let across: f64 = links.iter().map(|(_, upper, lower)| (upper - lower).abs()).sum();
    f64::from(crossings) * CROSSING_COST + across
}

/// Upper and lower borders of all rows.
fn down(weave: &Weave, xs: &[f64]) -> Vec<(f64, f64)> {
    let count = weave.vertices.iter().map(|vertex| vertex.row + 1).max().unwrap_or(0);
    let mut heights = vec![0.0_f64; count];
    for vertex in &weave.vertices {
        heights[vertex.row] = heights[vertex.row].max(vertex.size.height);
    }
    let mut gaps = vec![ROW_GAP; count];
    for &(upper, lower) in &weave.links {
        let extra = ((xs[upper] - xs[lower]).abs() * ROW_GAP_SLOPE).min(MAX_EXTRA_GAP);
        let gap = &mut gaps[weave.vertices[upper].row];
        *gap = gap.max(ROW_GAP + extra);
    }
    let mut at = 0.0;
    let place = |(height, gap): (f64, f64)| {
        let upper = at;
        at += height + gap;
        (upper, upper + height)
    };
    heights.into_iter().zip(gaps).map(place).collect()
}
