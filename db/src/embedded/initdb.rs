//! Creates the data of a new server.

use std::fs;
use std::process::Stdio;

use tokio::process::Command;

use super::binaries::Binaries;
use super::directory::{self, Directory};
use super::{EmbeddedError, spawn};

/// Creates the data beside their place and moves them there when they are complete, so that a start that was
/// killed half way leaves nothing that looks like data.
pub(super) async fn run(binaries: &Binaries, directory: &Directory) -> Result<(), EmbeddedError> {
    let fresh = directory.data.with_file_name("data.new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).map_err(EmbeddedError::at("removing", &fresh))?;
    }
    directory::private(&fresh, directory.identity.as_ref())?;
    let mut command = Command::new(binaries.program("initdb"));
    // Who may connect is said in `access`. The first checkpoint of the server syncs what initdb wrote.
    let access = ["--auth-local=peer", "--auth-host=reject"];
    command.args(["--locale=C", "-E", "UTF8", "--no-sync", "-U", "postgres"]).args(access).arg("-D").arg(&fresh);
    spawn::dependent(&mut command, directory.identity.as_ref());
    if let Some(libraries) = binaries.library_directory() {
        command.env("LD_LIBRARY_PATH", libraries);
    }
    let ran = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = ran.map_err(|error| EmbeddedError::io("running initdb", error))?;
    if !output.status.success() {
        let words = [output.stdout, output.stderr].concat();
        return Err(EmbeddedError::InitDb { output: String::from_utf8_lossy(&words).trim().to_owned() });
    }
    if directory.data.exists() {
        fs::remove_dir(&directory.data).map_err(EmbeddedError::at("replacing", &directory.data))?;
    }
    fs::rename(&fresh, &directory.data).map_err(EmbeddedError::at("moving into place", &directory.data))
}
