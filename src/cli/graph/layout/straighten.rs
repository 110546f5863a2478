//! Takes out detours that the library leaves: what stands in one straight line moves, as a whole, to where its other
//! ends are, as far as its neighbours in the rows let it. Orders and gaps stay.

use super::rows::GAP;
use super::weave::Weave;

const SWEEPS: usize = 8;
/// What is nearer than this is straight.
const STRAIGHT: f64 = 0.5;

/// Moves vertices; `xs` are their middles.
pub(super) fn straighten(weave: &Weave, xs: &mut [f64]) {
    let neighbours = neighbours(weave, xs);
    let linked = linked(weave);
    for sweep in 0..SWEEPS {
        let mut blocks = blocks(&linked, xs);
        if sweep % 2 == 1 {
            blocks.reverse();
        }
        let mut moved = false;
        for block in &blocks {
            moved |= settle(block, &linked, &neighbours, weave, xs);
        }
        if !moved {
            break;
        }
    }
}

/// Moves a block to the median of what it is linked to; tells whether it went anywhere.
fn settle(
    block: &[usize],
    linked: &[Vec<usize>],
    neighbours: &[(Option<usize>, Option<usize>)],
    weave: &Weave,
    xs: &mut [f64],
) -> bool {
    let here = xs[block[0]];
    let others = block.iter().flat_map(|&vertex| &linked[vertex]).map(|&other| xs[other]);
    let mut ends: Vec<f64> = others.filter(|x| (x - here).abs() >= STRAIGHT).collect();
    if ends.is_empty() {
        return false;
    }
    ends.sort_by(f64::total_cmp);
    let (low, high) = (ends[(ends.len() - 1) / 2], ends[ends.len() / 2]);
    let mut wish = here.clamp(low, high);
    if wish != here && low < high {
        wish = f64::midpoint(low, high);
    }
    let room = |a: usize, b: usize| f64::midpoint(weave.vertices[a].size.width, weave.vertices[b].size.width) + GAP;
    for &vertex in block {
        let (left, right) = neighbours[vertex];
        wish = right.map_or(wish, |right| wish.min((xs[right] - room(vertex, right)).max(here)));
        wish = left.map_or(wish, |left| wish.max((xs[left] + room(left, vertex)).min(here)));
    }
    for &vertex in block {
        xs[vertex] = wish;
    }
    (wish - here).abs() >= STRAIGHT
}

/// By vertex: those next to it in its row.
fn neighbours(weave: &Weave, xs: &[f64]) -> Vec<(Option<usize>, Option<usize>)> {
    let mut order: Vec<usize> = (0..xs.len()).collect();
    order.sort_by(|a, b| weave.vertices[*a].row.cmp(&weave.vertices[*b].row).then(xs[*a].total_cmp(&xs[*b])));
    let mut neighbours = vec![(None, None); xs.len()];
    for pair in order.windows(2) {
        let &[left, right] = pair else { continue };
        if weave.vertices[left].row == weave.vertices[right].row {
            neighbours[left].1 = Some(right);
            neighbours[right].0 = Some(left);
        }
    }
    neighbours
}

fn linked(weave: &Weave) -> Vec<Vec<usize>> {
    let mut linked = vec![Vec::new(); weave.vertices.len()];
    for &(upper, lower) in &weave.links {
        linked[upper].push(lower);
        linked[lower].push(upper);
    }
    linked
}

/// Vertices that straight links join.
fn blocks(linked: &[Vec<usize>], xs: &[f64]) -> Vec<Vec<usize>> {
    let mut seen = vec![false; xs.len()];
    let mut blocks = Vec::new();
    for first in 0..xs.len() {
        if std::mem::replace(&mut seen[first], true) {
            continue;
        }
        let mut block = vec![first];
        let mut next = 0;
        while let Some(&vertex) = block.get(next) {
            next += 1;
            for &other in &linked[vertex] {
                if (xs[other] - xs[first]).abs() < STRAIGHT && !std::mem::replace(&mut seen[other], true) {
                    block.push(other);
                }
            }
        }
        blocks.push(block);
    }
    blocks
}
