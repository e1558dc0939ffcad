//! Why there is no image.

use std::io;

#[derive(Debug, thiserror::Error)]
pub(crate) enum ImageError {
    /// The payload has to be corrected; a retry would not help.
    #[error("{0}")]
    Payload(String),
    /// A retry may help.
    #[error("{0}")]
    Transient(String),
    #[error("the worker cannot store images")]
    Io(#[from] io::Error),
}

impl ImageError {
    pub(crate) fn blames_payload(&self) -> bool {
        matches!(self, Self::Payload(_))
    }

    pub(crate) fn in_full(&self) -> String {
        match self {
            Self::Io(error) => format!("{self}: {error}"),
            _ => self.to_string(),
        }
    }
}
