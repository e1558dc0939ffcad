//! Settings that have to be there, and keys that have to fit.

use super::report::Check;
use crate::{
    app::key_ring, broker::exchange_names, credentials::Credentials, exit::CliError, serve::require, service::Registry,
    settings::DroverSettings,
};

pub(super) fn check(settings: &DroverSettings, registry: &Registry) -> Vec<Check> {
    let has_broker = !settings.bus.amqp_url.is_empty();
    let roles = registry.role_set(&settings.serve.roles, has_broker).map_err(CliError::from);
    vec![
        result("settings", "nothing is missing", require(settings)),
        result("roles", &settings.serve.roles.join(", "), roles),
        result("namespace", &settings.bus.pulse_namespace, exchange_names(&settings.bus)),
        result("keys", "credentials and sealing keys are well formed", keys(settings)),
    ]
}

fn keys(settings: &DroverSettings) -> Result<(), CliError> {
    Credentials::given(&settings.auth).and_then(|credentials| key_ring(&credentials)).map(drop)
}

fn result<T>(check: &'static str, message: &str, result: Result<T, CliError>) -> Check {
    match result {
        Ok(_) => Check::ok(check, message),
        Err(error) => Check::wrong(check, &error),
    }
}
