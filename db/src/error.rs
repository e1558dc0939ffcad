//! What can go wrong between us and the database, sorted by what a caller can do about it.

use std::borrow::Cow;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A call that failed. The message is for the user, the cause is in `source`.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// Nobody knows whether the statement took effect; a repeat is safe because every stored function is.
    #[error("the database cannot be reached just now")]
    Away {
        code: Option<String>,
        #[source]
        source: Cause,
    },
    #[error("the database did not answer in time")]
    Late {
        code: Option<String>,
        #[source]
        source: Cause,
    },
    /// The server refused the statement. Nothing was written.
    #[error("the database refused the statement: {message}")]
    Statement { code: Option<String>, message: String },
    /// The result does not have the shape this program expects.
    #[error("the database gave an answer that cannot be read")]
    Answer(#[source] Cause),
    #[error("the database URL cannot be used; expected postgresql://user:password@host:port/database")]
    Url(#[source] Cause),
    #[error("the server runs PostgreSQL {found}; version 15 or newer is needed")]
    OldServer { found: String },
    #[error(
        "the database is at version {current}, this program needs {needed} or newer; run `drover db upgrade` first"
    )]
    Behind { current: u32, needed: u32 },
}

impl DbError {
    /// The SQLSTATE code, when the server gave one.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Self::Away { code, .. } | Self::Late { code, .. } | Self::Statement { code, .. } => code.as_deref(),
            _ => None,
        }
    }

    /// The same call may well succeed in a moment, and repeating it does no harm.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Away { .. } | Self::Late { .. } => true,
            // A serialization failure, a deadlock, a lock timeout.
            Self::Statement { code, .. } => matches!(code.as_deref(), Some("40001" | "40P01" | "55P03")),
            _ => false,
        }
    }

    /// The values of the call are at fault, so the same call fails again: data exceptions, violated constraints, and
    /// values beyond a limit of the server. A full disk is not of that kind.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Statement { code: Some(code), .. } => ["22", "23", "54"].iter().any(|class| code.starts_with(class)),
            Self::Answer(_) => true,
            _ => false,
        }
    }

    /// The database is at an older version than this program needs.
    pub const fn is_behind(&self) -> bool {
        matches!(self, Self::Behind { .. })
    }

    /// The statement gave up waiting for a lock, or was the victim of a deadlock.
    pub(crate) fn is_locked(&self) -> bool {
        matches!(self.code(), Some("55P03" | "40P01"))
    }

    /// The connection that gave this error must not be used again.
    pub(crate) fn ends_connection(&self) -> bool {
        match self {
            Self::Away { .. } => true,
            // A statement that the server itself stopped leaves the connection in order.
            Self::Late { code, .. } => code.is_none(),
            _ => false,
        }
    }

    /// The error of a call that outlived the deadline set on this side.
    pub(crate) fn late(what: &'static str) -> Self {
        Self::Late { code: None, source: what.into() }
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(refusal) => from_server(refusal),
            sqlx::Error::PoolTimedOut => Self::Late { code: None, source: Box::new(error) },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Away { code: None, source: Box::new(error) },
            sqlx::Error::Configuration(cause) => Self::Url(cause),
            other => Self::Answer(Box::new(other)),
        }
    }
}

/// Sorts a refusal by its SQLSTATE: connection trouble, a limit of time, or a refusal.
fn from_server(refusal: Box<dyn sqlx::error::DatabaseError>) -> DbError {
    let code = refusal.code().map(Cow::into_owned);
    match code.as_deref() {
        // Connection trouble, a server that is being stopped or is starting up, no connection left.
        Some(state) if state.starts_with("08") => DbError::Away { code, source: Box::new(refusal) },
        Some("57P01" | "57P02" | "57P03" | "57P05" | "53300") => DbError::Away { code, source: Box::new(refusal) },
        Some("57014" | "25P03" | "25P04") => DbError::Late { code, source: Box::new(refusal) },
        _ => DbError::Statement { code, message: refusal.message().to_owned() },
    }
}
