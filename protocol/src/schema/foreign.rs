//! Schemas that callers bring, like the triggerSchema of a hook. They may be hostile: no schema is fetched, patterns take
//! linear time, and a schema that would be applied to one value for ever is refused.

use std::collections::HashMap;

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;

use super::{describe::field_errors, steps::Steps};
use crate::{error::FieldError, limits::MAX_LISTED};

/// A compiled schema.
#[derive(Debug)]
pub struct ForeignSchema {
    validator: Validator,
    schema: Value,
}

/// Why a schema cannot be used; to follow "the schema".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SchemaError(String);

/// Most references that a schema may have.
const MAX_REFERENCES: usize = 1000;

/// Most schemas that may be applied to one value, with those that they apply.
const MAX_APPLIED: usize = 10_000;

/// Keywords that apply a schema to the same value again.
const IN_PLACE: [&str; 10] =
    ["$ref", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependencies", "dependentSchemas"];

/// Keywords that change what a reference means.
const REBASING: [&str; 6] = ["$id", "id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef"];

impl ForeignSchema {
    /// Draft 7, unless `$schema` names another draft.
    pub fn compile(schema: &Value) -> Result<Self, SchemaError> {
        check_references(schema)?;
        let built = jsonschema::options()
            .with_draft(draft(schema)?)
            .with_pattern_options(PatternOptions::regex().size_limit(1024 * 1024).dfa_size_limit(1024 * 1024))
            .offline()
            .build(schema);
        built.map(|validator| Self { validator, schema: schema.clone() }).map_err(|error| {
            SchemaError(format!("cannot be used: at `{}`, {}", error.instance_path(), shortened(&error.to_string())))
        })
    }

    /// The errors of the value; only the first, where there may be very many. A value for which the schema would take too long is
    /// refused before it is checked.
    pub fn check(&self, value: &Value) -> Result<(), Vec<FieldError>> {
        if Steps::count(&self.schema, value).is_err() {
            let expected = "be less deep or have fewer parts: the schema would be applied to it too often";
            return Err(vec![FieldError::new("", expected, "it as it is".to_owned())]);
        }
        match self.validator.validate(value) {
            Ok(()) => Ok(()),
            Err(first) => Err(field_errors(&first).into_iter().take(MAX_LISTED).collect()),
        }
    }
}

fn draft(schema: &Value) -> Result<Draft, SchemaError> {
    let Some(named) = schema.get("$schema") else { return Ok(Draft::Draft7) };
    let named = named.as_str().unwrap_or_default().trim_end_matches('#');
    Ok(match named {
        "http://json-schema.org/draft-04/schema" => Draft::Draft4,
        "http://json-schema.org/draft-06/schema" => Draft::Draft6,
        "http://json-schema.org/draft-07/schema" => Draft::Draft7,
        "https://json-schema.org/draft/2019-09/schema" => Draft::Draft201909,
        "https://json-schema.org/draft/2020-12/schema" => Draft::Draft202012,
        _ => {
            let named = shortened(named);
            return Err(SchemaError(format!("names in `$schema` a draft that is not known: `{named}`; leave it out")));
        }
    })
}

/// Refuses references out of the schema, and those that lead back to a schema without having gone into the value.
fn check_references(root: &Value) -> Result<(), SchemaError> {
    let mut targets = Vec::new();
    gather(root, true, &mut targets)?;
    if targets.len() > MAX_REFERENCES {
        return Err(SchemaError(format!("has more than {MAX_REFERENCES} references")));
    }
    let mut walk = Walk { root, path: Vec::new(), counted: HashMap::new() };
    for target in targets {
        walk.count(resolve(root, target)?)?;
    }
    walk.count(root).map(drop)
}

fn gather<'s>(schema: &'s Value, at_root: bool, targets: &mut Vec<&'s str>) -> Result<(), SchemaError> {
    match schema {
        Value::Object(fields) => {
            if let Some(keyword) = REBASING.iter().find(|it| !at_root && fields.get(**it).is_some_and(Value::is_string))
            {
                return Err(SchemaError(format!("has `{keyword}` inside; refer to its parts as `#/definitions/...`")));
            }
            if let Some(Value::String(target)) = fields.get("$ref") {
                targets.push(target);
            }
            fields.values().try_for_each(|field| gather(field, false, targets))
        }
        Value::Array(items) => items.iter().try_for_each(|item| gather(item, false, targets)),
        _ => Ok(()),
    }
}

fn resolve<'s>(root: &'s Value, target: &str) -> Result<&'s Value, SchemaError> {
    let shown = shortened(target);
    let pointer = target.strip_prefix('#').filter(|pointer| pointer.is_empty() || pointer.starts_with('/'));
    let pointer = pointer.ok_or_else(|| {
        SchemaError(format!("refers to `{shown}`: only its own parts can be referred to, as `#/definitions/...`"))
    })?;
    root.pointer(pointer).ok_or_else(|| SchemaError(format!("refers to `{shown}`, which it does not have")))
}

