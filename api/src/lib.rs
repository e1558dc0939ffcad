//! The door: HTTP in, questions and commands to the actors, answers out.
//!
//! Routes come from the declarations in `protocol::reference`. An endpoint is added by declaring it there and naming
//! the function that answers it: one line in the `routes` of its service, such as `queue::routes`. The server takes the
//! routes of whichever services it is given.

mod auth;
pub mod auth_service;
pub mod github;
mod health;
pub mod hooks;
mod http;
pub mod index;
pub mod live;
mod net;
pub mod notify;
pub mod object;
pub mod own;
pub mod purge_cache;
pub mod push;
pub mod queue;
pub mod secrets;
mod server;
pub mod session;
mod settings;
pub mod worker_manager;

pub use health::{Ready, serve_health};
pub use http::{ApiError, ApiResponse, ApiResult, Build, Call, Object, Routes, RoutesBuilder, WebFile, WebFiles};
pub use server::{HttpServer, ServerContext};
pub use settings::{ApiSettings, CallerLimits, StaticClient};
