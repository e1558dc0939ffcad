//! The message broker that settings name.

use std::fs;

use base::Entropy;
use bus::{AmqpBus, BusError};
use protocol::exchanges::ExchangeNames;

use crate::{
    exit::{Exit, Failure, with_causes},
    settings::BusSettings,
};

/// `name` is shown in the broker's lists. Nothing is connected yet.
pub(crate) fn broker(settings: &BusSettings, name: &str, entropy: &Entropy) -> Result<AmqpBus, Failure> {
    let url = settings.amqp_url.reveal();
    let bus = if settings.ca_file.is_empty() {
        AmqpBus::new(url, name, entropy)
    } else {
        AmqpBus::trusting(url, &authorities(&settings.ca_file)?, name, entropy)
    };
    bus.map_err(|error: BusError| {
        Failure::new(Exit::Usage, format!("the setting `bus.amqp_url` cannot be used: {}", with_causes(&error)))
    })
}

/// The names of the exchanges for the world.
pub(crate) fn exchange_names(settings: &BusSettings) -> Result<ExchangeNames, Failure> {
    ExchangeNames::in_namespace(&settings.pulse_namespace)
        .map_err(|error| Failure::new(Exit::Usage, format!("the setting `bus.pulse_namespace`: {error}")))
}

fn authorities(file: &str) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|error| {
        Failure::new(Exit::Usage, format!("the file {file} that the setting `bus.ca_file` names: {error}"))
    })
}
