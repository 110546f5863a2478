//! Doubts about the values that a state hands on.

use super::super::diagnostic::{Code, Diagnostic};
use super::super::model::{QueryLanguage, State, StateKind};
use super::super::node::{Member, Node, NodeKind};
use super::super::placeholder;

/// Names of what should not stand in a definition, in small letters, without separators.
const SECRETS: [&str; 11] = [
    "password",
    "passwd",
    "secret",
    "secretkey",
    "clientsecret",
    "apikey",
    "accesstoken",
    "authtoken",
    "bearertoken",
    "privatekey",
    "secretaccesskey",
];

/// Advice on the values of a state.
pub(super) fn advice(state: &State, advice: &mut Vec<Diagnostic>) {
    let (name, node) = match &state.kind {
        StateKind::Task(task) => match &task.arguments {
            Some(node) => ("Arguments", Some(node)),
            None => ("Parameters", task.parameters.as_ref()),
        },
        StateKind::Pass(pass) => match &pass.result {
            Some(node) => ("Result", Some(node)),
            None => ("Parameters", pass.parameters.as_ref()),
        },
        StateKind::Map(map) => {
            advice.extend(map.items.as_ref().and_then(|items| collapsing(state, items)));
            ("ItemSelector", map.item_selector.as_ref())
        }
        _ => return,
    };
    if let Some(node) = node {
        secrets(node, &format!("{}/{name}", state.location), advice);
    }
}

fn secrets(node: &Node, location: &str, advice: &mut Vec<Diagnostic>) {
    match &node.kind {
        NodeKind::Array(elements) => elements.iter().for_each(|element| secrets(element, location, advice)),
        NodeKind::Object(members) => {
            for member in members {
                if is_secret(member) {
                    let message =
                        format!("'{}' looks like a secret: whoever reads the definition knows it", member.key);
                    let hint = "Let the connector add it from the environment, or read it from a store at run time.";
                    let warning = Diagnostic::warning(Code::HardCodedSecret, message).with_hint(hint);
                    advice.push(warning.at(location, member.value.span.clone()));
                }
                secrets(&member.value, location, advice);
            }
        }
        _ => {}
    }
}

fn is_secret(member: &Member) -> bool {
    let name: String = member.key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let literal = |text: &str| !text.is_empty() && !text.starts_with(['{', '$']) && placeholder::find(text).is_none();
    SECRETS.contains(&name.as_str()) && member.value.as_str().is_some_and(literal)
}

/// `Items` with a filter gives the item itself, not an array, when only one matches.
fn collapsing(state: &State, items: &Node) -> Option<Diagnostic> {
    let text = items.as_str().filter(|_| state.query_language == QueryLanguage::JSONata)?;
    let text = text.strip_prefix("{%")?.strip_suffix("%}")?.trim();
    let (before, filter) = text.strip_suffix(']')?.rsplit_once('[')?;
    let compares = filter.contains(['=', '<', '>']) || filter.contains(" in ");
    if !compares || before.is_empty() || text.starts_with('[') || filter.contains(['"', '\'', '{', '(']) {
        return None;
    }
    let message = "When only one item passes the filter, JSONata gives the item itself and not an array of it";
    let hint = format!("Keep the array: {{% [{text}] %}}.");
    let warning = Diagnostic::warning(Code::ItemsMayCollapse, message).with_hint(hint);
    Some(warning.at(format!("{}/Items", state.location), items.span.clone()))
}
