//! Typical mistakes that are no faults of the form: the definition would run, but not as meant.

use super::super::diagnostic::Code;
use super::super::node::{Member, Node, NodeKind};
use super::super::syntax;
use super::{Object, Reader, template};

/// Fields of states, catchers and rules whose values are handed on or evaluated.
const VALUES: [&str; 11] = [
    "Parameters",
    "ResultSelector",
    "Assign",
    "ItemSelector",
    "Result",
    "Error",
    "Cause",
    "Credentials",
    "Arguments",
    "Output",
    "Items",
];

/// Fields of states that hold one path.
const PATHS: [&str; 12] = [
    "InputPath",
    "OutputPath",
    "ResultPath",
    "ItemsPath",
    "SecondsPath",
    "TimestampPath",
    "TimeoutSecondsPath",
    "HeartbeatSecondsPath",
    "MaxConcurrencyPath",
    "ErrorPath",
    "CausePath",
    "Variable",
];

/// Where else values stand in a state: in the elements of its lists.
const LISTS: [&str; 2] = ["Catch", "Choices"];

impl Reader {
    /// Warns of what belongs to the other query language, in a state, its catchers and rules.
    pub(super) fn warn_of_mistakes(&mut self, state: &Object<'_>) {
        self.mistakes_of_fields(state.members, &state.location, state.is_jsonata());
        for list in LISTS {
            let elements = state.get(list).and_then(Node::as_array).unwrap_or_default();
            for (index, element) in elements.iter().enumerate() {
                let location = format!("{}[{index}]", state.at(list));
                self.mistakes_of_fields(element.as_object().unwrap_or_default(), &location, state.is_jsonata());
            }
        }
    }

    fn mistakes_of_fields(&mut self, members: &[Member], location: &str, jsonata: bool) {
        for member in members {
            let field = format!("{location}/{}", member.key);
            if VALUES.contains(&member.key.as_str()) {
                self.mistakes_of_value(&member.value, &field, jsonata);
            } else if PATHS.contains(&member.key.as_str()) && !jsonata {
                self.states_in_path(&member.value, &field);
            }
        }
    }

    fn mistakes_of_value(&mut self, node: &Node, location: &str, jsonata: bool) {
        match &node.kind {
            NodeKind::String(text) if jsonata => self.mistakes_of_jsonata_text(node, text, location),
            NodeKind::String(text) => self.expression_in_jsonpath(node, text, location),
            NodeKind::Array(elements) => {
                elements.iter().for_each(|element| self.mistakes_of_value(element, location, jsonata));
            }
            NodeKind::Object(members) => {
                for member in members {
                    match member.key.strip_suffix(".$") {
                        Some(name) if jsonata => self.dollar_in_jsonata(member, name, location),
                        Some(_) => self.states_in_path(&member.value, location),
                        None => self.mistakes_of_value(&member.value, location, jsonata),
                    }
                }
            }
            _ => {}
        }
    }

    fn expression_in_jsonpath(&mut self, node: &Node, text: &str, location: &str) {
        if template::is_expression(text) {
            let message = "A JSONata expression in a JSONPath state is not evaluated: the text itself is used";
            let hint = "Give the state \"QueryLanguage\": \"JSONata\", or write a path or an intrinsic function.";
            self.warning(Code::JsonataInJsonpath, location, &node.span, message).hint = Some(hint.to_owned());
        }
    }

    fn states_in_path(&mut self, node: &Node, location: &str) {
        let Some(text) = node.as_str().filter(|text| mentions_states(text) && !template::is_expression(text)) else {
            return;
        };
        let message = "$states belongs to JSONata; in a JSONPath state it is a variable, which has no value";
        let meant = jsonpath_of(text);
        let hint = format!("Write '{meant}', or give the state \"QueryLanguage\": \"JSONata\".");
        self.warning(Code::JsonataInJsonpath, location, &node.span, message).hint = Some(hint);
    }

