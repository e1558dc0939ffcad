//! Sessions of the page, and what people who are signed in allow others.

use ::api::{
    Routes,
    session::{self, SessionServices},
};
use actors::{
    derived_clients::DerivedClients,
    sessions::Sessions as Handle,
    sign_in::{SignIn, SignInSettings},
    third_parties::ThirdParties,
};
use base::settings::Section;

use super::{api, auth, roles};
use crate::service::{Actors, Children, Context, Service, StartError};

pub(super) struct Sessions;

impl Service for Sessions {
    fn name(&self) -> &'static str {
        "sessions"
    }

    fn settings(&self) -> Option<Section> {
        Some(Section::of::<SignInSettings>("sign_in"))
    }

    fn routes(&self, context: &Context) -> Result<Vec<Routes>, StartError> {
        let settings = context.settings::<SignInSettings>();
        settings.check().map_err(StartError::Setting)?;
        let derived = derived(context);
        let (db, clock, rng) = (context.db.clone(), context.clock.clone(), context.rng.branch("third-parties"));
        let third_parties = ThirdParties::new(&settings.third_parties, db, clock, rng, derived.clone());
        let providers = integrations::sign_in::providers(settings, &context.root_url, &context.clock);
        let (clock, rng) = (context.clock.clone(), context.rng.branch("sign-in"));
        let providers = SignIn::new(providers.map_err(StartError::Setting)?, handle(context), clock, rng);
        let services = SessionServices { sessions: handle(context), derived, third_parties, providers };
        Ok(vec![session::routes(&api::server_context(context), services, env!("CARGO_PKG_VERSION"))])
    }

    fn actors(&self) -> &'static [Actors] {
        const ACTORS: &[Actors] = &[Actors::of_roles(&[roles::API], |context| {
            Ok(Children::none().actor(derived(context).watcher(context.rng.branch("derived-clients"))))
        })];
        ACTORS
    }
}

pub(crate) fn handle(context: &Context) -> Handle {
    context.shared(|context| {
        let (clock, rng) = (context.clock.clone(), context.rng.branch("sessions"));
        Handle::new(context.db.clone(), clock, rng, auth::handle(context).clients().clone(), &context.root_url)
    })
}

fn derived(context: &Context) -> DerivedClients {
    let (db, clock) = (context.db.clone(), context.clock.clone());
    DerivedClients::new(db, clock, auth::handle(context), handle(context))
}
