//! Parallel and Map.

use super::super::MachineType;
use super::super::diagnostic::{Code, Diagnostic};
use super::super::fields;
use super::super::model::{Machine, MapMode, MapState, ParallelState};
use super::super::node::{Member, Node, NodeKind, Spanned};
use super::{Object, Reader, template};

/// The longest `Label`, in characters.
const MAX_LABEL_CHARS: usize = 40;

/// What a `Label` may not hold, besides blanks and control characters.
const FORBIDDEN_IN_LABEL: &str = "?*<>{}[]:;,\\|^~$#%&`\"";

/// Fields that only a distributed Map uses.
const DISTRIBUTED_ONLY: [&str; 8] = [
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "Label",
    "ToleratedFailureCount",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath",
];

impl Reader {
    pub(super) fn parallel(&mut self, object: &Object<'_>) -> Option<ParallelState> {
        self.require(object, &["Branches"]);
        let work = self.work(object);
        let parameters = self.template(object, "Parameters");
        let arguments = self.template(object, "Arguments");
        let branches = self.branches(object);
        Some(ParallelState { branches: branches?, parameters, arguments, work: work? })
    }

    fn branches(&mut self, object: &Object<'_>) -> Option<Vec<Machine>> {
        let node = object.get("Branches")?;
        let Some(elements) = node.as_array() else {
            self.error(object.at("Branches"), &node.span, "Expected value of type Array");
            return None;
        };
        if elements.is_empty() {
            self.error(object.at("Branches"), &node.span, "Value cannot be empty");
        }
        let mut branches = Vec::new();
        for (index, element) in elements.iter().enumerate() {
            let branch = self.object(element, format!("{}[{index}]", object.at("Branches")), self.language);
            branches.push(branch.and_then(|branch| self.inner_machine(&branch, fields::BRANCH)));
        }
        branches.into_iter().collect()
    }

    pub(super) fn map(&mut self, object: &Object<'_>) -> Option<MapState> {
        let work = self.work(object);
        let processor = self.one_of(object, &["ItemProcessor", "Iterator"], false);
        if let Some(old) = processor.filter(|member| member.key == "Iterator") {
            self.legacy(object, old, "ItemProcessor");
        }
        let processor = processor.and_then(|member| self.object(&member.value, object.at(&member.key), self.language));
        let mode = processor.as_ref().map(|processor| self.processor_config(processor)).unwrap_or_default();
        self.check_mode(object, mode);
        let machine = processor.and_then(|processor| self.item_processor(&processor, mode));
        let state = MapState {
            mode,
            item_selector: self.item_selector(object),
            items_path: self.path(object, "ItemsPath"),
            items: self.items(object),
            max_concurrency: self.dynamic(object, "MaxConcurrency", |reader, object| {
                reader.integer(object, "MaxConcurrency", 0, u64::from(u32::MAX))
            }),
            tolerated_failure_count: self.dynamic(object, "ToleratedFailureCount", |reader, object| {
                reader.integer(object, "ToleratedFailureCount", 0, u64::from(u32::MAX))
            }),
            tolerated_failure_percentage: self.dynamic(object, "ToleratedFailurePercentage", |reader, object| {
                reader.number(object, "ToleratedFailurePercentage", 0.0, 100.0)
            }),
            item_reader: self.item_reader(object),
            item_batcher: self.item_batcher(object),
            result_writer: self.result_writer(object),
            label: self.label(object),
            item_processor: machine?,
            work: work?,
        };
        Some(state)
    }

    /// Child executions of a distributed Map don't see the variables outside.
    fn item_processor(&mut self, processor: &Object<'_>, mode: MapMode) -> Option<Machine> {
        if mode == MapMode::Inline {
            return self.inner_machine(processor, fields::ITEM_PROCESSOR);
        }
        let outer = std::mem::take(&mut self.scopes);
        let machine = self.machine(processor, fields::ITEM_PROCESSOR);
        self.scopes = outer;
        machine
    }

