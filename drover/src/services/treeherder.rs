//! Job messages and pushes, for Treeherder.

use ::api::Routes;
use actors::{
    relay::RelaySettings,
    treeherder::{Pushes, Reporter, TreeherderSettings},
};
use base::settings::Section;

use super::roles;
use crate::service::{Actors, Children, Context, Role, Service, StartError};

pub(super) struct Treeherder;

const ROLE: &str = "treeherder";

impl Service for Treeherder {
    fn name(&self) -> &'static str {
        ROLE
    }

    fn settings(&self) -> Option<Section> {
        Some(Section::of::<TreeherderSettings>("treeherder"))
    }

    fn roles(&self) -> &'static [Role] {
        const ROLES: &[Role] = &[Role::new(ROLE, "publishes the runs of tasks as job messages, for Treeherder")];
        ROLES
    }

    fn routes(&self, context: &Context) -> Result<Vec<Routes>, StartError> {
        let (db, bus) = (context.db.clone(), context.bus.clone());
        let route_prefixes = context.settings::<TreeherderSettings>().route_prefixes.clone();
        Ok(vec![::api::push::routes(Pushes { db, bus, route_prefixes })])
    }

    fn actors(&self) -> &'static [Actors] {
        const ACTORS: &[Actors] = &[Actors::of_roles(&[ROLE], |context| Ok(reporter(context)))];
        ACTORS
    }
}

/// None where events stay inside of another process.
fn reporter(context: &Context) -> Children {
    if !context.has_broker() && !context.runs(roles::RELAY) {
        return Children::none();
    }
    let root_url = &context.root_url;
    if !context.runs(roles::API) && context.settings.api.root_url.is_empty() {
        tracing::warn!(root_url, "job messages will link to this address: the setting `api.root_url` is empty");
    }
    let reporter = Reporter {
        db: context.db.clone(),
        bus: context.bus.clone(),
        clock: context.clock.clone(),
        rng: context.rng.branch("treeherder"),
        settings: context.settings::<TreeherderSettings>().clone(),
        names: context.exchange_names.clone(),
        root_url: root_url.clone(),
        events: context.settings::<RelaySettings>().internal_exchange.clone(),
    };
    Children::none().subscriber(reporter.consumer())
}
