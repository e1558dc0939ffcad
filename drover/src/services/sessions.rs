//! Sessions of the page.

use ::api::{Routes, session};
use actors::sessions::Sessions as Handle;

use super::{api, auth};
use crate::service::{Context, Service, StartError};

pub(super) struct Sessions;

impl Service for Sessions {
    fn name(&self) -> &'static str {
        "sessions"
    }

    fn routes(&self, context: &Context) -> Result<Vec<Routes>, StartError> {
        Ok(vec![session::routes(&api::server_context(context), handle(context), env!("CARGO_PKG_VERSION"))])
    }
}

pub(crate) fn handle(context: &Context) -> Handle {
    context.shared(|context| {
        let (clock, rng) = (context.clock.clone(), context.rng.branch("sessions"));
        Handle::new(context.db.clone(), clock, rng, auth::handle(context).clients().clone(), &context.root_url)
    })
}
