//! Tokens of an expression, read one at a time: behind the `}` of a `${…}` anything may follow.

use crate::{
    budget::Budget,
    error::{Error, quoted},
    text,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An operator or a bracket, which is its own text.
    Sign,
    True,
    False,
    Null,
    In,
    Number,
    Identifier,
    String,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'s> {
    pub(crate) kind: Kind,
    pub(crate) text: &'s str,
    /// In bytes from the beginning of the source.
    pub(crate) at: usize,
}

impl Token<'_> {
    pub(crate) fn is(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text == sign
    }
}

/// The longer first.
const SIGNS: &[&str] = &[
    "**", ">=", "<=", "==", "!=", "&&", "||", "+", "-", "*", "/", "[", "]", ".", "(", ")", "{", "}", ":", ",", "<",
    ">", "!",
];

pub(crate) struct Lexer<'s> {
    source: &'s str,
    offset: usize,
    budget: &'s Budget<'s>,
}

impl<'s> Lexer<'s> {
    pub(crate) fn new(source: &'s str, budget: &'s Budget<'s>) -> Self {
        Self { source, offset: 0, budget }
    }

    pub(crate) fn next(&mut self) -> Result<Option<Token<'s>>, Error> {
        let rest = self.source[self.offset..].trim_start_matches(text::is_space);
        let at = self.source.len() - rest.len();
        let Some(first) = rest.chars().next() else {
            return Ok(None);
        };
        let Some((kind, length)) = token(rest, first) else {
            let message = format!("Unexpected input for '{}' at '{}'", quoted(self.source), quoted(rest));
            return Err(Error::syntax(message).at(at));
        };
        // Spaces cost as much as what follows them.
        self.budget.spend_bytes(at + length - self.offset)?;
        self.offset = at + length;
        self.budget.check_expression_bytes(self.offset)?;
        Ok(Some(Token { kind, text: &rest[..length], at }))
    }
}

fn token(rest: &str, first: char) -> Option<(Kind, usize)> {
    match first {
        '0'..='9' => Some((Kind::Number, number_length(rest))),
        'a'..='z' | 'A'..='Z' | '_' => {
            let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
            Some((word_kind(&rest[..length]), length))
        }
        '\'' | '"' => rest[1..].find(first).map(|length| (Kind::String, length + 2)),
        _ => SIGNS.iter().find(|sign| rest.starts_with(**sign)).map(|sign| (Kind::Sign, sign.len())),
    }
}

fn word_kind(word: &str) -> Kind {
    match word {
        "true" => Kind::True,
        "false" => Kind::False,
        "null" => Kind::Null,
        "in" => Kind::In,
        _ => Kind::Identifier,
    }
}

/// `[0-9]+(\.[0-9]+)?`: a point without digits behind it belongs to what follows.
fn number_length(rest: &str) -> usize {
    let digits = |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(0);
    let fraction = if rest[whole..].starts_with('.') { digits(whole + 1) } else { 0 };
    if fraction > 0 { whole + 1 + fraction } else { whole }
}
