//! `$flatten`, `$flattenDeep`, `$reverse`.

use super::properties;
use crate::{
    context::Frame,
    error::Error,
    value::{Map, Value},
};

/// The list that is the value of an operator without other properties.
fn list(frame: &Frame<'_>, map: &Map, name: &str, message: &str) -> Result<Vec<Value>, Error> {
    properties::check(map, &[name])?;
    let value = frame.operand(map, name)?;
    value.as_array().cloned().ok_or_else(|| Error::template(message))
}

pub(super) fn flatten(frame: &Frame<'_>, map: &Map) -> Result<Option<Value>, Error> {
    let items = list(frame, map, "$flatten", "$flatten value must evaluate to an array")?;
    let mut result = Vec::new();
    for item in items {
        match &item {
            Value::Array(inner) => {
                frame.budget.spend(inner.len())?;
                result.extend(inner.iter().cloned());
            }
            _ => result.push(item),
        }
    }
    frame.budget.array(result).map(Some)
}

pub(super) fn flatten_deep(frame: &Frame<'_>, map: &Map) -> Result<Option<Value>, Error> {
    let items = list(frame, map, "$flattenDeep", "$flattenDeep value must evaluate to an array")?;
    let mut result = Vec::new();
    flatten_into(frame, &items, &mut result)?;
    frame.budget.array(result).map(Some)
}

/// A step for each list, also for an empty one: they can be nested many times over.
fn flatten_into(frame: &Frame<'_>, items: &[Value], result: &mut Vec<Value>) -> Result<(), Error> {
    for item in items {
        frame.budget.spend(1)?;
        match item {
            Value::Array(inner) => flatten_into(frame, inner, result)?,
            _ => result.push(item.clone()),
        }
    }
    Ok(())
}

pub(super) fn reverse(frame: &Frame<'_>, map: &Map) -> Result<Option<Value>, Error> {
    let mut items = list(frame, map, "$reverse", "$reverse value must evaluate to an array of objects")?;
    items.reverse();
    frame.budget.array(items).map(Some)
}
