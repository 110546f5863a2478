//! Payload templates: literal parts become constants, `.$` fields become paths or intrinsic calls.

use super::Compiler;
use crate::asl::{Member, Node, NodeKind};
use crate::expr::{Path, Root, Scope, Template, intrinsic};
use crate::value::{Heap, Value};

impl Compiler {
    /// Compiles a payload template; `location` is the template field's place.
    pub(super) fn template(&mut self, node: &Node, location: &str) -> Option<Template> {
        if !has_dynamic_field(node) {
            return Some(Template::Constant(self.constant(node)));
        }
        match &node.kind {
            NodeKind::Array(elements) => {
                let elements: Vec<_> = elements.iter().map(|element| self.template(element, location)).collect();
                Some(Template::Array(elements.into_iter().collect::<Option<_>>()?))
            }
            NodeKind::Object(members) => {
                let entries: Vec<_> = members.iter().map(|member| self.entry(member, location)).collect();
                let template = Template::object(entries.into_iter().collect::<Option<_>>()?, &mut self.constants);
                template.map_err(|exceeded| self.fault(exceeded.to_string(), location.to_owned(), &node.span)).ok()
            }
            _ => Some(Template::Constant(self.constant(node))),
        }
    }

    fn entry(&mut self, member: &Member, location: &str) -> Option<(crate::value::Str, Template)> {
        let (key, value) = match member.key.strip_suffix(".$") {
            Some(key) => (key, self.dynamic_field(member, location)?),
            None => (&*member.key, self.template(&member.value, location)?),
        };
        Some((self.constant_key(key), value))
    }

    fn dynamic_field(&mut self, member: &Member, location: &str) -> Option<Template> {
        let text = member.value.as_str().unwrap_or_default();
        let field = member.key.as_str();
        let compiled = if text.starts_with('$') {
            Path::parse(text).ok().map(|path| {
                self.note_path(&path);
                Template::Path { path, field: field.into() }
            })
        } else {
            intrinsic::Call::parse(text, &mut self.constants).ok().map(|call| {
                call.for_each_path(&mut |path| self.note_path(path));
                self.fold(call)
            })
        };
        if compiled.is_none() {
            let message = format!(
                "The value for the field '{field}' must be a valid JSONPath or a valid intrinsic function call"
            );
            self.fault(message, location.to_owned(), &member.value.span);
        }
        compiled
    }

    /// A call whose arguments are all constants is evaluated now, unless it fails: then it fails when it runs.
    fn fold(&mut self, call: intrinsic::Call) -> Template {
        if call.is_constant()
            && let Ok(value) = call.evaluate(&mut self.constants, &mut NoScope(fastrand::Rng::with_seed(0)))
        {
            return Template::Constant(value);
        }
        Template::Call(call)
    }

    /// A value of the definition as a constant.
    pub(super) fn constant(&mut self, node: &Node) -> Value {
        let mut json = String::new();
        node.write_json(&mut json);
        // The reader has limited its depth, and what it prints is JSON.
        self.constants.parse(json.as_bytes()).unwrap_or(Value::Null)
    }
}

/// Whether a key at any depth ends in `.$`.
fn has_dynamic_field(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Array(elements) => elements.iter().any(has_dynamic_field),
        NodeKind::Object(members) => {
            members.iter().any(|member| member.key.ends_with(".$") || has_dynamic_field(&member.value))
        }
        _ => false,
    }
}

/// What constant calls are evaluated in: they ask for nothing.
struct NoScope(fastrand::Rng);

impl Scope for NoScope {
    fn root(&mut self, _: &mut Heap, _: &Root) -> Option<Value> {
        None
    }

    fn random(&mut self) -> &mut fastrand::Rng {
        &mut self.0
    }
}
