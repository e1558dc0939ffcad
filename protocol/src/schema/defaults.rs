//! Defaults written in a schema, gathered once so that a request only walks what it may lack.

use serde_json::{Map, Value};

use super::store;

/// The defaults of an object's properties.
///
/// A default counts where the keyword stands: one behind a `$ref` belongs to the document referred to.
/// Alternatives (`oneOf`, `anyOf`) and array items have none.
#[derive(Debug, Default)]
pub(super) struct Defaults {
    missing: Vec<(String, Value)>,
    nested: Vec<(String, Self)>,
}

/// Deeper than any schema of ours; it ends the walk should two refer to each other.
const DEPTH: u8 = 8;

impl Defaults {
    pub(super) fn of(service: &str, schema: &Value) -> Self {
        gather(service, schema, schema, DEPTH)
    }

    pub(super) fn fill(&self, value: &mut Value) {
        let Value::Object(fields) = value else { return };
        self.fill_object(fields);
    }

    fn fill_object(&self, fields: &mut Map<String, Value>) {
        for (name, default) in &self.missing {
            if !fields.contains_key(name) {
                fields.insert(name.clone(), default.clone());
            }
        }
        for (name, nested) in &self.nested {
            if let Some(value) = fields.get_mut(name) {
                nested.fill(value);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.nested.is_empty()
    }
}

fn gather(service: &str, document: &Value, schema: &Value, depth: u8) -> Defaults {
    let mut found = Defaults::default();
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return found };
    for (name, property) in properties {
        if let Some(default) = property.get("default") {
            found.missing.push((name.clone(), default.clone()));
        }
        let Some((home, target)) = follow(service, document, property).filter(|_| depth > 0) else { continue };
        let nested = gather(service, home, target, depth - 1);
        if !nested.is_empty() {
            found.nested.push((name.clone(), nested));
        }
    }
    found
}

/// The schema of a property, after its `$ref`, and the document that contains it.
pub(crate) fn follow<'a>(service: &str, document: &'a Value, property: &'a Value) -> Option<(&'a Value, &'a Value)> {
    let Some(reference) = property.get("$ref").and_then(Value::as_str) else { return Some((document, property)) };
    let (file, pointer) = reference.split_once('#').unwrap_or((reference, ""));
    let name = file.trim_start_matches("./").trim_end_matches(".json");
    let home = if name.is_empty() { document } else { store::source(service, name)? };
    Some((home, home.pointer(pointer)?))
}
