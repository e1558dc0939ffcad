//! Operators between two values.

use std::cmp::Ordering;

use super::ast::Infix;
use crate::{
    context::Frame,
    error::Error,
    text,
    value::{Map, Value},
};

impl Frame<'_> {
    pub(super) fn infix(&self, operator: Infix, left: &Value, right: &Value) -> Result<Value, Error> {
        match operator {
            Infix::Equal => self.equal(left, right).map(Value::Bool),
            Infix::NotEqual => self.equal(left, right).map(|equal| Value::Bool(!equal)),
            Infix::In => self.is_in(left, right).map(Value::Bool),
            Infix::Less | Infix::Greater | Infix::LessOrEqual | Infix::GreaterOrEqual => {
                self.compare(operator, left, right).map(Value::Bool)
            }
            _ => self.arithmetic(operator, left, right),
        }
    }

    fn arithmetic(&self, operator: Infix, left: &Value, right: &Value) -> Result<Value, Error> {
        let number = match (operator, left, right) {
            (Infix::Add, Value::String(left), Value::String(right)) => {
                self.budget.check_bytes(left.len() + right.len())?;
                return self.budget.string([&**left, &**right].concat());
            }
            (Infix::Divide, Value::Number(_), Value::Number(0.0)) => {
                return Err(Error::interpreter("division by zero"));
            }
            (Infix::Add, Value::Number(left), Value::Number(right)) => left + right,
            (Infix::Subtract, Value::Number(left), Value::Number(right)) => left - right,
            (Infix::Multiply, Value::Number(left), Value::Number(right)) => left * right,
            (Infix::Divide, Value::Number(left), Value::Number(right)) => left / right,
            (Infix::Add, _, _) => return Err(mismatch("+", "numbers/strings")),
            _ => return Err(mismatch(operator.sign(), "number")),
        };
        Ok(Value::Number(number))
    }

    fn compare(&self, operator: Infix, left: &Value, right: &Value) -> Result<bool, Error> {
        let order = match (left, right) {
            // `None` beside NaN, with which every comparison is false.
            (Value::Number(left), Value::Number(right)) => left.partial_cmp(right),
            (Value::String(left), Value::String(right)) => {
                self.budget.spend_bytes(left.len().min(right.len()))?;
                Some(text::order(left, right))
            }
            _ => return Err(mismatch(operator.sign(), "numbers/strings")),
        };
        Ok(match operator {
            Infix::Less => order == Some(Ordering::Less),
            Infix::Greater => order == Some(Ordering::Greater),
            Infix::LessOrEqual => order.is_some_and(Ordering::is_le),
            _ => order.is_some_and(Ordering::is_ge),
        })
    }

    /// Deep. A step for every part that is compared: parts may be shared, so that a small value is large to walk through.
    fn equal(&self, left: &Value, right: &Value) -> Result<bool, Error> {
        self.budget.spend(1)?;
        match (left, right) {
            (Value::Null, Value::Null) => Ok(true),
            (Value::Bool(left), Value::Bool(right)) => Ok(left == right),
            #[expect(clippy::float_cmp, reason = "the language compares exactly")]
            (Value::Number(left), Value::Number(right)) => Ok(left == right),
            (Value::String(left), Value::String(right)) => {
                self.budget.spend_bytes(left.len().min(right.len()))?;
                Ok(left == right)
            }
            (Value::Array(left), Value::Array(right)) if left.len() == right.len() => self.equal_lists(left, right),
            (Value::Object(left), Value::Object(right)) if left.len() == right.len() => self.equal_maps(left, right),
            (Value::Function(left), Value::Function(right)) => Ok(left.is(right)),
            _ => Ok(false),
        }
    }

    fn equal_lists(&self, left: &[Value], right: &[Value]) -> Result<bool, Error> {
        for (left, right) in left.iter().zip(right) {
            if !self.equal(left, right)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn equal_maps(&self, left: &Map, right: &Map) -> Result<bool, Error> {
        for (key, left) in left {
            self.budget.spend_bytes(key.len())?;
            match right.get(key) {
                Some(right) if self.equal(left, right)? => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    fn is_in(&self, left: &Value, right: &Value) -> Result<bool, Error> {
        match (left, right) {
            (Value::String(key), Value::Object(map)) => {
                self.budget.spend_bytes(key.len())?;
                Ok(map.contains_key(key))
            }
            (Value::String(part), Value::String(text)) => {
                self.budget.spend_bytes(text.len())?;
                Ok(text.contains(&**part))
            }
            (_, Value::Array(items)) => {
                for item in items.iter() {
                    if self.equal(left, item)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (_, Value::Object(_)) => Err(Error::interpreter("Infix: in-object expects string on left side")),
            (_, Value::String(_)) => Err(Error::interpreter("Infix: in-string expects string on left side")),
            _ => Err(Error::interpreter("Infix: in expects Array, string, or object on right side")),
        }
    }
}

fn mismatch(operator: &str, kinds: &str) -> Error {
    Error::interpreter(format!("infix: {operator} expects {kinds} {operator} {kinds}"))
}
