//! The variables that states around a nested machine may have assigned when it begins.

use std::collections::{HashMap, HashSet};

use super::super::node::{Member, Node};
use super::template;

/// What the states of one machine assign and where they lead, as far as the text says so.
#[derive(Debug, Default)]
pub(super) struct Assignments {
    index: HashMap<String, usize>,
    /// By state: the states that lead to it.
    before: Vec<Vec<usize>>,
    /// By state: the variables that it assigns, those of machines within it not included.
    names: Vec<HashSet<String>>,
}

impl Assignments {
    pub(super) fn of(states: &[Member]) -> Assignments {
        let index: HashMap<String, usize> =
            states.iter().enumerate().map(|(at, member)| (member.key.clone(), at)).collect();
        let mut before = vec![Vec::new(); states.len()];
        let mut names = vec![HashSet::new(); states.len()];
        for (at, state) in states.iter().map(|member| &member.value).enumerate() {
            for part in parts(state) {
                let targets = ["Next", "Default"].into_iter().filter_map(|field| part.get(field)?.as_str());
                targets.filter_map(|target| index.get(target)).for_each(|target| before[*target].push(at));
                let assigned = part.get("Assign").and_then(Node::as_object).unwrap_or_default();
                names[at].extend(assigned.iter().map(|member| template::stripped(&member.key).to_owned()));
            }
        }
        Assignments { index, before, names }
    }

    /// The variables that may have a value when this state is entered. What states assign that come only after it is no
    /// conflict for the machines within it, and neither is what it assigns itself when they have ended.
    pub(super) fn before(&self, state: &str) -> HashSet<String> {
        let mut found = HashSet::new();
        let Some(&start) = self.index.get(state) else { return found };
        let mut seen = vec![false; self.names.len()];
        let mut todo = self.before[start].clone();
        while let Some(at) = todo.pop() {
            if !std::mem::replace(&mut seen[at], true) {
                found.extend(self.names[at].iter().cloned());
                todo.extend(&self.before[at]);
            }
        }
        found
    }
}

/// A state and its rules and catchers: each may name a next state and assign variables.
fn parts(state: &Node) -> impl Iterator<Item = &Node> {
    let lists = ["Choices", "Catch"].into_iter().filter_map(|list| state.get(list)?.as_array()).flatten();
    std::iter::once(state).chain(lists)
}
