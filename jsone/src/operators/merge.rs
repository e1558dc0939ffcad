//! `$merge`, `$mergeDeep`.

use super::properties;
use crate::{
    context::Frame,
    error::Error,
    value::{Map, Value},
};

/// The objects in the list that is the value of an operator without other properties.
fn objects(frame: &Frame<'_>, map: &Map, name: &str) -> Result<Vec<Value>, Error> {
    properties::check(map, &[name])?;
    let value = frame.operand(map, name)?;
    let objects = value.as_array().filter(|items| items.iter().all(|item| item.as_object().is_some()));
    objects.cloned().ok_or_else(|| Error::template(format!("{name} value must evaluate to an array of objects")))
}

pub(super) fn merge(frame: &Frame<'_>, map: &Map) -> Result<Option<Value>, Error> {
    let objects = objects(frame, map, "$merge")?;
    let mut result = Map::new();
    for object in objects.iter().filter_map(Value::as_object) {
        frame.budget.spend(object.len())?;
        result.extend(object.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    frame.budget.object(result).map(Some)
}

pub(super) fn merge_deep(frame: &Frame<'_>, map: &Map) -> Result<Option<Value>, Error> {
    let mut objects = objects(frame, map, "$mergeDeep")?.into_iter();
    let first = objects.next().unwrap_or_else(|| Value::from(Map::new()));
    objects.try_fold(first, |left, right| merge_values(frame, &left, &right)).map(Some)
}

/// Lists one after the other, objects key by key; otherwise the right one.
fn merge_values(frame: &Frame<'_>, left: &Value, right: &Value) -> Result<Value, Error> {
    match (left, right) {
        (Value::Array(left), Value::Array(right)) => {
            frame.budget.array(left.iter().chain(right.iter()).cloned().collect())
        }
        (Value::Object(left), Value::Object(right)) => {
            let mut result = Map::clone(left);
            for (key, value) in right.iter() {
                let merged = left.get(key).map_or_else(|| Ok(value.clone()), |own| merge_values(frame, own, value))?;
                result.insert(key.clone(), merged);
            }
            frame.budget.object(result)
        }
        _ => Ok(right.clone()),
    }
}
