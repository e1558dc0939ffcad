//! `maxBytes`, a keyword of our own: the longest text in bytes of UTF-8.
//!
//! `maxLength` counts characters. Routing keys of AMQP and rows of an index count bytes, so what goes there says both.

use jsonschema::{Keyword, ValidationError, paths::Location};
use serde_json::{Map, Value};

pub(super) const MAX_BYTES: &str = "maxBytes";

struct MaxBytes(usize);

impl<'i> Keyword<'i> for MaxBytes {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) { Ok(()) } else { Err(ValidationError::custom(expected(self.0))) }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        instance.as_str().is_none_or(|text| text.len() <= self.0)
    }
}

pub(super) fn compile<'a>(
    _: &'a Map<String, Value>,
    limit: &'a Value,
    _: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    let limit = limit.as_u64().and_then(|limit| usize::try_from(limit).ok());
    limit.map_or_else(
        || Err(ValidationError::custom("maxBytes must be a number of bytes")),
        |limit| Ok(Box::new(MaxBytes(limit)) as Box<dyn for<'i> Keyword<'i>>),
    )
}

/// To follow the word "must".
fn expected(limit: usize) -> String {
    format!("be at most {limit} bytes long in UTF-8")
}
