//! Operands: values, brackets, and what follows a value.

use indexmap::IndexMap;

use super::{OPERANDS, Parser, unexpected};
use crate::{
    error::Error,
    expression::{
        ast::{Access, AccessKind, Expression, ExpressionKind, Unary},
        lexer::{Kind, Token},
    },
    value::Value,
};

impl<'s> Parser<'s> {
    /// A value with all accesses behind it.
    pub(super) fn operand(&mut self) -> Result<Expression<'s>, Error> {
        let unit = self.unit()?;
        let mut accesses = Vec::new();
        while let Some(token) = self.current {
            let kind = match token.text {
                "." => self.property()?,
                "[" => self.brackets()?,
                "(" => AccessKind::Call(self.arguments()?),
                _ => break,
            };
            accesses.push(Access { kind, at: token.at });
        }
        if accesses.is_empty() {
            return Ok(unit);
        }
        let at = unit.at;
        Ok(Expression { kind: ExpressionKind::Accesses(Box::new(unit), accesses), at })
    }

    fn unit(&mut self) -> Result<Expression<'s>, Error> {
        let token = self.current.ok_or_else(|| Error::syntax("Unexpected end of input"))?;
        let kind = match (token.kind, token.text) {
            (Kind::Sign, "+") => self.unary(Unary::Plus)?,
            (Kind::Sign, "-") => self.unary(Unary::Minus)?,
            (Kind::Sign, "!") => self.unary(Unary::Not)?,
            (Kind::Sign, "(") => return self.parentheses(),
            (Kind::Sign, "[") => ExpressionKind::List(self.list()?),
            (Kind::Sign, "{") => ExpressionKind::Object(self.object()?),
            (Kind::Sign | Kind::In, _) => return Err(unexpected(token, OPERANDS)),
            (Kind::Identifier, name) => {
                self.advance()?;
                ExpressionKind::Variable(name)
            }
            _ => {
                self.advance()?;
                ExpressionKind::Literal(self.literal(token)?)
            }
        };
        Ok(Expression { kind, at: token.at })
    }

    fn literal(&self, token: Token<'s>) -> Result<Value, Error> {
        Ok(match token.kind {
            Kind::True => Value::Bool(true),
            Kind::False => Value::Bool(false),
            Kind::Number => Value::Number(token.text.parse().unwrap_or(f64::NAN)),
            Kind::String => self.budget.string(unquoted(token))?,
            _ => Value::Null,
        })
    }

    /// Binds more than any access: `-a.b` is `(-a).b`.
    fn unary(&mut self, operator: Unary) -> Result<ExpressionKind<'s>, Error> {
        self.advance()?;
        let operand = self.nested(Self::unit)?;
        Ok(ExpressionKind::Unary(operator, Box::new(operand)))
    }

    fn parentheses(&mut self) -> Result<Expression<'s>, Error> {
        self.take("(")?;
        let inner = self.expression()?;
        self.take(")")?;
        Ok(inner)
    }

    fn list(&mut self) -> Result<Vec<Expression<'s>>, Error> {
        self.take("[")?;
        let items = if self.is("]") { Vec::new() } else { self.separated()? };
        self.take("]")?;
        Ok(items)
    }

    fn arguments(&mut self) -> Result<Vec<Expression<'s>>, Error> {
        self.take("(")?;
        let items = if self.is(")") { Vec::new() } else { self.separated()? };
        self.take(")")?;
        Ok(items)
    }

    /// One or more, between commas.
    fn separated(&mut self) -> Result<Vec<Expression<'s>>, Error> {
        let mut items = vec![self.expression()?];
        while self.is(",") {
            self.advance()?;
            items.push(self.expression()?);
        }
        Ok(items)
    }

    /// A comma may follow the last entry; of two entries with one key the later counts.
    fn object(&mut self) -> Result<IndexMap<&'s str, Expression<'s>>, Error> {
        self.take("{")?;
        let mut entries = IndexMap::new();
        while let Some(token) = self.current {
            let key = match token.kind {
                Kind::String => unquoted(token),
                Kind::Identifier => token.text,
                _ => break,
            };
            self.advance()?;
            self.take(":")?;
            entries.insert(key, self.expression()?);
            if self.is("}") {
                break;
            }
            self.take(",")?;
        }
        self.take("}")?;
        Ok(entries)
    }

    fn property(&mut self) -> Result<AccessKind<'s>, Error> {
        self.take(".")?;
        match self.current {
            Some(token) if token.kind != Kind::Identifier => Err(unexpected(token, &["identifier"])),
            _ => Ok(AccessKind::Property(self.advance()?.text)),
        }
    }

    fn brackets(&mut self) -> Result<AccessKind<'s>, Error> {
        self.take("[")?;
        let kind = if self.is(":") {
            self.slice(None)?
        } else {
            let from = self.expression()?;
            if self.is(":") { self.slice(Some(from))? } else { AccessKind::Index(from) }
        };
        self.take("]")?;
        Ok(kind)
    }

    fn slice(&mut self, from: Option<Expression<'s>>) -> Result<AccessKind<'s>, Error> {
        self.take(":")?;
        let to = if self.is("]") { None } else { Some(self.expression()?) };
        Ok(AccessKind::Slice(from, to))
    }
}

fn unquoted(token: Token<'_>) -> &str {
    &token.text[1..token.text.len() - 1]
}
