//! Texts. Lengths and positions count characters.

use crate::{
    context::Frame,
    error::Error,
    text,
    value::{Value, element_to_text, to_text},
};

type Answer = Result<Option<Value>, Error>;

/// The text and the answer that `work` makes of it.
fn of_text(frame: &Frame<'_>, arguments: &[Value], work: fn(&str) -> String) -> Answer {
    let [Value::String(text)] = arguments else {
        return Ok(None);
    };
    frame.budget.spend_bytes(text.len())?;
    frame.budget.string(work(text)).map(Some)
}

pub(super) fn lowercase(frame: &Frame<'_>, arguments: &[Value]) -> Answer {
    of_text(frame, arguments, str::to_lowercase)
}

pub(super) fn uppercase(frame: &Frame<'_>, arguments: &[Value]) -> Answer {
    of_text(frame, arguments, str::to_uppercase)
}

pub(super) fn strip(frame: &Frame<'_>, arguments: &[Value]) -> Answer {
    of_text(frame, arguments, |text| text.trim_matches(text::is_space).to_owned())
}

pub(super) fn lstrip(frame: &Frame<'_>, arguments: &[Value]) -> Answer {
    of_text(frame, arguments, |text| text.trim_start_matches(text::is_space).to_owned())
}

pub(super) fn rstrip(frame: &Frame<'_>, arguments: &[Value]) -> Answer {
    of_text(frame, arguments, |text| text.trim_end_matches(text::is_space).to_owned())
}

pub(super) fn str(frame: &Frame<'_>, arguments: &[Value]) -> Answer {
    match arguments {
        [value @ Value::String(_)] => Ok(Some(value.clone())),
        [value @ (Value::Number(_) | Value::Bool(_) | Value::Null)] => frame.budget.string(to_text(value)).map(Some),
        _ => Ok(None),
    }
}

pub(super) fn len(frame: &Frame<'_>, arguments: &[Value]) -> Answer {
    match arguments {
        [Value::Array(items)] => Ok(Some(Value::from(items.len()))),
        [Value::String(text)] => {
            frame.budget.spend_bytes(text.len())?;
            Ok(Some(Value::from(text.chars().count())))
        }
        _ => Ok(None),
    }
}

/// An empty delimiter parts every character; npm `json-e` also parts the halves of those beyond U+FFFF.
pub(super) fn split(frame: &Frame<'_>, arguments: &[Value]) -> Answer {
    let [Value::String(text), delimiter @ (Value::String(_) | Value::Number(_))] = arguments else {
        return Ok(None);
    };
    frame.budget.spend_bytes(text.len())?;
    let delimiter = to_text(delimiter);
    let parts: Result<Vec<Value>, Error> = if delimiter.is_empty() {
        text.chars().map(|letter| frame.budget.string(letter.to_string())).collect()
    } else {
        text.split(&delimiter).map(|part| frame.budget.string(part)).collect()
    };
    frame.budget.array(parts?).map(Some)
}

pub(super) fn join(frame: &Frame<'_>, arguments: &[Value]) -> Answer {
    let [list @ Value::Array(items), separator @ (Value::String(_) | Value::Number(_))] = arguments else {
        return Ok(None);
    };
    if list.contains_functions() {
        return Ok(None);
    }
    let separator = to_text(separator);
    frame.budget.spend_printing(list)?;
    frame.budget.check_bytes(separator.len().saturating_mul(items.len().saturating_sub(1)))?;
    let parts: Vec<String> = items.iter().map(element_to_text).collect();
    frame.budget.string(parts.join(&separator)).map(Some)
}
