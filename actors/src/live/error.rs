//! Why events cannot be followed.

use db::DbError;
use protocol::error::ErrorCode;

#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    #[error("there is no exchange `{exchange}`; there are {}", known.join(", "))]
    UnknownExchange { exchange: String, known: Vec<String> },
    #[error("the events after {position} are not kept any more; the oldest that is kept has the id {first}")]
    Gone { position: i64, first: i64 },
    #[error("there is no event {position} yet; the newest has the id {last}")]
    Future { position: i64, last: i64 },
    #[error("events are not kept here (the setting `relay.keep_events` is 0), so they cannot be followed")]
    NotKept,
    #[error("the log of events could not be read")]
    Db(#[from] DbError),
}

impl LiveError {
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::UnknownExchange { .. } | Self::Future { .. } => ErrorCode::InputError,
            Self::Gone { .. } => ErrorCode::ResourceExpired,
            Self::NotKept => ErrorCode::ResourceNotFound,
            Self::Db(_) => ErrorCode::InternalServerError,
        }
    }
}
