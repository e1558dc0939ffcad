//! What is wrong with a value, in words for whoever sent it.

use std::fmt;

use jsonschema::{
    ValidationError,
    error::{TypeKind, ValidationErrorKind as Kind},
};
use serde_json::Value;

use crate::limits::MAX_LISTED;

/// One fault of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// JSON pointer to the faulty value; empty for the body itself.
    pub pointer: String,
    /// What it must do or be, to follow the word "must".
    pub expected: String,
    /// What came, cut short.
    pub came: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "data{} must {}; got {}", self.pointer, self.expected, self.came)
    }
}

impl Fault {
    /// The same without a word of what came.
    #[must_use]
    pub fn masked(self) -> Self {
        Self { came: "something else".to_owned(), ..self }
    }

    /// Names of fields are the sender's, and may be as long as the body.
    fn shortened(self) -> Self {
        Self { pointer: cut(self.pointer), expected: cut(self.expected), ..self }
    }

    pub(super) fn no_schema(service: &str, name: &str) -> Self {
        Self { pointer: String::new(), expected: format!("have a schema {service}/{name}"), came: "none".to_owned() }
    }
}

/// The faults behind one error of the validator: several where it found several fields too many.
pub(super) fn from_error(error: &ValidationError<'_>) -> Vec<Fault> {
    faults_of(error).into_iter().map(Fault::shortened).collect()
}

fn faults_of(error: &ValidationError<'_>) -> Vec<Fault> {
    let pointer = error.instance_path().as_str();
    match error.kind() {
        Kind::Required { property } => vec![missing(pointer, property)],
        Kind::AdditionalProperties { unexpected } => {
            let named = unexpected.iter().take(MAX_LISTED);
            named.map(|name| surplus(pointer, name, error.instance())).collect()
        }
        Kind::OneOfNotValid { context } | Kind::AnyOf { context } => {
            closest(context).unwrap_or_else(|| vec![choice(pointer, context, error.instance())])
        }
        Kind::Custom { message, .. } => {
            let came = format!("{} bytes", error.instance().as_str().map_or(0, str::len));
            vec![Fault { pointer: pointer.to_owned(), expected: message.clone(), came }]
        }
        kind => {
            vec![Fault { pointer: pointer.to_owned(), expected: expected(kind, error), came: short(error.instance()) }]
        }
    }
}

fn missing(parent: &str, property: &Value) -> Fault {
    let name = property.as_str().unwrap_or_default();
    Fault { pointer: child(parent, name), expected: "be given".to_owned(), came: "nothing".to_owned() }
}

fn surplus(parent: &str, name: &str, instance: &Value) -> Fault {
    let came = instance.get(name).map_or_else(String::new, short);
    Fault { pointer: child(parent, name), expected: "be left out: there is no such property".to_owned(), came }
}

/// The faults of the alternative that was meant: the one whose fixed words (like `storageType`) all fit.
fn closest(alternatives: &[Vec<ValidationError<'static>>]) -> Option<Vec<Fault>> {
    let meant = alternatives.iter().filter(|errors| !errors.iter().any(is_fixed_word));
    let closest = meant.min_by_key(|errors| errors.len())?;
    Some(closest.iter().flat_map(faults_of).take(MAX_LISTED).collect())
}

/// No alternative was meant: says which fixed words would have named one.
fn choice(pointer: &str, alternatives: &[Vec<ValidationError<'static>>], instance: &Value) -> Fault {
    let fixed = || alternatives.iter().flatten().filter(|error| is_fixed_word(error));
    let mut words: Vec<String> = fixed().flat_map(allowed).take(MAX_LISTED).collect();
    words.dedup();
    let came = fixed().next();
    Fault {
        pointer: came.map_or(pointer, |error| error.instance_path().as_str()).to_owned(),
        expected: format!("be one of {}", words.join(", ")),
        came: came.map_or_else(|| short(instance), |error| short(error.instance())),
    }
}

fn is_fixed_word(error: &ValidationError<'_>) -> bool {
    matches!(error.kind(), Kind::Enum { .. } | Kind::Constant { .. })
}

fn allowed(error: &ValidationError<'_>) -> Vec<String> {
    match error.kind() {
        Kind::Enum { options } => options.as_array().into_iter().flatten().map(short).collect(),
        Kind::Constant { expected_value } => vec![short(expected_value)],
        _ => Vec::new(),
    }
}

fn expected(kind: &Kind, error: &ValidationError<'_>) -> String {
    match kind {
        Kind::Type { kind: TypeKind::Single(kind) } => format!("be of type {kind}"),
        Kind::Enum { .. } | Kind::Constant { .. } => format!("be one of {}", allowed(error).join(", ")),
        Kind::Format { format } if format == "date-time" => {
            "be a date and time like 2026-08-21T19:24:27.123Z, of the years 0001 to 9999 in UTC".to_owned()
        }
        Kind::Format { format } => format!("be of the format {format}"),
        Kind::Pattern { pattern } => format!("match {pattern}"),
        Kind::Minimum { limit } => format!("be at least {limit}"),
        Kind::Maximum { limit } => format!("be at most {limit}"),
        Kind::MinLength { limit } => format!("be at least {limit} characters long"),
        Kind::MaxLength { limit } => format!("be at most {limit} characters long"),
        Kind::MinItems { limit } => format!("have at least {limit} items"),
        Kind::MaxItems { limit } => format!("have at most {limit} items"),
        Kind::UniqueItems => "have no item twice".to_owned(),
        _ => format!("be otherwise: {}", error.masked()),
    }
}

/// A property's pointer, with the two letters escaped that JSON pointers escape.
fn child(parent: &str, name: &str) -> String {
    format!("{parent}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn cut(text: String) -> String {
    const LONGEST: usize = 256;
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}… ({} characters)", &text[..cut], text.chars().count()),
        None => text,
    }
}

/// A value as JSON, cut where it would fill the page.
fn short(value: &Value) -> String {
    const LONGEST: usize = 60;
    let text = match value {
        Value::Array(items) => return format!("an array of {}", items.len()),
        Value::Object(fields) => return format!("an object with {} fields", fields.len()),
        other => other.to_string(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}… ({} characters)", &text[..cut], text.chars().count()),
        None => text,
    }
}
