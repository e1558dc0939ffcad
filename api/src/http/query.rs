use std::fmt::Write;

use protocol::{error::ErrorCode, reference::QueryKey};

use super::{Fault, percent};

/// The checked query of a request.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(&'static str, String)>);

impl Query {
    /// Every key at most once, known, and of its pattern; all faults are told together. `bewit` is passed over.
    pub(super) fn parse(text: Option<&str>, keys: &'static [QueryKey]) -> Result<Self, Fault> {
        let mut query = Self::default();
        let mut faults = String::new();
        let parts = text.unwrap_or_default().split('&').filter(|part| !part.is_empty());
        for (key, value) in parts.map(|part| part.split_once('=').unwrap_or((part, ""))) {
            if let Err(fault) = query.put(key, value, keys) {
                let _ = write!(faults, "\n  {fault}");
            }
        }
        if faults.is_empty() { Ok(query) } else { Err(invalid(&format!("Invalid query:{faults}"))) }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, value)| value.as_str())
    }

    fn put(&mut self, key: &str, value: &str, keys: &'static [QueryKey]) -> Result<(), String> {
        let (Some(key), Some(value)) = (percent::decode_query(key), percent::decode_query(value)) else {
            return Err(format!("`{key}={value}` is not percent-encoded UTF-8"));
        };
        if key == "bewit" {
            return Ok(());
        }
        let Some(known) = keys.iter().find(|known| known.name == key) else {
            return Err(format!("`{key}` is no key of this endpoint"));
        };
        if self.get(&key).is_some() {
            return Err(format!("`{key}` may stand only once"));
        }
        if !known.pattern.matches(&value) {
            return Err(format!("`{key}` must match {}, and `{value}` does not", known.pattern.source()));
        }
        self.0.push((&known.name, value));
        Ok(())
    }
}

pub(super) fn invalid(message: &str) -> Fault {
    Fault::new(ErrorCode::InvalidRequestArguments, message)
}
