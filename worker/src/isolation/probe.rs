//! Trying with a real process what the isolation of tasks needs.

use std::{
    fs, io,
    path::Path,
    process::{Command, Stdio},
};

use super::{Confinement, Isolation, IsolationError, IsolationLevel, Places, groups::Groups, sandboxed::is_refusal};

/// The name of the control group and of the directory that are tried.
const NAME: &str = "probe";

impl Isolation {
    /// Control groups that cannot be entered are not used. A sandbox that does not come up is an error. Answers which limits hold.
    pub(super) async fn probe(&mut self, directory: &Path) -> Result<Vec<&'static str>, IsolationError> {
        let entered = match self.groups.create(NAME, &self.limits) {
            Ok((groups, held)) => run(&Confinement::new(None, groups, Vec::new())).await.map(|()| held),
            Err(error) => Err(error),
        };
        let held = entered.unwrap_or_else(|error| {
            tracing::debug!(%error, "control groups are not used");
            self.groups = Groups::default();
            Vec::new()
        });
        if self.level == IsolationLevel::None {
            return Ok(held);
        }
        let confinement = self.for_run(NAME).await.map_err(IsolationError::Uid)?;
        let place = directory.join(NAME);
        let failed = |error| IsolationError::Directory(directory.display().to_string(), error);
        let places = Places { task: place.join("task"), tmp: place.join("tmp"), root: place.join("root") };
        for path in [&places.task, &places.tmp, &places.root] {
            fs::create_dir_all(path).map_err(failed)?;
        }
        let tried = self.set_up(&confinement, &places, &[]).await;
        let ended = confinement.end_all().await.map(drop);
        let _ = fs::remove_dir_all(&place);
        match tried.and(ended) {
            Err(error) if is_refusal(&error) => Err(IsolationError::probe(self.level, error)),
            result => result.map(|()| held).map_err(failed),
        }
    }
}

async fn run(confinement: &Confinement) -> io::Result<()> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", ":"]).env_clear().current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    confinement.apply(&mut command)?;
    let status = tokio::process::Command::from(command).kill_on_drop(true).status().await?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("it ended with {status}"))) }
}
