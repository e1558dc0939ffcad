//! Patterns of path parameters and query values.

use serde::Deserialize;

/// The shape a parameter must have. The words are those used in `references/*/api.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pattern {
    /// Any text at all.
    Any,
    /// Any text but the empty one.
    NotEmpty,
    /// A version-4 slugid.
    Slugid,
    RunId,
    /// `provisionerId`, `workerGroup`, `workerId`, and `workerType` on the deprecated routes.
    GenericId,
    TaskQueueId,
    /// Printable ASCII, not empty: names of artifacts and objects.
    Printable,
    /// A decimal number, as in `limit`.
    Digits,
    /// `true` or `false`.
    Flag,
}

impl Pattern {
    /// The pattern of a parameter that declares none: the same name means the same thing on every route.
    pub(super) fn by_name(name: &str) -> Self {
        match name {
            "taskId" | "taskGroupId" => Self::Slugid,
            "runId" => Self::RunId,
            "taskQueueId" | "workerPoolId" => Self::TaskQueueId,
            "provisionerId" | "workerType" | "workerGroup" | "workerId" => Self::GenericId,
            "name" => Self::Printable,
            _ => Self::Any,
        }
    }

    /// The pattern as a regular expression, to tell people what was expected.
    pub const fn source(self) -> &'static str {
        match self {
            Self::Any => "^.*$",
            Self::NotEmpty => ".",
            Self::Slugid => "^[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]$",
            Self::RunId => "^[1-9]*[0-9]+$",
            Self::GenericId => "^[a-zA-Z0-9-_]{1,38}$",
            Self::TaskQueueId => "^[a-zA-Z0-9-_]{1,38}/[a-z]([-a-z0-9]{0,36}[a-z0-9])?$",
            Self::Printable => "^[\\x20-\\x7e]+$",
            Self::Digits => "^[0-9]+$",
            Self::Flag => "^(true|false)$",
        }
    }

    /// Whether the text has this shape. Tells the same as [`Pattern::source`], without a regular expression.
    pub fn matches(self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::NotEmpty => !text.is_empty(),
            Self::Slugid => is_slugid(text.as_bytes()),
            Self::RunId | Self::Digits => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
            Self::GenericId => is_generic_id(text),
            Self::TaskQueueId => text
                .split_once('/')
                .is_some_and(|(provisioner, kind)| is_generic_id(provisioner) && is_worker_type(kind)),
            Self::Printable => !text.is_empty() && text.bytes().all(|byte| (0x20..=0x7e).contains(&byte)),
            Self::Flag => matches!(text, "true" | "false"),
        }
    }
}

fn is_slugid(text: &[u8]) -> bool {
    text.len() == 22
        && text.iter().all(|byte| is_word(*byte))
        && matches!(text[8], b'Q'..=b'T')
        && b"CGKOSWaeimquy26-".contains(&text[10])
        && b"AQgw".contains(&text[21])
}

fn is_generic_id(text: &str) -> bool {
    (1..=38).contains(&text.len()) && text.bytes().all(is_word)
}

fn is_worker_type(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends_well = bytes.first().is_some_and(u8::is_ascii_lowercase) && bytes.last() != Some(&b'-');
    let letters = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    ends_well && bytes.len() <= 38 && bytes.iter().all(letters)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}
