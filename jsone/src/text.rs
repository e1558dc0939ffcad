//! Texts as JavaScript sees them.

use std::{cmp::Ordering, fmt::Write as _};

use crate::{number, value::Value};

/// `\s` of a regular expression, and what `trim` removes.
pub(crate) fn is_space(letter: char) -> bool {
    // Unicode calls U+0085 a space and U+FEFF none; ECMAScript has it the other way round.
    letter == '\u{feff}' || (letter.is_whitespace() && letter != '\u{85}')
}

/// Order by UTF-16 code units, which differs from the order of UTF-8 beyond U+FFFF.
pub(crate) fn order(left: &str, right: &str) -> Ordering {
    if left.is_ascii() || right.is_ascii() { left.cmp(right) } else { left.encode_utf16().cmp(right.encode_utf16()) }
}

/// `/^[a-zA-Z_][a-zA-Z0-9_]*$/`: the name of a variable.
pub(crate) fn is_identifier(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// `/^[a-zA-Z][a-zA-Z0-9]*$/`: a key that is shown without quotes, and with `$` before it is reserved.
pub(crate) fn is_plain_key(key: &str) -> bool {
    key.starts_with(|first: char| first.is_ascii_alphabetic()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

pub(crate) fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `String(value)`, which `join` uses and messages quote.
pub(crate) fn of(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number::to_text(*number),
        Value::String(text) => text.to_string(),
        Value::Array(items) => items.iter().map(of_element).collect::<Vec<_>>().join(","),
        Value::Object(_) => "[object Object]".to_owned(),
        Value::Function(function) => format!("function {}", function.name()),
    }
}

/// An element of a joined array.
pub(crate) fn of_element(value: &Value) -> String {
    if matches!(value, Value::Null) { String::new() } else { of(value) }
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
            entries.sort_by(|(left, _), (right, _)| order(left, right));
            out.push('{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                let _ = write!(out, "{}{}:", if index > 0 { "," } else { "" }, json_string(key));
                to_sorted_json(value, out);
            }
            out.push('}');
        }
        Value::String(text) => out.push_str(&json_string(text)),
        Value::Number(number) if !number.is_finite() => out.push_str("null"),
        other => out.push_str(&of(other)),
    }
}
