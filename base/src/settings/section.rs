//! Sections that parts of a program add to its settings.

use std::{any::Any, collections::BTreeMap, fmt, sync::Arc};

use config::{ConfigError, Map, Value, ValueKind};
use serde::Deserialize;

use super::{Field, Kind, Settings};

/// A section of the settings, declared by the part of the program that reads it.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    pub(super) field: Field,
    pub(super) defaults: fn() -> serde_json::Value,
    read: Read,
}

/// Reads a section of this name from what the layers say of it, if they say anything.
type Read = fn(&str, Option<Value>) -> Result<Arc<dyn AnySection>, ConfigError>;

/// The sections as they were read, one for each type.
#[derive(Clone, Default)]
pub struct Sections(Vec<(&'static str, Arc<dyn AnySection>)>);

trait AnySection: Any + Send + Sync {
    fn to_json(&self) -> serde_json::Value;
}

impl<S: Settings + Send + Sync + 'static> AnySection for S {
    fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl Section {
    /// The settings `S` under this name. The doc comment of `S` is what the manual says of the section.
    pub const fn of<S: Settings + Send + Sync + 'static>(name: &'static str) -> Self {
        Self {
            field: Field { name, doc: S::ABOUT, kind: Kind::Section(S::FIELDS), items: None },
            defaults: super::manual::defaults::<S>,
            read: read::<S>,
        }
    }

    pub const fn name(&self) -> &'static str {
        self.field.name
    }
}

fn read<S: Settings + Send + Sync + 'static>(
    name: &str,
    value: Option<Value>,
) -> Result<Arc<dyn AnySection>, ConfigError> {
    let Some(value) = value else { return Ok(Arc::new(S::default())) };
    // Inside of a table, so that errors name the key in full.
    let table = Value::new(None, ValueKind::Table([(name.to_owned(), value)].into_iter().collect()));
    let mut read = BTreeMap::<String, S>::deserialize(table)?;
    Ok(Arc::new(read.remove(name).unwrap_or_default()))
}

impl Sections {
    /// Takes what the layers say of these sections out of the table of all settings.
    pub(super) fn take(sections: &[Section], table: &mut Map<String, Value>) -> Result<Self, ConfigError> {
        let read = sections.iter().map(|section| {
            let name = section.name();
            Ok((name, (section.read)(name, table.remove(name))?))
        });
        read.collect::<Result<_, _>>().map(Self)
    }

    /// The section of this type; `None` if the program has none.
    pub fn get<S: Settings + 'static>(&self) -> Option<&S> {
        self.0.iter().find_map(|(_, section)| (&**section as &dyn Any).downcast_ref())
    }

    /// Every section by its name, secrets hidden.
    pub fn to_json(&self) -> impl Iterator<Item = (&'static str, serde_json::Value)> {
        self.0.iter().map(|(name, section)| (*name, section.to_json()))
    }
}

impl fmt::Debug for Sections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}
