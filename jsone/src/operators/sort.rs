//! `$sort`.

use std::cmp::Ordering;

use super::properties::{self, Binding};
use crate::{
    context::{Frame, Variables},
    error::{Error, Segment},
    text,
    value::{Map, Value},
};

pub(super) fn sort(frame: &Frame<'_>, map: &Map) -> Result<Option<Value>, Error> {
    let mut by = properties::check_with_binding(map, &["$sort"], "by", 1..=1)?;
    let value = frame.operand(map, "$sort")?;
    let items = value.as_array().ok_or_else(mixed)?;
    let by = by.pop().filter(|_| by.is_empty());
    if by.is_none() && map.len() > 1 {
        return Err(Error::template("only one by(..) is allowed"));
    }
    let mut keyed = Vec::with_capacity(items.len());
    for item in items {
        let key = by.as_ref().map_or_else(|| Ok(item.clone()), |by| sort_key(frame, by, item))?;
        keyed.push((key, item.clone()));
    }
    let all = |fits: fn(&Value) -> bool| keyed.iter().all(|(key, _)| fits(key));
    if !all(|key| key.as_number().is_some()) && !all(|key| key.as_str().is_some()) {
        return Err(mixed());
    }
    frame.budget.spend_bytes(keyed.iter().map(|(key, _)| key.bytes()).sum::<usize>().saturating_mul(2))?;
    frame.budget.spend(keyed.len().saturating_mul(keyed.len().max(1).ilog2() as usize))?;
    keyed.sort_by(|(left, _), (right, _)| order(left, right));
    frame.budget.array(keyed.into_iter().map(|(_, item)| item).collect()).map(Some)
}

fn mixed() -> Error {
    Error::template("$sorted values to be sorted must have the same type")
}

fn sort_key(frame: &Frame<'_>, by: &Binding<'_>, item: &Value) -> Result<Value, Error> {
    let source = by.body.as_str().ok_or_else(|| Error::template("by(..) can evaluate string expressions only"))?;
    let result = frame.with(Variables::Each(&[(by.names[0], item.clone())]), |frame| frame.evaluate(source));
    result.map_err(|error| error.within(Segment::Operand(by.key.into())))
}

/// Total, as sorting asks for: NaN comes last.
fn order(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left.partial_cmp(right).unwrap_or_else(|| left.is_nan().cmp(&right.is_nan()))
        }
        _ => text::order(left.as_str().unwrap_or_default(), right.as_str().unwrap_or_default()),
    }
}
