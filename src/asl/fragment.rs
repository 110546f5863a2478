//! Parts of definitions in the place of whole ones, as tutorials show them: what is missing around them.

use std::collections::HashSet;

use super::fields::STATE_TYPES;
use super::node::{Member, Node, NodeKind};

/// The fields in which tools and templates wrap a definition.
const WRAPPERS: [&str; 6] =
    ["Definition", "definition", "DefinitionString", "definitionString", "DefinitionBody", "definitionBody"];

/// What to do with an object that is not a state machine, if it is a known part or frame of one.
pub(super) fn advice(root: &[Member]) -> Option<String> {
    if root.iter().any(|member| matches!(member.key.as_str(), "StartAt" | "States")) {
        return None;
    }
    lone_state(root)
        .or_else(|| lone_states(root))
        .or_else(|| template(root))
        .or_else(|| serverless(root))
        .or_else(|| wrapped(root))
}

/// How to begin a machine that has states, but no `StartAt`.
pub(super) fn start_advice(states: &Node) -> Option<String> {
    first_state(states.as_object()?).map(|name| format!("Say where it begins: add \"StartAt\": \"{name}\"."))
}

fn lone_state(root: &[Member]) -> Option<String> {
    let state_type = root.iter().find(|member| member.key == "Type")?.value.as_str()?;
    STATE_TYPES.contains(&state_type).then(|| {
        let end = if matches!(state_type, "Choice" | "Succeed" | "Fail") { "" } else { ", with \"End\": true in it" };
        format!(
            "This is a single {state_type} state. Give it a name and a machine around it{end}: {{ \"StartAt\": \"Name\", \"States\": {{ \"Name\": {{ … }} }} }}"
        )
    })
}

fn lone_states(root: &[Member]) -> Option<String> {
    let all_states = !root.is_empty() && root.iter().all(|member| is_state(&member.value));
    let first = first_state(root).filter(|_| all_states)?;
    Some(format!(
        "These are states without a machine. Put them into one: {{ \"StartAt\": \"{first}\", \"States\": {{ … }} }}"
    ))
}

fn template(root: &[Member]) -> Option<String> {
    let resources = root.iter().find(|member| member.key == "Resources")?.value.as_object()?;
    let machine = resources.iter().find(|member| {
        let resource_type = member.value.get("Type").and_then(Node::as_str);
        matches!(resource_type, Some("AWS::Serverless::StateMachine" | "AWS::StepFunctions::StateMachine"))
    })?;
    let properties = machine.value.get("Properties");
    let field = WRAPPERS.iter().find(|field| properties.is_some_and(|properties| properties.get(field).is_some()));
    let name = &machine.key;
    Some(match field {
        Some(field) => format!(
            "This is a CloudFormation template. Put what stands under Resources/{name}/Properties/{field} into a file of its own."
        ),
        None => format!(
            "This is a CloudFormation template. The definition is the file that DefinitionUri or DefinitionS3Location of {name} names."
        ),
    })
}

/// The plug-in `serverless-step-functions` has machines under `stepFunctions.stateMachines`, in the service's file or one of
/// its own.
fn serverless(root: &[Member]) -> Option<String> {
    let find = |name: &str| root.iter().find(|member| member.key == name).map(|member| &member.value);
    let (place, machines) = match find("stepFunctions") {
        Some(plug_in) => ("stepFunctions/stateMachines", plug_in.get("stateMachines")),
        None => ("stateMachines", find("stateMachines")),
    };
    let machine = machines.and_then(Node::as_object).and_then(<[Member]>::first);
    let Some(machine) = machine else {
        let is_service = find("service").is_some() && (find("provider").is_some() || find("functions").is_some());
        return is_service.then(|| {
            "This is a Serverless Framework file. The definition is what its stepFunctions/stateMachines name: put it into a file of its own.".to_owned()
        });
    };
    let name = &machine.key;
    Some(match machine.value.get("definition").map(|definition| &definition.kind) {
        Some(NodeKind::String(text)) => {
            format!("This is a Serverless Framework file. The definition of {name} is elsewhere: {text}.")
        }
        _ => format!(
            "This is a Serverless Framework file. Put what stands under {place}/{name}/definition into a file of its own."
        ),
    })
}

fn wrapped(root: &[Member]) -> Option<String> {
    let member = root.iter().find(|member| WRAPPERS.contains(&member.key.as_str()))?;
    let what = match member.value.kind {
        NodeKind::Object(_) => "object",
        NodeKind::String(_) => "text",
        _ => return None,
    };
    Some(format!("The definition is the {what} under '{}': put it into a file of its own.", member.key))
}

fn is_state(node: &Node) -> bool {
    node.get("Type").and_then(Node::as_str).is_some_and(|name| STATE_TYPES.contains(&name))
}

/// The first state that no other leads to, else the first one.
fn first_state(states: &[Member]) -> Option<&str> {
    let mut targets = HashSet::new();
    for state in states {
        let lists = ["Catch", "Choices"].into_iter().filter_map(|list| state.value.get(list)?.as_array()).flatten();
        for object in std::iter::once(&state.value).chain(lists) {
            targets.extend(["Next", "Default"].into_iter().filter_map(|field| object.get(field)?.as_str()));
        }
    }
    let first = states.iter().find(|state| !targets.contains(state.key.as_str())).or_else(|| states.first());
    first.map(|state| state.key.as_str())
}
