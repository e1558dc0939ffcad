//! Values from and to JSON.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
    ser::Error as _,
};

use super::{Map, Value};
use crate::{error::Error, number};

/// Levels of JSON that are taken in: more than parsers accept unless asked to, and few enough for the stack of any thread.
const DEEPEST: usize = 256;

impl TryFrom<&serde_json::Value> for Value {
    type Error = Error;

    /// Refuses what is nested so deep that the stack might not do.
    fn try_from(json: &serde_json::Value) -> Result<Self, Error> {
        from_json(json, 0)
    }
}

fn from_json(json: &serde_json::Value, depth: usize) -> Result<Value, Error> {
    if depth > DEEPEST {
        return Err(Error::limit(format!("more than {DEEPEST} levels of nesting")));
    }
    Ok(match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Array(items) => {
            Value::from(items.iter().map(|item| from_json(item, depth + 1)).collect::<Result<Vec<_>, Error>>()?)
        }
        serde_json::Value::Object(map) => {
            let entries = map.iter().map(|(key, value)| Ok((key.as_str().into(), from_json(value, depth + 1)?)));
            Value::from(entries.collect::<Result<Map, Error>>()?)
        }
    })
}

impl From<&Value> for serde_json::Value {
    /// Numbers that JSON does not have, and functions, become `null`.
    fn from(value: &Value) -> Self {
        match value {
            Value::Null | Value::Function(_) => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => number::to_integer(*number).map_or_else(|| Self::from(*number), Self::from),
            Value::String(text) => Self::from(&**text),
            Value::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Value::Object(map) => {
                Self::Object(map.iter().map(|(key, value)| (key.to_string(), Self::from(value))).collect())
            }
        }
    }
}

/// Compact JSON.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => match number::to_integer(*number) {
                Some(integer) => serializer.serialize_i64(integer),
                None => serializer.serialize_f64(*number),
            },
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => serializer.collect_seq(items.iter()),
            Self::Object(map) => serializer.collect_map(map.iter().map(|(key, value)| (&**key, value))),
            Self::Function(_) => Err(S::Error::custom("a function has no JSON")),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Depth(0).deserialize(deserializer)
    }
}

/// Reads the value at this depth.
#[derive(Clone, Copy)]
struct Depth(usize);

impl<'de> DeserializeSeed<'de> for Depth {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.0 > DEEPEST {
            return Err(D::Error::custom(format_args!("more than {DEEPEST} levels of nesting")));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Depth {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "all numbers of JSON-e are floats")]
    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "all numbers of JSON-e are floats")]
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Self(self.0 + 1))? {
            items.push(item);
        }
        Ok(Value::from(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            map.insert(key.into(), access.next_value_seed(Self(self.0 + 1))?);
        }
        Ok(Value::from(map))
    }
}
