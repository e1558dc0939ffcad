//! Properties, elements, slices and calls.

use super::ast::{Access, AccessKind, Expression};
use crate::{
    builtins,
    context::Frame,
    error::Error,
    number,
    value::{Value, to_text},
};

impl Frame<'_> {
    pub(super) fn accesses(&self, value: &Expression<'_>, accesses: &[Access<'_>]) -> Result<Value, Error> {
        let mut value = self.expression(value)?;
        for access in accesses {
            self.budget.spend(1)?;
            value = self.access(&value, &access.kind).map_err(|error| error.at(access.at))?;
        }
        Ok(value)
    }

    fn access(&self, value: &Value, access: &AccessKind<'_>) -> Result<Value, Error> {
        match access {
            AccessKind::Property(name) => property(value, name),
            AccessKind::Index(index) => {
                let index = self.expression(index)?;
                self.element(value, &index)
            }
            AccessKind::Slice(from, to) => {
                let from = from.as_ref().map(|from| self.expression(from)).transpose()?;
                let to = to.as_ref().map(|to| self.expression(to)).transpose()?;
                self.slice(value, &from.unwrap_or(Value::Number(0.0)), to.as_ref())
            }
            AccessKind::Call(arguments) => {
                let Value::Function(function) = value else {
                    return Err(Error::interpreter(format!("{} is not callable", shown(value))));
                };
                builtins::call(function, self, &self.expressions(arguments)?)
            }
        }
    }

    fn element(&self, value: &Value, index: &Value) -> Result<Value, Error> {
        match value {
            Value::Array(items) => {
                let index = element_index(index, items.len())?;
                items.get(index).cloned().ok_or_else(out_of_bounds)
            }
            Value::String(text) if text.is_ascii() => {
                let index = element_index(index, text.len())?;
                self.budget.spend_bytes(text.len())?;
                text.get(index..=index).map(Value::from).ok_or_else(out_of_bounds)
            }
            Value::String(text) => {
                self.budget.spend_bytes(text.len())?;
                let index = element_index(index, text.chars().count())?;
                text.chars().nth(index).map(|letter| Value::from(letter.to_string())).ok_or_else(out_of_bounds)
            }
            _ => self.entry(value, index),
        }
    }

    fn slice(&self, value: &Value, from: &Value, to: Option<&Value>) -> Result<Value, Error> {
        match value {
            Value::Array(items) => {
                let (from, to) = bounds(from, to, items.len())?;
                self.budget.array(items[from..to].to_vec())
            }
            Value::String(text) => {
                self.budget.spend_bytes(text.len())?;
                let (from, to) = bounds(from, to, text.chars().count())?;
                let offset = |count| text.char_indices().nth(count).map_or(text.len(), |(offset, _)| offset);
                self.budget.string(&text[offset(from)..offset(to)])
            }
            // As with the other implementations the end says nothing about an object.
            _ => self.entry(value, from),
        }
    }

    /// `object["key"]`, which is `null` where `object.key` is an error.
    fn entry(&self, value: &Value, key: &Value) -> Result<Value, Error> {
        let Value::Object(map) = value else {
            return Err(Error::interpreter("infix: \"[..]\" expects object, array, or string"));
        };
        let key = key.as_str().ok_or_else(|| Error::interpreter("object keys must be strings"))?;
        self.budget.spend_bytes(key.len())?;
        Ok(map.get(key).cloned().unwrap_or(Value::Null))
    }
}

fn property(value: &Value, name: &str) -> Result<Value, Error> {
    let Value::Object(map) = value else {
        return Err(Error::interpreter("infix: . expects objects"));
    };
    map.get(name).cloned().ok_or_else(|| Error::interpreter(format!("object has no property \"{name}\"")))
}

/// Negative counts from the end, and stops at the beginning.
fn from_end(index: f64, length: usize) -> f64 {
    if index < 0.0 { (index + number::from_count(length)).max(0.0) } else { index }
}

fn element_index(index: &Value, length: usize) -> Result<usize, Error> {
    let index = index.as_number().and_then(|index| number::to_count(from_end(index, length)));
    index.ok_or_else(|| Error::interpreter("should only use integers to access arrays or strings"))
}

/// Within the length, the first not above the second.
fn bounds(from: &Value, to: Option<&Value>, length: usize) -> Result<(usize, usize), Error> {
    let to = match to {
        None | Some(Value::Null) => Some(number::from_count(length)),
        Some(to) => to.as_number().map(|to| from_end(to, length)),
    };
    let from = from.as_number().map(|from| from_end(from, length));
    let counts = from
        .zip(to)
        .and_then(|(from, to)| Some((number::to_count(if from > to { to } else { from })?, number::to_count(to)?)));
    let (from, to) = counts.ok_or_else(|| Error::interpreter("cannot perform interval access with non-integers"))?;
    Ok((from.min(length), to.min(length)))
}

fn out_of_bounds() -> Error {
    Error::interpreter("index out of bounds")
}

/// A value in a message: what is long is not shown.
fn shown(value: &Value) -> String {
    if matches!(value, Value::Array(_)) { "[object Array]".to_owned() } else { crate::error::quoted(&to_text(value)) }
}
