use std::fmt::Write;

use protocol::{error::ErrorCode, limits::MAX_LISTED, reference::QueryKey};

use super::{ApiError, percent};

/// The checked query of a request.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(&'static str, String)>);

impl Query {
    /// Every key at most once, known, and of its pattern; the faults are told together. `bewit` is passed over.
    pub(super) fn parse(text: Option<&str>, keys: &'static [QueryKey]) -> Result<Self, ApiError> {
        let mut query = Self::default();
        let mut errors: Vec<Wrong> = Vec::new();
        let parts = text.unwrap_or_default().split('&').filter(|part| !part.is_empty());
        for (key, value) in parts.map(|part| part.split_once('=').unwrap_or((part, ""))) {
            if let Err(error) = query.put(key, value, keys) {
                errors.push(error);
            }
            if errors.len() == MAX_LISTED {
                break;
            }
        }
        if errors.is_empty() { Ok(query) } else { Err(told(errors)) }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, value)| value.as_str())
    }

    fn put(&mut self, key: &str, value: &str, keys: &'static [QueryKey]) -> Result<(), Wrong> {
        let (Some(key), Some(value)) = (percent::decode_query(key), percent::decode_query(value)) else {
            return Err(Wrong::new(key, "be percent-encoded UTF-8", value));
        };
        if key == "bewit" {
            return Ok(());
        }
        let Some(known) = keys.iter().find(|known| known.name == key) else {
            let known = keys.iter().map(|known| known.name.as_str()).collect::<Vec<_>>().join(", ");
            let expected =
                if known.is_empty() { "be left out".to_owned() } else { format!("be left out; known are: {known}") };
            return Err(Wrong::new(&key, expected, &value));
        };
        if self.get(&key).is_some() {
            return Err(Wrong::new(&key, "stand only once", &value));
        }
        if value.contains('\0') {
            return Err(Wrong::new(&key, "hold no character U+0000, which no name has", "one"));
        }
        if !known.pattern.matches(&value) {
            return Err(Wrong::new(&key, format!("match {}", known.pattern.source()), &value));
        }
        self.0.push((&known.name, value));
        Ok(())
    }
}

/// A part of a query that cannot be used.
struct Wrong {
    key: String,
    expected: String,
    got: String,
}

impl Wrong {
    fn new(key: &str, expected: impl Into<String>, got: &str) -> Self {
        Self { key: key.to_owned(), expected: expected.into(), got: format!("`{got}`") }
    }
}

fn told(errors: Vec<Wrong>) -> ApiError {
    let mut message = String::from("Invalid query:");
    for Wrong { key, expected, got } in &errors {
        let _ = write!(message, "\n  `{key}` must {expected}; got {got}");
    }
    errors.into_iter().fold(invalid(&message), |error, Wrong { key, expected, got }| {
        error.at(format!("/query/{}", key.replace('~', "~0").replace('/', "~1")), expected, got)
    })
}

pub(super) fn invalid(message: &str) -> ApiError {
    ApiError::new(ErrorCode::InvalidRequestArguments, message)
}
