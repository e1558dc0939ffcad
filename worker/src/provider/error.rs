//! Why a machine does not know who it is.

use std::{io, path::PathBuf};

use super::local::LocalIdentityError;

#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error("cannot make an HTTP client")]
    Client(#[source] reqwest::Error),
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    #[error("this machine has no {0}: it was not launched for a worker pool")]
    Missing(&'static str),
    #[error("{0} of this machine cannot be read")]
    Unreadable(&'static str, #[source] serde_json::Error),
    #[error("the file {0} cannot be read")]
    File(PathBuf, #[source] io::Error),
    #[error(transparent)]
    Local(#[from] LocalIdentityError),
}

/// Of a metadata server.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    #[error("the metadata server at {0} does not answer")]
    Unreachable(String, #[source] reqwest::Error),
    #[error("the metadata server answered {status} for {path}")]
    Status { path: String, status: u16 },
    #[error("{path} of the metadata server is longer than {} KiB, or not UTF-8", max_bytes >> 10)]
    Unreadable { path: String, max_bytes: usize },
}
