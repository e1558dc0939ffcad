//! Sending bytes to the object service: ask where, send, say that it is done.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::TryStreamExt;
use protocol::time;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Client, ClientError, ObjectUpload, RequestName, segment};
use crate::{artifact::Hashed, transfer::Progress};

/// Up to this size the bytes travel inside the request.
const INLINE_LIMIT: u64 = 8 * 1024;

/// A file on its way to the object service.
pub(crate) struct Upload<'a> {
    pub(crate) place: &'a ObjectUpload,
    pub(crate) content_type: &'a str,
    pub(crate) file: &'a Hashed,
    pub(crate) progress: &'a Progress,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Offer {
    upload_method: Method_,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Method_ {
    data_inline: bool,
    put_url: Option<PutUrl>,
}

#[derive(Deserialize)]
struct PutUrl {
    url: String,
    #[serde(default)]
    headers: Map<String, Value>,
}

impl Client {
    /// Stores one file as one object. What the server then has is what was hashed, or this fails.
    pub(crate) async fn upload(&self, upload: &Upload<'_>) -> Result<(), ClientError> {
        let client = self.signing_as(upload.place.credentials.clone());
        let path = format!("object/v1/upload/{}", segment(&upload.place.name));
        let offer: Offer = match client.call(Method::PUT, &path, Some(&request(upload).await?)).await {
            Ok(offer) => offer,
            // An earlier try may have come to its end without hearing of it. Only if what is there is this file, it is.
            Err(refused) if refused.is_conflict() => return client.finish(upload).await.map_err(|_| refused),
            Err(error) => return Err(error),
        };
        match offer.upload_method {
            Method_ { data_inline: true, .. } => {}
            Method_ { put_url: Some(put), .. } => client.put(&put, upload).await?,
            Method_ { .. } => return Err(no_method(&path)),
        }
        client.finish(upload).await
    }

    /// Says that all is there, and which hashes it must have.
    async fn finish(&self, upload: &Upload<'_>) -> Result<(), ClientError> {
        let path = format!("object/v1/finish-upload/{}", segment(&upload.place.name));
        let done = json!({
            "projectId": upload.place.project_id,
            "uploadId": upload.place.upload_id,
            "hashes": upload.file.hashes(),
        });
        self.post::<Value>(&path, &done).await.map(drop)
    }

    /// Sends the content of an `s3` artifact, packed as the file is.
    pub(crate) async fn put_packed(
        &self,
        url: &str,
        content_type: &str,
        file: &Hashed,
        progress: &Progress,
    ) -> Result<(), ClientError> {
        let headers = [("Content-Type", content_type), ("Content-Encoding", "gzip")];
        let headers = headers.map(|(header, value)| (header.to_owned(), value.to_owned()));
        self.send_file(url, &headers, file, progress).await
    }

    /// With exactly the headers that the offer named: they are part of the URL's signature.
    async fn put(&self, put: &PutUrl, upload: &Upload<'_>) -> Result<(), ClientError> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let headers: Vec<_> = put.headers.iter().map(|(header, value)| (header.clone(), text(value))).collect();
        self.send_file(&put.url, &headers, upload.file, upload.progress).await
    }
}

async fn request(upload: &Upload<'_>) -> Result<Value, ClientError> {
    let mut methods = json!({
        "putUrl": { "contentType": upload.content_type, "contentLength": upload.file.size },
    });
    if upload.file.size <= INLINE_LIMIT {
        let pieces: Vec<Bytes> = upload.file.content().try_collect().await?;
        let data = STANDARD.encode(pieces.concat());
        methods["dataInline"] = json!({ "contentType": upload.content_type, "objectData": data });
    }
    Ok(json!({
        "projectId": upload.place.project_id,
        "uploadId": upload.place.upload_id,
        "expires": time::format(upload.place.expires),
        "hashes": upload.file.hashes(),
        "proposedUploadMethods": methods,
    }))
}

fn no_method(path: &str) -> ClientError {
    ClientError::Refused {
        request: RequestName::new(&Method::PUT, path),
        status: 406,
        code: "NoMatchingMethod".to_owned(),
        message: "the server offered no way of upload that this worker knows".to_owned(),
    }
}
