//! A picture as SVG.

use std::fmt::Write;

use super::layout::{
    self, LABEL_LINE, LayoutError, NAME_LINE, PADDING, Placed, PlacedEdge, PlacedLabel, PlacedNode, Point, Rect, Route,
    SUBTITLE_LINE, Segment, Size, TEXT_PADDING,
};
use super::picture::{Chart, EdgeKind, Shape};

/// Around the whole picture.
const MARGIN: f64 = 20.0;

const STYLE: &str = include_str!("style.css");

const MARKERS: &str = r##"<defs>
<marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="head" d="M0 0.5 8 4 0 7.5z"/></marker>
<marker id="arrow-catch" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="head catch" d="M0 0.5 8 4 0 7.5z"/></marker>
</defs>
"##;

/// The whole document; `title` tells people and screen readers what it shows.
pub(super) fn svg(chart: &Chart, title: &str) -> Result<String, LayoutError> {
    let placed = layout::lay_out(chart)?;
    let size = Size { width: placed.size.width + 2.0 * MARGIN, height: placed.size.height + 2.0 * MARGIN };
    let mut svg = Svg { out: String::new() };
    let (width, height) = (number(size.width), number(size.height));
    svg.put(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n{MARKERS}\
         <rect class=\"page\" width=\"{width}\" height=\"{height}\"/>\n",
        escaped(title)
    ));
    svg.machine(&placed, Point { x: MARGIN, y: MARGIN });
    svg.out.push_str("</svg>\n");
    Ok(svg.out)
}

struct Svg {
    out: String,
}

