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
    exit::{CliError, Exit},
    role::Role,
    roles::Plan,
    system_context::SystemContext,
};

/// None, where this process does not run the bridge or there are no masters. The listeners come first, and are to be started
/// before the relay.
pub(crate) fn parts(
    plan: &Plan,
    bus: &Arc<dyn Bus>,
    (queue, artifacts, auth): (&Queue, &Artifacts, &Auth),
) -> Result<(Vec<Child>, Vec<Child>), CliError> {
    let settings = &plan.settings.bridge;
    if settings.masters.is_empty() || !plan.roles.contains(&Role::Bridge) {
        return Ok((Vec::new(), Vec::new()));
    }
    let SystemContext { clock, rng } = plan.system.clone();
    let masters: Result<Vec<MasterParts>, CliError> =
        settings.masters.iter().map(|master| open(master.clone(), &plan.system)).collect();
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
        rng: rng.branch("bridge"),
        keep: settings.keep,
    };
    let parts = bridge.parts(masters?).map_err(|error| CliError::new(Exit::Usage, error.to_string()))?;
    let BridgeParts { listeners, others } = parts;
    Ok((listeners, others))
}

/// The way to a master. Nothing is sent yet.
fn open(settings: MasterSettings, system: &SystemContext) -> Result<MasterParts, CliError> {
    let bad = |error: DriverError| {
        let words = format!("the setting `bridge.masters`, master `{}`: {error}", settings.name);
        CliError::new(Exit::Usage, words)
    };
    let clock = system.clock.clone();
    let (driver, logs): (Arc<dyn MasterDriver>, Arc<dyn LogCopier>) = match settings.driver {
        DriverKind::Rest => {
            let rng = system.rng.branch("buildbot");
            let master = Arc::new(BuildbotMaster::new(&settings, clock, rng).map_err(bad)?);
            (master.clone(), Arc::new(Copier::start(master)))
        }
        DriverKind::Classic => {
            let rng = system.rng.branch("classic");
            let master = Arc::new(ClassicMaster::new(&settings, clock, rng).map_err(bad)?);
            (master.clone(), Arc::new(ClassicLogs(master)))
        }
    };
    Ok(MasterParts { settings, driver, logs })
}
