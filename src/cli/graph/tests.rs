//! What holds for pictures of any definition: every state and every transition is there once, in every format.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::picture::{Chart, EdgeKind, Node};
use super::{dot, mermaid, svg};
use crate::asl;

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_state_and_every_transition_is_there_once_in_every_format(bytes in vec(any::<u8>(), 0..250)) {
        let definition = definition(&bytes);
        let chart = chart(&definition);
        let names = names(&chart);
        let states: Vec<String> = expected_states(&definition);
        prop_assert_eq!(sorted(names.values().filter(|name| !name.starts_with('(')).cloned()), sorted(states.clone()));
        let edges = expected_edges(&definition);
        let svg = svg::svg(&chart, "title").expect("it is small");
        check_xml(&svg);
        let svg_ids = |key: &str| numbers_after(&svg, &format!(" {key}=\""));
        prop_assert_eq!(sorted(svg_ids("data-id")), sorted(names.keys().copied()));
        let pairs = svg_ids("data-from").into_iter().zip(svg_ids("data-to"));
        prop_assert_eq!(sorted(pairs.map(|(from, to)| (names[&from].clone(), names[&to].clone()))), edges.clone());
        for name in &states {
            let escaped = name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
            prop_assert_eq!(svg.matches(&format!("<title>{escaped} (")).count(), 1, "{}", name);
        }

        let mermaid = mermaid::mermaid(&chart);
        let (nodes, arrows) = lines(&mermaid, &["-->", "-.->"]);
        prop_assert_eq!(sorted(nodes), sorted(names.keys().copied()), "{}", &mermaid);
        prop_assert_eq!(sorted(arrows.into_iter().map(|(a, b)| (names[&a].clone(), names[&b].clone()))), edges.clone());

        let dot = dot::dot(&chart, "title");
        let (nodes, arrows) = lines(&dot, &["->"]);
        prop_assert_eq!(sorted(nodes), sorted(names.keys().copied()), "{}", &dot);
        prop_assert_eq!(arrows.len(), edges.len());

        prop_assert_eq!(svg::svg(&chart, "title").expect("it is small"), svg);
        let again = self::chart(&definition);
        prop_assert_eq!(mermaid::mermaid(&again), mermaid);
        prop_assert_eq!(dot::dot(&again, "title"), dot);
    }
}

#[test]
fn edges_tell_rules_defaults_and_errors() {
    let definition = json!({"StartAt": "T", "States": {
        "T": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Next": "C",
            "Catch": [{"ErrorEquals": ["A", "B"], "Next": "C"}]},
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.x", "NumericEquals": 1, "Next": "F"}], "Default": "S"},
        "F": {"Type": "Fail"},
        "S": {"Type": "Succeed"},
    }});
    let chart = chart(&definition);
    let edges: Vec<_> = chart.edges.iter().map(|edge| (edge.from, edge.to, edge.kind, edge.label.as_str())).collect();
    let expected = [
        (0, 1, EdgeKind::Next, ""),
        (1, 2, EdgeKind::Next, ""),
        (1, 2, EdgeKind::Catch, "A, B"),
        (2, 3, EdgeKind::Rule, "$.x = 1"),
        (2, 4, EdgeKind::Default, "default"),
        (4, 5, EdgeKind::Next, ""),
    ];
    assert_eq!(edges, expected);
}

#[test]
fn a_chain_of_thousands_of_states_is_drawn() {
    let chart = chart(&chain(5_000, |_| Map::new()));
    let svg = svg::svg(&chart, "title").expect("it is within the bounds");
    assert_eq!(svg.matches("class=\"edge\"").count(), 5_001);
}

#[test]
fn errors_of_many_states_share_one_lane() {
    let catch = |_| Map::from_iter([("Catch".to_owned(), json!([{"ErrorEquals": ["States.ALL"], "Next": "s0"}]))]);
    let chart = chart(&chain(1_000, catch));
    let svg = svg::svg(&chart, "title").expect("it is within the bounds");
    assert_eq!(svg.matches("class=\"edge catch\"").count(), 1_000);
}

