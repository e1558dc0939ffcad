//! The master a command is about, and the connection to it.

use base::{Secret, environment};
use bridge::{
    BridgeSettings, DriverKind, MasterSettings,
    buildbot::BuildbotMaster,
    classic::ClassicMaster,
    driver::{DriverError, MasterDriver},
};
use clap::Args;

use crate::{
    exit::{CliError, Exit},
    global::Global,
    system_context::SystemContext,
};

/// Not a flag: everybody on the machine can read command lines.
const PASSWORD: &str = "DROVER_BRIDGE_PASSWORD";

#[derive(Debug, Args)]
pub(crate) struct MasterArgs {
    /// A master of the settings, by its name, or any other by its URL. Without it, all masters of the settings.
    #[arg(long, value_name = "NAME|URL")]
    pub(super) master: Option<String>,
    #[command(flatten)]
    login: LoginArgs,
}

/// For a master that is not in the settings.
#[derive(Debug, Clone, Args)]
pub(crate) struct LoginArgs {
    /// The user that the master knows Drover as, for a master given by its URL. Its password is read from the variable
    /// `DROVER_BRIDGE_PASSWORD`.
    #[arg(long, value_name = "USER")]
    pub(super) user: Option<String>,
    /// The scheduler that makes builds, for a master given by its URL.
    #[arg(long, value_name = "NAME", default_value = "drover")]
    pub(super) scheduler: String,
}

/// A master to connect to.
#[derive(Debug)]
pub(crate) struct Master(pub(super) MasterSettings);

/// A connection, by the kind of the master.
pub(super) enum Connection {
    Rest(BuildbotMaster),
    Classic(ClassicMaster),
}

impl Connection {
    pub(super) fn driver(&self) -> &dyn MasterDriver {
        match self {
            Self::Rest(master) => master,
            Self::Classic(master) => master,
        }
    }
}

impl MasterArgs {
    pub(super) fn masters(&self, global: &Global) -> Result<Vec<Master>, CliError> {
        if let Some(url) = self.master.as_deref().filter(|master| master.contains("://")) {
            return Ok(vec![Master::at(url, "", &self.login)?]);
        }
        let masters = global.load(&[])?.section::<BridgeSettings>().masters.clone();
        let known: Vec<String> = masters.iter().map(|master| master.name.clone()).collect();
        let wanted = masters.into_iter().filter(|one| self.master.as_ref().is_none_or(|name| *name == one.name));
        let chosen: Vec<Master> = wanted.map(Master).collect();
        match (&self.master, chosen.is_empty()) {
            (_, false) => Ok(chosen),
            (None, true) => Err(CliError::new(
                Exit::Usage,
                "the setting `bridge.masters` names no master; give one with --master URL, or see `drover bridge init`",
            )),
            (Some(name), true) => Err(CliError::new(
                Exit::Usage,
                format!("there is no master `{name}` in the setting `bridge.masters`; it has: {}", known.join(", ")),
            )),
        }
    }
}

impl Master {
    /// A master that is not in the settings.
    pub(super) fn at(url: &str, name: &str, login: &LoginArgs) -> Result<Self, CliError> {
        let password = environment::variable(PASSWORD).unwrap_or_default();
        let user = login.user.clone().unwrap_or_default();
        if !user.is_empty() && password.is_empty() {
            let message = format!("--user needs a password: set the variable {PASSWORD}");
            return Err(CliError::new(Exit::Usage, message));
        }
        Ok(Self(MasterSettings {
            name: name.to_owned(),
            url: url.to_owned(),
            user,
            password: Secret::from(password),
            scheduler: login.scheduler.clone(),
            ..MasterSettings::default()
        }))
    }

    /// Name and address, for messages.
    pub(super) fn shown(&self) -> String {
        let MasterSettings { name, url, .. } = &self.0;
        if name.is_empty() { url.clone() } else { format!("{name} ({url})") }
    }

    /// Connects to a master of any kind.
    pub(super) fn connect(&self, system: &SystemContext) -> Result<Connection, CliError> {
        Ok(match self.0.driver {
            DriverKind::Rest => Connection::Rest(self.connect_rest(system)?),
            DriverKind::Classic => {
                let (clock, rng) = (system.clock.clone(), system.rng.branch("bridge"));
                Connection::Classic(ClassicMaster::new(&self.0, clock, rng).map_err(|error| self.failed(&error))?)
            }
        })
    }

    /// Connects to a master with a REST API.
    pub(super) fn connect_rest(&self, system: &SystemContext) -> Result<BuildbotMaster, CliError> {
        if self.0.driver != DriverKind::Rest {
            let message = format!("master {} is of Buildbot 0.8, which does not list its schedulers", self.shown());
            return Err(CliError::new(Exit::Usage, message));
        }
        let (clock, rng) = (system.clock.clone(), system.rng.branch("bridge"));
        BuildbotMaster::new(&self.0, clock, rng).map_err(|error| self.failed(&error))
    }

    pub(super) fn failed(&self, error: &DriverError) -> CliError {
        let exit = match error {
            DriverError::Unavailable(_) | DriverError::InvalidResponse(_) => Exit::Unreachable,
            DriverError::Auth(_) | DriverError::NotFound(_) => Exit::Refused,
            DriverError::Refused(_) | DriverError::Setting(_) => Exit::Usage,
        };
        CliError::new(exit, format!("master {}: {error}", self.shown()))
    }
}
