//! The grammar of the reference implementation, by operator precedence: a text becomes operators and operands as they are
//! written. What they mean is found in the next pass, so that a text that breaks the grammar is reported as that.

use super::super::error::SyntaxError;
use super::super::signature::Signature;
use super::lexer::{Lexer, Token, TokenKind, error};
use super::tree::Word;

/// Levels of expressions inside expressions. The stack bounds it; people stay far below, and so does what the service
/// evaluates.
const MAX_HEIGHT: u16 = 200;

/// An expression as it is written.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) kind: RawKind,
    pub(super) position: usize,
    /// `[]` behind it.
    pub(super) keep_array: bool,
    /// Levels of expressions inside.
    height: u16,
}

#[derive(Debug)]
pub(super) enum RawKind {
    Name(String),
    Variable(String),
    String(String),
    Number(f64),
    Word(Word),
    Regex {
        pattern: String,
        flags: String,
    },
    Wildcard,
    Descendants,
    Parent,
    /// The text ended where an operand was expected. The reference reports it last.
    End,
    Infix(&'static str, Box<[Raw; 2]>),
    Negate(Box<Raw>),
    Array(Vec<Raw>),
    Object(Vec<(Raw, Raw)>),
    Group(Box<Raw>, Vec<(Raw, Raw)>),
    /// Keys, and whether they are descending.
    Sort(Box<Raw>, Vec<(bool, Raw)>),
    Block(Vec<Raw>),
    /// Without arguments that are `?`.
    Call(Box<Raw>, Vec<Raw>),
    Partial(Box<Raw>, Vec<Option<Raw>>),
    Lambda {
        parameters: Vec<String>,
        signature: Option<Signature>,
        body: Box<Raw>,
    },
    Condition(Box<Raw>, Box<Raw>, Option<Box<Raw>>),
    Transform(Box<Raw>, Box<Raw>, Option<Box<Raw>>),
}

/// Reads a whole text.
pub(super) fn read(text: &str) -> Result<Raw, SyntaxError> {
    let mut lexer = Lexer::new(text);
    let token = lexer.next(true)?;
    let mut grammar = Grammar { lexer, token, nesting: 0 };
    let raw = grammar.expression(0)?;
    if grammar.token.kind != TokenKind::End {
        let token = &grammar.token;
        return Err(error("S0201", &format!("Syntax error: {}", token.kind.json()), token.position));
    }
    Ok(raw)
}

struct Grammar<'a> {
    lexer: Lexer<'a>,
    token: Token,
    nesting: u16,
}

type Read = Result<Raw, SyntaxError>;

