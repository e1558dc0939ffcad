//! Notifications: taken in, and delivered.

use std::sync::Arc;

use ::api::Routes;
use actors::{
    kit::{Child, Notifier},
    notify::{Notify as Handle, RouteListener, Wakeups},
    relay::RelaySettings,
};
use base::settings::Section;
use integrations::{Channel, Deliverer, NotifySettings, email::Email, matrix::Matrix, slack::Slack};

use super::{relay, roles};
use crate::service::{Actors, Children, Context, Role, Service, StartError};

pub(super) struct Notify;

const ROLE: &str = "notify";

impl Service for Notify {
    fn name(&self) -> &'static str {
        ROLE
    }

    fn settings(&self) -> Option<Section> {
        Some(Section::of::<NotifySettings>("notify"))
    }

    fn roles(&self) -> &'static [Role] {
        const ROLES: &[Role] = &[Role::new(ROLE, "sends notifications: e-mail, Matrix and Slack messages")];
        ROLES
    }

    fn routes(&self, context: &Context) -> Result<Vec<Routes>, StartError> {
        Ok(vec![::api::notify::routes(handle(context))])
    }

    fn actors(&self) -> &'static [Actors] {
        const ACTORS: &[Actors] = &[Actors::of_roles(&[ROLE], |context| {
            let deliverers = here(context).children.map_err(StartError::Setting)?;
            Ok(listener(context).actors(deliverers))
        })];
        ACTORS
    }
}

pub(super) fn handle(context: &Context) -> Handle {
    context.shared(|context| {
        let delivery = if context.runs(ROLE) { here(context).notify } else { Notifier::none() };
        let wakeups = Wakeups { relay: relay::notify(context), delivery };
        Handle::new(context.db.clone(), context.clock.clone(), context.rng.branch("notify"), wakeups)
    })
}

/// What listens to events; nothing where they stay inside of another process.
fn listener(context: &Context) -> Children {
    if !context.has_broker() && !context.runs(roles::RELAY) {
        return Children::none();
    }
    let listener = RouteListener {
        notify: handle(context),
        bus: context.bus.clone(),
        rng: context.rng.branch("notify-tasks"),
        events: context.settings::<RelaySettings>().internal_exchange.clone(),
        root_url: context.root_url.clone(),
    };
    Children::none().subscriber(listener.consumer())
}

/// The deliverers of this process, and what wakes them; or the setting that is wrong.
#[derive(Clone)]
struct Here {
    children: Result<Vec<Child>, String>,
    notify: Notifier,
}

fn here(context: &Context) -> Here {
    context.shared(|context| {
        let channels = match channels(context) {
            Ok(channels) => channels,
            Err(error) => return Here { children: Err(error), notify: Notifier::none() },
        };
        let (mut children, mut notify) = (Vec::new(), Notifier::none());
        for channel in channels {
            let (child, notifier) = deliverer(context, channel).child();
            children.push(child);
            notify = notify.and(&notifier);
        }
        Here { children: Ok(children), notify }
    })
}

/// The channels that are set up.
fn channels(context: &Context) -> Result<Vec<Arc<dyn Channel>>, String> {
    let NotifySettings { email, matrix, slack, .. } = context.settings::<NotifySettings>();
    let mut channels: Vec<Arc<dyn Channel>> = Vec::new();
    if !email.host.is_empty() {
        channels.push(Arc::new(Email::new(email, &context.root_url)?));
    }
    if !matrix.url.is_empty() {
        channels.push(Arc::new(Matrix::new(matrix)?));
    }
    if !slack.token.is_empty() {
        channels.push(Arc::new(Slack::new(slack)?));
    }
    Ok(channels)
}

fn deliverer(context: &Context, channel: Arc<dyn Channel>) -> Deliverer {
    let settings = context.settings::<NotifySettings>();
    Deliverer {
        db: context.db.clone(),
        clock: context.clock.clone(),
        rng: context.rng.branch("notify-delivery"),
        channel,
        interval: settings.interval.duration(),
        denied_for: settings.denied_for.delta(),
    }
}
