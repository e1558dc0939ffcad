//! The message broker that settings name.

use std::fs;

use actors::relay::RelaySettings;
use base::{Rng, Secret};
use bus::{AmqpBus, AmqpOptions, BusError, MessageKey, SplitBus};
use protocol::exchanges::ExchangeNames;

use crate::{
    exit::{CliError, Exit, with_causes},
    settings::{BusSettings, DroverSettings},
};

/// `name` is shown in the broker's lists; `secret` is what the key of messages is made of. Nothing is connected yet.
pub(crate) fn broker(
    settings: &DroverSettings,
    secret: Option<&str>,
    name: &str,
    rng: &Rng,
) -> Result<SplitBus, CliError> {
    let bus = &settings.bus;
    let key = secret.map(|secret| MessageKey::from_secret(secret).accepting_unsigned(bus.accept_unsigned));
    let ca_file = Some(&bus.ca_file).filter(|file| !file.is_empty());
    let authorities = ca_file.map(|file| authorities(file)).transpose()?;
    let open = |setting: &str, url: &Secret, name: String| {
        let options =
            AmqpOptions { url: url.reveal().to_owned(), name, authorities: authorities.clone(), key: key.clone() };
        AmqpBus::open(options, &rng.branch(setting)).map_err(|error: BusError| {
            CliError::new(Exit::Usage, format!("the setting `{setting}` cannot be used: {}", with_causes(&error)))
        })
    };
    let external = open("bus.amqp_url", &bus.amqp_url, name.to_owned())?;
    let internal = if bus.internal_amqp_url.is_empty() {
        None
    } else {
        Some(open("bus.internal_amqp_url", &bus.internal_amqp_url, format!("{name} internal"))?)
    };
    Ok(SplitBus::new(external, internal, &settings.section::<RelaySettings>().internal_exchange))
}

/// The names of the external exchanges.
pub(crate) fn exchange_names(settings: &BusSettings) -> Result<ExchangeNames, CliError> {
    ExchangeNames::in_namespace(&settings.pulse_namespace)
        .map_err(|error| CliError::new(Exit::Usage, format!("the setting `bus.pulse_namespace`: {error}")))
}

fn authorities(file: &str) -> Result<String, CliError> {
    fs::read_to_string(file).map_err(|error| {
        CliError::new(Exit::Usage, format!("the file {file} that the setting `bus.ca_file` names: {error}"))
    })
}