impl Svg {
    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a String can't fail.
        let _ = self.out.write_fmt(text);
    }

    /// Boxes, then lines, then labels on top of all lines.
    fn machine(&mut self, machine: &Placed<'_>, origin: Point) {
        self.put(format_args!("<g transform=\"translate({} {})\">\n", number(origin.x), number(origin.y)));
        for node in &machine.nodes {
            self.node(node);
        }
        for edge in &machine.edges {
            self.edge(edge);
        }
        for edge in &machine.edges {
            if let Some(label) = &edge.label {
                self.label(label, edge.edge.kind);
            }
        }
        self.out.push_str("</g>\n");
    }

    fn node(&mut self, node: &PlacedNode<'_>) {
        let middle = node.rect.center();
        let (x, y) = (number(middle.x), number(middle.y));
        match &node.node.shape {
            Shape::Start => self.put(format_args!(
                "<g class=\"mark\" data-id=\"{}\"><title>Start</title><circle cx=\"{x}\" cy=\"{y}\" r=\"7\"/></g>\n",
                node.node.id
            )),
            Shape::End => self.put(format_args!(
                "<g class=\"mark end\" data-id=\"{}\"><title>End</title><circle cx=\"{x}\" cy=\"{y}\" r=\"7\"/>\
                 <circle class=\"dot\" cx=\"{x}\" cy=\"{y}\" r=\"3.5\"/></g>\n",
                node.node.id
            )),
            Shape::State(state) => {
                let class = state.type_name.to_ascii_lowercase();
                self.put(format_args!(
                    "<g class=\"state {class}\" data-id=\"{}\"><title>{}</title>\n",
                    node.node.id,
                    escaped(&format!("{} ({})", state.name, state.subtitle()))
                ));
                if state.charts.is_empty() {
                    self.leaf(node, state.type_name);
                } else {
                    self.frame(node);
                }
                self.out.push_str("</g>\n");
            }
        }
    }

    fn leaf(&mut self, node: &PlacedNode<'_>, type_name: &str) {
        match type_name {
            "Choice" => self.hexagon(node.rect),
            "Succeed" | "Fail" => self.rect("box", node.rect, node.rect.height / 2.0),
            _ => self.rect("box", node.rect, 6.0),
        }
        let middle = node.rect.center();
        let text = node.name.len() as f64 * NAME_LINE + node.subtitle.len() as f64 * SUBTITLE_LINE;
        self.lines(&node.name, &node.subtitle, Point { x: middle.x, y: middle.y - text / 2.0 });
    }

    fn frame(&mut self, node: &PlacedNode<'_>) {
        let text = node.name.len() as f64 * NAME_LINE + node.subtitle.len() as f64 * SUBTITLE_LINE;
        self.rect("frame", node.rect, 8.0);
        let Rect { x, y, width, .. } = node.rect;
        let bottom = number(y + text + 2.0 * TEXT_PADDING);
        self.put(format_args!("<path class=\"rule\" d=\"M{} {bottom}H{}\"/>\n", number(x), number(x + width)));
        self.lines(&node.name, &node.subtitle, Point { x: node.rect.center().x, y: y + TEXT_PADDING });
        for (origin, machine) in &node.inner {
            let origin = Point { x: x + origin.x, y: y + origin.y };
            if node.inner.len() > 1 {
                let branch = Rect {
                    x: origin.x - PADDING,
                    y: origin.y - PADDING,
                    width: machine.size.width + 2.0 * PADDING,
                    height: machine.size.height + 2.0 * PADDING,
                };
                self.rect("branch", branch, 6.0);
            }
            self.machine(machine, origin);
        }
    }

    fn rect(&mut self, class: &str, rect: Rect, radius: f64) {
        self.put(format_args!(
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\"/>\n",
            number(rect.x),
            number(rect.y),
            number(rect.width),
            number(rect.height),
            number(radius)
        ));
    }

    fn hexagon(&mut self, rect: Rect) {
        let (left, right, middle) = (rect.x, rect.right(), rect.center().y);
        let corner = layout::CHOICE_POINT;
        let points = [
            (left, middle),
            (left + corner, rect.y),
            (right - corner, rect.y),
            (right, middle),
            (right - corner, rect.bottom()),
            (left + corner, rect.bottom()),
        ];
        let points = points.map(|(x, y)| format!("{},{}", number(x), number(y))).join(" ");
        self.put(format_args!("<polygon class=\"box\" points=\"{points}\"/>\n"));
    }

    /// The texts of a state, centred at `top.x`, below `top.y`.
    fn lines(&mut self, name: &[String], subtitle: &[String], top: Point) {
        let mut y = top.y;
        for (lines, class, height) in [(name, "name", NAME_LINE), (subtitle, "type", SUBTITLE_LINE)] {
            for line in lines {
                y += height;
                self.text(class, line, Point { x: top.x, y: y - height * 0.27 });
            }
        }
    }

    fn text(&mut self, class: &str, text: &str, at: Point) {
        self.put(format_args!(
            "<text class=\"{class}\" x=\"{}\" y=\"{}\">{}</text>\n",
            number(at.x),
            number(at.y),
            escaped(text)
        ));
    }

    fn edge(&mut self, placed: &PlacedEdge<'_>) {
        let edge = placed.edge;
        let (from, to) = (placed.from, placed.to);
        let title = match edge.label.as_str() {
            "" => format!("{} → {}", from.title(), to.title()),
            label => format!("{} → {}: {label}", from.title(), to.title()),
        };
        let (class, marker) = match edge.kind {
            EdgeKind::Catch => ("edge catch", "arrow-catch"),
            EdgeKind::Next | EdgeKind::Rule | EdgeKind::Default => ("edge", "arrow"),
        };
        let marker = if placed.route.arrives { format!(" marker-end=\"url(#{marker})\"") } else { String::new() };
        self.put(format_args!(
            "<path class=\"{class}\" data-from=\"{}\" data-to=\"{}\" d=\"{}\"{marker}><title>{}</title></path>\n",
            from.id,
            to.id,
            path(&placed.route),
            escaped(&title)
        ));
    }

    fn label(&mut self, label: &PlacedLabel, kind: EdgeKind) {
        let class = if kind == EdgeKind::Catch { "label catch" } else { "label" };
        let middle = label.rect.center();
        self.put(format_args!("<g class=\"{class}\">"));
        self.rect("back", label.rect, 3.0);
        let top = middle.y - label.lines.len() as f64 * LABEL_LINE / 2.0;
        for (index, line) in label.lines.iter().enumerate() {
            let y = top + (index as f64 + 0.74) * LABEL_LINE;
            self.text("text", line, Point { x: middle.x, y });
        }
        self.out.push_str("</g>\n");
    }
}

fn path(route: &Route) -> String {
    let point = |point: &Point| format!("{} {}", number(point.x), number(point.y));
    let mut path = format!("M{}", point(&route.start));
    for segment in &route.segments {
        match segment {
            Segment::Line(to) => path.push_str(&format!("L{}", point(to))),
            Segment::Curve(a, b, to) => path.push_str(&format!("C{} {} {}", point(a), point(b), point(to))),
        }
    }
    path
}

/// A coordinate: a tenth of a pixel is enough.
fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Text for elements and attributes. What XML can't hold becomes a replacement character.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
