//! Shells in running tasks, over the WebSocket protocol, in the form of generic-worker: version 2 of the protocol between a worker and a
//! page, or `drover task shell`.

mod client;
mod endpoint;
mod protocol;
mod session;

pub use self::{
    client::{ShellError, ShellInput, ShellOutput, connect},
    protocol::{ARTIFACT, socket_url},
};
pub(crate) use self::{
    endpoint::{NewSession, ShellEndpoint, Shells},
    session::Session,
};
pub(crate) use protocol::artifact_url;
