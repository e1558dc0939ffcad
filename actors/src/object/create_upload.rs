//! `createUpload`: the first step of an upload, in which both sides agree on how the content comes.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use db::object::{Hashes, NewUpload, UploadCreated};
use futures_util::stream;
use protocol::{id::UploadId, media_type, time::Timestamp};

use super::{
    ObjectError, Objects,
    link::{Permit, UPLOAD_LIFE},
    receive::{self, Incoming},
};
use crate::FieldError;

/// Most content that a request can carry in itself.
const LONGEST_INLINE: usize = 8 * 1024;

#[derive(Debug, Clone)]
pub struct CreateUpload {
    pub name: String,
    pub project_id: String,
    pub upload_id: UploadId,
    pub expires: Timestamp,
    /// Promised; each one known to us is checked against the content.
    pub hashes: Hashes,
    /// Proposed: the content itself.
    pub data_inline: Option<InlineData>,
    /// Proposed: a URL to send the content to.
    pub put_url: Option<PutPromise>,
}

#[derive(Debug, Clone)]
pub struct InlineData {
    pub content_type: String,
    /// In base64.
    pub object_data: String,
}

/// What will be sent to the URL: exactly that.
#[derive(Debug, Clone)]
pub struct PutPromise {
    pub content_type: String,
    pub content_length: u64,
}

/// An upload that is agreed on.
#[derive(Debug)]
pub struct OpenUpload {
    pub project_id: String,
    pub upload_id: UploadId,
    pub expires: Timestamp,
    /// `None`: nothing was proposed.
    pub method: Option<UploadMethod>,
}

#[derive(Debug)]
pub enum UploadMethod {
    /// The content is here already.
    DataInline,
    PutUrl(PutUrl),
}

#[derive(Debug)]
pub struct PutUrl {
    /// On this server.
    pub path: String,
    pub expires: Timestamp,
    /// To be sent exactly so.
    pub headers: BTreeMap<String, String>,
}

pub(super) async fn run(objects: &Objects, upload: CreateUpload) -> Result<OpenUpload, ObjectError> {
    check_types(&upload)?;
    let inline = upload.data_inline.as_ref().map(decode).transpose()?;
    settle(objects, &upload).await?;
    let method = if let (Some(data), Some(proposed)) = (inline, upload.data_inline) {
        let permit = Permit::PutObject {
            name: upload.name,
            upload_id: upload.upload_id,
            content_type: proposed.content_type.clone(),
            content_length: data.len() as u64,
        };
        let body = stream::iter([Ok::<_, std::convert::Infallible>(data.into())]);
        receive::take(objects, permit, Incoming::plain(proposed.content_type, body)).await?;
        Some(UploadMethod::DataInline)
    } else {
        upload.put_url.map(|promise| UploadMethod::PutUrl(put_url(objects, upload.name, upload.upload_id, promise)))
    };
    let CreateUpload { project_id, upload_id, expires, .. } = upload;
    Ok(OpenUpload { project_id, upload_id, expires, method })
}

fn check_types(upload: &CreateUpload) -> Result<(), FieldError> {
    const METHODS: &str = "/payload/proposedUploadMethods";
    if let Some(inline) = &upload.data_inline {
        check_content_type(&format!("{METHODS}/dataInline/contentType"), &inline.content_type)?;
    }
    if let Some(promise) = &upload.put_url {
        check_content_type(&format!("{METHODS}/putUrl/contentType"), &promise.content_type)?;
    }
    Ok(())
}

/// Refuses a type of content that no header can carry as it is.
pub(crate) fn check_content_type(pointer: &str, content_type: &str) -> Result<(), FieldError> {
    if media_type::fits_header(content_type) {
        return Ok(());
    }
    let got = format!("`{}`", content_type.escape_debug());
    Err(FieldError::new(pointer, "hold printable ASCII only, as a `Content-Type` header does", got))
}

async fn settle(objects: &Objects, upload: &CreateUpload) -> Result<(), ObjectError> {
    let new = NewUpload {
        name: upload.name.clone(),
        project_id: upload.project_id.clone(),
        backend_id: objects.stores.chosen().id().to_owned(),
        upload_id: upload.upload_id,
        expires: upload.expires,
        hashes: upload.hashes.clone(),
    };
    let name = &upload.name;
    match objects.db.create_upload(&new, objects.clock.now()).await? {
        UploadCreated::Open => Ok(()),
        UploadCreated::Finished => Err(ObjectError::Conflict(format!("object `{name}` is finished, and final"))),
        UploadCreated::Differs(field) => Err(ObjectError::Conflict(format!(
            "object `{name}` exists, or its upload has begun, with another `{field}`"
        ))),
    }
}

fn decode(inline: &InlineData) -> Result<Vec<u8>, ObjectError> {
    let pointer = "/payload/proposedUploadMethods/dataInline/objectData";
    let data = STANDARD.decode(&inline.object_data);
    let data = data.map_err(|error| FieldError::new(pointer, "be base64", error.to_string()))?;
    if data.len() > LONGEST_INLINE {
        let expected = format!("hold at most {LONGEST_INLINE} bytes; use putUrl");
        return Err(FieldError::new(pointer, expected, format!("{} bytes", data.len())).into());
    }
    Ok(data)
}

fn put_url(objects: &Objects, name: String, upload_id: UploadId, promise: PutPromise) -> PutUrl {
    let PutPromise { content_type, content_length } = promise;
    let expires = objects.clock.now() + UPLOAD_LIFE;
    let mut headers = BTreeMap::from([
        ("Content-Type".to_owned(), content_type.clone()),
        ("Content-Length".to_owned(), content_length.to_string()),
        ("Content-Encoding".to_owned(), "identity".to_owned()),
    ]);
    if media_type::may_run_scripts(&content_type) {
        headers.insert("Content-Disposition".to_owned(), "attachment".to_owned());
    }
    let path = objects.links.upload(Permit::PutObject { name, upload_id, content_type, content_length }, expires);
    PutUrl { path, expires, headers }
}
