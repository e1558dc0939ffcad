//! The door: HTTP in, questions and commands to the actors, answers out.
//!
//! Routes come from the declarations in `protocol::reference`. An endpoint is added by declaring it there and naming
//! the function that answers it: one line in the `routes` of its service, such as `queue::routes`.

mod auth;
mod auth_service;
mod health;
mod http;
mod index;
mod live;
mod net;
mod object;
mod own;
mod purge_cache;
mod push;
mod queue;
mod secrets;
mod server;
mod settings;

pub use health::{Ready, serve_health};
pub use http::Build;
pub use server::{Api, serve};
pub use settings::{ApiSettings, CallerLimits, StaticClient};
