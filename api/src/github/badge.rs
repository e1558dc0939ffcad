//! The newest build of a branch: as a picture, and as a link.

use std::sync::Arc;

use actors::github::{Github, GithubError};
use protocol::github::BuildState;
use serde_json::json;

use super::repository;
use crate::http::{ApiResponse, ApiResult, Call, full};

pub(super) async fn badge(github: Arc<Github>, call: Call) -> ApiResult {
    let build = github.latest_build(&repository(&call)?, call.param("branch")).await?;
    let picture = picture(build.map(|build| build.state));
    Ok(ApiResponse::bytes("image/svg+xml", full(picture)).with_header("cache-control", "no-cache"))
}

pub(super) async fn latest(github: Arc<Github>, call: Call) -> ApiResult {
    let repository = repository(&call)?;
    let build = github.latest_build(&repository, call.param("branch")).await?;
    let build = build.ok_or(GithubError::NoBuild(repository))?;
    let url = github.group_url(&build);
    ApiResponse::see_other(&url, &json!({ "url": url }))
}

fn picture(state: Option<BuildState>) -> String {
    let (word, colour) = match state {
        None => ("no builds", "#9f9f9f"),
        Some(BuildState::Pending) => ("pending", "#dfb317"),
        Some(BuildState::Success) => ("success", "#3c1"),
        Some(BuildState::Failed) => ("failure", "#e05d44"),
        Some(BuildState::Error) => ("error", "#e05d44"),
        Some(BuildState::Cancelled) => ("cancelled", "#9f9f9f"),
    };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"144\" height=\"20\" role=\"img\" aria-label=\"taskcluster: {word}\">\
         <rect width=\"78\" height=\"20\" fill=\"#555\"/><rect x=\"78\" width=\"66\" height=\"20\" fill=\"{colour}\"/>\
         <g fill=\"#fff\" text-anchor=\"middle\" font-family=\"Verdana,sans-serif\" font-size=\"11\">\
         <text x=\"39\" y=\"14\">taskcluster</text><text x=\"111\" y=\"14\">{word}</text></g></svg>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_has_a_picture_of_its_own() {
        let states = BuildState::ALL.iter().map(|state| Some(*state)).chain([None]);
        let pictures: std::collections::BTreeSet<String> = states.map(picture).collect();
        assert_eq!(pictures.len(), 6);
        assert!(pictures.iter().all(|text| text.starts_with("<svg") && text.ends_with("</svg>\n")));
    }
}