#[test]
fn what_takes_too_long_to_lay_out_is_refused_with_advice() {
    // Each leads far down to a target of its own, so none can share a lane.
    let definition = chain(1_000, |index| match index {
        0..400 => {
            let target = format!("s{}", index + 500);
            Map::from_iter([("Catch".to_owned(), json!([{"ErrorEquals": ["States.ALL"], "Next": target}]))])
        }
        _ => Map::new(),
    });
    let fault = svg::svg(&chart(&definition), "title").expect_err("it is too large");
    assert!(fault.to_string().contains("--format dot"), "{fault}");
}

/// Tasks one after the other.
fn chain(count: usize, more: impl Fn(usize) -> Map<String, Value>) -> Value {
    let state = |index| {
        let mut state = more(index);
        state.insert("Type".to_owned(), "Task".into());
        state.insert("Resource".to_owned(), "arn:aws:states:::sns:publish".into());
        let (key, value) =
            if index + 1 < count { ("Next", format!("s{}", index + 1).into()) } else { ("End", true.into()) };
        state.insert(key.to_owned(), value);
        (format!("s{index}"), Value::Object(state))
    };
    json!({"StartAt": "s0", "States": Map::from_iter((0..count).map(state))})
}

/// The chart of a definition that is valid.
pub(super) fn chart(definition: &Value) -> Chart {
    let outcome = asl::read(&definition.to_string());
    let definition = outcome.definition.unwrap_or_else(|| panic!("{:?}\n{definition:#}", outcome.diagnostics));
    Chart::of(&definition)
}

/// A valid definition drawn from bytes.
pub(super) fn definition(bytes: &[u8]) -> Value {
    Drawn { bytes: bytes.iter(), states: 0 }.machine(0)
}

const NASTY: [&str; 8] =
    ["", " <b>&amp;", " \"q\" \\n", " {x} [y] | `z`", " #1; %% -->", " end", " größe 中文 🎉", " ]]> &"];

struct Drawn<'a> {
    bytes: std::slice::Iter<'a, u8>,
    states: usize,
}

impl Drawn<'_> {
    fn roll(&mut self, sides: usize) -> usize {
        self.bytes.next().map_or(0, |byte| usize::from(*byte) % sides)
    }

    /// A chain of states, so that each can be reached, with further transitions to anywhere.
    fn machine(&mut self, depth: usize) -> Value {
        let count = 1 + self.roll(if depth == 0 { 9 } else { 4 });
        let names: Vec<String> = (0..count).map(|_| self.name()).collect();
        let states: Vec<(String, Value)> =
            (0..count).map(|index| (names[index].clone(), self.state(index, &names, depth))).collect();
        json!({"StartAt": names[0], "States": Map::from_iter(states)})
    }

    fn name(&mut self) -> String {
        self.states += 1;
        let ending = NASTY[self.roll(NASTY.len())];
        format!("s{}{ending}", self.states)
    }

    fn state(&mut self, index: usize, names: &[String], depth: usize) -> Value {
        let next = names.get(index + 1);
        let kind = self.roll(if depth < 2 { 6 } else { 4 });
        let mut state = match (kind, next) {
            (0, None) => return json!({"Type": "Succeed"}),
            (1, Some(next)) => {
                let rule = json!({"Variable": "$.a<b", "NumericGreaterThan": 1});
                let rules: Vec<Value> = (0..=self.roll(4))
                    .map(|_| {
                        let target = &names[self.roll(names.len())];
                        json!({"Not": rule, "Next": target})
                    })
                    .collect();
                return json!({"Type": "Choice", "Choices": rules, "Default": next});
            }
            (2, _) => json!({"Type": "Wait", "Seconds": 1}),
            (3, _) => json!({"Type": "Task", "Resource": "arn:aws:states:::sns:publish"}),
            (4, _) => json!({"Type": "Map", "ItemProcessor": self.machine(depth + 1)}),
            (5, _) => {
                let branches: Vec<Value> = (0..=self.roll(3)).map(|_| self.machine(depth + 1)).collect();
                json!({"Type": "Parallel", "Branches": branches})
            }
            _ => json!({"Type": "Pass"}),
        };
        match next {
            Some(next) => state["Next"] = next.clone().into(),
            None => state["End"] = true.into(),
        }
        if kind >= 3 {
            let catch =
                |drawn: &mut Self| json!({"ErrorEquals": ["E<1>", "F"], "Next": names[drawn.roll(names.len())]});
            state["Catch"] = (0..self.roll(3)).map(|_| catch(self)).collect();
        }
        state
    }
}

