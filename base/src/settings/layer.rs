//! One layer of settings, and its name in messages.

use std::path::PathBuf;

use config::{Config, ConfigError, Map, Source, Value, ValueKind};

use super::{Field, Kind, SettingsError, manual::find};

/// The prefix of environment variables.
pub(super) const PREFIX: &str = "DROVER__";

/// One layer, and where its keys come from.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) origin: Origin,
    pub(super) values: Map<String, Value>,
}

#[derive(Debug, Clone)]
pub(super) enum Origin {
    File(PathBuf),
    Environment,
    Flags,
}

impl Layer {
    pub(super) fn empty(origin: Origin) -> Self {
        Self { origin, values: Map::new() }
    }

    pub(super) fn tree(&self) -> Result<Map<String, Value>, SettingsError> {
        let built = Config::builder().add_source(self.clone()).build();
        let tree = built.and_then(|config| config.cache.into_table());
        tree.map_err(|error| SettingsError::Other(error.to_string()))
    }

    pub(super) fn names(&self, key: &str) -> String {
        match &self.origin {
            Origin::File(path) => format!("in {}", path.display()),
            Origin::Environment => format!("from {PREFIX}{}", key.to_uppercase().replace('.', "__")),
            Origin::Flags => "from the command line".to_owned(),
        }
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.values.clone())
    }
}

/// Converts text to lists and tables where the field is one: `a,b` is a list, and JSON is always accepted.
pub(super) fn structure(fields: &[Field], key: &str, value: &mut Value) {
    let Some(Field { kind: Kind::Value(kind), .. }) = find(fields, key) else { return };
    let ValueKind::String(text) = &value.kind else { return };
    let plain = ["String", "PathBuf", "Secret"].contains(kind);
    if !plain && text.starts_with(['[', '{']) {
        if let Ok(json) = serde_json::from_str(text) {
            value.kind = from_json(json);
        }
    } else if kind.starts_with("Vec") {
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        value.kind = ValueKind::Array(items.map(|item| Value::new(None, item)).collect());
    }
}

fn from_json(json: serde_json::Value) -> ValueKind {
    use serde_json::Value as Json;
    let value = |json| Value::new(None, from_json(json));
    match json {
        Json::Null => ValueKind::Nil,
        Json::Bool(flag) => ValueKind::Boolean(flag),
        Json::Number(number) => {
            number.as_i64().map_or_else(|| ValueKind::Float(number.as_f64().unwrap_or(f64::NAN)), ValueKind::I64)
        }
        Json::String(text) => ValueKind::String(text),
        Json::Array(items) => ValueKind::Array(items.into_iter().map(value).collect()),
        Json::Object(fields) => ValueKind::Table(fields.into_iter().map(|(name, json)| (name, value(json))).collect()),
    }
}
