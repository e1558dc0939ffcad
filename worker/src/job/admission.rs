//! What a payload asks for that only some workers have, or that takes a scope.

use sandbox::Group;

use super::WorkerContext;
use crate::{
    client::Claim,
    isolation::{IsolationLevel, find_groups},
    payload::{Payload, PayloadError},
    scopes::covers,
};

/// A payload that this worker carries out.
pub(super) struct Admitted {
    pub(super) payload: Payload,
    pub(super) groups: Vec<Group>,
}

/// Reads the payload, and refuses what this worker does not offer, by the name of the field and with what would do.
pub(super) fn admit(context: &WorkerContext, claim: &Claim) -> Result<Admitted, PayloadError> {
    let payload = Payload::read(claim.task.payload())?;
    if payload.container.is_some() {
        at_level(context, IsolationLevel::Container, "/image")?;
    }
    if payload.features.chain_of_trust {
        chain_of_trust(context)?;
    }
    if payload.features.interactive {
        at_level(context, IsolationLevel::Sandbox, "/features/interactive")?;
    }
    let groups = os_groups(context, claim, &payload)?;
    Ok(Admitted { payload, groups })
}

/// A key that tasks could read would prove nothing.
fn chain_of_trust(context: &WorkerContext) -> Result<(), PayloadError> {
    const FIELD: &str = "/features/chainOfTrust";
    at_level(context, IsolationLevel::User, FIELD)?;
    if context.settings.signing_key.is_none() {
        let message = "needs a worker with a key to sign with (--ed25519-key-file), and this one has none";
        return Err(PayloadError::one(FIELD, message));
    }
    Ok(())
}

fn os_groups(context: &WorkerContext, claim: &Claim, payload: &Payload) -> Result<Vec<Group>, PayloadError> {
    const FIELD: &str = "/osGroups";
    if payload.os_groups.is_empty() {
        return Ok(Vec::new());
    }
    at_level(context, IsolationLevel::User, FIELD)?;
    let pool = &context.settings.task_queue_id;
    for name in &payload.os_groups {
        let needed = format!("generic-worker:os-group:{pool}/{name}");
        if !claim.task.scopes.iter().any(|scope| covers(scope, &needed)) {
            let message = format!("the group `{name}` takes a scope: add `{needed}` to the task's `scopes`");
            return Err(PayloadError::one(FIELD, message));
        }
    }
    find_groups(&payload.os_groups).map_err(|error| PayloadError::one(FIELD, error))
}

fn at_level(context: &WorkerContext, least: IsolationLevel, field: &str) -> Result<(), PayloadError> {
    let level = context.isolation.level();
    if level >= least {
        return Ok(());
    }
    let message = format!("needs a worker of isolation level `{least}`, and this one has `{level}`");
    Err(PayloadError::one(field, message))
}