/// A walk along keywords that apply schemas to one value.
struct Walk<'s> {
    root: &'s Value,
    path: Vec<*const Value>,
    /// How many schemas are applied to a value where this one is.
    counted: HashMap<*const Value, usize>,
}

impl Walk<'_> {
    fn count(&mut self, schema: &Value) -> Result<usize, SchemaError> {
        let pointer = std::ptr::from_ref(schema);
        if let Some(count) = self.counted.get(&pointer) {
            return Ok(*count);
        }
        if self.path.contains(&pointer) {
            return Err(SchemaError("refers to itself without a `properties` or `items` in between".to_owned()));
        }
        self.path.push(pointer);
        let mut count = 1_usize;
        let fields = schema.as_object().into_iter().flatten();
        for (keyword, value) in fields.filter(|(keyword, _)| IN_PLACE.contains(&keyword.as_str())) {
            for next in applied(self.root, keyword, value)? {
                count = count.saturating_add(self.count(next)?);
            }
        }
        self.path.pop();
        if count > MAX_APPLIED {
            return Err(SchemaError(format!("applies more than {MAX_APPLIED} schemas to one value")));
        }
        self.counted.insert(pointer, count);
        Ok(count)
    }
}

fn applied<'s>(root: &'s Value, keyword: &str, value: &'s Value) -> Result<Vec<&'s Value>, SchemaError> {
    Ok(match value {
        Value::String(target) if keyword == "$ref" => vec![resolve(root, target)?],
        Value::Array(items) => items.iter().collect(),
        Value::Object(fields) if keyword.starts_with("depend") => fields.values().collect(),
        other => vec![other],
    })
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 200;
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(schema: &Value) -> String {
        ForeignSchema::compile(schema).unwrap_err().to_string()
    }

    #[test]
    fn a_schema_checks_values_and_says_what_is_wrong() {
        let schema = json!({ "properties": { "n": { "type": "integer" } }, "required": ["n"] });
        let schema = ForeignSchema::compile(&schema).unwrap();
        assert!(schema.check(&json!({ "n": 1 })).is_ok());
        let errors = schema.check(&json!({ "n": "1" })).unwrap_err();
        assert_eq!((errors[0].pointer.as_str(), errors[0].expected.as_str()), ("/n", "be of type integer"));
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        assert!(refusal(&json!({ "type": "no-such-type" })).contains("cannot be used"));
        assert!(refusal(&json!({ "$schema": "http://example.com/x" })).contains("`$schema`"));
        assert!(refusal(&json!({ "pattern": "(" })).contains("cannot be used"));
        assert!(!refusal(&json!({ "pattern": "((a{1000}){1000}){1000}" })).is_empty());
    }

    #[test]
    fn no_other_document_is_referred_to() {
        for target in ["http://example.com/a.json", "a.json", "file:///etc/passwd", "#name"] {
            assert!(refusal(&json!({ "$ref": target })).contains(target));
        }
        assert!(refusal(&json!({ "$ref": "#/definitions/none" })).contains("does not have"));
        let rebased = json!({ "properties": { "a": { "$id": "http://example.com/", "$ref": "#/x" } } });
        assert!(refusal(&rebased).contains("`$id`"));
    }

    #[test]
    fn a_schema_that_never_ends_is_refused_and_a_recursive_one_is_not() {
        let endless = [
            json!({ "$ref": "#" }),
            json!({ "allOf": [{ "not": { "$ref": "#" } }] }),
            json!({ "$ref": "#/definitions/a", "definitions": {
                "a": { "anyOf": [true, { "$ref": "#/definitions/b" }] }, "b": { "if": { "$ref": "#/definitions/a" } } } }),
            json!({ "properties": { "x": { "$ref": "#/properties/x" } } }),
        ];
        for schema in endless {
            assert!(refusal(&schema).contains("itself"), "{schema}");
        }
        let tree = json!({ "properties": { "child": { "$ref": "#" } }, "type": "object" });
        let tree = ForeignSchema::compile(&tree).unwrap();
        assert!(tree.check(&json!({ "child": { "child": {} } })).is_ok());
        assert!(tree.check(&json!({ "child": { "child": 1 } })).is_err());
    }

    /// Engines that backtrack need longer than the universe has been for this.
    #[test]
    fn a_pattern_takes_linear_time() {
        let schema = ForeignSchema::compile(&json!({ "pattern": "^(a+)+$" })).unwrap();
        assert!(schema.check(&json!(format!("{}b", "a".repeat(100_000)))).is_err());
    }

    #[test]
    fn alternatives_that_double_at_each_step_are_refused() {
        let mut definitions = serde_json::Map::new();
        for level in 0..60 {
            let next = json!({ "$ref": format!("#/definitions/d{}", level + 1) });
            definitions.insert(format!("d{level}"), json!({ "anyOf": [next.clone(), next] }));
        }
        definitions.insert("d60".to_owned(), json!(true));
        let refusal = refusal(&json!({ "$ref": "#/definitions/d0", "definitions": definitions }));
        assert!(refusal.contains("more than 10000 schemas"), "{refusal}");
    }
}
