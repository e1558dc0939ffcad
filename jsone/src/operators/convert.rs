//! `$fromNow`, `$json`.

use super::properties;
use crate::{
    context::Frame,
    error::Error,
    from_now,
    value::{Map, Value, to_sorted_json},
};

pub(super) fn from_now(frame: &Frame<'_>, map: &Map) -> Result<Option<Value>, Error> {
    properties::check(map, &["$fromNow", "from"])?;
    let offset = frame.operand(map, "$fromNow")?;
    let reference = if map.contains_key("from") { frame.operand(map, "from")? } else { Value::Null };
    let offset = offset.as_str().ok_or_else(|| Error::template("$fromNow expects a string"))?;
    frame.date_from_now(offset, &reference).map(Some)
}

impl Frame<'_> {
    /// From `now` of the context where the reference is `null` or another scalar that counts as false.
    pub(crate) fn date_from_now(&self, offset: &str, reference: &Value) -> Result<Value, Error> {
        let given = reference.is_truthy() || matches!(reference, Value::Array(_) | Value::Object(_));
        let now = if given { None } else { self.variable("now")? };
        let reference = now.as_ref().unwrap_or(reference);
        let date = reference.as_str().ok_or_else(|| Error::template("fromNow expects a date as its reference"))?;
        self.budget.spend_bytes(offset.len() + date.len())?;
        Ok(Value::from(from_now::from_now(offset, date)?))
    }
}

pub(super) fn json(frame: &Frame<'_>, map: &Map) -> Result<Option<Value>, Error> {
    properties::check(map, &["$json"])?;
    let value = frame.operand(map, "$json")?;
    if value.contains_functions() {
        return Err(Error::uncalled_functions());
    }
    frame.budget.spend_printing(&value)?;
    let mut text = String::new();
    to_sorted_json(&value, &mut text);
    frame.budget.string(text).map(Some)
}
