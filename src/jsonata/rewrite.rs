//! Changes to the library's tree: operators and functions of ours in the place of the library's, where its results or
//! its errors differ from the reference implementation's, or where a value could grow beyond bounds.

use std::collections::HashSet;

use jsonata_core::ast::{AstNode, BinaryOp, Stage, UnaryOp};

use super::compiled;

/// The functions that stand in for others. No expression can name them: their names have a blank.
pub(super) const CONCATENATE: &str = "own &";
pub(super) const RANGE: &str = "own ..";
pub(super) const ARRAY: &str = "own array";
pub(super) const BOUNDED: &str = "own bound";
/// Functions of the library that are replaced by ours of the same meaning.
pub(super) const REPLACED: [&str; 5] = ["number", "round", "join", "pad", "exists"];

/// The name of our function in the place of the library's.
pub(super) fn own_name(name: &str) -> String {
    format!("own {name}")
}

/// The same, with the context as its first argument.
pub(super) fn own_name_in_context(name: &str) -> String {
    format!("own {name} in context")
}

/// The name of the function that looks at operands before the library does.
pub(super) fn check_name(what: &str) -> String {
    format!("check {what}")
}

/// The tree for evaluation.
pub(super) fn for_evaluation(ast: &AstNode) -> AstNode {
    let mut tree = ast.clone();
    Rewriter::new(&tree, false).visit(&mut tree);
    tree
}

/// The tree that tells an error in the reference implementation's words: operands are looked at first, by our own code.
pub(super) fn for_explanation(ast: &AstNode) -> AstNode {
    let mut tree = ast.clone();
    Rewriter::new(&tree, true).visit(&mut tree);
    tree
}

struct Rewriter {
    explain: bool,
    /// Names that the expression binds: functions of these names are its own.
    bound: HashSet<String>,
    /// Variables made so far.
    made: usize,
}

impl Rewriter {
    fn new(tree: &AstNode, explain: bool) -> Rewriter {
        let mut bound = HashSet::new();
        collect_bound(&mut tree.clone(), &mut bound);
        Rewriter { explain, bound, made: 0 }
    }

    fn visit(&mut self, node: &mut AstNode) {
        if let AstNode::Binary { op: BinaryOp::ChainPipe, lhs, rhs } = node {
            // The call on the right gets another argument: it is not looked at.
            match &mut **rhs {
                AstNode::Function { name, args, is_builtin: true } => {
                    args.iter_mut().for_each(|argument| self.visit(argument));
                    if matches!(&**name, "map" | "filter" | "reduce") {
                        self.visit(lhs);
                        let args = std::iter::once(take(lhs)).chain(std::mem::take(args)).collect();
                        *node = call(std::mem::take(name), args);
                        return self.function(node);
                    }
                    if self.is_replaced(name) {
                        *name = own_name(name);
                    }
                }
                // A value that goes into a function: functions that are joined report no error.
                AstNode::Variable(name) if self.explain && compiled::has_signature(name) => {
                    self.visit(lhs);
                    *node = call(std::mem::take(name), vec![take(lhs)]);
                    return self.function(node);
                }
                rhs => self.visit(rhs),
            }
            return self.visit(lhs);
        }
        children(node).into_iter().for_each(|child| self.visit(child));
        match node {
            AstNode::Binary { op: op @ (BinaryOp::Concatenate | BinaryOp::Range), lhs, rhs } => {
                let name = if *op == BinaryOp::Range { RANGE } else { CONCATENATE };
                *node = call(name.to_owned(), vec![take(lhs), take(rhs)]);
            }
            AstNode::Binary { op: BinaryOp::ColonEqual, rhs, .. } => guard(rhs),
            AstNode::Lambda { body, thunk: false, .. } => guard(body),
            AstNode::Function { args, is_builtin: true, .. } => {
                args.iter_mut().for_each(guard);
                self.function(node);
            }
            node if self.explain => self.explain(node),
            _ => {}
        }
    }

    fn function(&mut self, node: &mut AstNode) {
        let AstNode::Function { name, args, .. } = node else { return };
        if self.bound.contains(name) || args.iter().any(|argument| matches!(argument, AstNode::Placeholder)) {
            return;
        }
        if self.explain && compiled::has_signature(name) {
            let (name, args) = (name.clone(), std::mem::take(args));
            let is_replaced = self.is_replaced(&name);
            *node = self.checked(&name.clone(), args, true, |mut args| {
                if !is_replaced {
                    return call(name, args);
                }
                args.insert(0, AstNode::Variable(String::new()));
                call(own_name_in_context(&name), args)
            });
        } else {
            self.replace(node);
        }
    }

