//! Environment variables that override options of the file.
//!
//! | variable | overrides |
//! |---|---|
//! | `STEPSTREAM_HTTP_<OPTION>`, `STEPSTREAM_API_…`, `STEPSTREAM_LOG_…`, `STEPSTREAM_AWS_…`, `STEPSTREAM_ENGINE_…`, `STEPSTREAM_WORKFLOWS_…`, `STEPSTREAM_CALLBACKS_…` | an option of that table |
//! | `STEPSTREAM_KAFKA_<PROPERTY>` | a property of `[kafka]`; `_` stands for `.` |
//! | `STEPSTREAM_KAFKA_CONSUMER_<PROPERTY>`, `STEPSTREAM_KAFKA_PRODUCER_<PROPERTY>` | a property of that table |
//! | `STEPSTREAM_PIPELINE_<NAME>_<OPTION>` | an option of the pipeline of that name; other characters than letters and digits are `_` |
//! | `STEPSTREAM_PIPELINE_<NAME>_KAFKA_<PROPERTY>` | a property of that pipeline |

use super::environment::Environment;
use super::read::{
    API_OPTIONS, AWS_OPTIONS, CALLBACKS_OPTIONS, ENGINE_OPTIONS, HTTP_OPTIONS, LOG_OPTIONS, PIPELINE_OPTIONS,
    WORKFLOWS_OPTIONS,
};
use super::report::Report;
use super::tree::{Kind, Origin, Table};
use crate::suggest::nearest;

const PREFIX: &str = "STEPSTREAM_";

/// Puts every override of the environment into the tree; those that name nothing go to the report.
pub(super) fn apply(root: &mut Table, environment: &Environment, report: &mut Report) {
    for (name, variable, value) in environment.with_prefix(PREFIX) {
        if is_service_link(name) {
            continue;
        }
        let overriding = Overriding { variable, value };
        if let Some(option) = name.strip_prefix("HTTP_") {
            overriding.section(root, "http", option, HTTP_OPTIONS, report);
        } else if let Some(option) = name.strip_prefix("API_") {
            overriding.section(root, "api", option, API_OPTIONS, report);
        } else if let Some(option) = name.strip_prefix("LOG_") {
            overriding.section(root, "log", option, LOG_OPTIONS, report);
        } else if let Some(option) = name.strip_prefix("AWS_") {
            overriding.section(root, "aws", option, AWS_OPTIONS, report);
        } else if let Some(option) = name.strip_prefix("ENGINE_") {
            overriding.section(root, "engine", option, ENGINE_OPTIONS, report);
        } else if let Some(property) = name.strip_prefix("KAFKA_") {
            overriding.kafka(root, property);
        } else if let Some(option) = name.strip_prefix("WORKFLOWS_") {
            overriding.section(root, "workflows", option, WORKFLOWS_OPTIONS, report);
        } else if let Some(option) = name.strip_prefix("CALLBACKS_") {
            overriding.section(root, "callbacks", option, CALLBACKS_OPTIONS, report);
        } else if let Some(rest) = name.strip_prefix("PIPELINE_") {
            overriding.pipeline(root, rest, report);
        } else {
            let known = known_variables(root);
            let hint = match nearest(variable, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean {near}?"),
                None => "config/stepstream.toml lists those that override options".to_owned(),
            };
            report.warning(&overriding.origin(), &format!("overrides no option; {hint}"));
        }
    }
}

/// Every variable that would override something, but for properties of Kafka: of those there are too many.
fn known_variables(root: &Table) -> Vec<String> {
    let sections = [
        ("HTTP", HTTP_OPTIONS),
        ("API", API_OPTIONS),
        ("LOG", LOG_OPTIONS),
        ("AWS", AWS_OPTIONS),
        ("ENGINE", ENGINE_OPTIONS),
        ("WORKFLOWS", WORKFLOWS_OPTIONS),
        ("CALLBACKS", CALLBACKS_OPTIONS),
    ];
    let mut known = vec![format!("{PREFIX}KAFKA_BOOTSTRAP_SERVERS")];
    for (section, options) in sections {
        known.extend(options.iter().map(|option| format!("{PREFIX}{section}_{}", option.to_uppercase())));
    }
    if let Some(Kind::List(pipelines)) = root.find("pipeline").map(|node| &node.kind) {
        for pipeline in pipelines {
            let Kind::Table(table) = &pipeline.kind else { continue };
            let Some(Kind::Text(name)) = table.find("name").map(|node| &node.kind) else { continue };
            let form = variable_form(name);
            known.extend(OVERRIDABLE.iter().map(|option| format!("{PREFIX}PIPELINE_{form}_{}", option.to_uppercase())));
        }
    }
    known
}

