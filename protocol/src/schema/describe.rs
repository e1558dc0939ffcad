//! Errors of the validator as field errors, in words for the client.

use jsonschema::{
    ValidationError,
    error::{TypeKind, ValidationErrorKind as Kind},
};
use serde_json::Value;

use crate::{error::FieldError, limits::MAX_LISTED};

/// Names of fields are the sender's, and may be as long as the body.
fn truncated(error: FieldError) -> FieldError {
    FieldError { pointer: cut(error.pointer), expected: cut(error.expected), ..error }
}

/// The field errors behind one error of the validator: several where it found several fields too many.
pub(super) fn field_errors(error: &ValidationError<'_>) -> Vec<FieldError> {
    errors_of(error).into_iter().map(truncated).collect()
}

fn errors_of(error: &ValidationError<'_>) -> Vec<FieldError> {
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
            let got = format!("{} bytes", error.instance().as_str().map_or(0, str::len));
            vec![FieldError { pointer: pointer.to_owned(), expected: message.clone(), got }]
        }
        kind => {
            vec![FieldError {
                pointer: pointer.to_owned(),
                expected: expected(kind, error),
                got: short(error.instance()),
            }]
        }
    }
}

fn missing(parent: &str, property: &Value) -> FieldError {
    let name = property.as_str().unwrap_or_default();
    FieldError { pointer: child(parent, name), expected: "be given".to_owned(), got: "nothing".to_owned() }
}

fn surplus(parent: &str, name: &str, instance: &Value) -> FieldError {
    let got = instance.get(name).map_or_else(String::new, short);
    FieldError { pointer: child(parent, name), expected: "be left out: there is no such property".to_owned(), got }
}

/// The errors of the alternative that was meant: the one whose fixed values (like `storageType`) all match.
fn closest(alternatives: &[Vec<ValidationError<'static>>]) -> Option<Vec<FieldError>> {
    let meant = alternatives.iter().filter(|errors| !errors.iter().any(is_fixed_value));
    let closest = meant.min_by_key(|errors| errors.len())?;
    Some(closest.iter().flat_map(errors_of).take(MAX_LISTED).collect())
}

/// No alternative was meant: says which fixed values would have named one.
fn choice(pointer: &str, alternatives: &[Vec<ValidationError<'static>>], instance: &Value) -> FieldError {
    let fixed = || alternatives.iter().flatten().filter(|error| is_fixed_value(error));
    let mut words: Vec<String> = fixed().flat_map(allowed).take(MAX_LISTED).collect();
    words.dedup();
    let got = fixed().next();
    FieldError {
        pointer: got.map_or(pointer, |error| error.instance_path().as_str()).to_owned(),
        expected: format!("be one of {}", words.join(", ")),
        got: got.map_or_else(|| short(instance), |error| short(error.instance())),
    }
}

fn is_fixed_value(error: &ValidationError<'_>) -> bool {
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
