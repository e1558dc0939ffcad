use std::fmt::Write;

use protocol::{error::ErrorCode, limits::MAX_LISTED, reference::QueryKey};

use super::{Fault, percent};

/// The checked query of a request.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(&'static str, String)>);

impl Query {
    /// Every key at most once, known, and of its pattern; the faults are told together. `bewit` is passed over.
    pub(super) fn parse(text: Option<&str>, keys: &'static [QueryKey]) -> Result<Self, Fault> {
        let mut query = Self::default();
        let mut faults: Vec<Wrong> = Vec::new();
        let parts = text.unwrap_or_default().split('&').filter(|part| !part.is_empty());
        for (key, value) in parts.map(|part| part.split_once('=').unwrap_or((part, ""))) {
            if let Err(fault) = query.put(key, value, keys) {
                faults.push(fault);
            }
            if faults.len() == MAX_LISTED {
                break;
            }
        }
        if faults.is_empty() { Ok(query) } else { Err(told(faults)) }
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

fn told(faults: Vec<Wrong>) -> Fault {
    let mut words = String::from("Invalid query:");
    for Wrong { key, expected, got } in &faults {
        let _ = write!(words, "\n  `{key}` must {expected}; got {got}");
    }
    faults.into_iter().fold(invalid(&words), |fault, Wrong { key, expected, got }| {
        fault.at(format!("/query/{}", key.replace('~', "~0").replace('/', "~1")), expected, got)
    })
}

pub(super) fn invalid(message: &str) -> Fault {
    Fault::new(ErrorCode::InvalidRequestArguments, message)
}
