//! The endpoints of the GitHub service.

mod badge;
mod builds;
mod intake;
mod preview;
mod report;

use actors::github::{Github, GithubError};
use protocol::{error::ErrorCode, github::Repository};

use crate::{
    http::{ApiError, BodyMode, Call, Routes},
    object::chain,
};

pub fn routes(github: Github) -> Routes {
    Routes::of("github", github)
        .on_body(BodyMode::Delivery, "githubWebHookConsumer", intake::receive)
        .on("builds", builds::list)
        .on("cancelBuilds", builds::cancel)
        .on("badge", badge::badge)
        .on("latest", badge::latest)
        .on("repository", builds::repository)
        .on("createStatus", report::create_status)
        .on("createComment", report::create_comment)
        .on("renderTaskclusterYml", preview::render)
        .build()
}

impl From<GithubError> for ApiError {
    fn from(error: GithubError) -> Self {
        match error.code() {
            ErrorCode::InternalServerError => Self::internal(chain(&error)),
            code => {
                let converted = Self::new(code, error.to_string());
                match error {
                    GithubError::Field(field) => converted.with_field_error(field),
                    _ => converted,
                }
            }
        }
    }
}

/// The repository of the path. A name that GitHub would not allow is one that does not exist.
fn repository(call: &Call) -> Result<Repository, ApiError> {
    let (owner, name) = (call.param("owner"), call.param("repo"));
    let found = Repository::new(owner, name);
    Ok(found.ok_or_else(|| GithubError::NoName { owner: owner.to_owned(), name: name.to_owned() })?)
}
