//! Machines that nobody counts on.

use db::{Db, DbError, provisioner::MachineRow};

use crate::{
    provider::{MachineState, Seen},
    shared::ProviderHandle,
};

/// Those of a region's machines that belong to a launch of this deployment, can be ended, and have no worker that uses them.
pub(crate) async fn find(
    db: &Db,
    provider: &ProviderHandle,
    deployment: &str,
    machines: Vec<Seen>,
) -> Result<Vec<Seen>, DbError> {
    let is_candidate = |machine: &Seen| machine.launch.is_some() && can_be_ended(machine, provider);
    let candidates: Vec<Seen> =
        machines.into_iter().filter(|machine| is_of(machine, deployment) && is_candidate(machine)).collect();
    let row = |machine: &Seen| Some(MachineRow { id: machine.id.clone(), launch: machine.launch? });
    let rows: Vec<MachineRow> = candidates.iter().filter_map(row).collect();
    let orphans = if rows.is_empty() { Vec::new() } else { db.provision_orphans(&rows).await? };
    Ok(candidates.into_iter().filter(|machine| orphans.contains(&machine.id)).collect())
}

pub(crate) fn is_of(machine: &Seen, deployment: &str) -> bool {
    machine.deployment.as_deref() == Some(deployment)
}

fn can_be_ended(machine: &Seen, provider: &ProviderHandle) -> bool {
    match machine.state {
        MachineState::Running => true,
        MachineState::Ended => provider.driver.keeps_ended(),
        MachineState::Stopping => false,
    }
}
