//! What a service declares, and what it is given to start.

mod actors;
mod context;
mod error;
mod registry;
mod role;

pub use actors::{Actors, Children};
use api::Routes;
use base::settings::Section;
pub use context::Context;
pub(crate) use context::Shared;
pub use error::StartError;
use futures_util::future::{LocalBoxFuture, ready};
use protocol::reference::References;
pub(crate) use registry::Registry;
pub use role::{Role, RoleSet};

/// One service: its roles, its HTTP endpoints and its background actors.
///
/// The roles of a process say which part of which service it runs. It starts in this order: `prepare` of every
/// service in the order of the list, then the actors of its roles, and the HTTP server last; it stops the other way
/// round. What a process does not run is not made.
pub trait Service: Send + Sync {
    /// For logs and errors.
    fn name(&self) -> &'static str;

    /// The roles that this service adds to those a process can be given.
    fn roles(&self) -> &'static [Role] {
        &[]
    }

    /// The section of the settings that this service reads.
    fn settings(&self) -> Option<Section> {
        None
    }

    /// Its public references, where they do not lie in `protocol/references`.
    fn references(&self) -> Option<References> {
        None
    }

    /// What must be there, or known, before any actor starts and any request is answered: called in every process.
    fn prepare<'c>(&'c self, _context: &'c Context) -> LocalBoxFuture<'c, Result<(), StartError>> {
        Box::pin(ready(Ok(())))
    }

    /// The endpoints, for a process with the role `api`.
    fn routes(&self, _context: &Context) -> Result<Vec<Routes>, StartError> {
        Ok(Vec::new())
    }

    /// The background actors, by the roles that run them.
    fn actors(&self) -> &'static [Actors] {
        &[]
    }
}
