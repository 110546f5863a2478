//! Layouts of any definition: nothing lies over anything else.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::tests::{chart, definition};
use super::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_lies_over_anything_else(bytes in vec(any::<u8>(), 0..250)) {
        let chart = chart(&definition(&bytes));
        check(&lay_out(&chart).expect("it is small"));
    }
}

fn check(machine: &Placed<'_>) {
    let nodes = machine.nodes.iter().map(|node| (node.node.title().to_owned(), node.rect));
    let labels = machine.edges.iter().filter_map(|edge| Some((edge.edge.label.clone(), edge.label.as_ref()?.rect)));
    let boxes: Vec<(String, Rect)> = nodes.chain(labels).collect();
    for (index, (name, rect)) in boxes.iter().enumerate() {
        assert!(rect.x >= -0.1 && rect.y >= -0.1, "{name}: {rect:?}");
        assert!(rect.right() <= machine.size.width + 0.1 && rect.bottom() <= machine.size.height + 0.1, "{name}");
        for (other, second) in &boxes[index + 1..] {
            assert!(!overlap(*rect, *second), "{name} {rect:?} and {other} {second:?}");
        }
    }
    for edge in &machine.edges {
        let points = points(&edge.route);
        for node in &machine.nodes {
            let through = points.iter().any(|point| inside(*point, node.rect));
            assert!(!through, "{} → {} goes through {}", edge.from.title(), edge.to.title(), node.node.title());
        }
        let (first, last) = (points[0], points[points.len() - 1]);
        assert!(touches(first, machine, edge.from.id), "{} → {}", edge.from.title(), edge.to.title());
        assert!(!edge.route.arrives || touches(last, machine, edge.to.id), "{:?} {last:?}", edge.to.title());
    }
    for node in &machine.nodes {
        let inner: Vec<Rect> = node
            .inner
            .iter()
            .map(|(at, inner)| Rect { x: at.x, y: at.y, width: inner.size.width, height: inner.size.height })
            .collect();
        for (index, rect) in inner.iter().enumerate() {
            assert!(
                rect.x >= PADDING - 0.1 && rect.right() <= node.rect.width - PADDING + 0.1,
                "{}",
                node.node.title()
            );
            assert!(rect.bottom() <= node.rect.height - PADDING + 0.1, "{}", node.node.title());
            for other in &inner[index + 1..] {
                assert!(!overlap(*rect, *other), "{}: {rect:?} {other:?}", node.node.title());
            }
        }
        node.inner.iter().for_each(|(_, inner)| check(inner));
    }
}

fn overlap(a: Rect, b: Rect) -> bool {
    a.x + 0.5 < b.right() && b.x + 0.5 < a.right() && a.y + 0.5 < b.bottom() && b.y + 0.5 < a.bottom()
}

fn inside(point: Point, rect: Rect) -> bool {
    point.x > rect.x + 0.5 && point.x < rect.right() - 0.5 && point.y > rect.y + 0.5 && point.y < rect.bottom() - 0.5
}

/// Is the point on the border of the node?
fn touches(point: Point, machine: &Placed<'_>, id: usize) -> bool {
    machine.nodes.iter().filter(|node| node.node.id == id).any(|node| {
        let Rect { x, y, .. } = node.rect;
        let (right, bottom) = (node.rect.right(), node.rect.bottom());
        let near = |a: f64, b: f64| (a - b).abs() < 0.1;
        let within = point.x >= x - 0.1 && point.x <= right + 0.1 && point.y >= y - 0.1 && point.y <= bottom + 0.1;
        within && (near(point.y, y) || near(point.y, bottom) || near(point.x, right))
    })
}

/// Points along a line.
fn points(route: &Route) -> Vec<Point> {
    let mut points = vec![route.start];
    for segment in &route.segments {
        let from = points[points.len() - 1];
        let at = |t: f64| match segment {
            Segment::Line(to) => Point { x: from.x + (to.x - from.x) * t, y: from.y + (to.y - from.y) * t },
            Segment::Curve(a, b, to) => {
                let (u, v) = (1.0 - t, t);
                let mix = |p: f64, q: f64, r: f64, s: f64| {
                    u * u * u * p + 3.0 * u * u * v * q + 3.0 * u * v * v * r + v * v * v * s
                };
                Point { x: mix(from.x, a.x, b.x, to.x), y: mix(from.y, a.y, b.y, to.y) }
            }
        };
        points.extend((1..=20).map(|step| at(f64::from(step) / 20.0)));
    }
    points
}