    /// Has the operands looked at first.
    fn explain(&mut self, node: &mut AstNode) {
        match node {
            AstNode::Object(pairs) => {
                for (key, _) in pairs.iter_mut().filter(|(key, _)| !matches!(key, AstNode::String(_))) {
                    let written = take(key);
                    *key = self.checked("key", vec![written], false, last);
                }
            }
            AstNode::Binary { op, lhs, rhs } => {
                let Some(symbol) = symbol(*op) else { return };
                let (op, sides) = (*op, vec![take(lhs), take(rhs)]);
                *node = self.checked(symbol, sides, false, |mut sides| {
                    let rhs = Box::new(sides.pop().unwrap_or(AstNode::Undefined));
                    AstNode::Binary { op, lhs: Box::new(last(sides)), rhs }
                });
            }
            AstNode::Unary { op: UnaryOp::Negate, operand } if !matches!(**operand, AstNode::Number(_)) => {
                let operand = take(operand);
                let negate = |operand| AstNode::Unary { op: UnaryOp::Negate, operand: Box::new(last(operand)) };
                *node = self.checked("negate", vec![operand], false, negate);
            }
            _ => {}
        }
    }

    fn is_replaced(&self, name: &str) -> bool {
        REPLACED.contains(&name) && !self.bound.contains(name)
    }

    /// Ours in the place of the library's, with the context as its first argument.
    fn replace(&mut self, node: &mut AstNode) {
        let AstNode::Function { name, args, .. } = node else { return };
        if self.is_replaced(name) {
            *name = own_name_in_context(name);
            args.insert(0, AstNode::Variable(String::new()));
        } else if name == "reduce" && matches!(args.len(), 2 | 3) && !self.bound.contains(name) {
            *node = self.reduce(std::mem::take(args));
        } else if matches!(&**name, "map" | "filter") && args.len() == 2 && !self.bound.contains(name) {
            let array = take(&mut args[0]);
            args[0] = call(ARRAY.to_owned(), vec![array]);
        }
    }

    /// `$reduce` of nothing is undefined, and an undefined first value is none; for the library they are values.
    fn reduce(&mut self, mut args: Vec<AstNode>) -> AstNode {
        let array = take(&mut args[0]);
        args[0] = call(ARRAY.to_owned(), vec![array]);
        let mut items = Vec::new();
        let variables: Vec<AstNode> = args.into_iter().map(|argument| self.assign(argument, &mut items)).collect();
        let without = AstNode::Conditional {
            condition: Box::new(call("count".to_owned(), vec![variables[0].clone()])),
            then_branch: Box::new(call("reduce".to_owned(), variables[..2].to_vec())),
            else_branch: None,
        };
        items.push(match variables.get(2) {
            None => without,
            Some(initial) => AstNode::Conditional {
                condition: Box::new(call("exists".to_owned(), vec![initial.clone()])),
                then_branch: Box::new(call("reduce".to_owned(), variables.clone())),
                else_branch: Some(Box::new(without)),
            },
        });
        AstNode::Block(items)
    }

    /// Assigns the value of a node to a variable of its own.
    fn assign(&mut self, value: AstNode, items: &mut Vec<AstNode>) -> AstNode {
        let variable = self.make_variable();
        let lhs = Box::new(variable.clone());
        items.push(AstNode::Binary { op: BinaryOp::ColonEqual, lhs, rhs: Box::new(value) });
        variable
    }

    fn make_variable(&mut self) -> AstNode {
        self.made += 1;
        AstNode::Variable(format!("own {}", self.made))
    }

    /// `($1 := …; $2 := …; check(context, $1, $2); … $1 … $2 …)`
    fn checked(
        &mut self,
        what: &str,
        operands: Vec<AstNode>,
        with_context: bool,
        build: impl FnOnce(Vec<AstNode>) -> AstNode,
    ) -> AstNode {
        let mut items = Vec::new();
        let mut operand = |operand: AstNode| match operand {
            // A function is best called where it is.
            AstNode::Lambda { .. } | AstNode::Regex { .. } => operand,
            operand => self.assign(operand, &mut items),
        };
        let operands: Vec<AstNode> = operands.into_iter().map(&mut operand).collect();
        let mut arguments = operands.clone();
        if with_context {
            arguments.insert(0, AstNode::Variable(String::new()));
        }
        items.push(call(check_name(what), arguments));
        items.push(build(operands));
        AstNode::Block(items)
    }
}

