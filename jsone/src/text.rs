//! Texts as JavaScript sees them.

use std::cmp::Ordering;

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
