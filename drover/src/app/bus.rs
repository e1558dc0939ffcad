//! The bus of a process: a broker, or one in memory.

use std::sync::Arc;

use bus::{Bus, MemoryBus};

use super::AppConfig;
use crate::{broker::broker, exit::CliError};

pub(super) fn connect(config: &AppConfig) -> Result<Arc<dyn Bus>, CliError> {
    let settings = &config.settings.bus;
    if settings.amqp_url.is_empty() {
        return Ok(Arc::new(MemoryBus::default()));
    }
    let secret = Some(config.credentials.queue_access_token.reveal());
    let bus = broker(&config.settings, secret, "drover", &config.system.rng.branch("bus"))?;
    if !bus.is_split() {
        tracing::warn!(
            "internal messages share the vhost of the external ones, where others may read them and fill their queues; the \
             setting bus.internal_amqp_url gives them their own (see bus/README.md)"
        );
    }
    if settings.accept_unsigned {
        tracing::warn!("messages that are not signed are taken; set bus.accept_unsigned to false after the upgrade");
    }
    Ok(Arc::new(bus))
}
