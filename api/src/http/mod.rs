//! From a request on the wire to a call of its handler, and from the handler's result to the response.
//!
//! A [`stack`] of tower layers stands around the dispatch: compression, and what hyper and tower-http do not do for
//! Taskcluster's clients stays here. An error repeats the endpoint's name, the parameters and the payload of its
//! request, so whatever ends a request early (the timeout, a panic, a limit) ends it in [`dispatch`], where these are
//! known, and not in a layer around it. Concurrency is limited per caller and without a queue ([`limits`]), bodies by
//! who sends them ([`receive`]).

mod admit;
mod body;
mod body_limits;
mod call;
mod context;
mod cpu_pool;
mod dispatch;
mod error;
mod error_body;
mod error_response;
mod handler;
mod headers;
mod identify;
mod json;
mod limits;
mod page;
mod payload;
mod percent;
mod probes;
mod query;
mod read_body;
mod receive;
mod received;
mod request_context;
mod response;
mod response_schema;
mod route_table;
mod routes;
mod stack;
mod unread_body;
mod web_files;

pub(crate) use body::{Body, full, streamed};
pub(crate) use body_limits::{BodyLimits, SMALL_BODY};
pub use call::Call;
pub(crate) use context::{HttpContext, RequestDurations, RequestLimiters};
pub(crate) use cpu_pool::CpuPool;
pub use error::ApiError;
pub use json::Object;
pub(crate) use limits::{CallerClass, LimitKey, Limiter, LimiterSizes, Permit, Requester};
pub(crate) use percent::decode_query;
pub use probes::Build;
pub(crate) use probes::Probes;
pub(crate) use read_body::{BodyMode, MinBodyRate};
pub use response::ApiResponse;
pub(crate) use response_schema::{checked_item, count_unreadable};
pub(crate) use route_table::RouteTable;
pub use routes::{Routes, RoutesBuilder};
pub(crate) use stack::service;
pub use web_files::{WebFile, WebFiles};

/// What a handler returns.
pub type ApiResult = Result<ApiResponse, ApiError>;

#[cfg(test)]
mod tests;