fn call(name: String, args: Vec<AstNode>) -> AstNode {
    AstNode::Function { name, args, is_builtin: true }
}

fn last(mut nodes: Vec<AstNode>) -> AstNode {
    nodes.pop().unwrap_or(AstNode::Undefined)
}

fn take(node: &mut AstNode) -> AstNode {
    std::mem::replace(node, AstNode::Undefined)
}

/// Bounds what is made here, if it is something that could grow each time.
fn guard(node: &mut AstNode) {
    match node {
        AstNode::Array(items) if !items.is_empty() => {
            let array = take(node);
            *node = call(BOUNDED.to_owned(), vec![array]);
        }
        AstNode::Object(pairs) if !pairs.is_empty() => {
            let object = take(node);
            *node = call(BOUNDED.to_owned(), vec![object]);
        }
        AstNode::Conditional { then_branch, else_branch, .. } => {
            guard(then_branch);
            else_branch.iter_mut().for_each(|branch| guard(branch));
        }
        AstNode::Block(items) => items.last_mut().into_iter().for_each(guard),
        _ => {}
    }
}

/// Operators whose errors show their operands.
fn symbol(op: BinaryOp) -> Option<&'static str> {
    Some(match op {
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Modulo => "%",
        BinaryOp::LessThan => "<",
        BinaryOp::LessThanOrEqual => "<=",
        BinaryOp::GreaterThan => ">",
        BinaryOp::GreaterThanOrEqual => ">=",
        _ => return None,
    })
}

fn collect_bound(node: &mut AstNode, bound: &mut HashSet<String>) {
    match node {
        AstNode::Binary { op: BinaryOp::ColonEqual, lhs, .. } => {
            if let AstNode::Variable(name) = &**lhs {
                bound.insert(name.clone());
            }
        }
        AstNode::Lambda { params, .. } => bound.extend(params.iter().cloned()),
        _ => {}
    }
    children(node).into_iter().for_each(|child| collect_bound(child, bound));
}

/// The nodes right below, but for the left side of an assignment.
fn children(node: &mut AstNode) -> Vec<&mut AstNode> {
    match node {
        AstNode::Path { steps } => {
            let step = steps.iter_mut().flat_map(|step| {
                let stages = step.stages.iter_mut().filter_map(|stage| match stage {
                    Stage::Filter(filter) => Some(&mut **filter),
                    _ => None,
                });
                std::iter::once(&mut step.node).chain(stages)
            });
            step.collect()
        }
        AstNode::Binary { op: BinaryOp::ColonEqual, rhs, .. } => vec![rhs],
        AstNode::Binary { lhs, rhs, .. } => vec![lhs, rhs],
        AstNode::Unary { operand: inner, .. } | AstNode::FunctionApplication(inner) => vec![inner],
        AstNode::Function { args, .. } => args.iter_mut().collect(),
        AstNode::Call { procedure, args } => std::iter::once(&mut **procedure).chain(args).collect(),
        AstNode::Lambda { body, .. } => vec![body],
        AstNode::Array(items) | AstNode::ArrayGroup(items) | AstNode::Block(items) => items.iter_mut().collect(),
        AstNode::Object(pairs) => pairs.iter_mut().flat_map(|(key, value)| [key, value]).collect(),
        AstNode::ObjectTransform { input, pattern } => {
            let pairs = pattern.iter_mut().flat_map(|(key, value)| [key, value]);
            std::iter::once(&mut **input).chain(pairs).collect()
        }
        AstNode::Conditional { condition, then_branch, else_branch } => {
            let branches = [condition, then_branch].into_iter().chain(else_branch);
            branches.map(|branch| &mut **branch).collect()
        }
        AstNode::Sort { input, terms } => {
            std::iter::once(&mut **input).chain(terms.iter_mut().map(|(term, _)| term)).collect()
        }
        AstNode::Transform { location, update, delete } => {
            let parts = [location, update].into_iter().chain(delete);
            parts.map(|part| &mut **part).collect()
        }
        _ => Vec::new(),
    }
}
