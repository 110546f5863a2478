//! The grammar of the reference implementation: operator precedence, without building a tree.

use super::super::error::SyntaxError;
use super::lexer::{Lexer, Token, error};

/// Levels of expressions inside expressions. The stack bounds it; people stay far below.
const MAX_NESTING: usize = 300;

/// Reads a whole text. The answer: characters to put in for the library, and where.
pub(super) fn read(text: &str) -> Result<Vec<(usize, char)>, SyntaxError> {
    let mut lexer = Lexer::new(text);
    let token = lexer.next(true)?;
    let mut grammar = Grammar { lexer, token, nesting: 0, lacks_operand: false };
    grammar.expression(0)?;
    if grammar.token != Token::End {
        return Err(error("S0201", &format!("Syntax error: {}", grammar.token.json())));
    }
    if grammar.lacks_operand {
        return Err(error("S0207", "Unexpected end of expression"));
    }
    Ok(grammar.lexer.insertions)
}

/// What an operator needs to know of its left side.
#[derive(Clone, Copy, PartialEq)]
enum Left {
    Variable,
    /// The name `function` or `λ`.
    Function,
    Other,
}

struct Grammar<'a> {
    lexer: Lexer<'a>,
    token: Token,
    nesting: usize,
    /// The text ended where an operand was expected. The reference tells it last.
    lacks_operand: bool,
}

type Checked = Result<(), SyntaxError>;

impl Grammar<'_> {
    /// Goes on to the next token, which is an operand if `operand`.
    fn step(&mut self, operand: bool) -> Checked {
        self.token = self.lexer.next(operand)?;
        Ok(())
    }

    fn expect(&mut self, operator: &str, operand: bool) -> Checked {
        if self.token.is(operator) {
            return self.step(operand);
        }
        Err(match &self.token {
            Token::End => error("S0203", &format!("Expected \"{operator}\" before end of expression")),
            token => error("S0202", &format!("Expected \"{operator}\", got {}", token.json())),
        })
    }

    /// Takes the operator if it comes next.
    fn take(&mut self, operator: &str) -> Result<bool, SyntaxError> {
        let found = self.token.is(operator);
        if found {
            self.step(true)?;
        }
        Ok(found)
    }

    fn expression(&mut self, power: u8) -> Result<Left, SyntaxError> {
        if self.nesting == MAX_NESTING {
            return Err(error("", &format!("The expression is nested deeper than {MAX_NESTING} levels")));
        }
        self.nesting += 1;
        let mut left = self.operand()?;
        while let Token::Operator(operator) = self.token
            && power < binding(operator)
        {
            // What follows an operator is an operand, but for `)` and the like.
            self.step(true)?;
            self.infix(operator, left)?;
            left = Left::Other;
        }
        self.nesting -= 1;
        Ok(left)
    }

    fn operand(&mut self) -> Result<Left, SyntaxError> {
        let token = std::mem::replace(&mut self.token, Token::End);
        match token {
            Token::End => {
                self.lacks_operand = true;
                Ok(Left::Other)
            }
            Token::Operator(operator) => {
                self.prefix(operator)?;
                Ok(Left::Other)
            }
            token => {
                self.step(false)?;
                Ok(match token {
                    Token::Variable(_) => Left::Variable,
                    Token::Name(name) if name == "function" || name == "\u{3bb}" => Left::Function,
                    _ => Left::Other,
                })
            }
        }
    }

    fn prefix(&mut self, operator: &str) -> Checked {
        match operator {
            "and" | "or" | "in" | "*" | "**" | "%" => self.step(false),
            "-" => {
                self.step(true)?;
                self.expression(70).map(drop)
            }
            "(" => {
                self.step(true)?;
                self.block()
            }
            "[" => {
                self.step(true)?;
                self.array()
            }
            "{" => {
                self.step(true)?;
                self.object()
            }
            "|" => {
                self.step(true)?;
                self.transform()
            }
            other => Err(error("S0211", &format!("The symbol \"{other}\" cannot be used as a unary operator"))),
        }
    }

    fn infix(&mut self, operator: &str, left: Left) -> Checked {
        match operator {
            "(" => self.call(left),
            "[" => {
                if self.token.is("]") {
                    return self.step(false);
                }
                self.expression(0)?;
                self.expect("]", false)
            }
            "{" => self.object(),
            "^" => self.order(),
            "?" => {
                self.expression(0)?;
                if self.take(":")? {
                    self.expression(0)?;
                }
                Ok(())
            }
            ":=" if left != Left::Variable => {
                Err(error("S0212", "The left side of := must be a variable name (start with $)"))
            }
            ":=" => self.expression(9).map(drop),
            "@" | "#" => match self.expression(80)? {
                Left::Variable => Ok(()),
                _ => Err(error(
                    "S0214",
                    &format!("The right side of \"{operator}\" must be a variable name (start with $)"),
                )),
            },
            operator => self.expression(binding(operator)).map(drop),
        }
    }

    fn block(&mut self) -> Checked {
        while !self.token.is(")") {
            self.expression(0)?;
            if !self.take(";")? {
                break;
            }
        }
        self.expect(")", false)
    }

    fn array(&mut self) -> Checked {
        if !self.token.is("]") {
            loop {
                self.expression(0)?;
                if self.take("..")? {
                    self.expression(0)?;
                }
                if !self.take(",")? {
                    break;
                }
            }
        }
        self.expect("]", false)
    }

    fn object(&mut self) -> Checked {
        if !self.token.is("}") {
            loop {
                self.expression(0)?;
                self.expect(":", true)?;
                self.expression(0)?;
                if !self.take(",")? {
                    break;
                }
            }
        }
        self.expect("}", false)
    }

    fn transform(&mut self) -> Checked {
        self.expression(0)?;
        self.expect("|", true)?;
        self.expression(0)?;
        if self.take(",")? {
            self.expression(0)?;
        }
        self.expect("|", false)
    }

    fn order(&mut self) -> Checked {
        self.expect("(", true)?;
        loop {
            if !self.take("<")? {
                self.take(">")?;
            }
            self.expression(0)?;
            if !self.take(",")? {
                break;
            }
        }
        self.expect(")", false)
    }

    fn call(&mut self, left: Left) -> Checked {
        let mut wrong_parameter = None;
        if !self.token.is(")") {
            for number in 1.. {
                let is_variable = if self.token.is("?") {
                    self.step(false)?;
                    false
                } else {
                    self.expression(0)? == Left::Variable
                };
                if !is_variable && wrong_parameter.is_none() {
                    wrong_parameter = Some(number);
                }
                if !self.take(",")? {
                    break;
                }
            }
        }
        self.expect(")", false)?;
        if left != Left::Function {
            return Ok(());
        }
        if let Some(number) = wrong_parameter {
            let text = format!("Parameter {number} of function definition must be a variable name (start with $)");
            return Err(error("S0208", &text));
        }
        if self.token.is("<") {
            self.signature()?;
        }
        self.expect("{", true)?;
        self.expression(0)?;
        self.expect("}", false)
    }

    fn signature(&mut self) -> Checked {
        let mut depth = 1;
        while depth > 0 && !self.token.is("{") && self.token != Token::End {
            self.step(false)?;
            match self.token {
                Token::Operator(">") => depth -= 1,
                Token::Operator("<") => depth += 1,
                _ => {}
            }
        }
        self.expect(">", false)
    }
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
