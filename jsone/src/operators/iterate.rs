//! `$map`, `$reduce`, `$find`.

use super::properties::{self, Binding};
use crate::{
    context::{Frame, Variables},
    error::{Error, Segment},
    value::{Map, Value},
};

impl Binding<'_> {
    /// The body with these values under the names; a name too few leaves the last value out.
    fn render<const N: usize>(&self, frame: &Frame<'_>, values: [Value; N]) -> Result<Option<Value>, Error> {
        let pairs: Vec<_> = self.names.iter().copied().zip(values).collect();
        frame.with(Variables::Each(&pairs), |frame| frame.optional_operand(self.body, self.key))
    }

    fn evaluate<const N: usize>(&self, frame: &Frame<'_>, source: &str, values: [Value; N]) -> Result<Value, Error> {
        let pairs: Vec<_> = self.names.iter().copied().zip(values).collect();
        let result = frame.with(Variables::Each(&pairs), |frame| frame.evaluate(source));
        result.map_err(|error| error.within(Segment::Operand(self.key.into())))
    }
}

pub(super) fn map(frame: &Frame<'_>, map: &Map) -> Result<Option<Value>, Error> {
    let bindings = properties::check_with_binding(map, &["$map"], "each", 1..=2)?;
    let value = frame.operand(map, "$map")?;
    if !matches!(value, Value::Array(_) | Value::Object(_)) {
        return Err(Error::template("$map value must evaluate to an array or object"));
    }
    let each = properties::only(map, bindings, 2)?;
    if let Value::Object(entries) = &value {
        return map_object(frame, &each, entries).map(Some);
    }
    let mut result = Vec::new();
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        result.extend(each.render(frame, [item.clone(), Value::from(index)])?);
    }
    frame.budget.array(result).map(Some)
}

/// The objects of all entries as one; of equal keys the last counts.
fn map_object(frame: &Frame<'_>, each: &Binding<'_>, entries: &Map) -> Result<Value, Error> {
    let mut result = Map::new();
    for (key, value) in entries {
        let rendered = if each.names.len() == 2 {
            each.render(frame, [value.clone(), Value::String(key.clone())])?
        } else {
            each.render(frame, [Value::entry(key, value)])?
        };
        match rendered {
            Some(Value::Object(map)) => {
                frame.budget.spend(map.len())?;
                result.extend(map.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
            None => {}
            Some(_) => {
                let message = format!("$map on objects expects each({}) to evaluate to an object", each.names[0]);
                return Err(Error::template(message));
            }
        }
    }
    frame.budget.object(result)
}

pub(super) fn reduce(frame: &Frame<'_>, map: &Map) -> Result<Option<Value>, Error> {
    let bindings = properties::check_with_binding(map, &["$reduce", "initial"], "each", 2..=3)?;
    let value = frame.operand(map, "$reduce")?;
    let items = value.as_array().ok_or_else(|| Error::template("$reduce value must evaluate to an array"))?;
    let each = properties::only(map, bindings, 3)?;
    // It is taken as it is, without evaluation; with three properties it can only be missing where `each` stands twice.
    let mut result = map.get("initial").cloned();
    for (index, item) in items.iter().enumerate() {
        let so_far = result.clone().unwrap_or_default();
        if let Some(next) = each.render(frame, [so_far, item.clone(), Value::from(index)])? {
            result = Some(next);
        }
    }
    Ok(result)
}

pub(super) fn find(frame: &Frame<'_>, map: &Map) -> Result<Option<Value>, Error> {
    let bindings = properties::check_with_binding(map, &["$find"], "each", 1..=2)?;
    let value = frame.operand(map, "$find")?;
    let items = value.as_array().ok_or_else(|| Error::template("$find value must evaluate to an array"))?;
    let each = properties::only(map, bindings, 2)?;
    let condition = each.body.as_str();
    let condition = condition.ok_or_else(|| Error::template("each can evaluate string expressions only"))?;
    for (index, item) in items.iter().enumerate() {
        if each.evaluate(frame, condition, [item.clone(), Value::from(index)])?.is_truthy() {
            return Ok(Some(item.clone()));
        }
    }
    Ok(None)
}
