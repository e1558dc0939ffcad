//! From a request on the wire to one call of a handler, and from its answer back to the wire.

mod admit;
mod body;
mod body_limits;
mod call;
mod dispatch;
mod error;
mod error_body;
mod headers;
mod identify;
mod json;
mod limits;
mod page;
mod percent;
mod probes;
mod query;
mod receive;
mod response;
mod response_schema;
mod route_table;
mod routes;
mod unread_body;

pub(crate) use body::{BodyMode, MinBodyRate};
pub(crate) use body_limits::{BodyLimits, CpuPool};
pub use call::Call;
pub(crate) use dispatch::{HttpContext, Limiters, RequestDurations, answer};
pub use error::ApiError;
pub use json::Object;
pub(crate) use limits::{CallerClass, LimitKey, Limiter, LimiterSizes, Permit, Requester};
pub use probes::Build;
pub(crate) use probes::Probes;
pub use response::ApiResponse;
pub(crate) use response_schema::{checked_item, unreadable};
pub(crate) use route_table::RouteTable;
pub use routes::{Routes, RoutesBuilder};

/// What a handler gives back.
pub type ApiResult = Result<ApiResponse, ApiError>;

#[cfg(test)]
mod tests;
