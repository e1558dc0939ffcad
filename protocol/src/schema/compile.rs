//! Validators, each compiled at its first use and kept.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, OnceLock},
};

use jsonschema::{Draft, PatternOptions, Registry, RegistryBuilder, Validator};
use serde_json::Value;

use super::{bytes, defaults::Defaults, describe::field_errors, integers::Integers, store};
use crate::{error::FieldError, limits::MAX_LISTED, time};

/// One compiled schema.
#[derive(Debug)]
pub struct Schema {
    validator: Validator,
    defaults: Defaults,
    integers: Integers,
}

impl Schema {
    /// Puts the schema's defaults where the value has nothing, at the top and in nested objects, and writes integers as
    /// such that came as `5.0`.
    pub fn prepare(&self, value: &mut Value) {
        self.defaults.fill(value);
        self.integers.rewrite(value);
    }

    /// The errors of the value, at most [`MAX_LISTED`]. Of a value with very many parts only the first is returned: the
    /// validator would collect an error for each part before it yields any of them.
    pub fn check(&self, value: &Value) -> Result<(), Vec<FieldError>> {
        if self.validator.is_valid(value) {
            return Ok(());
        }
        let mut left = MAX_PARTS;
        if has_more_parts_than(value, &mut left) {
            let first = self.validator.validate(value).err();
            return Err(first.iter().flat_map(field_errors).take(MAX_LISTED).collect());
        }
        Err(self.validator.iter_errors(value).flat_map(|error| field_errors(&error)).take(MAX_LISTED).collect())
    }
}

/// Of values with more parts only the first error is returned.
const MAX_PARTS: usize = 10_000;

/// Whether the value and all that is in it are more than are `left`. Stops at that count.
fn has_more_parts_than(value: &Value, left: &mut usize) -> bool {
    let Some(fewer) = left.checked_sub(1) else { return true };
    *left = fewer;
    match value {
        Value::Array(items) => items.iter().any(|item| has_more_parts_than(item, left)),
        Value::Object(fields) => fields.values().any(|field| has_more_parts_than(field, left)),
        _ => false,
    }
}

/// Documents are registered under a host that cannot be resolved.
const BASE: &str = "https://schemas.invalid";

type Compiled = BTreeMap<&'static str, BTreeMap<&'static str, OnceLock<Schema>>>;

static SCHEMAS: LazyLock<Compiled> = LazyLock::new(|| {
    let mut all = Compiled::new();
    // Schemas of schemas are only served: they lead to the draft itself, which the registry does not hold.
    let compiled = store::DOCUMENTS.keys().filter(|(_, name)| !name.ends_with("metaschema"));
    for (service, name) in compiled {
        all.entry(service).or_default().insert(name, OnceLock::new());
    }
    all
});

static REGISTRY: LazyLock<Registry<'static>> = LazyLock::new(|| {
    let documents = store::DOCUMENTS.iter().map(|(key, document)| (address(document), plain(key, document)));
    let registry = Registry::new().draft(Draft::Draft7).extend(documents).and_then(RegistryBuilder::prepare);
    registry.unwrap_or_else(|error| panic!("the built-in schemas do not fit together: {error}"))
});

pub(super) fn find(service: &str, name: &str) -> Option<&'static Schema> {
    let slot = SCHEMAS.get(service)?.get(name)?;
    Some(slot.get_or_init(|| compile(service, name)))
}

/// A test compiles every document, so an error in one cannot reach a user.
fn compile(service: &str, name: &str) -> Schema {
    let key = (service.to_owned(), name.to_owned());
    let document = &store::DOCUMENTS[&key];
    let validator = jsonschema::options()
        .with_draft(Draft::Draft7)
        .with_base_uri(address(document))
        .with_registry(&REGISTRY)
        .with_pattern_options(PatternOptions::regex())
        .with_keyword(bytes::MAX_BYTES, bytes::compile)
        .with_format("date-time", |text: &str| time::parse(text).is_some())
        .should_validate_formats(true)
        .offline()
        .build(&plain(&key, document))
        .unwrap_or_else(|error| panic!("the built-in schema {service}/{name} does not compile: {error}"));
    Schema { validator, defaults: Defaults::of(service, document), integers: Integers::of(service, document) }
}

fn address(document: &Value) -> String {
    format!("{BASE}{}", document["$id"].as_str().unwrap_or_default().trim_end_matches('#'))
}

/// Without `$schema`, which names a document of ours that says no more than the draft, and without `$id`,
/// which is the address it is registered under.
fn plain((service, name): &(String, String), document: &Value) -> Value {
    let Value::Object(mut fields) = document.clone() else {
        panic!("the built-in schema {service}/{name} is no object");
    };
    fields.remove("$schema");
    fields.remove("$id");
    Value::Object(fields)
}
