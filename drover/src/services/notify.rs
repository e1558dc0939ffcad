//! Notifications: taken in, and delivered.

use ::api::Routes;
use actors::{
    kit::Notifier,
    notify::{Notify as Handle, Wakeups},
};

use super::relay;
use crate::service::{Context, Service, StartError};

pub(super) struct Notify;

impl Service for Notify {
    fn name(&self) -> &'static str {
        "notify"
    }

    fn routes(&self, context: &Context) -> Result<Vec<Routes>, StartError> {
        Ok(vec![::api::notify::routes(handle(context))])
    }
}

pub(super) fn handle(context: &Context) -> Handle {
    context.shared(|context| {
        let wakeups = Wakeups { relay: relay::notify(context), delivery: Notifier::none() };
        Handle::new(context.db.clone(), context.clock.clone(), context.rng.branch("notify"), wakeups)
    })
}
