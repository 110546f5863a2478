//! Functions applied to arguments.
//!
//! A call at the end of a function's body is not made there: its function and arguments are handed to whoever applied the
//! function, who goes on with them. So recursion at the end takes no depth and no room.

use super::environment::{Environment, EnvironmentMark};
use super::foreign::{Callable, callable, function};
use super::{Closure, Evaluated, Evaluation};
use crate::jsonata::compile::{Call, Lambda, Node, Partial, Regex, Symbol};
use crate::jsonata::error::Throw;
use crate::jsonata::function::{Arguments, Function, MAX_ARGUMENTS};
use crate::value::Value;

/// What the body of a function comes to.
enum Outcome<'a> {
    Value(Option<Value>),
    /// A call of this function with the arguments that are on the evaluation's stack, and the name that it is called by.
    Call(Value, Option<&'a str>),
}

/// What there was before a block or a call.
#[derive(Clone, Copy)]
pub(super) struct Before {
    environments: EnvironmentMark,
    closures: usize,
    kept: usize,
}

/// How a text is searched.
#[derive(Clone, Copy)]
pub(in crate::jsonata) enum Matcher<'a> {
    Regex(&'a crate::jsonata::regex::Regex),
    /// A function that gives a match and the function for the next one.
    Function(Value),
}

impl<'a> Evaluation<'a> {
    pub(super) fn before(&self) -> Before {
        Before { environments: self.environments.mark(), closures: self.closures.len(), kept: self.kept }
    }

    /// Gives up the environments and functions since then that nothing refers to any more.
    pub(super) fn leave(&mut self, before: Before, result: Evaluated) -> Evaluated {
        let value = result?;
        if self.closures.len() == before.closures {
            self.environments.release(before.environments);
            return Ok(value);
        }
        let gives_function = matches!(value, Some(Value::Foreign(_)));
        if !gives_function && self.kept == before.kept {
            self.closures.truncate(before.closures);
            self.environments.release(before.environments);
        }
        Ok(value)
    }

    /// A call; `first` comes before its arguments.
    pub(super) fn call(&mut self, call: &'a Call, first: Option<Option<Value>>, context: Option<Value>) -> Evaluated {
        let function = self.procedure(call, context)?;
        let result = match function.and_then(callable) {
            Some(Callable::BuiltIn(known)) if first.is_none() && call.arguments.len() <= MAX_ARGUMENTS => {
                self.call_built_in(known, call, context)?
            }
            _ => {
                let base = self.arguments.len();
                self.arguments.extend(first);
                self.push_arguments(call, context)?;
                self.apply(function, base, context)
            }
        };
        result.map_err(|fault| fault.called(call.token.as_deref()))
    }

    /// A call of a function of the language, without the stack of arguments if each argument can stay as it is: most calls.
    /// What fails outside of the function fails here, what it makes of its arguments is the result.
    fn call_built_in(
        &mut self,
        function: Function,
        call: &'a Call,
        context: Option<Value>,
    ) -> Result<Evaluated, Throw> {
        let mut arguments: Arguments = [None; MAX_ARGUMENTS];
        for (argument, node) in std::iter::zip(&mut arguments, &call.arguments) {
            *argument = self.evaluate(node, context)?;
        }
        let given = &arguments[..call.arguments.len()];
        // A function among them may leave functions behind, which end with the application.
        let is_plain = !given.iter().any(|value| matches!(value, Some(Value::Foreign(_))));
        if is_plain && self.fit(&function.signature().parameters, given)? {
            self.work(1)?;
            return Ok(function.apply(self, arguments));
        }
        let base = self.arguments.len();
        self.arguments.extend_from_slice(given);
        Ok(self.apply(Some(self::function(Callable::BuiltIn(function))), base, context))
    }

    /// Evaluates the function of a call.
    fn procedure(&mut self, call: &'a Call, context: Option<Value>) -> Evaluated {
        let function = match &call.procedure {
            // It is applied and goes nowhere else.
            Node::Variable(variable) => self.callee(variable)?,
            other => self.evaluate(other, context)?,
        };
        if let (None, Some(meant)) = (function, &call.meant)
            && self.variable(meant).is_some()
        {
            let text = format!("Attempted to invoke a non-function. Did you mean ${}?", meant.name);
            return Err(Throw::new("T1005", text));
        }
        Ok(function)
    }

    fn push_arguments(&mut self, call: &'a Call, context: Option<Value>) -> Result<(), Throw> {
        for argument in &call.arguments {
            let value = self.evaluate(argument, context)?;
            self.arguments.push(value);
        }
        Ok(())
    }

