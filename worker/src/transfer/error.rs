//! Why content did not arrive.

use std::{io, path::PathBuf};

use crate::client::ClientError;

#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("`{0}` cannot be written")]
    File(PathBuf, #[source] io::Error),
    #[error("`{0}` is being written by another download")]
    Busy(PathBuf),
    #[error("the worker could not deliver this artifact ({reason}): {message}")]
    NotDelivered { reason: String, message: String },
    /// In spite of several tries.
    #[error(
        "what came is not what was stored: its {algorithm} is {found}, expected was {expected}; nothing of it was kept"
    )]
    Altered { algorithm: String, expected: String, found: String },
    #[error("the content says that it is packed with gzip, and cannot be unpacked; nothing of it was kept")]
    Packed(#[source] io::Error),
    #[error("it is larger than {0} bytes, the limit of this worker")]
    TooLarge(u64),
    #[error("the content is packed as `{0}`; only gzip can be unpacked here")]
    Encoding(String),
}

impl TransferError {
    /// The error and what is behind it, in one line for people.
    pub fn in_full(&self) -> String {
        match self {
            Self::Client(error) => error.in_full(),
            Self::File(_, cause) | Self::Packed(cause) => format!("{self}: {cause}"),
            _ => self.to_string(),
        }
    }

    /// Another try may go better.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Client(error) => error.is_transient(),
            Self::Altered { .. } | Self::Packed(_) => true,
            _ => false,
        }
    }
}
