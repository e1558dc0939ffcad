//! From tokens to an expression: precedence climbing, in linear time and with bounded nesting.

mod unit;

use super::{
    ast::{Expression, ExpressionKind, Infix, Link},
    lexer::{Kind, Lexer, Token},
};
use crate::{
    budget::Budget,
    error::{Error, quoted},
};

/// What may stand where an operand is missing, sorted, as messages list it.
const OPERANDS: &[&str] = &["!", "(", "+", "-", "[", "false", "identifier", "null", "number", "string", "true", "{"];
/// What may follow an expression.
const OPERATORS: &[&str] =
    &["!=", "&&", "(", "*", "**", "+", "-", ".", "/", "<", "<=", "==", ">", ">=", "[", "in", "||"];

pub(crate) struct Parser<'s> {
    lexer: Lexer<'s>,
    current: Option<Token<'s>>,
    depth: usize,
    budget: &'s Budget<'s>,
}

impl<'s> Parser<'s> {
    pub(crate) fn new(source: &'s str, budget: &'s Budget<'s>) -> Result<Self, Error> {
        let mut lexer = Lexer::new(source, budget);
        let current = lexer.next()?;
        Ok(Self { lexer, current, depth: 0, budget })
    }

    pub(crate) fn whole(mut self) -> Result<Expression<'s>, Error> {
        let parsed = self.expression()?;
        match self.current {
            Some(token) => Err(unexpected(token, OPERATORS)),
            None => Ok(parsed),
        }
    }

    /// Also where the `}` is.
    pub(crate) fn up_to_brace(mut self) -> Result<(Expression<'s>, usize), Error> {
        let parsed = self.expression()?;
        match self.current {
            Some(token) if token.is("}") => Ok((parsed, token.at)),
            Some(token) => Err(unexpected(token, OPERATORS)),
            None => Err(Error::syntax("unterminated ${..} expression")),
        }
    }

    fn expression(&mut self) -> Result<Expression<'s>, Error> {
        self.infix(0)
    }

    /// Operands with operators of at least this precedence between them.
    fn infix(&mut self, least: usize) -> Result<Expression<'s>, Error> {
        self.nested(|parser| {
            let mut left = parser.operand()?;
            while let Some(operator) = parser.operator().filter(|operator| operator.precedence() >= least) {
                left = match operator {
                    Infix::Power => parser.power(left)?,
                    _ => parser.chain(left, operator.precedence())?,
                };
            }
            Ok(left)
        })
    }

    /// All that follows on this precedence. What binds more is in the operands.
    fn chain(&mut self, first: Expression<'s>, precedence: usize) -> Result<Expression<'s>, Error> {
        let at = first.at;
        let mut rest = Vec::new();
        while let Some(operator) = self.operator().filter(|operator| operator.precedence() == precedence) {
            let at = self.advance()?.at;
            rest.push(Link { operator, at, operand: self.infix(precedence + 1)? });
        }
        Ok(Expression { kind: ExpressionKind::Chain(Box::new(first), rest), at })
    }

    fn power(&mut self, base: Expression<'s>) -> Result<Expression<'s>, Error> {
        let at = self.advance()?.at;
        let exponent = Box::new(self.infix(Infix::Power.precedence())?);
        Ok(Expression { kind: ExpressionKind::Power { base: Box::new(base), exponent }, at })
    }

    /// Counts the recursion, so that neither parser, evaluation nor drop can use up the stack.
    fn nested<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        self.depth += 1;
        self.budget.check_expression_depth(self.depth).map_err(|error| error.at(self.offset()))?;
        let result = work(self);
        self.depth -= 1;
        result
    }

    fn operator(&self) -> Option<Infix> {
        let token = self.current?;
        Some(match (token.kind, token.text) {
            (Kind::In, _) => Infix::In,
            (Kind::Sign, "||") => Infix::Or,
            (Kind::Sign, "&&") => Infix::And,
            (Kind::Sign, "==") => Infix::Equal,
            (Kind::Sign, "!=") => Infix::NotEqual,
            (Kind::Sign, "<") => Infix::Less,
            (Kind::Sign, ">") => Infix::Greater,
            (Kind::Sign, "<=") => Infix::LessOrEqual,
            (Kind::Sign, ">=") => Infix::GreaterOrEqual,
            (Kind::Sign, "+") => Infix::Add,
            (Kind::Sign, "-") => Infix::Subtract,
            (Kind::Sign, "*") => Infix::Multiply,
            (Kind::Sign, "/") => Infix::Divide,
            (Kind::Sign, "**") => Infix::Power,
            _ => return None,
        })
    }

    fn is(&self, sign: &str) -> bool {
        self.current.is_some_and(|token| token.is(sign))
    }

    fn offset(&self) -> usize {
        self.current.map_or(0, |token| token.at)
    }

    /// The current token, which must be there; the next one becomes current.
    fn advance(&mut self) -> Result<Token<'s>, Error> {
        let token = self.current.ok_or_else(|| Error::syntax("Unexpected end of input"))?;
        self.current = self.lexer.next()?;
        Ok(token)
    }

    fn take(&mut self, sign: &str) -> Result<Token<'s>, Error> {
        match self.current {
            Some(token) if !token.is(sign) => Err(unexpected(token, &[sign])),
            _ => self.advance(),
        }
    }
}

fn unexpected(token: Token<'_>, expected: &[&str]) -> Error {
    let message = format!("Found: {} token, expected one of: {}", quoted(token.text), expected.join(", "));
    Error::syntax(message).at(token.at)
}
