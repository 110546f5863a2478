//! Text to [`Node`]: YAML as people write it for AWS SAM.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScanError, Span as Range, Tag};

use super::diagnostic::{Code, Diagnostic};
use super::lines::Lines;
use super::node::{Member, Node, NodeKind, Span};
use super::parse::{self, MAX_NESTING};
use anchors::Anchors;
use offsets::Offsets;

mod advice;
mod anchors;
mod offsets;
mod scalar;
mod tag;

/// Reads YAML; on success with warnings.
pub(super) fn parse(text: &str) -> Result<(Node, Vec<Diagnostic>), Diagnostic> {
    let mut loader = Loader {
        text,
        lines: Lines::new(text),
        offsets: Offsets::new(text),
        stack: Vec::new(),
        anchors: Anchors::default(),
        root: None,
        warnings: Vec::new(),
    };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, range) = event.map_err(|error| loader.not_yaml(&error))?;
        loader.event(event, range)?;
    }
    match loader.root {
        // An empty document has a null that nobody wrote.
        Some(root) if !root.span.is_empty() => Ok((root, loader.warnings)),
        _ => {
            let message = "Definition must be a valid JSON object";
            Err(Diagnostic::error(Code::SchemaValidationFailed, message).with_hint("The text holds no definition."))
        }
    }
}

/// Builds the tree from the parser's events.
struct Loader<'a> {
    text: &'a str,
    lines: Lines<'a>,
    offsets: Offsets,
    /// The collections around the current place, outermost first.
    stack: Vec<Frame>,
    anchors: Anchors,
    root: Option<Node>,
    warnings: Vec<Diagnostic>,
}

/// A collection whose end has not come yet.
struct Frame {
    start: usize,
    anchor: usize,
    tag: Option<Tag>,
    content: Content,
}

enum Content {
    Array(Vec<Node>),
    Object(Pairs),
}

#[derive(Default)]
struct Pairs {
    members: Vec<Member>,
    /// Key → its place in `members`.
    known: HashMap<String, usize>,
    /// The key whose value comes next.
    key: Option<(String, Span)>,
    /// Values of merge keys (`<<`).
    merged: Vec<Node>,
}