impl Grammar<'_> {
    /// Goes on to the next token, which is an operand if `operand`.
    fn step(&mut self, operand: bool) -> Result<(), SyntaxError> {
        self.token = self.lexer.next(operand)?;
        Ok(())
    }

    fn is(&self, operator: &str) -> bool {
        self.token.kind.is(operator)
    }

    fn expect(&mut self, operator: &str, operand: bool) -> Result<(), SyntaxError> {
        if self.is(operator) {
            return self.step(operand);
        }
        let Token { kind, position } = &self.token;
        Err(match kind {
            TokenKind::End => error("S0203", &format!("Expected \"{operator}\" before end of expression"), *position),
            kind => error("S0202", &format!("Expected \"{operator}\", got {}", kind.json()), *position),
        })
    }

    /// Takes the operator if it comes next.
    fn take(&mut self, operator: &str) -> Result<bool, SyntaxError> {
        let found = self.is(operator);
        if found {
            self.step(true)?;
        }
        Ok(found)
    }

    fn expression(&mut self, power: u8) -> Read {
        if self.nesting == MAX_HEIGHT {
            return Err(too_deep(self.token.position));
        }
        self.nesting += 1;
        let mut left = self.operand()?;
        while let TokenKind::Operator(operator) = self.token.kind
            && power < binding(operator)
        {
            let position = self.token.position;
            // What follows an operator is an operand, but for `)` and the like.
            self.step(true)?;
            left = self.infix(operator, position, left)?;
        }
        self.nesting -= 1;
        Ok(left)
    }

    fn boxed(&mut self, power: u8) -> Result<Box<Raw>, SyntaxError> {
        self.expression(power).map(Box::new)
    }

    fn operand(&mut self) -> Read {
        let end = Token { kind: TokenKind::End, position: self.token.position };
        let Token { kind, position } = std::mem::replace(&mut self.token, end);
        let kind = match kind {
            TokenKind::End => RawKind::End,
            TokenKind::Operator(operator) => return self.prefix(operator, position),
            TokenKind::Name(name) => RawKind::Name(name),
            TokenKind::Variable(name) => RawKind::Variable(name),
            TokenKind::String(text) => RawKind::String(text),
            TokenKind::Number(number) => RawKind::Number(number),
            TokenKind::Word(word) => RawKind::Word(word),
            TokenKind::Regex { pattern, flags } => RawKind::Regex { pattern, flags },
        };
        if !matches!(kind, RawKind::End) {
            self.step(false)?;
        }
        Raw::new(kind, position)
    }

    fn prefix(&mut self, operator: &'static str, position: usize) -> Read {
        if !matches!(operator, "and" | "or" | "in" | "*" | "**" | "%" | "-" | "(" | "[" | "{" | "|") {
            let text = format!("The symbol \"{operator}\" cannot be used as a unary operator");
            return Err(error("S0211", &text, position));
        }
        // Not even behind `(` does the reference take `/` for the begin of a regular expression.
        self.step(false)?;
        let kind = match operator {
            "and" | "or" | "in" => RawKind::Name(operator.to_owned()),
            "*" => RawKind::Wildcard,
            "**" => RawKind::Descendants,
            "%" => RawKind::Parent,
            "-" => RawKind::Negate(self.boxed(70)?),
            "(" => RawKind::Block(self.block()?),
            "[" => RawKind::Array(self.array()?),
            "{" => RawKind::Object(self.pairs()?),
            _ => self.transform()?,
        };
        Raw::new(kind, position)
    }

    fn infix(&mut self, operator: &'static str, position: usize, mut left: Raw) -> Read {
        let kind = match operator {
            "(" => return self.call(position, left),
            "[" if self.is("]") => {
                self.step(true)?;
                left.keep_array();
                return Ok(left);
            }
            "[" => {
                let predicate = self.expression(0)?;
                self.expect("]", false)?;
                RawKind::Infix("[", Box::new([left, predicate]))
            }
            "{" => RawKind::Group(Box::new(left), self.pairs()?),
            "^" => RawKind::Sort(Box::new(left), self.terms()?),
            "?" => {
                let then = self.boxed(0)?;
                let other = if self.take(":")? { Some(self.boxed(0)?) } else { None };
                RawKind::Condition(Box::new(left), then, other)
            }
            ":=" if !matches!(left.kind, RawKind::Variable(_)) => {
                let text = "The left side of := must be a variable name (start with $)";
                return Err(error("S0212", text, left.position));
            }
            ":=" => RawKind::Infix(operator, Box::new([left, self.expression(9)?])),
            "@" | "#" => {
                let variable = self.expression(80)?;
                if !matches!(variable.kind, RawKind::Variable(_)) {
                    let text = format!("The right side of \"{operator}\" must be a variable name (start with $)");
                    return Err(error("S0214", &text, variable.position));
                }
                RawKind::Infix(operator, Box::new([left, variable]))
            }
            operator => RawKind::Infix(operator, Box::new([left, self.expression(binding(operator))?])),
        };
        Raw::new(kind, position)
    }

    fn block(&mut self) -> Result<Vec<Raw>, SyntaxError> {
        let mut items = Vec::new();
        while !self.is(")") {
            items.push(self.expression(0)?);
            if !self.take(";")? {
                break;
            }
        }
        self.expect(")", false)?;
        Ok(items)
    }

    fn array(&mut self) -> Result<Vec<Raw>, SyntaxError> {
        let mut items = Vec::new();
        if !self.is("]") {
            loop {
                let item = self.expression(0)?;
                let position = self.token.position;
                items.push(match self.take("..")? {
                    true => Raw::new(RawKind::Infix("..", Box::new([item, self.expression(0)?])), position)?,
                    false => item,
                });
                if !self.take(",")? {
                    break;
                }
            }
        }
        self.expect("]", false)?;
        Ok(items)
    }

    fn pairs(&mut self) -> Result<Vec<(Raw, Raw)>, SyntaxError> {
        let mut pairs = Vec::new();
        if !self.is("}") {
            loop {
                let key = self.expression(0)?;
                self.expect(":", true)?;
                pairs.push((key, self.expression(0)?));
                if !self.take(",")? {
                    break;
                }
            }
        }
        self.expect("}", false)?;
        Ok(pairs)
    }

    fn transform(&mut self) -> Result<RawKind, SyntaxError> {
        let pattern = self.boxed(0)?;
        self.expect("|", true)?;
        let update = self.boxed(0)?;
        let delete = if self.take(",")? { Some(self.boxed(0)?) } else { None };
        self.expect("|", true)?;
        Ok(RawKind::Transform(pattern, update, delete))
    }

    fn terms(&mut self) -> Result<Vec<(bool, Raw)>, SyntaxError> {
        self.expect("(", true)?;
        let mut terms = Vec::new();
        loop {
            let descending = !self.take("<")? && self.take(">")?;
            terms.push((descending, self.expression(0)?));
            if !self.take(",")? {
                break;
            }
        }
        self.expect(")", true)?;
        Ok(terms)
    }

    fn call(&mut self, position: usize, left: Raw) -> Read {
        let mut arguments = Vec::new();
        if !self.is(")") {
            loop {
                arguments.push(match self.is("?") {
                    true => {
                        self.step(true)?;
                        None
                    }
                    false => Some(self.expression(0)?),
                });
                if !self.take(",")? {
                    break;
                }
            }
        }
        self.expect(")", false)?;
        if matches!(&left.kind, RawKind::Name(name) if name == "function" || name == "\u{3bb}") {
            return self.lambda(position, arguments);
        }
        let procedure = Box::new(left);
        let kind = match arguments.iter().any(Option::is_none) {
            true => RawKind::Partial(procedure, arguments),
            false => RawKind::Call(procedure, arguments.into_iter().flatten().collect()),
        };
        Raw::new(kind, position)
    }

    fn lambda(&mut self, position: usize, arguments: Vec<Option<Raw>>) -> Read {
        let mut parameters = Vec::new();
        for (index, argument) in arguments.into_iter().enumerate() {
            match argument {
                Some(Raw { kind: RawKind::Variable(name), .. }) => parameters.push(name),
                other => {
                    let number = index + 1;
                    let text =
                        format!("Parameter {number} of function definition must be a variable name (start with $)");
                    return Err(error("S0208", &text, other.map_or(position, |other| other.position)));
                }
            }
        }
        let signature = if self.is("<") { Some(self.signature()?) } else { None };
        self.expect("{", true)?;
        let body = self.boxed(0)?;
        self.expect("}", true)?;
        Raw::new(RawKind::Lambda { parameters, signature, body }, position)
    }

    fn signature(&mut self) -> Result<Signature, SyntaxError> {
        let position = self.token.position;
        let mut text = "<".to_owned();
        let mut depth = 1;
        while depth > 0 && !self.is("{") && self.token.kind != TokenKind::End {
            self.step(true)?;
            match self.token.kind {
                TokenKind::Operator(">") => depth -= 1,
                TokenKind::Operator("<") => depth += 1,
                _ => {}
            }
            text.push_str(&self.token.kind.plain());
        }
        self.expect(">", true)?;
        Signature::parse(&text).map_err(|(code, message)| error(code, message, position))
    }
}

