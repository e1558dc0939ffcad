//! Credentials in the forms in which they are given to a worker.

use serde_json::Value;

/// A certificate is text in the form that clients exchange, and an object in what the API answers. `None`: the credentials are
/// not temporary.
pub fn certificate_text(given: Option<&Value>) -> Result<Option<String>, &'static str> {
    match given {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(object @ Value::Object(_)) => Ok(Some(object.to_string())),
        Some(_) => Err("a `certificate` is a text or an object"),
    }
}
