//! The parts of the Buildbot bridge, one set for each master of the settings.

use std::sync::Arc;

use ::bridge::{
    Bridge, BridgeParts, DriverKind, Identity, MasterParts, MasterSettings,
    buildbot::BuildbotMaster,
    copier::Copier,
    driver::{DriverError, MasterDriver},
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
        exchange_names: plan.settings.relay.exchange_names.clone(),
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
    let words = |error: &str| format!("the setting `bridge.masters`, master `{}`: {error}", settings.name);
    let driver: Arc<dyn MasterDriver> = match settings.driver {
        DriverKind::Rest => {
            let opened = BuildbotMaster::new(&settings, ground.clock.clone(), ground.entropy.branch("buildbot"));
            let opened = opened.map_err(|error: DriverError| Failure::new(Exit::Usage, words(&error.to_string())))?;
            Arc::new(opened)
        }
        DriverKind::Classic => return Err(Failure::new(Exit::Usage, words("`driver`: `classic` is not built in"))),
    };
    let logs = Arc::new(Copier::start(driver.clone()));
    Ok(MasterParts { settings, driver, logs })
}