/// Names by id; marks are in brackets.
fn names(chart: &Chart) -> BTreeMap<usize, String> {
    let name = |node: &Node| match node.state() {
        Some(state) => state.name.clone(),
        None => format!("({})", node.title()),
    };
    let inner = chart.nodes.iter().flat_map(Node::charts).flat_map(names);
    chart.nodes.iter().map(|node| (node.id, name(node))).chain(inner).collect()
}

/// The names of all states, as the JSON has them.
fn expected_states(machine: &Value) -> Vec<String> {
    let states = machine["States"].as_object().expect("an object");
    let inner = states.values().flat_map(inner).flat_map(expected_states);
    states.keys().cloned().chain(inner).collect()
}

/// All transitions, as the JSON has them.
fn expected_edges(machine: &Value) -> Vec<(String, String)> {
    let target = |value: &Value| value.as_str().map(str::to_owned);
    let mut edges = vec![("(Start)".to_owned(), target(&machine["StartAt"]).expect("a name"))];
    for (name, state) in machine["States"].as_object().expect("an object") {
        let rules = ["Choices", "Catch"].iter().filter_map(|list| state[list].as_array()).flatten();
        let targets = rules.map(|rule| &rule["Next"]).chain([&state["Next"], &state["Default"]]).filter_map(target);
        edges.extend(targets.map(|target| (name.clone(), target)));
        if state["End"] == true || state["Type"] == "Succeed" {
            edges.push((name.clone(), "(End)".to_owned()));
        }
        edges.extend(inner(state).flat_map(expected_edges));
    }
    sorted(edges)
}

fn inner(state: &Value) -> impl Iterator<Item = &Value> {
    state["Branches"].as_array().into_iter().flatten().chain(state.get("ItemProcessor"))
}

fn sorted<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    items.sort();
    items
}

/// The numbers that follow each occurrence of a text.
fn numbers_after(text: &str, mark: &str) -> Vec<usize> {
    text.match_indices(mark).map(|(at, _)| number(&text[at + mark.len()..])).collect()
}

fn number(text: &str) -> usize {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("no number: {text}"))
}

/// The ids of nodes and the ends of arrows in a format of lines such as `n1[…]` and `n1 --> n2`.
fn lines(text: &str, arrows: &[&str]) -> (Vec<usize>, Vec<(usize, usize)>) {
    let (mut nodes, mut edges) = (Vec::new(), Vec::new());
    for line in text.lines().map(str::trim_start) {
        let frame =
            line.strip_prefix("subgraph ").map(|rest| rest.trim_start_matches("cluster_").trim_start_matches('n'));
        if let Some(frame) = frame {
            // A branch has two numbers: `n1b0`, `cluster_1_0`.
            let rest = frame.trim_start_matches(|c: char| c.is_ascii_digit());
            nodes.extend((!rest.starts_with(['b', '_'])).then(|| number(frame)));
            continue;
        }
        let Some(rest) = line.strip_prefix('n').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) else {
            continue;
        };
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
        match arrows.iter().find_map(|arrow| after.strip_prefix(arrow)) {
            Some(after) => {
                let after = after.rsplit("| ").next().unwrap_or(after).trim_start();
                edges.push((number(rest), number(after.trim_start_matches('n'))));
            }
            None => nodes.push(number(rest)),
        }
    }
    (nodes, edges)
}

/// Panics unless the text is well-formed: tags nest, attributes are quoted, text holds no markup.
pub(super) fn check_xml(text: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        check_text(&rest[..at]);
        let end = rest[at..].find('>').unwrap_or_else(|| panic!("a tag has no end: {rest}")) + at;
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap_or(tag);
        let quotes: Vec<&str> = tag.split('"').collect();
        assert_eq!(quotes.len() % 2, 1, "{tag}");
        quotes.iter().skip(1).step_by(2).for_each(|value| check_text(value));
        assert!(quotes.iter().step_by(2).skip(1).all(|between| between.is_empty() || between.starts_with([' ', '/'])));
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest}");
}

fn check_text(text: &str) {
    for (at, _) in text.match_indices('&') {
        let known = ["&amp;", "&lt;", "&gt;", "&quot;"];
        assert!(known.iter().any(|entity| text[at..].starts_with(entity)), "{text}");
    }
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
}
