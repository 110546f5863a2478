//! Task states and their resources, and what they share with Parallel and Map.

use std::sync::Arc;

use super::super::MachineType;
use super::super::diagnostic::Code;
use super::super::model::{Dynamic, TaskState, Work};
use super::super::node::{Node, Spanned};
use super::super::placeholder;
use super::super::syntax;
use super::object::MAX_SECONDS;
use super::{Object, Reader};
use crate::resource::{self, Pattern, Recognition, Resource};
use crate::suggest;

impl Reader {
    pub(super) fn task(&mut self, object: &Object<'_>) -> Option<TaskState> {
        self.require(object, &["Resource"]);
        let resource = self.resource(object);
        if let Some(resource) = &resource {
            self.check_resource(object, resource);
        }
        let work = self.work(object);
        let timeout_seconds = self.seconds(object, "TimeoutSeconds");
        let heartbeat_seconds = self.seconds(object, "HeartbeatSeconds");
        self.check_heartbeat(object, timeout_seconds.as_ref(), heartbeat_seconds.as_ref());
        let state = TaskState {
            parameters: self.template(object, "Parameters"),
            arguments: self.template(object, "Arguments"),
            timeout_seconds,
            heartbeat_seconds,
            credentials: self.credentials(object),
            resource: resource?,
            work: work?,
        };
        Some(state)
    }

    fn seconds(&mut self, object: &Object<'_>, name: &str) -> Option<Dynamic<u64>> {
        self.dynamic(object, name, |reader, object| reader.integer(object, name, 1, MAX_SECONDS))
    }

    fn check_heartbeat(
        &mut self,
        object: &Object<'_>,
        timeout: Option<&Dynamic<u64>>,
        heartbeat: Option<&Dynamic<u64>>,
    ) {
        let (Some(Dynamic::Literal(timeout)), Some(Dynamic::Literal(heartbeat))) = (timeout, heartbeat) else { return };
        if heartbeat.value >= timeout.value {
            let message = "HeartbeatSeconds must be smaller than TimeoutSeconds";
            self.error(object.at("HeartbeatSeconds"), &heartbeat.span, message);
        }
    }

    fn credentials(&mut self, object: &Object<'_>) -> Option<Node> {
        let node = object.get("Credentials")?;
        if object.is_jsonata() && node.as_str().is_some() {
            return self.template(object, "Credentials");
        }
        let credentials = self.object(node, object.at("Credentials"), object.language)?;
        let dynamic = !object.is_jsonata() && credentials.get("RoleArn.$").is_some();
        if credentials.get("RoleArn").is_none() && !dynamic {
            let message = "The field 'RoleArn' is required but was missing";
            self.error(credentials.location.clone(), &credentials.mark, message);
        }
        self.template(object, "Credentials")
    }

    /// `Resource`.
    pub(super) fn resource(&mut self, object: &Object<'_>) -> Option<Spanned<Arc<Resource>>> {
        let Spanned { value, span } = self.string(object, "Resource")?;
        Some(Spanned { value: Arc::new(Resource::parse(&value)), span })
    }

    /// What Task, Parallel and Map share.
    pub(super) fn work(&mut self, object: &Object<'_>) -> Option<Work> {
        let transition = self.transition(object);
        let result_selector = self.template(object, "ResultSelector");
        let result_path = self.result_path(object);
        let retry = self.retry(object);
        let catch = self.catch(object);
        Some(Work { result_selector, result_path, retry, catch, transition: transition? })
    }

