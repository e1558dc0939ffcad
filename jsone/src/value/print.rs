//! Values as text.

use std::fmt::Write as _;

use super::Value;
use crate::{number, text};

/// `String(value)`, which `join` uses and messages quote.
pub(crate) fn to_text(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number::to_text(*number),
        Value::String(value) => value.to_string(),
        Value::Array(items) => items.iter().map(element_to_text).collect::<Vec<_>>().join(","),
        Value::Object(_) => "[object Object]".to_owned(),
        Value::Function(function) => format!("function {}", function.name()),
    }
}

/// An element of a joined array.
pub(crate) fn element_to_text(value: &Value) -> String {
    if matches!(value, Value::Null) { String::new() } else { to_text(value) }
}

/// Compact JSON with sorted keys.
pub(crate) fn to_sorted_json(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                to_sorted_json(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|(left, _), (right, _)| text::order(left, right));
            out.push('{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                let _ = write!(out, "{}{}:", if index > 0 { "," } else { "" }, text::json_string(key));
                to_sorted_json(value, out);
            }
            out.push('}');
        }
        Value::String(value) => out.push_str(&text::json_string(value)),
        Value::Number(number) if !number.is_finite() => out.push_str("null"),
        other => out.push_str(&to_text(other)),
    }
}
