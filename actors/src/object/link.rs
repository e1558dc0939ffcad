//! Paths of URLs to ourselves that say what their bearer may do, and until when, under our signature.
//! `api` puts in front of them where clients reach us.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta};
use db::{artifact::ArtifactKey, blob::BlobId};
use hmac::{Hmac, KeyInit, Mac};
use protocol::{
    id::{RunId, TaskId, UploadId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;

use super::ObjectError;

pub(super) const UPLOAD_LIFE: TimeDelta = TimeDelta::minutes(45);
pub(super) const SIMPLE_LIFE: TimeDelta = TimeDelta::minutes(30);
pub(super) const GET_URL_LIFE: TimeDelta = TimeDelta::seconds(60);

/// What the bearer of a URL may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Permit {
    /// Send the content of an object: exactly so many bytes of this type.
    PutObject { name: String, upload_id: UploadId, content_type: String, content_length: u64 },
    /// Send the content of an `s3` artifact.
    PutArtifact { task_id: TaskId, run_id: RunId, name: String, content_type: String },
    /// Read one piece of content.
    GetBlob { blob_id: Uuid },
    /// Read whatever content an `s3` artifact has by then.
    GetArtifact { task_id: TaskId, run_id: RunId, name: String },
}

#[derive(Serialize, Deserialize)]
struct Claims {
    permit: Permit,
    /// Milliseconds since 1970.
    expires: i64,
}

/// Makes and reads the links of one deployment.
pub(super) struct Links {
    key: Vec<u8>,
}

impl Links {
    pub(super) fn new(key: Vec<u8>) -> Self {
        Self { key }
    }

    pub(super) fn upload(&self, permit: Permit, expires: Timestamp) -> String {
        format!("/api/drover/v1/upload/{}", self.sign(permit, expires))
    }

    /// `file_name` is for people and their download folders; it decides nothing.
    pub(super) fn download(&self, blob: BlobId, file_name: &str, expires: Timestamp) -> String {
        self.download_path(Permit::GetBlob { blob_id: blob.0 }, file_name, expires)
    }

    pub(super) fn artifact_upload(&self, key: &ArtifactKey, content_type: &str, expires: Timestamp) -> String {
        let ArtifactKey { task_id, run_id, name } = key.clone();
        self.upload(Permit::PutArtifact { task_id, run_id, name, content_type: content_type.to_owned() }, expires)
    }

    pub(super) fn artifact_download(&self, key: &ArtifactKey, expires: Timestamp) -> String {
        let ArtifactKey { task_id, run_id, name } = key.clone();
        self.download_path(Permit::GetArtifact { task_id, run_id, name }, &key.name, expires)
    }

    /// The permit of a URL that we signed and whose time is not over.
    pub(super) fn read(&self, token: &str, now: Timestamp) -> Result<Permit, ObjectError> {
        const FORGED: ObjectError = ObjectError::BadLink("this URL was not made by this server, or is not complete");
        let (claims, mac) = token.split_once('.').ok_or(FORGED)?;
        let mac = URL_SAFE_NO_PAD.decode(mac).map_err(|_| FORGED)?;
        self.mac(claims).verify_slice(&mac).map_err(|_| FORGED)?;
        let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| FORGED)?;
        let claims: Claims = serde_json::from_slice(&claims).map_err(|_| FORGED)?;
        match DateTime::from_timestamp_millis(claims.expires) {
            Some(expires) if expires > now => Ok(claims.permit),
            _ => Err(ObjectError::BadLink("the time of this URL is over; ask for a new one")),
        }
    }

    fn download_path(&self, permit: Permit, name: &str, expires: Timestamp) -> String {
        let token = self.sign(permit, expires);
        format!("/api/drover/v1/download/{token}/{}", file_name(name))
    }

    fn sign(&self, permit: Permit, expires: Timestamp) -> String {
        let claims = Claims { permit, expires: expires.timestamp_millis() };
        let claims = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims).unwrap_or_default());
        let mac = self.mac(&claims).finalize().into_bytes();
        format!("{claims}.{}", URL_SAFE_NO_PAD.encode(mac))
    }

    fn mac(&self, claims: &str) -> Hmac<Sha256> {
        match Hmac::<Sha256>::new_from_slice(&self.key) {
            Ok(mac) => mac.chain_update(claims.as_bytes()),
            Err(_) => unreachable!("HMAC takes keys of every length"),
        }
    }
}

/// The last part of a name, in letters that need no escape in a URL.
fn file_name(name: &str) -> String {
    let last = name.rsplit('/').find(|part| !part.is_empty()).unwrap_or("content");
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '_' };
    let plain: String = last.chars().map(plain).collect();
    // A client that tidies up paths would take these away.
    if plain.chars().all(|c| c == '.') { "content".to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(url: &str) -> String {
        url.rsplit('/').find(|part| part.len() > 40).unwrap().to_owned()
    }

    fn noon() -> Timestamp {
        protocol::time::parse("2026-08-21T12:00:00Z").unwrap()
    }

    #[test]
    fn a_link_permits_what_it_was_made_for_until_its_end() {
        let links = Links::new(b"key".to_vec());
        let url = links.download(BlobId(Uuid::from_u128(7)), "public/logs/live log.txt", noon());
        assert!(url.starts_with("/api/drover/v1/download/"), "{url}");
        assert!(url.ends_with("/live_log.txt"), "{url}");

        let early = noon() - TimeDelta::milliseconds(1);
        assert_eq!(links.read(&token(&url), early).unwrap(), Permit::GetBlob { blob_id: Uuid::from_u128(7) });
        assert!(links.read(&token(&url), noon()).is_err());
    }

    #[test]
    fn a_link_of_another_key_or_with_a_changed_letter_permits_nothing() {
        let links = Links::new(b"key".to_vec());
        let good = token(&links.download(BlobId(Uuid::from_u128(7)), "x", noon()));
        let early = noon() - TimeDelta::minutes(1);
        assert!(Links::new(b"other".to_vec()).read(&good, early).is_err());
        for (at, letter) in good.char_indices() {
            let mut changed = good.clone();
            changed.replace_range(at..=at, if letter == 'A' { "B" } else { "A" });
            // The last letter of base64 may carry bits that count for nothing; the decoder refuses those.
            assert!(links.read(&changed, early).is_err(), "letter {at}");
        }
    }
}
