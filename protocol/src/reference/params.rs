//! Patterns of path parameters and query values.

use std::ops::RangeInclusive;

use serde::Deserialize;

use crate::time;

/// The syntax of a parameter, by its name in `references/*/api.json`.
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
    /// A point in time, as in `since`.
    Time,
    ClientId,
    /// The kind of an entity with an audit history.
    EntityType,
    /// Words of an index path with dots between them; also a namespace.
    IndexPath,
    /// `read-write` or `read-only`.
    Level,
    /// A bucket of S3.
    Bucket,
    /// The path in a bucket; possibly empty.
    BucketPrefix,
    /// The one other format of S3 credentials.
    IamRoleCompat,
    /// An account of Azure.
    AzureAccount,
    SentryProject,
    HookGroupId,
    /// As a group's, with slashes.
    HookId,
    WstAudience,
    WstClient,
}

impl Pattern {
    /// The pattern of a parameter that declares none: parameters of the same name are the same on every route.
    pub(super) fn by_name(name: &str) -> Self {
        match name {
            "taskId" | "taskGroupId" => Self::Slugid,
            "runId" => Self::RunId,
            "taskQueueId" | "workerPoolId" => Self::TaskQueueId,
            "provisionerId" | "workerType" | "workerGroup" | "workerId" => Self::GenericId,
            "name" | "roleId" => Self::Printable,
            "clientId" => Self::ClientId,
            "entityType" => Self::EntityType,
            "indexPath" | "namespace" => Self::IndexPath,
            "level" => Self::Level,
            "bucket" => Self::Bucket,
            "prefix" => Self::BucketPrefix,
            "account" => Self::AzureAccount,
            "project" => Self::SentryProject,
            "wstAudience" => Self::WstAudience,
            "wstClient" => Self::WstClient,
            "hookGroupId" => Self::HookGroupId,
            "hookId" => Self::HookId,
            "entityId" | "table" | "container" | "projectId" | "serviceAccount" | "appName" | "owner" => Self::NotEmpty,
            _ => Self::Any,
        }
    }

    /// The pattern as a regular expression, for error messages.
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
            Self::Time => "a date and time like 2026-08-21T19:24:27.123Z, of the years 0001 to 9999 in UTC",
            Self::ClientId => "^[A-Za-z0-9!@/:.+|_-]+$",
            Self::EntityType => "^(client|role|secret|hook|worker-pool)$",
            Self::IndexPath => "^([a-zA-Z0-9_!~*'()%-]+\\.)*[a-zA-Z0-9_!~*'()%-]+$",
            Self::Level => "^(read-write|read-only)$",
            Self::Bucket => "^[a-z0-9][a-z0-9-]{1,62}[a-z0-9]$",
            Self::BucketPrefix => "^([^/].*)?$",
            Self::IamRoleCompat => "^iam-role-compat$",
            Self::AzureAccount => "^[a-z0-9]{3,24}$",
            Self::SentryProject => "^[a-zA-Z0-9_-]{1,64}$",
            Self::HookGroupId => "^[a-zA-Z0-9-_]{1,1000}$",
            Self::HookId => "^[a-zA-Z0-9-_/]{1,1000}$",
            Self::WstAudience => "^[a-zA-Z0-9_-]{1,38}$",
            Self::WstClient => "^[a-zA-Z0-9_~.%-]+$",
        }
    }

    /// Whether the text matches. The same as the regular expression [`Pattern::source`], without its cost.
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
            Self::Printable => consists_of(text, 1..=usize::MAX, |byte| (0x20..=0x7e).contains(&byte)),
            Self::Flag => matches!(text, "true" | "false"),
            Self::Time => time::parse(text).is_some(),
            Self::ClientId => consists_of(text, 1..=usize::MAX, |byte| is_alphanumeric_or(byte, b"!@/:.+|_-")),
            Self::EntityType => matches!(text, "client" | "role" | "secret" | "hook" | "worker-pool"),
            Self::IndexPath => text
                .split('.')
                .all(|word| consists_of(word, 1..=usize::MAX, |byte| is_alphanumeric_or(byte, b"_!~*'()%-"))),
            Self::Level => matches!(text, "read-write" | "read-only"),
            Self::Bucket => consists_of(text, 3..=64, is_lower) && !text.starts_with('-') && !text.ends_with('-'),
            Self::BucketPrefix => !text.starts_with('/'),
            Self::IamRoleCompat => text == "iam-role-compat",
            Self::AzureAccount => consists_of(text, 3..=24, |byte| is_lower(byte) && byte != b'-'),
            Self::SentryProject => consists_of(text, 1..=64, is_word),
            Self::HookGroupId => consists_of(text, 1..=1000, is_word),
            Self::HookId => consists_of(text, 1..=1000, |byte| is_word(byte) || byte == b'/'),
            Self::WstAudience => consists_of(text, 1..=38, is_word),
            Self::WstClient => consists_of(text, 1..=usize::MAX, |byte| is_alphanumeric_or(byte, b"_~.%-")),
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
    consists_of(text, 1..=38, is_word)
}

/// Whether the length is in the range and all bytes are allowed.
fn consists_of(text: &str, length: RangeInclusive<usize>, is_allowed: impl Fn(u8) -> bool) -> bool {
    length.contains(&text.len()) && text.bytes().all(is_allowed)
}

fn is_worker_type(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends_well = bytes.first().is_some_and(u8::is_ascii_lowercase) && bytes.last() != Some(&b'-');
    ends_well && consists_of(text, 1..=38, is_lower)
}

fn is_word(byte: u8) -> bool {
    is_alphanumeric_or(byte, b"-_")
}

fn is_lower(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

fn is_alphanumeric_or(byte: u8, others: &[u8]) -> bool {
    byte.is_ascii_alphanumeric() || others.contains(&byte)
}
