//! What can go wrong between us and a scheduler database.

/// Why a question got no answer. The words never hold a password.
#[derive(Debug, thiserror::Error)]
pub enum ClassicError {
    /// Nobody knows whether the statement took effect.
    #[error("the scheduler database cannot be reached just now: {0}")]
    Away(String),
    #[error("the scheduler database refuses the login or a permission: {0}")]
    Denied(String),
    /// Its tables are not those of Buildbot 0.8.
    #[error("the scheduler database does not look like one of Buildbot 0.8: {0}")]
    Shape(String),
    /// A value does not fit.
    #[error("the scheduler database refused the statement: {0}")]
    Refused(String),
    #[error("the URL of the scheduler database cannot be used; expected mysql://user:password@host:port/database")]
    Url,
}

impl From<sqlx::Error> for ClassicError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(refusal) => from_server(&*refusal),
            sqlx::Error::PoolTimedOut => Self::Away("no connection in time".to_owned()),
            sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::RowNotFound => Self::Shape(error.to_string()),
            other => Self::Away(other.to_string()),
        }
    }
}

/// By SQLSTATE. What has none of its own (`HY000`) is the server's trouble of the moment: a lock, a full disk, read only.
fn from_server(refusal: &dyn sqlx::error::DatabaseError) -> ClassicError {
    let words = refusal.message().to_owned();
    match refusal.code().as_deref().unwrap_or_default() {
        "28000" | "42000" => ClassicError::Denied(words),
        "42S02" | "42S22" => ClassicError::Shape(words),
        "01000" | "21S01" | "22001" | "22003" | "22007" | "23000" => ClassicError::Refused(words),
        _ => ClassicError::Away(words),
    }
}