impl Raw {
    fn new(kind: RawKind, position: usize) -> Read {
        let pairs = |pairs: &[(Raw, Raw)]| pairs.iter().map(|(key, value)| key.height.max(value.height)).max();
        let all = |items: &[Raw]| items.iter().map(|item| item.height).max();
        let below = match &kind {
            RawKind::Infix(_, sides) => all(&**sides),
            RawKind::Negate(inner) | RawKind::Lambda { body: inner, .. } => Some(inner.height),
            RawKind::Array(items) | RawKind::Block(items) => all(items),
            RawKind::Object(entries) => pairs(entries),
            RawKind::Group(left, entries) => pairs(entries).max(Some(left.height)),
            RawKind::Sort(left, terms) => terms.iter().map(|(_, key)| key.height).max().max(Some(left.height)),
            RawKind::Call(procedure, arguments) => all(arguments).max(Some(procedure.height)),
            RawKind::Partial(procedure, arguments) => {
                arguments.iter().flatten().map(|item| item.height).max().max(Some(procedure.height))
            }
            RawKind::Condition(first, second, third) | RawKind::Transform(first, second, third) => {
                third.as_ref().map(|third| third.height).max(Some(first.height.max(second.height)))
            }
            _ => None,
        };
        let height = 1 + below.unwrap_or(0);
        if height > MAX_HEIGHT {
            return Err(too_deep(position));
        }
        Ok(Raw { kind, position, keep_array: false, height })
    }

    /// `[]`: belongs to what the predicates before it are on.
    fn keep_array(&mut self) {
        let mut step = self;
        while matches!(&step.kind, RawKind::Infix("[", _)) {
            let RawKind::Infix(_, sides) = &mut step.kind else { return };
            step = &mut sides[0];
        }
        step.keep_array = true;
    }
}

fn too_deep(position: usize) -> SyntaxError {
    error("", &format!("The expression is nested deeper than {MAX_HEIGHT} levels"), position)
}

/// How tightly an operator binds its left side; 0 if it has none.
fn binding(operator: &str) -> u8 {
    match operator {
        "[" | "(" | "@" | "#" => 80,
        "." => 75,
        "{" => 70,
        "*" | "/" | "%" => 60,
        "+" | "-" | "&" => 50,
        "=" | "<" | ">" | "^" | "!=" | "<=" | ">=" | "~>" | "in" => 40,
        "and" => 30,
        "or" => 25,
        "?" => 20,
        ":=" => 10,
        _ => 0,
    }
}
