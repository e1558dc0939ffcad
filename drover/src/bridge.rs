//! The parts of the Buildbot bridge, one set for each master of the settings.

use std::sync::Arc;

use ::bridge::{
    Bridge, BridgeParts, DriverKind, Identity, MasterParts, MasterSettings,
    buildbot::BuildbotMaster,
    classic::{ClassicLogs, ClassicMaster},
    copier::Copier,
    driver::{DriverError, MasterDriver},
    logs::LogCopier,
};
use actors::{artifacts::Artifacts, auth::Auth, kit::Child, queue::Queue};
use bus::Bus;

use crate::{
    exit::{Exit, Failure},
    ground::Ground,
    role::Role,
    roles::Plan,
};

/// None, where this process does not run the bridge or there are no masters. The listeners come first, and are to be started
/// before the relay.
pub(crate) fn parts(
    plan: &Plan,
    bus: &Arc<dyn Bus>,
    (queue, artifacts, auth): (&Queue, &Artifacts, &Auth),
) -> Result<(Vec<Child>, Vec<Child>), Failure> {
    let settings = &plan.settings.bridge;
    if settings.masters.is_empty() || !plan.roles.contains(&Role::Bridge) {
        return Ok((Vec::new(), Vec::new()));
    }
    let Ground { clock, entropy } = plan.ground.clone();
    let masters: Result<Vec<MasterParts>, Failure> =
        settings.masters.iter().map(|master| open(master.clone(), &plan.ground)).collect();
    let id = &settings.client_id;
    let bridge = Bridge {
        queue: queue.clone(),
        artifacts: artifacts.clone(),
        auth: auth.clone(),
        identity: if id.is_empty() { Identity::Own } else { Identity::Client(id.clone()) },
        db: plan.db.clone(),
        bus: bus.clone(),
        exchange_names: plan.exchange_names.clone(),
        clock,
        entropy: entropy.branch("bridge"),
        keep: settings.keep,
    };
    let parts = bridge.parts(masters?).map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    let BridgeParts { listeners, others } = parts;
    Ok((listeners, others))
}

/// The way to a master. Nothing is sent yet.
fn open(settings: MasterSettings, ground: &Ground) -> Result<MasterParts, Failure> {
    let bad = |error: DriverError| {
        let words = format!("the setting `bridge.masters`, master `{}`: {error}", settings.name);
        Failure::new(Exit::Usage, words)
    };
    let clock = ground.clock.clone();
    let (driver, logs): (Arc<dyn MasterDriver>, Arc<dyn LogCopier>) = match settings.driver {
        DriverKind::Rest => {
            let entropy = ground.entropy.branch("buildbot");
            let master = Arc::new(BuildbotMaster::new(&settings, clock, entropy).map_err(bad)?);
            (master.clone(), Arc::new(Copier::start(master)))
        }
        DriverKind::Classic => {
            let entropy = ground.entropy.branch("classic");
            let master = Arc::new(ClassicMaster::new(&settings, clock, entropy).map_err(bad)?);
            (master.clone(), Arc::new(ClassicLogs(master)))
        }
    };
    Ok(MasterParts { settings, driver, logs })
}
