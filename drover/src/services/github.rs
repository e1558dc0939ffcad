//! GitHub: deliveries of the web hook become tasks, and GitHub is shown what becomes of these.

use ::api::Routes;
use actors::{
    github::{Github as Handle, GithubContext, GithubSettings, GithubWakeups},
    kit::Notifier,
};
use base::settings::Section;

use super::queue;
use crate::service::{Actors, Children, Context, Role, Service, StartError};

pub(super) struct Github;

const ROLE: &str = "github";

impl Service for Github {
    fn name(&self) -> &'static str {
        ROLE
    }

    fn settings(&self) -> Option<Section> {
        Some(Section::of::<GithubSettings>("github"))
    }

    fn roles(&self) -> &'static [Role] {
        const ROLES: &[Role] = &[Role::new(ROLE, "makes tasks for deliveries of GitHub, and shows it their states")];
        ROLES
    }

    fn routes(&self, context: &Context) -> Result<Vec<Routes>, StartError> {
        Ok(vec![::api::github::routes(handle(context))])
    }

    fn actors(&self) -> &'static [Actors] {
        const ACTORS: &[Actors] =
            &[Actors::of_roles(&[ROLE], |context| Ok(Children::none().actor(handle(context).canceller())))];
        ACTORS
    }
}

fn handle(context: &Context) -> Handle {
    context.shared(|context| {
        let wakeups = GithubWakeups { deliveries: Notifier::none(), reports: Notifier::none() };
        Handle::new(GithubContext {
            db: context.db.clone(),
            clock: context.clock.clone(),
            rng: context.rng.branch("github"),
            notifications: queue::notifiers(context),
            wakeups,
            settings: context.settings::<GithubSettings>().clone(),
            root_url: context.root_url.clone(),
        })
    })
}
