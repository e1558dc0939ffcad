//! Trying with a real process what the isolation of tasks needs.

use std::{
    io,
    path::Path,
    process::{Command, Stdio},
};

use super::{Confinement, Isolation, IsolationError};

/// The name of the control group that is tried.
const NAME: &str = "probe";

impl Isolation {
    /// A control group that cannot be entered is not used. A user that tasks cannot run as is an error.
    pub(super) async fn probe(&mut self, directory: &Path) -> Result<(), IsolationError> {
        if let Some(groups) = &self.groups {
            let entered = match groups.create(NAME) {
                Ok(group) => run(&Confinement::new(None, Some(group)), Path::new("/")).await,
                Err(error) => Err(error),
            };
            if let Err(error) = entered {
                tracing::debug!(%error, "control groups are not used");
                self.groups = None;
            }
        }
        let Some(uids) = &self.uids else { return Ok(()) };
        let failed = |uid, source| IsolationError::Probe { uid, directory: directory.display().to_string(), source };
        let user = uids.take().await.map_err(|error| failed(0, error))?;
        let uid = user.uid;
        run(&Confinement::new(Some(user), None), directory).await.map_err(|error| failed(uid, error))
    }
}

async fn run(confinement: &Confinement, directory: &Path) -> io::Result<()> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", ":"]).env_clear().current_dir(directory);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    confinement.apply(&mut command)?;
    let status = tokio::process::Command::from(command).kill_on_drop(true).status().await?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("it ended with {status}"))) }
}
