use std::fmt::Write;

use protocol::{
    error::{ErrorCode, FieldError},
    limits::MAX_LISTED,
    reference::QueryKey,
};

use super::{ApiError, percent};

/// The query of a request, checked.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(&'static str, String)>);

impl Query {
    /// Every key at most once, known, and of its pattern; all errors are reported together. `bewit` is ignored.
    pub(super) fn parse(text: Option<&str>, keys: &'static [QueryKey]) -> Result<Self, ApiError> {
        let mut query = Self::default();
        let mut errors: Vec<(String, FieldError)> = Vec::new();
        let parts = text.unwrap_or_default().split('&').filter(|part| !part.is_empty());
        for (key, value) in parts.map(|part| part.split_once('=').unwrap_or((part, ""))) {
            if let Err(error) = query.put(key, value, keys) {
                errors.push(error);
            }
            if errors.len() == MAX_LISTED {
                break;
            }
        }
        if errors.is_empty() { Ok(query) } else { Err(invalid_query(errors)) }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, value)| value.as_str())
    }

    fn put(&mut self, key: &str, value: &str, keys: &'static [QueryKey]) -> Result<(), (String, FieldError)> {
        let (Some(key), Some(value)) = (percent::decode_query(key), percent::decode_query(value)) else {
            return Err(error(key, "be percent-encoded UTF-8", value));
        };
        if key == "bewit" {
            return Ok(());
        }
        let Some(known) = keys.iter().find(|known| known.name == key) else {
            let known = keys.iter().map(|known| known.name.as_str()).collect::<Vec<_>>().join(", ");
            let expected =
                if known.is_empty() { "be left out".to_owned() } else { format!("be left out; known are: {known}") };
            return Err(error(&key, expected, &value));
        };
        if self.get(&key).is_some() {
            return Err(error(&key, "stand only once", &value));
        }
        if value.contains('\0') {
            return Err(error(&key, "hold no character U+0000, which no name has", "one"));
        }
        if !known.pattern.matches(&value) {
            return Err(error(&key, format!("match {}", known.pattern.source()), &value));
        }
        self.0.push((&known.name, value));
        Ok(())
    }
}

/// The errors have pointers like `/query/limit`; the message names the key alone.
fn invalid_query(errors: Vec<(String, FieldError)>) -> ApiError {
    let mut message = String::from("Invalid query:");
    for (key, FieldError { expected, got, .. }) in &errors {
        let _ = write!(message, "\n  `{key}` must {expected}; got {got}");
    }
    errors.into_iter().fold(invalid(&message), |all, (_, error)| all.with_field_error(error))
}

fn error(key: &str, expected: impl Into<String>, got: &str) -> (String, FieldError) {
    let pointer = format!("/query/{}", key.replace('~', "~0").replace('/', "~1"));
    (key.to_owned(), FieldError::new(pointer, expected, format!("`{got}`")))
}

pub(super) fn invalid(message: &str) -> ApiError {
    ApiError::new(ErrorCode::InvalidRequestArguments, message)
}
