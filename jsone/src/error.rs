//! What a rendering can end with, in the words of npm `json-e`.

use std::{fmt, sync::Arc};

use crate::text;

/// Quoted source is cut to so many bytes, so that an error stays readable and short enough for a reply.
const QUOTED_BYTES: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    Syntax,
    Interpreter,
    Template,
    Builtin,
    /// One of [`crate::Limits`] is exceeded; npm `json-e` has no such error.
    Limit,
}

/// A step from a template to a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    Key(Arc<str>),
    Index(usize),
    /// An operand of an operator, as `$map` or `then`. npm `json-e` leaves it out, and so does `Display`.
    Operand(Arc<str>),
}

/// Where in an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Its source; cut when it is long.
    pub expression: String,
    /// In bytes from its beginning.
    pub offset: usize,
}

/// `Display` says the kind, the path and the message as npm `json-e` does.
#[derive(Clone, Debug)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    /// From the inside out: errors are built on the way up.
    path: Vec<Segment>,
    offset: Option<usize>,
    expression: Option<String>,
}

impl Error {
    fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), path: Vec::new(), offset: None, expression: None }))
    }

    pub(crate) fn syntax(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Syntax, message)
    }

    pub(crate) fn interpreter(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Interpreter, message)
    }

    pub(crate) fn template(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Template, message)
    }

    pub(crate) fn builtin(name: &str) -> Self {
        Self::new(ErrorKind::Builtin, format!("invalid arguments to builtin: {name}"))
    }

    pub(crate) fn too_few_arguments(name: &str, least: usize) -> Self {
        let message = format!("invalid arguments to builtin: {name}: expected at least {least} arguments");
        Self::new(ErrorKind::Builtin, message)
    }

    pub(crate) fn limit(message: String) -> Self {
        Self::new(ErrorKind::Limit, message)
    }

    pub(crate) fn uncalled_functions() -> Self {
        Self::template("evaluated template contained uncalled functions")
    }

    pub(crate) fn within(mut self, segment: Segment) -> Self {
        self.0.path.push(segment);
        self
    }

    /// The innermost place wins.
    pub(crate) fn at(mut self, offset: usize) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    pub(crate) fn in_expression(mut self, source: &str) -> Self {
        self.0.expression.get_or_insert_with(|| quoted(source));
        self
    }

    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Without kind and path.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// From the whole template to the part that failed.
    pub fn path(&self) -> impl Iterator<Item = &Segment> {
        self.0.path.iter().rev()
    }

    pub fn position(&self) -> Option<Position> {
        let expression = self.0.expression.clone()?;
        Some(Position { expression, offset: self.0.offset.unwrap_or(0) })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}Error", self.0.kind)?;
        if self.path().any(|segment| !matches!(segment, Segment::Operand(_))) {
            f.write_str(" at template")?;
        }
        for segment in self.path() {
            write!(f, "{segment}")?;
        }
        write!(f, ": {}", self.0.message)
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) if text::is_plain_key(key) => write!(f, ".{}", quoted(key)),
            Self::Key(key) => write!(f, "[{}]", text::json_string(&quoted(key))),
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Operand(_) => Ok(()),
        }
    }
}

/// The beginning of a source text, for a message.
pub(crate) fn quoted(source: &str) -> String {
    if source.len() <= QUOTED_BYTES {
        return source.to_owned();
    }
    format!("{}…", &source[..source.floor_char_boundary(QUOTED_BYTES)])
}
