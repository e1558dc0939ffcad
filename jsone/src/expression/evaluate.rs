//! The value of an expression.

use super::ast::{Expression, ExpressionKind, Infix, Link, Unary};
use crate::{
    context::Frame,
    error::Error,
    number,
    value::{Map, Value},
};

impl Frame<'_> {
    pub(super) fn expression(&self, expression: &Expression<'_>) -> Result<Value, Error> {
        self.budget.spend(1)?;
        self.expression_kind(&expression.kind).map_err(|error| error.at(expression.at))
    }

    fn expression_kind(&self, kind: &ExpressionKind<'_>) -> Result<Value, Error> {
        match kind {
            ExpressionKind::Literal(value) => Ok(value.clone()),
            ExpressionKind::Variable(name) => {
                let value = self.variable(name)?;
                value.ok_or_else(|| Error::interpreter(format!("unknown context value {name}")))
            }
            ExpressionKind::Unary(operator, operand) => unary(*operator, &self.expression(operand)?),
            ExpressionKind::Chain(first, rest) => self.chain(first, rest),
            ExpressionKind::Power { base, exponent } => self.power(base, exponent),
            ExpressionKind::Accesses(value, accesses) => self.accesses(value, accesses),
            ExpressionKind::List(items) => self.budget.array(self.expressions(items)?),
            ExpressionKind::Object(entries) => {
                let entries = entries.iter().map(|(key, value)| Ok(((*key).into(), self.expression(value)?)));
                self.budget.object(entries.collect::<Result<Map, Error>>()?)
            }
        }
    }

    pub(super) fn expressions(&self, list: &[Expression<'_>]) -> Result<Vec<Value>, Error> {
        list.iter().map(|item| self.expression(item)).collect()
    }

    fn chain(&self, first: &Expression<'_>, rest: &[Link<'_>]) -> Result<Value, Error> {
        let mut left = self.expression(first)?;
        for Link { operator, at, operand } in rest {
            self.budget.spend(1)?;
            left = match operator {
                // The right side is not even evaluated when the left one decides.
                Infix::Or => Value::Bool(left.is_truthy() || self.expression(operand)?.is_truthy()),
                Infix::And => Value::Bool(left.is_truthy() && self.expression(operand)?.is_truthy()),
                _ => {
                    let right = self.expression(operand)?;
                    self.infix(*operator, &left, &right).map_err(|error| error.at(*at))?
                }
            };
        }
        Ok(left)
    }

    /// The exponent first: an error in it is the one that is reported.
    fn power(&self, base: &Expression<'_>, exponent: &Expression<'_>) -> Result<Value, Error> {
        let exponent = self.expression(exponent)?;
        let base = self.expression(base)?;
        match (base.as_number(), exponent.as_number()) {
            (Some(base), Some(exponent)) => Ok(Value::Number(number::power(base, exponent))),
            _ => Err(Error::interpreter("infix: ** expects number ** number")),
        }
    }
}

fn unary(operator: Unary, value: &Value) -> Result<Value, Error> {
    match (operator, value) {
        (Unary::Not, value) => Ok(Value::Bool(!value.is_truthy())),
        (Unary::Plus, Value::Number(number)) => Ok(Value::Number(*number)),
        (Unary::Minus, Value::Number(number)) => Ok(Value::Number(-number)),
        (Unary::Plus, _) => Err(Error::interpreter("unary + expects number")),
        (Unary::Minus, _) => Err(Error::interpreter("unary - expects number")),
    }
}
