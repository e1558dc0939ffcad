//! The endpoints of the object service, and those behind its upload and download URLs.

mod content;
mod digests;
mod download;
mod range;
mod upload;

use std::sync::LazyLock;

use actors::object::{ObjectError, Objects};
use protocol::{error::ErrorCode, reference::Service};

use crate::http::{ApiError, BodyMode, Routes};

/// What the handlers share.
pub(crate) struct ObjectState {
    pub objects: Objects,
    /// Where clients reach us.
    pub root_url: String,
}

/// Not part of the public references: clients get these URLs from the API and do not build them.
static CONTENT: LazyLock<Service> = LazyLock::new(|| {
    let parsed = serde_json::from_str(include_str!("content.json"));
    parsed.unwrap_or_else(|error| panic!("the built-in declaration of the content endpoints does not parse: {error}"))
});

pub fn routes(root_url: &str, objects: Objects) -> Routes {
    let state = ObjectState { objects, root_url: root_url.to_owned() };
    Routes::of("object", state)
        .on("createUpload", upload::create_upload)
        .on("finishUpload", upload::finish_upload)
        .on("startDownload", download::start_download)
        .on("object", download::object)
        .on("download", download::download)
        .build()
}

/// The endpoints behind the content URLs that `object` and `queue` return.
pub fn content_routes(objects: Objects) -> Routes {
    Routes::declared(&CONTENT, objects)
        .on_body(BodyMode::Stream, "uploadContent", content::upload)
        .on("downloadContent", content::download)
        .build()
}

impl From<ObjectError> for ApiError {
    fn from(error: ObjectError) -> Self {
        match error.code() {
            ErrorCode::InternalServerError => Self::internal(chain(&error)),
            code => Self::new(code, error.to_string()).with_field_errors(error.field_error()),
        }
    }
}

/// An error with its causes, for the log.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}
