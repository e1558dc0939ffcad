//! Mounts: what is put into the task directory before the first command.

use protocol::id::TaskId;
use serde::Deserialize;

/// A file or directory of the task directory that exists before the first command.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Raw")]
pub struct Mount {
    /// Relative to the task directory.
    pub path: String,
    pub kind: MountKind,
    /// For a file: how it is compressed. For a directory: the kind of archive.
    pub format: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountKind {
    File(Content),
    Directory(Content),
    /// A directory that the next task with the same cache finds as this one left it.
    Cache {
        name: String,
        first: Option<Content>,
    },
}

/// Where the bytes come from, and their hash where it is known beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub source: Source,
    pub sha256: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Artifact {
        task_id: TaskId,
        name: String,
    },
    /// Of the task that the index has under this name when the run begins.
    Indexed {
        namespace: String,
        name: String,
    },
    Url(String),
    Raw(String),
    Base64(String),
}

impl Mount {
    /// The content, unless it is a cache that begins empty.
    pub fn content(&self) -> Option<&Content> {
        match &self.kind {
            MountKind::File(content) | MountKind::Directory(content) => Some(content),
            MountKind::Cache { first, .. } => first.as_ref(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    file: Option<String>,
    directory: Option<String>,
    cache_name: Option<String>,
    content: Option<RawContent>,
    format: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawContent {
    task_id: Option<TaskId>,
    artifact: Option<String>,
    namespace: Option<String>,
    url: Option<String>,
    raw: Option<String>,
    base64: Option<String>,
    sha256: Option<String>,
}

const SHAPES: &str = "a mount has `file` and `content`; or `directory`, `content` and `format`; \
                      or `directory` and `cacheName`, and then `content` and `format` or neither";
const SOURCES: &str =
    "the content of a mount is one of: `taskId` and `artifact`; `namespace` and `artifact`; `url`; `raw`; `base64`";

impl TryFrom<Raw> for Mount {
    type Error = &'static str;

    fn try_from(raw: Raw) -> Result<Self, Self::Error> {
        let content = raw.content.map(Content::try_from).transpose()?;
        let archive = raw.format.as_deref().is_some_and(|format| format.starts_with("tar") || format == "zip");
        let (path, kind) = match (raw.file, raw.directory, raw.cache_name, content) {
            (Some(path), None, None, Some(content)) if !archive => (path, MountKind::File(content)),
            (None, Some(path), None, Some(content)) if archive => (path, MountKind::Directory(content)),
            (None, Some(path), Some(name), first) if first.is_some() == archive => {
                (path, MountKind::Cache { name, first })
            }
            _ => return Err(SHAPES),
        };
        Ok(Self { path, kind, format: raw.format })
    }
}

impl TryFrom<RawContent> for Content {
    type Error = &'static str;

    fn try_from(raw: RawContent) -> Result<Self, Self::Error> {
        let source = match (raw.task_id, raw.namespace, raw.artifact, raw.url, raw.raw, raw.base64) {
            (Some(task_id), None, Some(name), None, None, None) => Source::Artifact { task_id, name },
            (None, Some(namespace), Some(name), None, None, None) => Source::Indexed { namespace, name },
            (None, None, None, Some(url), None, None) => Source::Url(url),
            (None, None, None, None, Some(text), None) => Source::Raw(text),
            (None, None, None, None, None, Some(text)) => Source::Base64(text),
            _ => return Err(SOURCES),
        };
        Ok(Self { source, sha256: raw.sha256 })
    }
}
