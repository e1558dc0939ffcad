//! What depends on the context, and kinds of values.

use crate::{context::Frame, error::Error, value::Value};

type Answer = Result<Option<Value>, Error>;

/// The offset, and the date to count from; more texts have no meaning.
pub(super) fn from_now(frame: &Frame<'_>, arguments: &[Value]) -> Answer {
    let texts: Option<Vec<&str>> = arguments.iter().map(Value::as_str).collect();
    let Some([offset, ..]) = texts.as_deref() else {
        return Ok(None);
    };
    frame.date_from_now(offset, arguments.get(1).unwrap_or(&Value::Null)).map(Some)
}

pub(super) fn type_of(arguments: &[Value]) -> Option<Value> {
    let [value] = arguments else {
        return None;
    };
    Some(Value::from(match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::Function(_) => "function",
    }))
}

/// Whether the context has this name, builtins included.
pub(super) fn defined(frame: &Frame<'_>, arguments: &[Value]) -> Answer {
    match arguments {
        [Value::String(name)] => Ok(Some(Value::Bool(frame.variable(name)?.is_some()))),
        _ => Ok(None),
    }
}
