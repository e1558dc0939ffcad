//! Live events over an open connection: server-sent events (the HTML standard, section 9.2).

mod bindings;
mod stream;

use std::sync::{Arc, LazyLock};

use actors::{
    artifacts::ArtifactKey,
    live::{Guarded, Live, LiveError, MaySee},
};
use base::{Clock, Shutdown};
use protocol::{error::ErrorCode, reference::Service, scope::ScopeSet};

use crate::{
    ApiSettings, ServerContext,
    http::{ApiError, ApiResponse, ApiResult, Call, Limiter, Routes, streamed},
    object::chain,
};

/// Not part of the public references: Taskcluster has no such service.
static SERVICE: LazyLock<Service> = LazyLock::new(|| {
    let parsed = serde_json::from_str(include_str!("api.json"));
    parsed.unwrap_or_else(|error| panic!("the built-in declaration of live events does not parse: {error}"))
});

/// What all connections share.
pub(crate) struct Connections {
    live: Live,
    limiters: Limiter,
    clock: Arc<dyn Clock>,
    shutdown: Shutdown,
}

pub fn routes(server: &ServerContext, settings: &ApiSettings, live: Live) -> Routes {
    let state = Connections {
        live,
        limiters: settings.live_limiter(),
        clock: Arc::clone(&server.clock),
        shutdown: server.shutdown.clone(),
    };
    Routes::declared(&SERVICE, state).on("connect", connect).build()
}

/// Responds at once; the body goes on until one side ends it.
async fn connect(state: Arc<Connections>, call: Call) -> ApiResult {
    let bindings = bindings::of(&call, &state.live)?;
    let after = after(&call)?;
    let permit = state.limiters.try_acquire(call.requester());
    let permit = permit
        .ok_or_else(|| ApiError::new(ErrorCode::ServiceUnavailable, "Too many connections follow events here"))?;
    let caller = call.caller()?;
    let follower = state.live.follow(&bindings, after, may_see(&caller.scopes)).await?;
    let life = stream::life(caller.expires, state.clock.now());
    let body = streamed(stream::of(follower, permit, life, state.shutdown.clone()));
    // A proxy that buffers responses would delay events.
    Ok(ApiResponse::bytes("text/event-stream", body).with_header("x-accel-buffering", "no"))
}

/// What the caller's scopes at the start allow: those that the endpoints for the same data require.
fn may_see(scopes: &Arc<ScopeSet>) -> MaySee {
    let scopes = Arc::clone(scopes);
    Arc::new(move |guarded| {
        let enough = match guarded {
            Guarded::Artifact(ArtifactKey { task_id, run_id, name }) => vec![
                format!("queue:get-artifact:{name}"),
                format!("queue:list-artifacts:{task_id}:{run_id}"),
                format!("queue:list-artifacts:{task_id}"),
            ],
            Guarded::Client(id) => vec![format!("auth:get-client:{id}"), "auth:list-clients".to_owned()],
            Guarded::Role(id) => vec![format!("auth:get-role:{id}"), "auth:list-roles".to_owned()],
        };
        enough.iter().any(|scope| scopes.satisfies(scope))
    })
}

/// Browsers send the header by themselves; other clients may use the query.
fn after(call: &Call) -> Result<Option<i64>, ApiError> {
    let header = call.header("last-event-id").map(|id| ("/headers/last-event-id", id));
    let given = header.or_else(|| call.query("lastEventId").map(|id| ("/query/lastEventId", id)));
    let Some((pointer, id)) = given.filter(|(_, id)| !id.is_empty()) else { return Ok(None) };
    let parsed = id.parse().ok().filter(|id| *id >= 0);
    parsed
        .map(Some)
        .ok_or_else(|| ApiError::invalid_field(pointer, "be an id that an event came with", &format!("`{id}`")))
}

impl From<LiveError> for ApiError {
    fn from(error: LiveError) -> Self {
        match error.code() {
            ErrorCode::InternalServerError => Self::internal(chain(&error)),
            code => Self::new(code, error.to_string()),
        }
    }
}
