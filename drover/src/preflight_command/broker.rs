//! The broker: reachable on each vhost, with rights for Drover's names.

use std::time::Duration;

use bus::{Bus, BusError};

use super::report::Check;
use crate::{
    broker::broker,
    credentials::known_queue_access_token,
    exit::{Exit, with_causes, with_setting},
    settings::DroverSettings,
    system_context::SystemContext,
};

const DEADLINE: Duration = Duration::from_secs(15);
/// There is no such queue: the broker says so to whoever may look.
const NO_QUEUE: &str = "drover/v1/preflight";

pub(super) async fn check(settings: &DroverSettings, is_needed: bool, system: &SystemContext) -> Check {
    const CHECK: &str = "broker";
    if settings.bus.amqp_url.is_empty() {
        let message = "the setting `bus.amqp_url` is empty: no event and no call leaves its process";
        return if is_needed {
            Check::failed(
                CHECK,
                Exit::Usage,
                message,
                "set `bus.amqp_url` (in the chart: the key bus-amqp-url of the Secret)",
            )
        } else {
            Check::skipped(CHECK, message)
        };
    }
    let secret = known_queue_access_token(&settings.auth, None);
    let bus = match broker(settings, secret.as_deref(), "drover preflight", &system.rng.branch("preflight")) {
        Ok(bus) => bus,
        Err(error) => return Check::wrong(CHECK, &error),
    };
    // Of the internal vhost first, and then of the external one.
    let answer = bus.depth(NO_QUEUE, DEADLINE).await;
    bus.close().await;
    match answer {
        Err(error @ BusError::Refused(_)) if !is_missing(&error) => {
            let fix =
                "give the user of `bus.amqp_url` or `bus.internal_amqp_url` the permissions that bus/README.md lists";
            Check::failed(CHECK, Exit::Refused, error.to_string(), fix)
        }
        Ok(_) | Err(BusError::Refused(_)) => Check::ok(CHECK, "it answers, and lets the user look for queues"),
        Err(error) => {
            let message = with_setting("bus.ca_file", format!("`bus.amqp_url`: {}", with_causes(&error)));
            let fix = "see that RabbitMQ runs, that this machine or pod may reach it, and that user, password and vhost are right";
            Check::failed(CHECK, Exit::Unreachable, message, fix)
        }
    }
}

fn is_missing(error: &BusError) -> bool {
    matches!(error, BusError::Refused(reason) if reason.starts_with("NOT_FOUND"))
}
