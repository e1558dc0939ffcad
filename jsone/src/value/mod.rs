//! Values: JSON, and functions.

mod function;
mod json;
mod print;

use std::{ops::Deref, sync::Arc};

use indexmap::IndexMap;

pub use function::Function;
pub(crate) use print::{element_to_text, to_sorted_json, to_text};

use crate::number;

/// An object. It keeps the order of its keys, which shows where later entries win over earlier ones (`$map` over an object).
pub type Map = IndexMap<Arc<str>, Value>;

/// JSON as templates work on it: all numbers are floats, and functions are values. A clone shares its content.
#[derive(Clone, Debug, Default)]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Number(f64),
    String(Arc<str>),
    Array(Arc<Measured<Vec<Value>>>),
    Object(Arc<Measured<Map>>),
    Function(Function),
}

/// A list or object with its size, so that limits are checked in constant time however much its parts share.
#[derive(Debug)]
pub struct Measured<T> {
    content: T,
    size: Size,
}

#[derive(Clone, Copy, Debug)]
struct Size {
    depth: usize,
    bytes: usize,
    functions: bool,
}

impl<T> Deref for Measured<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.content
    }
}

impl Value {
    fn size(&self) -> Size {
        match self {
            Self::Array(items) => items.size,
            Self::Object(map) => map.size,
            Self::String(text) => Size { depth: 0, bytes: text.len() + 2, functions: false },
            Self::Number(_) => Size { depth: 0, bytes: 8, functions: false },
            Self::Null | Self::Bool(_) => Size { depth: 0, bytes: 4, functions: false },
            Self::Function(_) => Size { depth: 0, bytes: 0, functions: true },
        }
    }

    /// Levels of lists and objects.
    pub(crate) fn depth(&self) -> usize {
        self.size().depth
    }

    /// About the length as JSON, saturating: a value that shares its parts can be larger than any memory.
    pub(crate) fn bytes(&self) -> usize {
        self.size().bytes
    }

    pub(crate) fn contains_functions(&self) -> bool {
        self.size().functions
    }

    pub(crate) fn is_truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(number) => *number != 0.0,
            Self::String(text) => !text.is_empty(),
            Self::Array(items) => !items.is_empty(),
            Self::Object(map) => !map.is_empty(),
            Self::Function(_) => true,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    pub(crate) fn as_number(&self) -> Option<f64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    pub(crate) fn as_array(&self) -> Option<&Vec<Self>> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    pub fn as_object(&self) -> Option<&Map> {
        if let Self::Object(map) = self { Some(map) } else { None }
    }

    /// An object with these two entries, as `$map` makes of each entry of an object.
    pub(crate) fn entry(key: &Arc<str>, value: &Self) -> Self {
        Self::from(Map::from_iter([("key".into(), Self::String(key.clone())), ("val".into(), value.clone())]))
    }
}

fn measure<'a>(parts: impl Iterator<Item = (usize, &'a Value)>) -> Size {
    let none = Size { depth: 1, bytes: 2, functions: false };
    parts.fold(none, |sum, (key_bytes, value)| {
        let part = value.size();
        Size {
            depth: sum.depth.max(part.depth + 1),
            bytes: sum.bytes.saturating_add(part.bytes).saturating_add(key_bytes + 1),
            functions: sum.functions | part.functions,
        }
    })
}

impl From<Vec<Value>> for Value {
    fn from(content: Vec<Value>) -> Self {
        let size = measure(content.iter().map(|item| (0, item)));
        Self::Array(Arc::new(Measured { content, size }))
    }
}

impl From<Map> for Value {
    fn from(content: Map) -> Self {
        let size = measure(content.iter().map(|(key, value)| (key.len() + 3, value)));
        Self::Object(Arc::new(Measured { content, size }))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<usize> for Value {
    fn from(count: usize) -> Self {
        Self::Number(number::from_count(count))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<Function> for Value {
    fn from(function: Function) -> Self {
        Self::Function(function)
    }
}
