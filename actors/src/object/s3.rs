//! A bucket with the API of S3.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use object_store::{
    ClientOptions, MultipartId, ObjectStoreExt, PutPayload, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    multipart::{MultipartStore, PartId},
    path::Path as StorePath,
};

use super::{BackendError, S3Settings};

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Longest silence of the store. A whole answer may take longer: content can be large.
const SILENCE: Duration = Duration::from_secs(20);
const RETRIES: usize = 3;
/// All tries of one request together end before our own client gives up.
const RETRY_WITHIN: Duration = Duration::from_secs(20);

/// One bucket, and the beginning of our names in it.
#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) id: String,
    store: Arc<AmazonS3>,
    prefix: String,
}

/// Content that is sent to the store part by part. The store keeps the parts until the upload is completed or aborted.
#[derive(Debug)]
pub(super) struct BucketParts {
    store: Arc<AmazonS3>,
    location: StorePath,
    pub(super) id: MultipartId,
    parts: Vec<PartId>,
}

impl Bucket {
    /// Sends no request to the store yet.
    pub(super) fn open(settings: &S3Settings) -> Result<Self, BackendError> {
        let S3Settings { bucket, endpoint, region, access_key_id, secret_access_key, path_style, prefix } = settings;
        for (field, text) in [("access_key_id", access_key_id), ("secret_access_key", secret_access_key)] {
            if text.is_empty() {
                return Err(BackendError::Setting(format!("`object.s3.{field}` is needed with `object.s3.bucket`")));
            }
        }
        let options = ClientOptions::new()
            .with_timeout_disabled()
            .with_read_timeout(SILENCE)
            .with_connect_timeout(CONNECT_WITHIN)
            .with_allow_http(endpoint.starts_with("http://"));
        let retry = RetryConfig { max_retries: RETRIES, retry_timeout: RETRY_WITHIN, ..RetryConfig::default() };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(region)
            .with_access_key_id(access_key_id.reveal())
            .with_secret_access_key(secret_access_key.reveal())
            .with_virtual_hosted_style_request(!path_style)
            .with_client_options(options)
            .with_retry(retry);
        if !endpoint.is_empty() {
            builder = builder.with_endpoint(address(endpoint, bucket, *path_style)?);
        }
        let store = builder.build().map_err(|error| BackendError::Setting(format!("`object.s3`: {error}")))?;
        Ok(Self { id: format!("s3/{bucket}"), store: Arc::new(store), prefix: prefix.clone() })
    }

    pub(super) fn store(&self) -> &AmazonS3 {
        &self.store
    }

    pub(super) fn location(&self, name: &str) -> StorePath {
        StorePath::from(format!("{}{name}", self.prefix))
    }

    pub(super) async fn begin(&self, location: StorePath) -> Result<BucketParts, BackendError> {
        let id = self.store.create_multipart(&location).await?;
        Ok(BucketParts { store: self.store.clone(), location, id, parts: Vec::new() })
    }

    /// What is not there is deleted; an upload that is not open is ended.
    pub(super) async fn delete(&self, location: &StorePath, multipart: Option<&str>) -> Result<(), BackendError> {
        if let Some(id) = multipart {
            allow_missing(self.store.abort_multipart(location, &id.to_owned()).await)?;
        }
        allow_missing(self.store.delete(location).await)
    }
}

impl BucketParts {
    pub(super) async fn put(&mut self, part: PutPayload) -> Result<(), BackendError> {
        let part = self.store.put_part(&self.location, &self.id, self.parts.len(), part).await?;
        self.parts.push(part);
        Ok(())
    }

    pub(super) async fn complete(&mut self) -> Result<(), BackendError> {
        let parts = std::mem::take(&mut self.parts);
        self.store.complete_multipart(&self.location, &self.id, parts).await?;
        Ok(())
    }
}

/// Writes, reads and deletes a small object of this name: all that content needs.
pub async fn try_bucket(settings: &S3Settings, name: &str) -> Result<(), BackendError> {
    let bucket = Bucket::open(settings)?;
    let location = bucket.location(name);
    let content = Bytes::from_static(b"written by `drover preflight`\n");
    let written = bucket.store.put(&location, content.clone().into()).await;
    written.map_err(|error| match error {
        object_store::Error::NotFound { .. } => {
            BackendError::Setting(format!("`object.s3.bucket`: there is no bucket `{}` in this store", settings.bucket))
        }
        error => error.into(),
    })?;
    let read = bucket.store.get(&location).await?.bytes().await?;
    bucket.delete(&location, None).await?;
    if read == content { Ok(()) } else { Err(BackendError::Altered) }
}

/// The client library wants the host of the bucket where that is no part of the path.
fn address(endpoint: &str, bucket: &str, path_style: bool) -> Result<String, BackendError> {
    let endpoint = endpoint.trim_end_matches('/');
    match endpoint.split_once("://") {
        Some((scheme @ ("http" | "https"), host)) if !path_style => Ok(format!("{scheme}://{bucket}.{host}")),
        Some(("http" | "https", _)) => Ok(endpoint.to_owned()),
        _ => Err(BackendError::Setting("`object.s3.endpoint` must begin with http:// or https://".to_owned())),
    }
}

fn allow_missing(result: object_store::Result<()>) -> Result<(), BackendError> {
    match result {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use base::Secret;

    use super::*;

    fn settings() -> S3Settings {
        S3Settings {
            bucket: "artifacts".to_owned(),
            access_key_id: "id".to_owned().into(),
            secret_access_key: "secret".to_owned().into(),
            ..S3Settings::default()
        }
    }

    #[test]
    fn a_bucket_without_keys_or_with_a_bad_address_is_refused_by_name() {
        let refusal = |settings: &S3Settings| Bucket::open(settings).unwrap_err().to_string();
        let no_key = S3Settings { secret_access_key: Secret::default(), ..settings() };
        assert!(refusal(&no_key).contains("object.s3.secret_access_key"));
        let bad = S3Settings { endpoint: "minio:9000".to_owned(), ..settings() };
        assert!(refusal(&bad).contains("object.s3.endpoint"));
    }

    #[test]
    fn the_bucket_stands_where_the_setting_says() {
        let found = |path_style| address("http://127.0.0.1:9000/", "artifacts", path_style).unwrap();
        assert_eq!(found(true), "http://127.0.0.1:9000");
        assert_eq!(found(false), "http://artifacts.127.0.0.1:9000");
    }
}
