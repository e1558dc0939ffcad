//! What the service brings: a role, settings, references, endpoints and a periodic actor.

use actors::kit::Schedule;
use api::Routes;
use base::{ConfigDuration, settings::Section};
use drover::{Actors, Children, Context, Role, Service, StartError, notify_relay};
use protocol::{
    exchanges::{ExchangeDeclaration, KeyField, ServiceExchanges},
    reference::References,
};

use crate::{
    greeter::{Counter, Greeter},
    routes,
};

pub(crate) struct Example;

const ROLE: &str = "example";

base::settings! {
    /// Greetings, which show how a service is added.
    pub struct ExampleSettings {
        /// The word that a greeting begins with.
        pub word: String = "Hello".to_owned(),
        /// How often greetings are counted.
        pub count_interval: ConfigDuration = ConfigDuration::minutes(1),
    }
}

static EXCHANGES: ServiceExchanges = ServiceExchanges {
    service: "example",
    title: "Example messages",
    description: "Who was greeted.",
    exchanges: &[ExchangeDeclaration {
        service: "example",
        name: "greeted",
        client_name: "greeted",
        title: "Greeted",
        description: "Somebody was greeted.",
        key: &[KeyField::primary(), KeyField::required("name", 100, "Who was greeted."), KeyField::reserved()],
        schema: "greeted-message",
        cc: false,
    }],
};

impl Service for Example {
    fn name(&self) -> &'static str {
        ROLE
    }

    fn roles(&self) -> &'static [Role] {
        const ROLES: &[Role] = &[Role::new(ROLE, "counts greetings")];
        ROLES
    }

    fn settings(&self) -> Option<Section> {
        Some(Section::of::<ExampleSettings>("example"))
    }

    fn references(&self) -> Option<References> {
        Some(References {
            service: "example",
            api: Some(include_str!("api.json")),
            exchanges: Some(&EXCHANGES),
            schemas: &[
                ("greeting", include_str!("greeting.json")),
                ("greeted-message", include_str!("greeted-message.json")),
            ],
        })
    }

    fn routes(&self, context: &Context) -> Result<Vec<Routes>, StartError> {
        Ok(vec![routes::routes(greeter(context))])
    }

    fn actors(&self) -> &'static [Actors] {
        const ACTORS: &[Actors] = &[Actors::of_roles(&[ROLE], |context| {
            let (greeter, rng) = (greeter(context), context.rng.branch("example"));
            let interval = context.settings::<ExampleSettings>().count_interval.duration();
            let (counter, _) =
                Schedule::every(interval, rng).child("example/counter", move |_| Counter(greeter.clone()));
            Ok(Children::none().actor(counter))
        })];
        ACTORS
    }
}

fn greeter(context: &Context) -> Greeter {
    context.shared(|context| {
        let word = context.settings::<ExampleSettings>().word.clone();
        Greeter::new(context.db.clone(), context.clock.clone(), word, notify_relay(context), &EXCHANGES.exchanges[0])
    })
}