/// The form of a name inside the name of a variable.
pub(super) fn variable_form(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// Kubernetes sets `STEPSTREAM_HTTP_PORT_80_TCP` and the like for a Service called `stepstream-http`: no overrides.
fn is_service_link(name: &str) -> bool {
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.ends_with("_PORT")
        || name.contains("_PORT_")
}

#[derive(Clone, Copy)]
struct Overriding<'a> {
    variable: &'a str,
    value: &'a str,
}

impl Overriding<'_> {
    fn origin(&self) -> Origin {
        Origin::Variable(self.variable.to_owned())
    }

    fn section(&self, root: &mut Table, section: &str, option: &str, known: &[&str], report: &mut Report) {
        let option = option.to_lowercase();
        if !known.contains(&option.as_str()) {
            let prefix = &self.variable[..self.variable.len() - option.len()];
            let hint = match nearest(&option, known.iter().copied()) {
                Some(near) => format!("did you mean {prefix}{}?", near.to_uppercase()),
                None => format!("[{section}] has {}", known.join(", ")),
            };
            report.mistake(&self.origin(), format!("[{section}] has no option `{option}`"), Some(hint));
        } else if let Some(table) = root.child(section, &self.origin()) {
            table.override_with(&option, self.variable, self.value);
        }
    }

    fn kafka(&self, parent: &mut Table, property: &str) {
        let Some(mut table) = parent.child("kafka", &self.origin()) else { return };
        let mut property = property;
        for (prefix, section) in [("CONSUMER_", "consumer"), ("PRODUCER_", "producer")] {
            if let Some(rest) = property.strip_prefix(prefix) {
                let Some(child) = table.child(section, &self.origin()) else { return };
                table = child;
                property = rest;
                break;
            }
        }
        let dotted = property.to_lowercase().replace('_', ".");
        remove_nested(table, &dotted);
        table.override_with(&dotted, self.variable, self.value);
    }

    fn pipeline(&self, root: &mut Table, rest: &str, report: &mut Report) {
        let mut names = Vec::new();
        if let Some(entry) = root.entries.iter_mut().find(|entry| entry.name == "pipeline")
            && let Kind::List(pipelines) = &mut entry.node.kind
        {
            for pipeline in pipelines {
                let Kind::Table(table) = &mut pipeline.kind else { continue };
                let Some(Kind::Text(name)) = table.find("name").map(|node| &node.kind) else { continue };
                let form = variable_form(name);
                let Some(option) = rest.strip_prefix(&form).and_then(|rest| rest.strip_prefix('_')) else {
                    names.push(form);
                    continue;
                };
                if let Some(property) = option.strip_prefix("KAFKA_") {
                    return self.kafka(table, property);
                }
                let option = option.to_lowercase();
                if OVERRIDABLE.contains(&option.as_str()) {
                    return table.override_with(&option, self.variable, self.value);
                }
                names.push(form);
            }
        }
        let known = known_variables(root);
        if let Some(near) = nearest(self.variable, known.iter().map(String::as_str)) {
            let hint = format!("did you mean {near}?");
            return report.mistake(&self.origin(), "names no option of a pipeline", Some(hint));
        }
        let hint = format!(
            "write {PREFIX}PIPELINE_<NAME>_<OPTION>; names here: {}; options: {}",
            if names.is_empty() { "none".to_owned() } else { names.join(", ") },
            OVERRIDABLE.join(", "),
        );
        report.mistake(&self.origin(), "names no option of a pipeline", Some(hint));
    }
}

/// Options of a pipeline that one variable can hold: all but its name and its table of properties, which come first.
const OVERRIDABLE: &[&str] = PIPELINE_OPTIONS.split_at(2).1;

/// Removes what dotted keys of the file made for the same property: `bootstrap.servers = …` is a table `bootstrap`.
fn remove_nested(table: &mut Table, dotted: &str) {
    let Some((first, rest)) = dotted.split_once('.') else { return };
    if let Some(entry) = table.entries.iter_mut().find(|entry| entry.name == first)
        && let Kind::Table(child) = &mut entry.node.kind
    {
        child.entries.retain(|entry| entry.name != rest);
        remove_nested(child, rest);
    }
}