    fn dollar_in_jsonata(&mut self, member: &Member, name: &str, location: &str) {
        let message = format!("'.$' has no meaning in a JSONata state: the field is called '{}'", member.key);
        let value = member.value.as_str().map(jsonata_of);
        let hint = match value {
            Some(Some(value)) => format!("Write \"{name}\": \"{{% {value} %}}\"."),
            _ => format!("Write \"{name}\", and expressions like \"{{% $states.input.{name} %}}\"."),
        };
        self.warning(Code::JsonpathInJsonata, location, &member.key_span, message).hint = Some(hint);
    }

    fn mistakes_of_jsonata_text(&mut self, node: &Node, text: &str, location: &str) {
        if syntax::looks_like_template_value(text) {
            let message = "A path in a JSONata state is not evaluated: the text itself is used";
            let hint = match jsonata_of(text) {
                Some(value) => format!("Write \"{{% {value} %}}\"."),
                None => "Write a JSONata expression in {% %}.".to_owned(),
            };
            self.warning(Code::JsonpathInJsonata, location, &node.span, message).hint = Some(hint);
        } else if !text.starts_with("{%") && !text.ends_with("%}") && text.contains("{%") && text.contains("%}") {
            let message = "An expression within a text is not evaluated: it must be the whole string";
            let hint = "Let the delimiters stand at both ends and join the parts: \"{% 'Hello ' & $name %}\".";
            self.warning(Code::ExpressionWithinText, location, &node.span, message).hint = Some(hint.to_owned());
        }
    }
}

fn mentions_states(text: &str) -> bool {
    text.match_indices("$states").any(|(at, word)| {
        let next = text[at + word.len()..].chars().next();
        !text[..at].ends_with('$') && next.is_none_or(|next| !next.is_alphanumeric() && next != '_')
    })
}

/// `$states.…` as JSONPath has it.
fn jsonpath_of(text: &str) -> String {
    text.replace("$states.context", "$$").replace("$states.input", "$").replace("$states.result", "$")
}

/// A simple path as JSONata has it.
fn jsonata_of(text: &str) -> Option<String> {
    if text.starts_with("States.") || text.contains(['[', '*', '?', '(']) || text.contains("..") {
        return None;
    }
    let mapped = match text.strip_prefix("$$") {
        Some(rest) => format!("$states.context{rest}"),
        None if text == "$" || text.starts_with("$.") => format!("$states.input{}", &text[1..]),
        None => text.to_owned(),
    };
    Some(mapped)
}

/// What a field of one language is in the other.
pub(super) fn counterpart(name: &str, jsonata: bool) -> Option<String> {
    let text = match (name, jsonata) {
        ("Parameters", true) => "JSONata has Arguments for it (in a Pass: Output; in a Map: ItemSelector).",
        ("ResultSelector" | "ResultPath", true) => "JSONata has Output for it: {% $states.result %} is the result.",
        ("InputPath", true) => "In JSONata, expressions read the input as $states.input.",
        ("OutputPath" | "Result", true) => "JSONata has Output for it.",
        ("ItemsPath", true) => "JSONata has Items for it: \"{% $states.input.items %}\".",
        ("Variable", true) => "JSONata has Condition for it: \"{% $states.input.total > 100 %}\".",
        ("Arguments", false) => {
            "JSONPath has Parameters for it, with \".$\" at the end of names whose values are paths."
        }
        ("Output", false) => "JSONPath has ResultSelector, ResultPath and OutputPath for it (in a Pass: Parameters).",
        ("Items", false) => "JSONPath has ItemsPath for it.",
        ("Condition", false) => "JSONPath has Variable and a comparison for it, such as NumericGreaterThan.",
        (name, true) => {
            let field = name.strip_suffix("Path")?;
            return Some(format!("In JSONata, write \"{field}\": \"{{% … %}}\"."));
        }
        _ => return None,
    };
    Some(text.to_owned())
}
