//! One declared endpoint.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Deserializer};

use super::{Pattern, ScopeTemplate};

/// The declaration of an endpoint.
#[derive(Debug)]
pub struct Endpoint {
    /// Also the `method` of an error body, and the function's name in client libraries.
    pub name: String,
    pub method: Method,
    /// As documented, with `<param>` in place of parameters.
    pub route: String,
    /// The route, cut at its slashes.
    pub segments: Vec<Segment>,
    pub query: Vec<QueryKey>,
    /// The query is whatever another program makes it, and read by the handler.
    pub any_query: bool,
    /// `None`: the Authorization header is never looked at.
    pub scopes: Option<ScopeTemplate>,
    /// File name of the body's schema, without `.json`.
    pub input: Option<String>,
    pub output: Output,
    pub stability: String,
    pub category: String,
    pub title: String,
    pub description: String,
    /// Answered, but left out of the reference document.
    pub undocumented: bool,
    /// Errors repeat nothing of the body.
    pub private: bool,
}

/// HTTP methods in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

/// One part of a route between slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    Literal(String),
    Param(Param),
}

/// A parameter of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    pub name: String,
    /// May span several segments (`a/b` as well as `a%2Fb`), or none when the path ends with its slash.
    pub rest: bool,
    pub pattern: Pattern,
    /// The longest text in bytes, where it is part of an index, a routing key or a field of limited length.
    pub max_bytes: Option<usize>,
    /// Literal text after it in the same segment, like the colon of `<workerPoolId>:`. Mostly empty.
    pub suffix: String,
}

impl Param {
    /// Whether the text is short enough.
    pub fn has_room_for(&self, text: &str) -> bool {
        self.max_bytes.is_none_or(|max| text.len() <= max)
    }
}

/// A key allowed in the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryKey {
    pub name: String,
    pub pattern: Pattern,
}

/// What an endpoint returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// No body, or one without a schema.
    None,
    /// Bytes, not JSON.
    Blob,
    /// JSON by this schema: the file name without `.json`.
    Schema(String),
}

impl Endpoint {
    /// The parameters in the route, in order: `args` of the reference.
    pub fn params(&self) -> impl Iterator<Item = &Param> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Literal(_) => None,
            Segment::Param(param) => Some(param),
        })
    }

    /// Whether the scopes follow from the path alone, so that they are checked before anything else.
    pub fn scopes_follow_from_path(&self) -> bool {
        let Some(scopes) = &self.scopes else { return false };
        scopes.params().iter().all(|wanted| self.params().any(|param| param.name == *wanted))
    }
}

impl Method {
    /// In lower case, as in the reference.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Delete => "delete",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An entry of the file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Entry {
    name: String,
    method: Method,
    route: String,
    #[serde(default)]
    rest: Vec<String>,
    #[serde(default)]
    params: BTreeMap<String, Pattern>,
    #[serde(default)]
    max_bytes: BTreeMap<String, usize>,
    #[serde(default)]
    query: BTreeMap<String, Pattern>,
    #[serde(default)]
    any_query: bool,
    scopes: Option<ScopeTemplate>,
    input: Option<String>,
    output: Option<String>,
    stability: String,
    category: String,
    title: String,
    description: String,
    #[serde(default)]
    undocumented: bool,
    #[serde(default)]
    private: bool,
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Entry::deserialize(from).map(Self::from)
    }
}

impl From<Entry> for Endpoint {
    fn from(entry: Entry) -> Self {
        Self {
            segments: entry.route.split('/').skip(1).map(|text| segment(text, &entry)).collect(),
            query: entry.query.into_iter().map(|(name, pattern)| QueryKey { name, pattern }).collect(),
            any_query: entry.any_query,
            output: match entry.output.as_deref() {
                None => Output::None,
                Some("blob") => Output::Blob,
                Some(schema) => Output::Schema(schema.to_owned()),
            },
            name: entry.name,
            method: entry.method,
            route: entry.route,
            scopes: entry.scopes,
            input: entry.input,
            stability: entry.stability,
            category: entry.category,
            title: entry.title,
            description: entry.description,
            undocumented: entry.undocumented,
            private: entry.private,
        }
    }
}

fn segment(text: &str, entry: &Entry) -> Segment {
    let param = text.strip_prefix('<').and_then(|text| text.split_once('>'));
    param.map_or_else(
        || Segment::Literal(text.to_owned()),
        |(name, suffix)| {
            let pattern = entry.params.get(name).copied().unwrap_or_else(|| Pattern::by_name(name));
            let max_bytes = entry.max_bytes.get(name).copied();
            Segment::Param(Param {
                name: name.to_owned(),
                rest: entry.rest.iter().any(|it| it == name),
                pattern,
                max_bytes,
                suffix: suffix.to_owned(),
            })
        },
    )
}
