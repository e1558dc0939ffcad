//! The reflector: resolves what is overdue, removes what has expired, repairs what should never be half done.

use actors::{queue::QueueSettings, reflector::Reflector as Handle};

use super::{index, queue};
use crate::service::{Actors, Children, Role, Service};

pub(super) struct Reflector;

const ROLE: &str = "reflector";

impl Service for Reflector {
    fn name(&self) -> &'static str {
        ROLE
    }

    fn roles(&self) -> &'static [Role] {
        const ROLES: &[Role] = &[Role::new(ROLE, "resolves what is overdue and removes what has expired")];
        ROLES
    }

    fn actors(&self) -> &'static [Actors] {
        const ACTORS: &[Actors] = &[Actors::of_roles(&[ROLE], |context| {
            let (db, clock, rng) = (context.db.clone(), context.clock.clone(), context.rng.branch("reflector"));
            let (settings, notifications) = (context.settings::<QueueSettings>().clone(), queue::notifiers(context));
            let reflector = Handle::new(db, clock, rng, settings, notifications, index::handle(context));
            Ok(Children::none().actors(reflector.parts()))
        })];
        ACTORS
    }
}
