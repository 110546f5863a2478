use crate::value::Num;

use super::PathSyntaxError;
use super::filter::{Filter, Operand};
use super::operator::{Operator, SYMBOLS, WORDS};
use super::parse::{Parser, Place};

/// Bytes that a compiled regular expression may take.
const MAX_REGEX_BYTES: usize = 1 << 20;

impl Parser<'_> {
    /// What stands in the parentheses of `[?(…)]`, up to the closing one.
    pub(super) fn filter(&mut self) -> Result<Filter, PathSyntaxError> {
        let mut parts = vec![self.conjunction()?];
        while self.take_sign("||") {
            parts.push(self.conjunction()?);
        }
        Ok(match <[Filter; 1]>::try_from(parts) {
            Ok([part]) => part,
            Err(parts) => Filter::Or(parts),
        })
    }

    fn conjunction(&mut self) -> Result<Filter, PathSyntaxError> {
        let mut parts = vec![self.term()?];
        while self.take_sign("&&") {
            parts.push(self.term()?);
        }
        Ok(match <[Filter; 1]>::try_from(parts) {
            Ok([part]) => part,
            Err(parts) => Filter::And(parts),
        })
    }

    fn term(&mut self) -> Result<Filter, PathSyntaxError> {
        self.skip_spaces();
        if self.take('!') {
            return Ok(Filter::Not(Box::new(self.nested(Self::term)?)));
        }
        if self.take('(') {
            let filter = self.nested(Self::filter)?;
            self.expect(')')?;
            return Ok(filter);
        }
        let left = self.operand()?;
        match self.operator() {
            Some(operator) => {
                let right = self.operand()?;
                Ok(Filter::Compare(left, operator, right))
            }
            None if matches!(left, Operand::Current(_) | Operand::Root(_)) => Ok(Filter::Exists(left)),
            None => Err(self.error("Expected an operator")),
        }
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        self.skip_spaces();
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len();
        }
        found
    }

    fn operator(&mut self) -> Option<Operator> {
        self.skip_spaces();
        let rest = self.rest();
        if let Some((symbol, operator)) = SYMBOLS.iter().find(|(symbol, _)| rest.starts_with(symbol)) {
            self.at += symbol.len();
            return Some(*operator);
        }
        let word = &rest[..rest.bytes().take_while(u8::is_ascii_alphabetic).count()];
        let (word, operator) = WORDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name))?;
        self.at += word.len();
        Some(*operator)
    }

    /// A path or a literal.
    pub(super) fn operand(&mut self) -> Result<Operand, PathSyntaxError> {
        self.skip_spaces();
        match self.peek() {
            Some('@') => {
                self.at += 1;
                Ok(Operand::Current(self.nested(|parser| parser.steps(Place::Inside))?))
            }
            Some('$') => {
                self.at += 1;
                Ok(Operand::Root(self.nested(|parser| parser.steps(Place::Inside))?))
            }
            Some('\'' | '"') => Ok(Operand::Text(self.quoted()?)),
            Some('[') => {
                self.at += 1;
                self.nested(Self::list)
            }
            Some('/') => self.regex(),
            _ => self.scalar(),
        }
    }

    /// A number, `true`, `false` or `null`.
    fn scalar(&mut self) -> Result<Operand, PathSyntaxError> {
        let rest = self.rest();
        let word = &rest[..rest
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.'))
            .count()];
        let operand = match word {
            "true" => Operand::Boolean(true),
            "false" => Operand::Boolean(false),
            "null" => Operand::Null,
            digits if digits.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
                Operand::Number(Num::parse(digits).ok_or_else(|| self.error("Expected a number"))?)
            }
            _ => return Err(self.error("Expected a path or a literal")),
        };
        self.at += word.len();
        Ok(operand)
    }

    fn list(&mut self) -> Result<Operand, PathSyntaxError> {
        let mut items = Vec::new();
        self.skip_spaces();
        if self.take(']') {
            return Ok(Operand::List(items.into()));
        }
        loop {
            self.skip_spaces();
            if matches!(self.peek(), Some('@' | '$' | '/')) {
                return Err(self.error("A list in a filter holds literals only"));
            }
            items.push(self.operand()?);
            self.skip_spaces();
            if !self.take(',') {
                break;
            }
        }
        self.expect(']')?;
        Ok(Operand::List(items.into()))
    }

    /// `/pattern/` or `/pattern/i`. It must match the whole text.
    fn regex(&mut self) -> Result<Operand, PathSyntaxError> {
        let body = &self.rest()[1..];
        let mut escaped = false;
        let end = body.find(|c| {
            let ends = c == '/' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let end = end.ok_or_else(|| self.error("The closing '/' of the regular expression is missing"))?;
        let pattern = body[..end].replace("\\/", "/");
        let flags = &body[end + 1..];
        let flags = &flags[..flags.bytes().take_while(u8::is_ascii_alphabetic).count()];
        let regex = regex::RegexBuilder::new(&format!(r"\A(?:{pattern})\z"))
            .case_insensitive(flags.contains('i'))
            .multi_line(flags.contains('m'))
            .dot_matches_new_line(flags.contains('s'))
            .ignore_whitespace(flags.contains('x'))
            .size_limit(MAX_REGEX_BYTES)
            .build()
            .map_err(|error| self.error(&format!("The regular expression is invalid: {error}")))?;
        self.at += 1 + end + 1 + flags.len();
        Ok(Operand::Regex(Box::new(regex)))
    }
}
