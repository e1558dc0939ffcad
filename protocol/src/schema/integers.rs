//! Integers that are written as `5.0`, which JSON Schema calls an integer and typed decoding does not.
//!
//! Only where a schema says `integer` is a number rewritten: free-form JSON like `payload` and `extra` stays as it came.

use serde_json::{Number, Value};

use super::defaults::follow;
use crate::number::from_float;

/// The places of a schema that hold integers.
#[derive(Debug, Default)]
pub(super) struct Integers {
    here: bool,
    properties: Vec<(String, Self)>,
    /// Of every item of a list.
    items: Option<Box<Self>>,
    /// Of every property that is not named.
    others: Option<Box<Self>>,
}

/// Deeper than any schema of ours; it ends the walk should two refer to each other.
const DEPTH: u8 = 12;

const ALTERNATIVES: [&str; 3] = ["oneOf", "anyOf", "allOf"];

impl Integers {
    pub(super) fn of(service: &str, schema: &Value) -> Self {
        let mut found = Self::default();
        found.gather(service, schema, schema, DEPTH);
        found
    }

    /// Rewrites whole numbers that are floats.
    pub(super) fn rewrite(&self, value: &mut Value) {
        match value {
            Value::Number(number) if self.here => {
                if let Some(whole) = whole(number) {
                    *number = whole;
                }
            }
            Value::Array(items) => {
                self.items.iter().for_each(|of_items| items.iter_mut().for_each(|item| of_items.rewrite(item)));
            }
            Value::Object(fields) if !self.properties.is_empty() || self.others.is_some() => {
                for (name, value) in fields {
                    let named = self.properties.iter().find(|(known, _)| known == name).map(|(_, inner)| inner);
                    if let Some(inner) = named.or(self.others.as_deref()) {
                        inner.rewrite(value);
                    }
                }
            }
            _ => {}
        }
    }

    fn gather(&mut self, service: &str, document: &Value, schema: &Value, depth: u8) {
        let Some((document, schema)) = follow(service, document, schema).filter(|_| depth > 0) else { return };
        let kinds = schema.get("type");
        self.here |= match kinds {
            Some(Value::String(kind)) => kind == "integer",
            Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "integer"),
            _ => false,
        };
        let below = |of: &Value| {
            let mut inner = Self::default();
            inner.gather(service, document, of, depth - 1);
            Some(inner).filter(Self::is_something)
        };
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            self.properties.extend(below(property).map(|inner| (name.clone(), inner)));
        }
        if let Some(inner) = schema.get("items").and_then(below) {
            self.items = Some(Box::new(inner));
        }
        if let Some(inner) = schema.get("additionalProperties").and_then(below) {
            self.others = Some(Box::new(inner));
        }
        let alternatives = ALTERNATIVES.iter().filter_map(|keyword| schema.get(keyword)?.as_array()).flatten();
        alternatives.for_each(|alternative| self.gather(service, document, alternative, depth - 1));
    }

    fn is_something(&self) -> bool {
        self.here || !self.properties.is_empty() || self.items.is_some() || self.others.is_some()
    }
}

/// The integer that a float stands for, if there is one and it fits.
fn whole(number: &Number) -> Option<Number> {
    number.as_f64().filter(|_| number.is_f64()).and_then(from_float).map(Number::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::validate_input;

    #[test]
    fn whole_floats_become_integers_only_where_the_schema_wants_integers() {
        let schema = json!({
            "properties": {
                "count": { "type": "integer" }, "free": { "type": "object" }, "rank": { "type": "number" },
                "list": { "items": { "oneOf": [{ "type": "string" }, { "type": ["integer", "null"] }] } },
                "map": { "additionalProperties": { "properties": { "n": { "type": "integer" } } } },
            },
        });
        let mut value = json!({
            "count": 5.0, "free": { "count": 5.0 }, "rank": 1.0, "list": [1.0, "x", 2.5, -0.0, 1e300], "map": { "a": { "n": 2.0 } },
        });
        Integers::of("queue", &schema).rewrite(&mut value);
        let text = r#"{"count":5,"free":{"count":5.0},"list":[1,"x",2.5,0,1e+300],"map":{"a":{"n":2}},"rank":1.0}"#;
        assert_eq!(value.to_string(), text);
    }

    #[test]
    fn every_kind_of_place_in_the_requests_is_found() {
        let put = json!({ "contentType": "a/b", "contentLength": 7.0 });
        let mut upload = json!({
            "projectId": "p", "uploadId": "fN1SbArXTPSVFNUvaOlinQ", "expires": "2026-08-21T19:24:27.123Z",
            "proposedUploadMethods": { "putUrl": put },
        });
        validate_input("object", "create-upload-request", &mut upload).unwrap();
        assert_eq!(upload["proposedUploadMethods"]["putUrl"]["contentLength"].to_string(), "7");
        let mut artifact = json!({
            "storageType": "s3", "expires": "2026-08-21T19:24:27.123Z", "contentType": "a/b", "contentLength": 7.0,
        });
        validate_input("queue", "post-artifact-request", &mut artifact).unwrap();
        assert_eq!(artifact["contentLength"].to_string(), "7");
    }
}