    fn processor_config(&mut self, processor: &Object<'_>) -> MapMode {
        let Some(node) = processor.get("ProcessorConfig") else { return MapMode::Inline };
        let Some(config) = self.object(node, processor.at("ProcessorConfig"), processor.language) else {
            return MapMode::Inline;
        };
        self.check_fields(&config, fields::PROCESSOR_CONFIG);
        self.choice_of(&config, "ExecutionType", &["STANDARD", "EXPRESS"]);
        match self.choice_of(&config, "Mode", &["INLINE", "DISTRIBUTED"]) {
            Some(mode) if mode.value == "DISTRIBUTED" => {
                self.require(&config, &["ExecutionType"]);
                MapMode::Distributed
            }
            _ => MapMode::Inline,
        }
    }

    fn check_mode(&mut self, object: &Object<'_>, mode: MapMode) {
        if mode == MapMode::Distributed {
            if self.machine_type == MachineType::ExpressStrict {
                let message = "Express state machine does not support Map states of mode DISTRIBUTED";
                self.error(object.location.clone(), &object.mark, message);
            } else {
                let message = "AWS runs a Map of mode DISTRIBUTED in Standard state machines only";
                let hint = "Here its child executions run in this process, within the execution's time limit.";
                self.warning(Code::StandardOnlyMap, object.location.clone(), &object.mark, message).hint =
                    Some(hint.to_owned());
            }
            return;
        }
        for member in object.members.iter().filter(|member| DISTRIBUTED_ONLY.contains(&member.key.as_str())) {
            let message = format!("'{}' has no effect on a Map of mode INLINE", member.key);
            let hint = "Remove it, or set ProcessorConfig.Mode to DISTRIBUTED.";
            self.warning(Code::FieldWithoutEffect, object.at(&member.key), &member.key_span, message).hint =
                Some(hint.to_owned());
        }
    }

    fn item_selector(&mut self, object: &Object<'_>) -> Option<Node> {
        // In JSONata, `Parameters` has been reported as a field of the other language.
        let group: &[&str] = if object.is_jsonata() { &["ItemSelector"] } else { &["ItemSelector", "Parameters"] };
        let given = self.one_of(object, group, true)?;
        if given.key == "Parameters" {
            self.legacy(object, given, "ItemSelector");
        }
        self.template(object, &given.key)
    }

    fn legacy(&mut self, object: &Object<'_>, member: &Member, name: &str) {
        let message = format!("'{}' is the older spelling of '{name}'", member.key);
        let hint = format!("Write '{name}'; it means the same.");
        self.warning(Code::LegacyField, object.at(&member.key), &member.key_span, message).hint = Some(hint);
    }

    /// `Items`: an array or an expression; a distributed Map also takes an object.
    fn items(&mut self, object: &Object<'_>) -> Option<Node> {
        let node = object.get("Items")?;
        let valid = match &node.kind {
            NodeKind::Array(_) | NodeKind::Object(_) => true,
            NodeKind::String(text) => template::is_expression(text),
            _ => false,
        };
        if !valid {
            let message = "Expected value of type Array or a JSONata expression";
            self.error(object.at("Items"), &node.span, message);
        }
        self.template(object, "Items")
    }

    fn label(&mut self, object: &Object<'_>) -> Option<Spanned<String>> {
        let label = self.string(object, "Label")?;
        let length = label.value.chars().count();
        let forbidden = |c: char| c.is_whitespace() || c.is_control() || FORBIDDEN_IN_LABEL.contains(c);
        if length == 0 || length > MAX_LABEL_CHARS {
            let message = format!("A Label has 1 to {MAX_LABEL_CHARS} characters, this one has {length}");
            self.report(Diagnostic::error(Code::InvalidLabelName, message), object.at("Label"), &label.span);
        } else if let Some(c) = label.value.chars().find(|c| forbidden(*c)) {
            let message = format!("A Label may not hold {c:?}");
            self.report(Diagnostic::error(Code::InvalidLabelName, message), object.at("Label"), &label.span);
        }
        if !self.labels.insert(label.value.clone()) {
            let message = format!("Duplicate Label: {}", label.value);
            self.report(Diagnostic::error(Code::DuplicateLabelName, message), object.at("Label"), &label.span);
        }
        Some(label)
    }
}