impl Loader<'_> {
    fn event(&mut self, event: Event<'_>, range: Range) -> Result<(), Diagnostic> {
        let span = self.offsets.span(&range);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let kind = match tag::meaning(tag.as_deref(), &text) {
                    Ok(Some(replaced)) => NodeKind::String(replaced),
                    Ok(None) => scalar::value(&text, style, tag.as_deref()),
                    Err(fault) => return Err(fault.at(self.location(), span)),
                };
                if let Some(warning) = tag.as_deref().and_then(|tag| tag::warning(tag, &kind)) {
                    self.warnings.push(warning.at(self.location(), span.clone()));
                }
                self.value(Node { span, kind }, anchor)
            }
            Event::SequenceStart(anchor, tag) => self.open(span, anchor, tag, Content::Array(Vec::new())),
            Event::MappingStart(anchor, tag) => self.open(span, anchor, tag, Content::Object(Pairs::default())),
            Event::SequenceEnd | Event::MappingEnd => self.close(&span),
            Event::Alias(anchor) => {
                let used = self.anchors.resolve(anchor, self.stack.len());
                let node = used.map_err(|fault| fault.at(self.location(), span.clone()))?;
                self.value(Node { span, ..node }, 0)
            }
            Event::DocumentStart(_) if self.root.is_some() => {
                let message = "The text holds more than one document";
                let hint = "A file holds one definition: put each into a file of its own.";
                Err(Diagnostic::error(Code::InvalidYamlDescription, message).at("/", span).with_hint(hint))
            }
            Event::DocumentStart(_) | Event::DocumentEnd | Event::StreamStart | Event::StreamEnd | Event::Nothing => {
                Ok(())
            }
        }
    }

    fn open(
        &mut self,
        span: Span,
        anchor: usize,
        tag: Option<std::borrow::Cow<'_, Tag>>,
        content: Content,
    ) -> Result<(), Diagnostic> {
        if self.stack.len() > MAX_NESTING {
            return Err(Diagnostic { span: Some(span), ..parse::too_deep() });
        }
        if let Some(Content::Object(Pairs { key: None, .. })) = self.stack.last().map(|frame| &frame.content) {
            let message = "A name must be a text, not an array or object";
            let hint = "In front of a colon stands a name. A placeholder like {{name}} needs quotes.";
            let fault = Diagnostic::error(Code::InvalidYamlDescription, message).with_hint(hint);
            return Err(fault.at(self.location(), span));
        }
        self.stack.push(Frame { start: span.start, anchor, tag: tag.map(|tag| tag.into_owned()), content });
        Ok(())
    }

    fn close(&mut self, span: &Span) -> Result<(), Diagnostic> {
        // The parser closes only what it opened.
        let Some(frame) = self.stack.pop() else { return Ok(()) };
        let location = self.location();
        let (kind, last) = match frame.content {
            Content::Array(elements) => {
                let last = elements.last().map(|element| element.span.end);
                (NodeKind::Array(elements), last)
            }
            Content::Object(mut pairs) => {
                pairs.merge().map_err(|fault| Diagnostic { location: Some(location.clone()), ..fault })?;
                let last = pairs.members.last().map(|member| member.value.span.end);
                (NodeKind::Object(pairs.members), last)
            }
        };
        // Where a block ends, the parser points behind the blank lines after it.
        let flow = matches!(self.text.as_bytes().get(frame.start), Some(b'[' | b'{'));
        let end = if flow { span.end } else { last.unwrap_or(frame.start + 1) };
        let span = frame.start..end.max(frame.start).min(self.text.len());
        let kind = match frame.tag {
            Some(tag) => tag::of_collection(&tag, kind).map_err(|fault| fault.at(location, span.clone()))?,
            None => kind,
        };
        self.value(Node { span, kind }, frame.anchor)
    }

    /// Puts a value where it belongs.
    fn value(&mut self, node: Node, anchor: usize) -> Result<(), Diagnostic> {
        if anchor > 0 {
            let kept = self.anchors.keep(anchor, &node);
            kept.map_err(|fault| fault.at(self.location(), node.span.clone()))?;
        }
        let member = match self.stack.last_mut().map(|frame| &mut frame.content) {
            None => {
                self.root = Some(node);
                return Ok(());
            }
            Some(Content::Array(elements)) => {
                elements.push(node);
                return Ok(());
            }
            Some(Content::Object(pairs)) => pairs.key.take(),
        };
        match member {
            Some((key, key_span)) => self.member(Member { key, key_span, value: node }),
            None => {
                let key = self.key(node)?;
                if let Some(Content::Object(pairs)) = self.stack.last_mut().map(|frame| &mut frame.content) {
                    pairs.key = Some(key);
                }
            }
        }
        Ok(())
    }

    fn key(&self, node: Node) -> Result<(String, Span), Diagnostic> {
        let raw = self.text.get(node.span.clone()).unwrap_or_default();
        match node.kind {
            NodeKind::String(text) => Ok((text, node.span)),
            NodeKind::Number(_) | NodeKind::Bool(_) => Ok((raw.to_owned(), node.span)),
            _ => {
                let message = "A name must be a text";
                Err(Diagnostic::error(Code::InvalidYamlDescription, message).at(self.location(), node.span))
            }
        }
    }

    fn member(&mut self, member: Member) {
        let path = self.path();
        let Some(Content::Object(pairs)) = self.stack.last_mut().map(|frame| &mut frame.content) else { return };
        // A quoted one is a name like others.
        if member.key == "<<" && self.text.get(member.key_span.clone()) == Some("<<") {
            pairs.merged.push(member.value);
            return;
        }
        match pairs.known.get(&member.key).and_then(|first| pairs.members.get_mut(*first)) {
            None => {
                pairs.known.insert(member.key.clone(), pairs.members.len());
                pairs.members.push(member);
            }
            Some(known) => {
                let place = format!("{path}/{}", member.key);
                self.warnings.push(parse::replace(&self.lines, known, member, place));
            }
        }
    }

    /// The current place as AWS writes it.
    fn location(&self) -> String {
        Some(self.path()).filter(|path| !path.is_empty()).unwrap_or_else(|| "/".to_owned())
    }

    /// The current place; the root is empty.
    fn path(&self) -> String {
        let mut path = String::new();
        for frame in &self.stack {
            match &frame.content {
                Content::Array(elements) => path.push_str(&format!("[{}]", elements.len())),
                Content::Object(Pairs { key: Some((key, _)), .. }) => path.push_str(&format!("/{key}")),
                Content::Object(_) => {}
            }
        }
        path
    }

    fn not_yaml(&self, error: &ScanError) -> Diagnostic {
        let start = self.offsets.byte(error.marker());
        if error.info().contains("recursion limit") {
            return Diagnostic { span: Some(start..start), ..parse::too_deep() };
        }
        let message = format!("The text is not YAML: {}", error.info());
        let fault = Diagnostic::error(Code::InvalidYamlDescription, message);
        let span = start..self.text.len().min(start + 1);
        Diagnostic { span: Some(span), hint: advice::cause(self.text, start, error.info()), ..fault }
    }
}

impl Pairs {
    /// Adds what merge keys bring and the object does not have itself; of several, the first wins.
    fn merge(&mut self) -> Result<(), Diagnostic> {
        for node in std::mem::take(&mut self.merged) {
            let sources = match node.kind {
                NodeKind::Array(elements) => elements,
                _ => vec![node],
            };
            for source in sources {
                let NodeKind::Object(members) = source.kind else {
                    let message = "A merge key (<<) takes an object or a list of objects";
                    return Err(Diagnostic::error(Code::InvalidYamlDescription, message).at("", source.span));
                };
                for member in members {
                    if !self.known.contains_key(&member.key) {
                        self.known.insert(member.key.clone(), self.members.len());
                        self.members.push(member);
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
