//! The endpoints of the index.

mod artifact;
mod entries;
mod lists;

use std::sync::Arc;

use actors::{
    artifacts::Artifacts,
    auth::Clients,
    index::{Index, IndexError, NoPath},
};
use base::{Clock, Rng};
use protocol::error::ErrorCode;

use crate::{
    ServerContext,
    http::{ApiError, Routes},
    object::chain,
};

/// What the handlers share.
pub(crate) struct IndexState {
    pub index: Index,
    pub artifacts: Artifacts,
    pub clients: Clients,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    /// Where clients reach us.
    pub root_url: String,
}

pub fn routes(server: &ServerContext, index: Index, artifacts: Artifacts) -> Routes {
    let ServerContext { clients, clock, rng, root_url, .. } = server.clone();
    let state = IndexState { index, artifacts, clients, clock, rng: rng.branch("index"), root_url };
    Routes::of("index", state)
        .on("findTask", entries::find_task)
        .on("findTasksAtIndex", entries::find_tasks_at_index)
        .on("insertTask", entries::insert_task)
        .on("deleteTask", entries::delete_task)
        .on("listNamespaces", lists::namespaces)
        .on("listRootNamespaces", lists::namespaces)
        .on("listNamespacesByPost", lists::namespaces_by_post)
        .on("listRootNamespacesByPost", lists::namespaces_by_post)
        .on("listTasks", lists::tasks)
        .on("listRootTasks", lists::tasks)
        .on("listTasksByPost", lists::tasks_by_post)
        .on("listRootTasksByPost", lists::tasks_by_post)
        .on("findArtifactFromTask", artifact::find_artifact_from_task)
        .build()
}

impl From<IndexError> for ApiError {
    fn from(error: IndexError) -> Self {
        match error.code() {
            ErrorCode::InternalServerError => Self::internal(chain(&error)),
            code => Self::new(code, error.to_string()),
        }
    }
}

impl From<NoPath> for ApiError {
    fn from(error: NoPath) -> Self {
        IndexError::from(error).into()
    }
}
