//! Reads the layers and puts them over each other.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

use config::{Config, ConfigError, File, FileFormat, Map, Source, Value, ValueKind};

use super::{
    Field, Kind, Settings, SettingsError,
    error::nearest,
    manual::{entries, find},
};
use crate::environment;

const PREFIX: &str = "DROVER__";
/// Read when no file is named and this one is there.
const DEFAULT_FILE: &str = "drover.toml";

/// The layers to read; see [`Loader::load`].
#[derive(Debug, Default)]
pub struct Loader {
    file: Option<PathBuf>,
    default_file: Option<PathBuf>,
    environment: HashMap<String, String>,
    flags: Vec<(String, String)>,
}

/// Settings, and where each key that is not at its default came from.
#[derive(Debug)]
pub struct Loaded<S> {
    pub settings: S,
    pub origins: BTreeMap<String, String>,
}

impl Loader {
    /// Reads `drover.toml` of the working directory if there is one, and the environment of the process.
    pub fn new() -> Self {
        Self {
            default_file: Some(PathBuf::from(DEFAULT_FILE)),
            environment: environment::variables().collect(),
            ..Self::default()
        }
    }

    /// Reads nothing but what is then named. For tests.
    pub fn bare() -> Self {
        Self::default()
    }

    /// A file that must be there, instead of `drover.toml`.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    #[must_use]
    pub fn variable(mut self, name: &str, text: &str) -> Self {
        self.environment.insert(name.to_owned(), text.to_owned());
        self
    }

    /// What a flag says about a dotted key; it wins over everything else.
    #[must_use]
    pub fn set(mut self, key: &str, text: &str) -> Self {
        self.flags.push((key.to_owned(), text.to_owned()));
        self
    }

    pub fn load<S: Settings>(&self) -> Result<Loaded<S>, SettingsError> {
        let layers = [self.read_file()?, self.read_environment(S::FIELDS)?, self.read_flags(S::FIELDS)];
        let mut origins = BTreeMap::new();
        let mut whole = Config::builder();
        for layer in layers {
            let tree = layer.tree()?;
            check::<S>(S::FIELDS, "", &tree, &layer, &mut origins)?;
            whole = whole.add_source(layer);
        }
        let merged = whole.build().map_err(|error| explain(error, &origins))?;
        let settings = merged.try_deserialize().map_err(|error| explain(error, &origins))?;
        Ok(Loaded { settings, origins })
    }

    fn read_file(&self) -> Result<Layer, SettingsError> {
        let found = self.default_file.as_deref().filter(|path| path.exists());
        let Some(path) = self.file.as_deref().or(found) else { return Ok(Layer::empty(Origin::Flags)) };
        let values = File::from(path).format(FileFormat::Toml).collect().map_err(|error| unreadable(path, &error))?;
        Ok(Layer { origin: Origin::File(path.to_owned()), values })
    }

    fn read_environment(&self, fields: &[Field]) -> Result<Layer, SettingsError> {
        let source = config::Environment::with_prefix(PREFIX.trim_end_matches('_'))
            .separator("__")
            .ignore_empty(true)
            .source(Some(self.environment.clone()));
        let mut values = source.collect().map_err(|error| SettingsError::Other(error.to_string()))?;
        for (key, value) in &mut values {
            structure(fields, key, value);
        }
        Ok(Layer { origin: Origin::Environment, values })
    }

    fn read_flags(&self, fields: &[Field]) -> Layer {
        let mut layer = Layer::empty(Origin::Flags);
        for (key, text) in &self.flags {
            let mut value = Value::new(None, text.as_str());
            structure(fields, key, &mut value);
            layer.values.insert(key.clone(), value);
        }
        layer
    }
}

/// One layer, and how to name where a key of it came from.
#[derive(Debug, Clone)]
struct Layer {
    origin: Origin,
    values: Map<String, Value>,
}

#[derive(Debug, Clone)]
enum Origin {
    File(PathBuf),
    Environment,
    Flags,
}

impl Layer {
    fn empty(origin: Origin) -> Self {
        Self { origin, values: Map::new() }
    }

    fn tree(&self) -> Result<Map<String, Value>, SettingsError> {
        let built = Config::builder().add_source(self.clone()).build();
        let tree = built.and_then(|config| config.cache.into_table());
        tree.map_err(|error| SettingsError::Other(error.to_string()))
    }

    fn names(&self, key: &str) -> String {
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

/// Refuses keys that no field has, and notes where the others come from.
fn check<S: Settings>(
    fields: &[Field],
    prefix: &str,
    tree: &Map<String, Value>,
    layer: &Layer,
    origins: &mut BTreeMap<String, String>,
) -> Result<(), SettingsError> {
    for (name, value) in tree {
        let key = format!("{prefix}{name}");
        let origin = layer.names(&key);
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            return Err(unknown::<S>(key, origin));
        };
        match (&field.kind, &value.kind) {
            (Kind::Section(inner), ValueKind::Table(table)) => {
                check::<S>(inner, &format!("{key}."), table, layer, origins)?;
            }
            (Kind::Section(_), found) => return Err(no_section(key, origin, found)),
            (Kind::Value(_), _) => drop(origins.insert(key, origin)),
        }
    }
    Ok(())
}

fn unknown<S: Settings>(key: String, origin: String) -> SettingsError {
    let near = nearest(&key, entries::<S>().into_iter().map(|entry| entry.key));
    SettingsError::Unknown { key, origin, near }
}

fn no_section(key: String, origin: String, found: &ValueKind) -> SettingsError {
    SettingsError::Kind { key, origin, expected: "a section".to_owned(), found: format!("`{found}`") }
}

/// Texts become lists and tables where the field is one: `a,b` is a list, and JSON is always understood.
fn structure(fields: &[Field], key: &str, value: &mut Value) {
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

fn unreadable(path: &Path, error: &ConfigError) -> SettingsError {
    let reason = match error {
        ConfigError::FileParse { cause, .. } => cause.to_string(),
        ConfigError::Foreign(cause) => cause.to_string(),
        other => other.to_string(),
    };
    SettingsError::File { path: path.to_owned(), reason }
}

/// Names the key and where its value came from; the library knows only one of them at a time.
fn explain(error: ConfigError, origins: &BTreeMap<String, String>) -> SettingsError {
    let origin_of = |key: &str| {
        let owner = origins.iter().find(|(known, _)| key == *known || key.starts_with(*known));
        owner.map_or_else(|| "default".to_owned(), |(_, origin)| origin.clone())
    };
    match error {
        ConfigError::Type { unexpected, expected, key: Some(key), .. } => SettingsError::Kind {
            origin: origin_of(&key),
            key,
            expected: expected.to_owned(),
            found: unexpected.to_string(),
        },
        ConfigError::At { error, key: Some(key), .. } => {
            SettingsError::Value { origin: origin_of(&key), key, reason: error.to_string() }
        }
        other => SettingsError::Other(other.to_string()),
    }
}

#[cfg(test)]
mod tests;
