//! The manual of the settings: meaning, type and default of each key.

use super::{Section, Settings};

/// One field of a settings struct.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub name: &'static str,
    /// The doc comment's lines.
    pub doc: &'static [&'static str],
    pub kind: Kind,
    /// What a list holds, where those are structs of settings too.
    pub items: Option<Items>,
}

/// The structs in a list.
#[derive(Debug, Clone, Copy)]
pub struct Items {
    fields: &'static [Field],
    defaults: fn() -> serde_json::Value,
}

impl Items {
    pub const fn of<S: Settings>() -> Self {
        Self { fields: S::FIELDS, defaults: defaults::<S> }
    }
}

#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// The type, as the code spells it.
    Value(&'static str),
    /// The fields of the section.
    Section(&'static [Field]),
}

/// One line of the manual.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Entry {
    /// `section.field`; `section.list[].field` for what each item of a list says.
    pub key: String,
    /// `None` for a section.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The default as JSON; `None` for a section.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<serde_json::Value>,
    pub doc: String,
}

impl Entry {
    /// It has no value of its own: each item of a list has one.
    pub fn is_of_items(&self) -> bool {
        self.key.contains("[]")
    }
}

impl Field {
    fn doc(&self) -> String {
        self.doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n").trim().to_owned()
    }
}

/// Every section and field of `S`, in the order of the code, and then of the sections that extend it.
pub fn entries<S: Settings>(sections: &[Section]) -> Vec<Entry> {
    let mut defaults = defaults::<S>();
    for section in sections {
        defaults[section.name()] = (section.defaults)();
    }
    let mut entries = Vec::new();
    describe(&fields::<S>(sections), "", &defaults, &mut entries);
    entries
}

/// The keys alone, like those of [`entries`].
pub(super) fn keys(fields: &[Field]) -> impl Iterator<Item = String> {
    let mut entries = Vec::new();
    describe(fields, "", &serde_json::Value::Null, &mut entries);
    entries.into_iter().map(|entry| entry.key)
}

/// The fields of `S` and the sections that extend it.
pub(super) fn fields<S: Settings>(sections: &[Section]) -> Vec<Field> {
    S::FIELDS.iter().copied().chain(sections.iter().map(|section| section.field)).collect()
}

pub(super) fn defaults<S: Settings>() -> serde_json::Value {
    serde_json::to_value(S::default()).unwrap_or_default()
}

/// What stands at a dotted key: its kind, or nothing. A key below a value that is a table or a list leads to the value.
pub(super) fn find<'f>(fields: &'f [Field], key: &str) -> Option<&'f Field> {
    let (first, rest) = key.split_once('.').map_or((key, None), |(first, rest)| (first, Some(rest)));
    let field = fields.iter().find(|field| field.name == first)?;
    match (&field.kind, rest) {
        (Kind::Section(inner), Some(rest)) => find(inner, rest),
        (Kind::Section(_) | Kind::Value(_), _) => Some(field),
    }
}

/// Whether the value at a key, like `bridge.masters[0].name`, can hold no secret, so that it may be shown.
pub(super) fn is_plain(fields: &[Field], key: &str) -> bool {
    let (first, rest) = key.split_once('.').map_or((key, None), |(first, rest)| (first, Some(rest)));
    let name = first.split('[').next().unwrap_or_default();
    match (fields.iter().find(|field| field.name == name), rest) {
        (Some(Field { kind: Kind::Section(inner), .. }), Some(rest)) => is_plain(inner, rest),
        (Some(Field { items: Some(items), .. }), Some(rest)) => is_plain(items.fields, rest),
        (Some(Field { kind: Kind::Value(kind), items: None, .. }), None) => {
            let kind = readable(kind);
            let kind = kind.trim_start_matches("list of ").trim_end_matches(", or nothing");
            PLAIN.contains(&kind)
        }
        _ => false,
    }
}

/// Kinds, in the words of [`readable`], whose values may be shown.
const PLAIN: [&str; 5] = ["text", "true or false", "whole number", "number", "duration"];

fn describe(fields: &[Field], prefix: &str, defaults: &serde_json::Value, entries: &mut Vec<Entry>) {
    for field in fields {
        let key = format!("{prefix}{}", field.name);
        let default = &defaults[field.name];
        match field.kind {
            Kind::Value(kind) => {
                let (kind, default) = (Some(readable(kind)), Some(default.clone()));
                entries.push(Entry { key: key.clone(), kind, default, doc: field.doc() });
                if let Some(Items { fields, defaults }) = &field.items {
                    describe(fields, &format!("{key}[]."), &defaults(), entries);
                }
            }
            Kind::Section(inner) => {
                entries.push(Entry { key: key.clone(), kind: None, default: None, doc: field.doc() });
                describe(inner, &format!("{key}."), default, entries);
            }
        }
    }
}

/// A Rust type in words; a type without words of its own stays as it is.
fn readable(kind: &str) -> String {
    let kind: String = kind.split_whitespace().collect();
    let inner = |outer: &str| kind.strip_prefix(outer).and_then(|rest| rest.strip_suffix('>')).map(str::to_owned);
    if let Some(item) = inner("Vec<") {
        return format!("list of {}", readable(&item));
    }
    if let Some(item) = inner("Option<") {
        return format!("{}, or nothing", readable(&item));
    }
    let short = kind.rsplit("::").next().unwrap_or(&kind);
    match short {
        "String" | "PathBuf" | "SocketAddr" => "text".to_owned(),
        "bool" => "true or false".to_owned(),
        "u8" | "u16" | "u32" | "u64" | "usize" | "i16" | "i32" | "i64" => "whole number".to_owned(),
        "f32" | "f64" => "number".to_owned(),
        "ConfigDuration" => "duration".to_owned(),
        "Secret" => "secret".to_owned(),
        _ => short.to_owned(),
    }
}
