//! Task tokens: what a callback names the task by that waits for it.
//!
//! A token is opaque to who holds it. It names the process that gave it out, one of its hosts, an execution there and one of its
//! calls, and is authenticated, so that nobody can make one up. What it names can be read by who decodes it: it holds no secret.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

/// The form of tokens, should it ever change.
const FORM: u8 = 1;
/// Bytes of the authentication code that a token carries: half of what SHA-256 gives, which nobody guesses either.
const CODE_BYTES: usize = 16;
/// Bytes of a key: those of SHA-256.
pub const TOKEN_KEY_BYTES: usize = 32;
/// Longest name of a node: it is part of every token.
pub const MAX_NODE_BYTES: usize = 255;

/// What tokens are authenticated with.
#[derive(Clone)]
pub struct TokenKey(hmac::Key);

impl TokenKey {
    /// A key of a secret of any length.
    pub fn new(secret: &[u8]) -> Self {
        TokenKey(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey")
    }
}

/// Random bytes that nobody can guess; `None`: the operating system gives none.
pub fn unguessable<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).ok().map(|()| bytes)
}

/// A process that gives out tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// The node's name, the same after a restart.
    pub node: String,
    /// Drawn when the process started: no other has it.
    pub process: u64,
}

/// Gives the tokens of one host's executions.
#[derive(Clone, Debug)]
pub struct TokenMaker {
    key: TokenKey,
    issuer: Issuer,
    host: u32,
}

/// What a token names among the calls of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenCall {
    /// Which of the executions that the host has started.
    pub execution: u64,
    /// Which of its calls.
    pub call: u64,
}

/// A token that was found genuine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Who gave it out.
    pub issuer: Issuer,
    /// For a call of which of its hosts.
    pub host: u32,
    /// For which call.
    pub call: TokenCall,
    /// The ARN of the execution.
    pub execution: String,
}

impl TokenMaker {
    /// Tokens for this host of a process.
    pub fn new(key: TokenKey, issuer: Issuer, host: u32) -> Self {
        TokenMaker { key, issuer, host }
    }

    /// The token of a call of the execution with this ARN.
    pub fn token(&self, call: TokenCall, execution: &str) -> String {
        let node = self.issuer.node.as_bytes();
        let node = &node[..node.len().min(MAX_NODE_BYTES)];
        let mut bytes = Vec::with_capacity(64 + node.len() + execution.len());
        bytes.push(FORM);
        bytes.extend(self.issuer.process.to_be_bytes());
        bytes.extend(self.host.to_be_bytes());
        bytes.extend(call.execution.to_be_bytes());
        bytes.extend(call.call.to_be_bytes());
        bytes.push(node.len() as u8);
        bytes.extend(node);
        bytes.extend(execution.as_bytes());
        let code = hmac::sign(&self.key.0, &bytes);
        bytes.extend(&code.as_ref()[..CODE_BYTES]);
        BASE64.encode(bytes)
    }
}

impl Token {
    /// Reads a token; `None`: it was not given out under this key.
    pub fn read(text: &str, key: &TokenKey) -> Option<Token> {
        let bytes = BASE64.decode(text).ok()?;
        let (content, code) = bytes.split_at_checked(bytes.len().checked_sub(CODE_BYTES)?)?;
        let expected = hmac::sign(&key.0, content);
        if !is_equal(code, &expected.as_ref()[..CODE_BYTES]) {
            return None;
        }
        let mut rest = content;
        let [FORM] = take(&mut rest)? else { return None };
        let process = u64::from_be_bytes(take(&mut rest)?);
        let host = u32::from_be_bytes(take(&mut rest)?);
        let call =
            TokenCall { execution: u64::from_be_bytes(take(&mut rest)?), call: u64::from_be_bytes(take(&mut rest)?) };
        let [length] = take(&mut rest)?;
        let (node, execution) = rest.split_at_checked(length.into())?;
        Some(Token {
            issuer: Issuer { node: String::from_utf8_lossy(node).into_owned(), process },
            host,
            call,
            execution: String::from_utf8_lossy(execution).into_owned(),
        })
    }
}

/// The next bytes of what is left to read.
fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk::<N>()?;
    *rest = left;
    Some(*taken)
}

/// Compares without stopping at the first difference: how long it takes says nothing about where that is.
fn is_equal(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |seen, (a, b)| seen | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:states:eu-central-1:123456789012:express:order:p-orders-3-42:1";

    fn maker() -> TokenMaker {
        let issuer = Issuer { node: "node-1".to_owned(), process: 77 };
        TokenMaker::new(TokenKey::new(b"secret"), issuer, 3)
    }

    #[test]
    fn a_token_says_to_who_has_the_key_which_call_it_is_for() {
        let call = TokenCall { execution: 9, call: 2 };
        let token = Token::read(&maker().token(call, ARN), &TokenKey::new(b"secret"));
        let issuer = Issuer { node: "node-1".to_owned(), process: 77 };
        assert_eq!(token, Some(Token { issuer, host: 3, call, execution: ARN.to_owned() }));
    }

    #[test]
    fn what_was_changed_or_given_out_under_another_key_is_no_token() {
        let token = maker().token(TokenCall { execution: 9, call: 2 }, ARN);
        let key = TokenKey::new(b"secret");
        assert_eq!(Token::read(&token, &TokenKey::new(b"Secret")), None);
        let bytes = BASE64.decode(&token).expect("it is Base64");
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(Token::read(&BASE64.encode(&changed), &key), None, "byte {at}");
        }
        for length in 0..bytes.len() {
            assert_eq!(Token::read(&BASE64.encode(&bytes[..length]), &key), None, "{length} bytes");
        }
        for text in ["", "AAAA", "not a token", "ü"] {
            assert_eq!(Token::read(text, &key), None, "{text}");
        }
    }

    #[test]
    fn tokens_fit_the_service_s_limit() {
        let issuer = Issuer { node: "n".repeat(MAX_NODE_BYTES + 10), process: u64::MAX };
        let maker = TokenMaker::new(TokenKey::new(b"secret"), issuer, u32::MAX);
        let token = maker.token(TokenCall { execution: u64::MAX, call: u64::MAX }, &"a".repeat(256));
        assert!(token.len() <= 2048, "{} characters", token.len());
        assert!(Token::read(&token, &TokenKey::new(b"secret")).is_some());
    }
}
