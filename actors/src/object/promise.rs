//! What is known of content before its first byte.

use super::{Incoming, ObjectError, link::Permit};
use crate::FieldError;

/// Most that one upload may bring where nothing was promised, as with S3.
const LARGEST: u64 = 5 * 1024 * 1024 * 1024;

/// Codings that a reader can undo. A word that is none would make the content unreadable for good.
const ENCODINGS: [&str; 5] = ["identity", "gzip", "br", "deflate", "zstd"];

/// What the bytes have to be, from the URL and the headers.
pub(super) struct Promise {
    pub(super) content_type: String,
    pub(super) content_encoding: String,
    /// `None`: any length.
    pub(super) length: Option<u64>,
}

impl Promise {
    pub(super) fn of<S>(permit: &Permit, incoming: &Incoming<S>) -> Result<Self, ObjectError> {
        let encoding = incoming.content_encoding.as_deref().unwrap_or("identity");
        if !ENCODINGS.contains(&encoding) {
            let known = ENCODINGS.join(", ");
            return Err(FieldError::new("/headers/Content-Encoding", format!("be one of {known}"), encoding).into());
        }
        let (content_type, length) = match permit {
            Permit::PutObject { content_type, content_length, .. } => {
                let promised = *content_length;
                expect("Content-Encoding", "identity", encoding)?;
                let announced = incoming.content_length.unwrap_or(promised);
                expect("Content-Length", &promised.to_string(), &announced.to_string())?;
                (content_type, Some(promised))
            }
            Permit::PutArtifact { content_type, .. } => (content_type, incoming.content_length),
            Permit::GetBlob { .. } | Permit::GetArtifact { .. } => {
                return Err(ObjectError::BadLink("this URL is for reading, not for uploading"));
            }
        };
        expect("Content-Type", content_type, incoming.content_type.as_deref().unwrap_or_default())?;
        Ok(Self { content_type: content_type.clone(), content_encoding: encoding.to_owned(), length })
    }

    /// In bytes.
    pub(super) fn most(&self) -> u64 {
        self.length.unwrap_or(LARGEST)
    }
}

fn expect(header: &str, promised: &str, found: &str) -> Result<(), ObjectError> {
    if promised == found {
        return Ok(());
    }
    let pointer = format!("/headers/{header}");
    Err(FieldError::new(pointer, format!("be `{promised}`, as promised for this upload"), format!("`{found}`")).into())
}