    /// Applies a function to the arguments on the stack from `base` on, which are taken.
    pub(super) fn apply(&mut self, function: Option<Value>, base: usize, context: Option<Value>) -> Evaluated {
        let (mut function, mut name) = (function, None);
        let environment = self.environment;
        let (before, age, asked) = (self.before(), self.heap.age(), self.asked);
        loop {
            let outcome = self.apply_once(function, base, context);
            let outcome = outcome.map_err(|fault| if name.is_some() { fault.called(name) } else { fault });
            self.environment = environment;
            if outcome.is_err() {
                self.arguments.truncate(base);
            }
            match outcome? {
                Outcome::Value(value) => {
                    self.arguments.truncate(base);
                    let value = self.leave(before, Ok(value))?;
                    // Values don't change: what was made in the call can be seen by its result only, which holds nothing then.
                    if is_bare(value) && self.kept == before.kept && self.asked == asked {
                        self.heap.take_back(age);
                    }
                    return Ok(value);
                }
                Outcome::Call(next, its_name) => (function, name) = (Some(next), its_name),
            }
        }
    }

    fn apply_once(
        &mut self,
        function: Option<Value>,
        base: usize,
        context: Option<Value>,
    ) -> Result<Outcome<'a>, Throw> {
        self.work(1)?;
        let Some(callable) = function.and_then(callable) else { return Err(not_a_function()) };
        let closure = match callable {
            Callable::BuiltIn(function) => return self.built_in(function, base, context).map(Outcome::Value),
            Callable::Closure(closure) => closure,
        };
        match &self.closures[closure] {
            Closure::Lambda { lambda, environment, context: kept, left } => {
                let (lambda, environment, kept) = (*lambda, *environment, *kept);
                match left.clone() {
                    Some(left) => self.apply_lambda(lambda, &left, environment, kept, base),
                    None => {
                        if let Some(signature) = &lambda.signature {
                            self.validate(signature, base, context)?;
                        }
                        self.apply_lambda(lambda, &lambda.parameters, environment, kept, base)
                    }
                }
            }
            Closure::Partial { function, arguments } => {
                let (function, bound) = (*function, arguments.clone());
                self.fill(&bound, base);
                self.apply_once(Some(self::function(function)), base, None)
            }
            Closure::Chain([first, second]) => {
                let (first, second) = (*first, *second);
                // It takes one argument, which is given even if it is undefined.
                let value = self.arguments.get(base).copied().flatten();
                self.arguments.truncate(base);
                self.arguments.push(value);
                let value = self.apply(Some(first), base, context)?;
                self.arguments.push(value);
                Ok(Outcome::Call(second, None))
            }
            Closure::Transform { transform, environment } => {
                let (transform, environment) = (*transform, *environment);
                let subject = self.arguments.get(base).copied().flatten();
                self.environment = self.environments.enter(environment);
                self.transform(transform, subject).map(Outcome::Value)
            }
            Closure::Regex(regex) => {
                let regex = *regex;
                let text = self.arguments.get(base).copied().flatten();
                let from = self.arguments.get(base + 1).copied().flatten();
                let from = from.and_then(|from| self.double(from)).unwrap_or(0.0) as usize;
                self.match_value(regex, text, from, false).map(Outcome::Value)
            }
            Closure::Next { regex, text, from } => {
                let (regex, text, from) = (*regex, *text, *from);
                self.match_value(regex, Some(text), from, true).map(Outcome::Value)
            }
        }
    }

    fn built_in(&mut self, function: Function, base: usize, context: Option<Value>) -> Evaluated {
        self.validate(function.signature(), base, context)?;
        let mut arguments: Arguments = [None; MAX_ARGUMENTS];
        std::iter::zip(&mut arguments, &self.arguments[base..]).for_each(|(to, from)| *to = *from);
        self.applied = base;
        function.apply(self, arguments)
    }

    fn apply_lambda(
        &mut self,
        lambda: &'a Lambda,
        parameters: &[Symbol],
        environment: Environment,
        context: Option<Value>,
        base: usize,
    ) -> Result<Outcome<'a>, Throw> {
        let before = self.before();
        self.environment = self.environments.enter(environment);
        for (index, symbol) in parameters.iter().enumerate() {
            let value = self.arguments.get(base + index).copied().flatten();
            self.environments.bind(self.environment, *symbol, value);
        }
        self.afford(0)?;
        self.arguments.truncate(base);
        let depth = self.depth;
        let outcome = self.tail(&lambda.body, context, depth);
        self.depth = depth;
        match outcome? {
            Outcome::Value(value) => self.leave(before, Ok(value)).map(Outcome::Value),
            Outcome::Call(function, name) => {
                let arguments = &self.arguments[base..];
                let is_function = |value: &Option<Value>| matches!(value, Some(Value::Foreign(_)));
                let is_old = |value: Value| match callable(value) {
                    Some(Callable::Closure(closure)) => closure < before.closures,
                    _ => true,
                };
                if !arguments.iter().any(is_function) && is_old(function) {
                    self.leave(before, Ok(None))?;
                }
                Ok(Outcome::Call(function, name))
            }
        }
    }

    /// Evaluates what stands at the end of a function's body. Its call, if it is one, is left to do; its parts are
    /// evaluated at the depth of the function.
    fn tail(&mut self, node: &'a Node, context: Option<Value>, depth: u32) -> Result<Outcome<'a>, Throw> {
        match node {
            Node::Call(call) => self.tail_call(call, context, depth),
            // What is done with the value of a call at the end is lost, as it is in the reference.
            Node::Shaped(shaped) if shaped.predicates.is_empty() && matches!(shaped.node, Node::Call(_)) => {
                self.tail(&shaped.node, context, depth)
            }
            Node::Condition(condition) => {
                self.enter()?;
                let branch = match self.truth(&condition.condition, context)? {
                    true => Some(&condition.then),
                    false => condition.other.as_ref(),
                };
                match branch {
                    Some(branch) => self.tail(branch, context, depth),
                    None => Ok(Outcome::Value(None)),
                }
            }
            Node::Block(block) => {
                self.enter()?;
                let Some((last, before)) = block.items.split_last() else { return Ok(Outcome::Value(None)) };
                self.enter_block(block);
                for item in before {
                    self.evaluate(item, context)?;
                }
                self.tail(last, context, depth)
            }
            node => self.evaluate(node, context).map(Outcome::Value),
        }
    }

    fn enter(&mut self) -> Result<(), Throw> {
        self.check_depth(1)?;
        self.work(1)?;
        self.depth += 1;
        Ok(())
    }

    fn tail_call(&mut self, call: &'a Call, context: Option<Value>, depth: u32) -> Result<Outcome<'a>, Throw> {
        self.check_depth(1)?;
        self.depth = depth;
        let function = self.procedure(call, context)?;
        self.push_arguments(call, context)?;
        let name = call.token.as_deref().filter(|_| matches!(call.procedure, Node::Variable(_)));
        function.map(|function| Outcome::Call(function, name)).ok_or_else(not_a_function)
    }

    /// Calls a function with these arguments, as the functions that take functions do.
    pub(in crate::jsonata) fn invoke(&mut self, function: Value, arguments: &[Option<Value>]) -> Evaluated {
        let base = self.arguments.len();
        self.arguments.extend_from_slice(arguments);
        self.apply(Some(function), base, Some(Value::Null))
    }

    /// Calls a function with as many of the arguments as it takes, but one at least.
    pub(in crate::jsonata) fn invoke_with(&mut self, function: Value, arguments: &[Option<Value>]) -> Evaluated {
        let count = self.arity(function).clamp(1, arguments.len());
        self.invoke(function, &arguments[..count])
    }

    /// How many parameters a function has.
    pub(in crate::jsonata) fn arity(&self, function: Value) -> usize {
        match callable(function) {
            Some(Callable::BuiltIn(function)) => function.arity(),
            Some(Callable::Closure(closure)) => match &self.closures[closure] {
                Closure::Lambda { left: Some(left), .. } => left.len(),
                Closure::Lambda { lambda, .. } => lambda.parameters.len(),
                Closure::Partial { arguments, .. } => arguments.iter().filter(|argument| argument.is_none()).count(),
                Closure::Regex(_) => 2,
                Closure::Transform { .. } | Closure::Chain(_) => 1,
                Closure::Next { .. } => 0,
            },
            None => 0,
        }
    }

    /// The arguments of the built-in function that is applied, all of them.
    pub(in crate::jsonata) fn applied_arguments(&self) -> &[Option<Value>] {
        &self.arguments[self.applied..]
    }

    /// `value ~> function`
    pub(super) fn apply_to(&mut self, sides: &'a [Node; 2], context: Option<Value>) -> Evaluated {
        let [left, right] = sides;
        let value = self.evaluate(left, context)?;
        let call = match right {
            Node::Call(call) => Some(call),
            Node::Shaped(shaped) => match &shaped.node {
                Node::Call(call) => Some(call),
                _ => None,
            },
            _ => None,
        };
        if let Some(call) = call {
            return self.call(call, Some(value), context);
        }
        let Some(function) = self.evaluate(right, context)?.filter(|function| callable(*function).is_some()) else {
            let text = "The right side of the function application operator ~> must be a function";
            return Err(Throw::new("T2006", text));
        };
        match value {
            Some(first) if callable(first).is_some() => self.closure(Closure::Chain([first, function])).map(Some),
            value => {
                let base = self.arguments.len();
                self.arguments.push(value);
                self.apply(Some(function), base, Some(Value::Null))
            }
        }
    }

    /// A function with some of its arguments.
    pub(super) fn partial(&mut self, partial: &'a Partial, context: Option<Value>) -> Result<Value, Throw> {
        let mut arguments = Vec::new();
        for argument in &partial.arguments {
            arguments.push(match argument {
                Some(argument) => {
                    let value = self.evaluate(argument, context)?;
                    value.into_iter().for_each(|value| self.keep(value));
                    Some(value)
                }
                None => None,
            });
        }
        let procedure = self.evaluate(&partial.procedure, context)?;
        if let (None, Some(meant)) = (procedure, &partial.meant)
            && self.variable(meant).is_some()
        {
            let text = format!("Attempted to partially apply a non-function. Did you mean ${}?", meant.name);
            return Err(Throw::new("T1007", text));
        }
        let Some(function) = procedure.and_then(callable) else {
            return Err(Throw::new("T1008", "Attempted to partially apply a non-function"));
        };
        if let Callable::Closure(closure) = function
            && let Closure::Lambda { lambda, environment, context, left } = &self.closures[closure]
        {
            let (lambda, outer, context) = (*lambda, *environment, *context);
            let parameters = left.clone().unwrap_or_else(|| lambda.parameters.clone());
            let environment = self.environments.enter(outer);
            let mut left = Vec::new();
            for (index, symbol) in parameters.iter().enumerate() {
                match arguments.get(index) {
                    Some(None) => left.push(*symbol),
                    Some(Some(value)) => self.environments.bind(environment, *symbol, *value),
                    None => self.environments.bind(environment, *symbol, None),
                }
            }
            return self.closure(Closure::Lambda { lambda, environment, context, left: Some(left.into()) });
        }
        self.closure(Closure::Partial { function, arguments: arguments.into() })
    }

    /// Puts the arguments on the stack where a partial application has `?`.
    fn fill(&mut self, bound: &[Option<Option<Value>>], base: usize) {
        let mut given = self.arguments.split_off(base).into_iter();
        let all = bound.iter().map(|argument| argument.unwrap_or_else(|| given.next().flatten()));
        self.arguments.extend(all);
        while self.arguments.len() > base && self.arguments.last().is_some_and(Option::is_none) {
            self.arguments.pop();
        }
    }

    /// How the value of a parameter that takes a text or a function searches a text.
    pub(in crate::jsonata) fn matcher(&self, function: Value) -> Matcher<'a> {
        match callable(function) {
            Some(Callable::Closure(closure)) => match &self.closures[closure] {
                Closure::Regex(regex) => Matcher::Regex(&regex.regex),
                _ => Matcher::Function(function),
            },
            _ => Matcher::Function(function),
        }
    }
}

impl<'a> Evaluation<'a> {
    /// The function for the match after one that ends there.
    pub(in crate::jsonata) fn next_match(
        &mut self,
        regex: &'a Regex,
        text: Value,
        from: usize,
    ) -> Result<Value, Throw> {
        self.closure(Closure::Next { regex, text, from })
    }

    /// The same for a function that is a regular expression.
    pub(in crate::jsonata) fn next_of(&mut self, matcher: Value, text: Value, from: usize) -> Result<Value, Throw> {
        match callable(matcher) {
            Some(Callable::Closure(closure)) => match &self.closures[closure] {
                Closure::Regex(regex) => {
                    let regex = *regex;
                    self.next_match(regex, text, from)
                }
                _ => Ok(matcher),
            },
            _ => Ok(matcher),
        }
    }
}

/// Whether all of a value is in its handle.
fn is_bare(value: Option<Value>) -> bool {
    matches!(value, None | Some(Value::Null | Value::True | Value::False | Value::Int(_) | Value::Float(_)))
}

fn not_a_function() -> Throw {
    Throw::new("T1006", "Attempted to invoke a non-function")
}
