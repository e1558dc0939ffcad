//! Reads the layers and merges them.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

use config::{Config, ConfigError, File, FileFormat, Map, Source, Value, ValueKind};

use super::{
    Field, Kind, Section, Sections, Settings, SettingsError,
    error::nearest,
    layer::{Layer, Origin, PREFIX, structure},
    manual::{fields, is_plain, keys},
};
use crate::environment;

/// Read when no file is named, if it exists.
const DEFAULT_FILE: &str = "drover.toml";

/// Stands for a value that may hold a secret.
const HIDDEN_VALUE: &str = "the value (not shown: it may be a secret)";
const HIDDEN_REASON: &str = "it is not of the type that `drover config explain` lists (not shown: it may be a secret)";

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
    pub sections: Sections,
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

    /// Reads only what is then named. For tests.
    pub fn bare() -> Self {
        Self::default()
    }

    /// A file that must exist, instead of `drover.toml`.
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

    /// The value of a flag for a dotted key, which overrides all other layers.
    #[must_use]
    pub fn set(mut self, key: &str, text: &str) -> Self {
        self.flags.push((key.to_owned(), text.to_owned()));
        self
    }

    /// The settings `S`, extended by these sections.
    pub fn load<S: Settings>(&self, sections: &[Section]) -> Result<Loaded<S>, SettingsError> {
        let fields = &fields::<S>(sections);
        let layers = [self.read_file()?, self.read_environment(fields)?, self.read_flags(fields)];
        let mut origins = BTreeMap::new();
        let mut whole = Config::builder();
        for layer in layers {
            let tree = layer.tree()?;
            check(fields, (fields, ""), &tree, &layer, &mut origins)?;
            whole = whole.add_source(layer);
        }
        let explain = |error| explain(error, &origins, fields);
        let merged = whole.build().map_err(explain)?;
        let mut table = merged.cache.into_table().map_err(explain)?;
        let sections = Sections::take(sections, &mut table).map_err(explain)?;
        let settings = S::deserialize(Value::new(None, ValueKind::Table(table))).map_err(explain)?;
        Ok(Loaded { settings, sections, origins })
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

/// Refuses unknown keys, and records where the others come from. `all` are the fields of the whole program.
fn check(
    all: &[Field],
    (fields, prefix): (&[Field], &str),
    tree: &Map<String, Value>,
    layer: &Layer,
    origins: &mut BTreeMap<String, String>,
) -> Result<(), SettingsError> {
    for (name, value) in tree {
        let key = format!("{prefix}{name}");
        let origin = layer.names(&key);
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            return Err(unknown(all, key, origin));
        };
        match (&field.kind, &value.kind) {
            (Kind::Section(inner), ValueKind::Table(table)) => {
                check(all, (inner, &format!("{key}.")), table, layer, origins)?;
            }
            (Kind::Section(_), found) => return Err(no_section(key, origin, found)),
            (Kind::Value(_), _) => drop(origins.insert(key, origin)),
        }
    }
    Ok(())
}

fn unknown(all: &[Field], key: String, origin: String) -> SettingsError {
    let near = nearest(&key, keys(all));
    SettingsError::Unknown { key, origin, near }
}

fn no_section(key: String, origin: String, found: &ValueKind) -> SettingsError {
    SettingsError::Kind { key, origin, expected: "a section".to_owned(), found: format!("`{found}`") }
}

fn unreadable(path: &Path, error: &ConfigError) -> SettingsError {
    let reason = match error {
        ConfigError::FileParse { cause, .. } | ConfigError::Foreign(cause) => cause.to_string(),
        other => other.to_string(),
    };
    SettingsError::File { path: path.to_owned(), reason }
}

/// Names the key and where its value came from; the library knows only one of them at a time. A value is quoted only
/// where it can be no secret.
fn explain(error: ConfigError, origins: &BTreeMap<String, String>, fields: &[Field]) -> SettingsError {
    let origin_of = |key: &str| {
        let owner = origins.iter().find(|(known, _)| key == *known || key.starts_with(*known));
        owner.map_or_else(|| "default".to_owned(), |(_, origin)| origin.clone())
    };
    match error {
        ConfigError::Type { unexpected, expected, key: Some(key), .. } => SettingsError::Kind {
            origin: origin_of(&key),
            expected: expected.to_owned(),
            found: if is_plain(fields, &key) { unexpected.to_string() } else { HIDDEN_VALUE.to_owned() },
            key,
        },
        ConfigError::At { error, key: Some(key), .. } => {
            let reason = if is_plain(fields, &key) { error.to_string() } else { HIDDEN_REASON.to_owned() };
            SettingsError::Value { origin: origin_of(&key), key, reason }
        }
        // Without a key it is unknown whether the quoted value is a secret.
        ConfigError::Type { expected, .. } => SettingsError::Other(format!("a value that must be {expected} is not")),
        other => SettingsError::Other(other.to_string()),
    }
}

#[cfg(test)]
mod tests;
