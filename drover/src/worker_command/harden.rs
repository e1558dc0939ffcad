//! What the worker's own process shows to others: nothing that is worth taking.

use std::{
    env,
    ffi::OsString,
    io::{self, Write},
    os::{fd::AsRawFd, unix::process::CommandExt},
    process::Command,
};

use base::environment;
use rustix::{
    fs::Mode,
    io::{FdFlags, fcntl_setfd},
    process::{DumpableBehavior, set_dumpable_behavior, umask},
};
use worker::client::Credentials;

use crate::exit::{CliError, Exit};

/// Variables with credentials.
const SECRET_VARIABLES: [&str; 3] = ["TASKCLUSTER_CLIENT_ID", "TASKCLUSTER_ACCESS_TOKEN", "TASKCLUSTER_CERTIFICATE"];
/// Settings that a worker reads; all others are for servers, and some of those are secret.
const SETTINGS_OF_WORKERS: [&str; 2] = ["DROVER__TELEMETRY__", "DROVER__DEV__"];
/// Flags with credentials; each takes a value.
const SECRET_FLAGS: [&str; 3] = ["--client-id", "--access-token", "--certificate"];
/// What a pipe holds on every system without anybody reading.
const PIPE_CAPACITY: usize = 64 * 1024;

/// Lets no other process of the same user look into this one, and nobody else into the files that it makes.
pub(super) fn protect() -> Result<(), CliError> {
    umask(Mode::from_raw_mode(0o077));
    let failed = |error| CliError::new(Exit::Failed, format!("the worker cannot protect its own process: {error}"));
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(failed)
}

/// Whether environment or command line hold what a task must not find there.
pub(super) fn shows_secrets() -> bool {
    environment::names().any(|name| is_secret(&name)) || env::args().any(|argument| secret_flag(&argument).is_some())
}

/// Starts this program once more in the same process, with the credentials in a pipe. It only comes back with an error:
/// what the kernel shows of the environment of a process cannot be changed otherwise.
pub(super) fn restart(credentials: &Credentials) -> CliError {
    let failed = |error| CliError::new(Exit::Failed, format!("the worker cannot hide its credentials: {error}"));
    let pipe = match pipe_with(credentials) {
        Ok(pipe) => pipe,
        Err(error) => return failed(error),
    };
    let mut command = Command::new("/proc/self/exe");
    command.args(without_secrets(env::args_os().skip(1)));
    command.arg("--credentials-fd").arg(pipe.as_raw_fd().to_string());
    for name in environment::names().filter(|name| is_secret(name)) {
        command.env_remove(name);
    }
    if let Some(name) = env::args_os().next() {
        command.arg0(name);
    }
    failed(command.exec())
}

/// The reading end, which the program that is started next inherits.
fn pipe_with(credentials: &Credentials) -> io::Result<io::PipeReader> {
    let text = serde_json::to_vec(credentials)?;
    if text.len() > PIPE_CAPACITY {
        return Err(io::Error::other("they are longer than a pipe holds"));
    }
    let (reader, mut writer) = io::pipe()?;
    writer.write_all(&text)?;
    fcntl_setfd(&reader, FdFlags::empty())?;
    Ok(reader)
}

fn is_secret(name: &str) -> bool {
    let is_server_setting = name.starts_with("DROVER__") && !SETTINGS_OF_WORKERS.iter().any(|it| name.starts_with(it));
    is_server_setting || SECRET_VARIABLES.contains(&name)
}

/// The flag, and whether its value is the next argument.
fn secret_flag(argument: &str) -> Option<bool> {
    let (flag, is_next) = argument.split_once('=').map_or((argument, true), |(flag, _)| (flag, false));
    SECRET_FLAGS.contains(&flag).then_some(is_next)
}

fn without_secrets(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let (mut kept, mut skip) = (Vec::new(), false);
    for argument in arguments {
        if std::mem::take(&mut skip) {
            continue;
        }
        match argument.to_str().and_then(secret_flag) {
            Some(is_next) => skip = is_next,
            None => kept.push(argument),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_flags_go_with_their_values() {
        let given = ["worker", "--access-token", "a", "--client-id=b", "--capacity", "2", "--certificate", "{}"];
        let kept = without_secrets(given.map(OsString::from).into_iter());
        assert_eq!(kept, ["worker", "--capacity", "2"]);
    }

    #[test]
    fn settings_of_servers_are_secrets_and_those_of_workers_are_not() {
        for name in ["TASKCLUSTER_ACCESS_TOKEN", "DROVER__AUTH__ROOT_CREDENTIALS", "DROVER__DATABASE__URL"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["PATH", "TASKCLUSTER_ROOT_URL", "DROVER__TELEMETRY__LOG", "DROVER__DEV__TASK_VARIABLES"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
