//! A worker that holds more rights than it needs is not started: tasks are other people's programs.

use std::time::Duration;

use base::{Backoff, Shutdown};
use worker::client::{Client, Credentials};

use crate::{
    exit::{CliError, Exit},
    system_context::SystemContext,
};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// So many scopes are named.
const MAX_NAMED: usize = 5;

/// Asks the server what the credentials are worth, until it answers or the worker is to stop.
pub(super) async fn refuse_excess(
    root_url: &str,
    credentials: &Credentials,
    system: &SystemContext,
    shutdown: &Shutdown,
) -> Result<(), CliError> {
    let (clock, rng) = (system.clock.clone(), system.rng.branch("power"));
    let client = Client::new(root_url, Some(credentials.clone()), clock, rng)?;
    let mut pauses = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE, system.rng.branch("pause"));
    let asked = async {
        loop {
            match client.excess_scopes().await {
                Ok(None) => {
                    tracing::warn!(
                        "the server does not tell what the worker's credentials are worth: grant `auth:current-scopes` \
                         to its client, so that it can refuse to run with more than it needs"
                    );
                    return Ok(());
                }
                Ok(Some(excess)) if excess.is_empty() => return Ok(()),
                Ok(Some(excess)) => return Err(too_powerful(&excess)),
                Err(error) if error.is_transient() => {
                    tracing::warn!(error = error.in_full(), "the worker's scopes could not be asked for; trying again");
                    pauses.pause().await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    };
    tokio::select! {
        checked = asked => checked,
        () = shutdown.wait() => Ok(()),
    }
}

fn too_powerful(excess: &[String]) -> CliError {
    let mut named = excess.iter().take(MAX_NAMED).map(|scope| format!("`{scope}`")).collect::<Vec<_>>().join(", ");
    if excess.len() > MAX_NAMED {
        named = format!("{named} and {} more", excess.len() - MAX_NAMED);
    }
    let words = format!(
        "these credentials are worth more than a worker needs: {named}. A task that takes over the worker would have it \
         all. Make a client with only `queue:claim-work:<queue>`, `queue:worker-id:<group>/<id>`, \
         `purge-cache:purge-requests:<queue>` and `auth:current-scopes`, or accept the risk with --allow-powerful-credentials"
    );
    CliError::new(Exit::Usage, words)
}
