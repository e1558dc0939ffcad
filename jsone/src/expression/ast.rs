//! Parsed expressions.

use indexmap::IndexMap;

use crate::value::Value;

pub(crate) struct Expression<'s> {
    pub(crate) kind: ExpressionKind<'s>,
    /// Of its first token, or of the `**` between its parts.
    pub(crate) at: usize,
}

pub(crate) enum ExpressionKind<'s> {
    Literal(Value),
    Variable(&'s str),
    Unary(Unary, Box<Expression<'s>>),
    /// Operators of one precedence, applied from the left: a list and no tree, so that a long sum is not a deep one.
    Chain(Box<Expression<'s>>, Vec<Link<'s>>),
    /// The only operator that is applied from the right.
    Power {
        base: Box<Expression<'s>>,
        exponent: Box<Expression<'s>>,
    },
    /// What follows a value: `.a[0](1)`, from the left.
    Accesses(Box<Expression<'s>>, Vec<Access<'s>>),
    List(Vec<Expression<'s>>),
    Object(IndexMap<&'s str, Expression<'s>>),
}

/// An operator with what follows it.
pub(crate) struct Link<'s> {
    pub(crate) operator: Infix,
    pub(crate) at: usize,
    pub(crate) operand: Expression<'s>,
}

#[derive(Clone, Copy)]
pub(crate) enum Unary {
    Plus,
    Minus,
    Not,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Infix {
    Or,
    And,
    In,
    Equal,
    NotEqual,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}

impl Infix {
    /// From those that bind least.
    pub(crate) fn precedence(self) -> usize {
        match self {
            Self::Or => 0,
            Self::And => 1,
            Self::In => 2,
            Self::Equal | Self::NotEqual => 3,
            Self::Less | Self::Greater | Self::LessOrEqual | Self::GreaterOrEqual => 4,
            Self::Add | Self::Subtract => 5,
            Self::Multiply | Self::Divide => 6,
            Self::Power => 7,
        }
    }

    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::In => "in",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::Greater => ">",
            Self::LessOrEqual => "<=",
            Self::GreaterOrEqual => ">=",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Power => "**",
        }
    }
}

pub(crate) struct Access<'s> {
    pub(crate) kind: AccessKind<'s>,
    pub(crate) at: usize,
}

pub(crate) enum AccessKind<'s> {
    Property(&'s str),
    Index(Expression<'s>),
    Slice(Option<Expression<'s>>, Option<Expression<'s>>),
    Call(Vec<Expression<'s>>),
}