    fn check_resource(&mut self, object: &Object<'_>, resource: &Spanned<Arc<Resource>>) {
        let text = resource.value.as_str();
        if let Some(name) = placeholder::find(text).or_else(|| placeholder::in_arn(text)) {
            self.placeholder(object, resource, name);
        }
        // Placeholders of templates stand for anything.
        let parsed = Resource::parse(&placeholder::filled(text));
        match parsed.recognition() {
            Recognition::NoIntegration | Recognition::Unknown if placeholder::find(text).is_some() => {}
            Recognition::Function => {}
            Recognition::Activity if self.machine_type == MachineType::ExpressStrict => {
                self.refused_by_express(object, resource, "Activity ARN");
            }
            Recognition::Activity => {}
            Recognition::Integration => match parsed.pattern() {
                Pattern::RequestResponse => {}
                Pattern::Sync | Pattern::Sync2 => self.job(object, resource),
                // The blank at the end is the service's.
                Pattern::WaitForTaskToken if self.machine_type == MachineType::ExpressStrict => {
                    self.refused_by_express(object, resource, "'.waitForTaskToken' service integration ");
                }
                Pattern::WaitForTaskToken => {}
            },
            Recognition::NoIntegration => {
                let hint = integration_hint(text);
                self.error(object.at("Resource"), &resource.span, not_recognized(text)).hint = Some(hint);
            }
            Recognition::Unknown if text.contains("{%") || syntax::looks_like_template_value(text) => {
                let hint = "A Resource is constant. To choose a function at run time, call arn:aws:states:::lambda:invoke and give its name in Parameters or Arguments.";
                self.error(object.at("Resource"), &resource.span, not_recognized(text)).hint = Some(hint.to_owned());
            }
            Recognition::Unknown if text.is_empty() => {
                self.error(object.at("Resource"), &resource.span, "Value cannot be empty");
            }
            Recognition::Unknown => {
                let message = format!("'{text}' is not the ARN of a Lambda function, an activity or an integration");
                let hint = "It runs if the configuration has a connector for it; AWS would refuse it.";
                self.warning(Code::UnknownResource, object.at("Resource"), &resource.span, message).hint =
                    Some(hint.to_owned());
            }
        }
    }

    /// A connector can match the text all the same.
    fn placeholder(&mut self, object: &Object<'_>, resource: &Spanned<Arc<Resource>>, name: &str) {
        let message = format!("'{name}' in the Resource is a placeholder; AWS would refuse it");
        let text = resource.value.as_str();
        let pattern = text.rsplit(':').next().filter(|last| placeholder::find(last).is_none());
        let pattern = match pattern {
            Some(last) if last.len() < text.len() => format!("*:{last}"),
            _ => text.to_owned(),
        };
        // As the configuration wants it written.
        let pattern = pattern.replace("${", "$${");
        let hint = format!(
            "Here it runs if the configuration has a connector for it, such as [[task]] with resource = \"{pattern}\"."
        );
        self.warning(Code::Placeholder, object.at("Resource"), &resource.span, message).hint = Some(hint);
    }

    fn refused_by_express(&mut self, object: &Object<'_>, resource: &Spanned<Arc<Resource>>, what: &str) {
        let message = format!("Express state machine does not support {what}");
        self.error(object.at("Resource"), &resource.span, message);
    }

    /// A task that waits for the end of a job.
    fn job(&mut self, object: &Object<'_>, resource: &Spanned<Arc<Resource>>) {
        if self.machine_type == MachineType::ExpressStrict {
            return self.refused_by_express(object, resource, "'.sync' service integration");
        }
        let message = "'.sync' is not carried out by any connector but \"builtin\" yet";
        let hint = "AWS Express refuses it (see --type express-strict). Mocks of exec and test-state answer it; run and pipe refuse the workflow.";
        self.warning(Code::StandardOnlyIntegration, object.at("Resource"), &resource.span, message).hint =
            Some(hint.to_owned());
    }
}

fn not_recognized(text: &str) -> String {
    format!(
        "The resource provided {text} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region."
    )
}

fn integration_hint(text: &str) -> String {
    let name = text.splitn(6, ':').nth(5).unwrap_or_default();
    let name = name.split('.').next().unwrap_or_default();
    let names: Vec<String> = resource::integrations().collect();
    match suggest::closest(name, names.iter().map(String::as_str)) {
        Some(known) if known != name => format!("Did you mean 'arn:aws:states:::{known}'?"),
        Some(_) => "The integration exists, but not with this ending.".to_owned(),
        None if name.starts_with("aws-sdk:") => {
            "An SDK integration is written like arn:aws:states:::aws-sdk:dynamodb:query, the action in camelCase."
                .to_owned()
        }
        None => format!("Without an optimised integration, use the SDK's: arn:aws:states:::aws-sdk:{name}."),
    }
}
