//! The key of Chain of Trust: flags that name it, and the command that makes one.

use std::{
    fs::File,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use clap::Args;
use worker::{SigningKey, WorkerSettings};

use super::private_file::from_file;
use crate::{
    exit::{CliError, Exit},
    output::Output,
    system_context::SystemContext,
};

#[derive(Debug, Args)]
#[command(next_help_heading = "Chain of Trust")]
pub(crate) struct SigningKeyArgs {
    /// Sign what tasks with `features.chainOfTrust` make with the key of this file, in the form of generic-worker (`drover worker
    /// new-ed25519-key` makes one). Only its owner may be able to read it (mode 0600). Without it such tasks are refused.
    #[arg(long, value_name = "FILE", env = "DROVER_ED25519_KEY_FILE", hide_env_values = true)]
    ed25519_key_file: Option<PathBuf>,
    /// What these certificates give as the type of this machine.
    #[arg(long, value_name = "TYPE", env = "TASKCLUSTER_INSTANCE_TYPE", hide_env_values = true)]
    instance_type: Option<String>,
}

impl SigningKeyArgs {
    /// The key is read here, once; its file is hidden from tasks.
    pub(super) fn apply(&self, settings: &mut WorkerSettings) -> Result<(), CliError> {
        settings.machine.instance_type.clone_from(&self.instance_type);
        let Some(path) = &self.ed25519_key_file else { return Ok(()) };
        let key = read(path).map_err(|error| {
            CliError::new(Exit::Usage, format!("the key in {} cannot be used: {error}", path.display()))
        })?;
        tracing::info!(trust.public_key = key.public_key(), "artifacts of tasks with chainOfTrust are signed");
        settings.signing_key = Some(key);
        // Also where it is a link: what tasks may read are folders, in which the file has its own name.
        settings.isolation.hidden_paths.push(whole_path(path)?);
        Ok(())
    }
}

/// Where a file is whatever links lead to it, which is how a sandbox can hide it.
pub(super) fn whole_path(path: &Path) -> Result<PathBuf, CliError> {
    let cannot = |error| CliError::new(Exit::Usage, format!("{} cannot be hidden from tasks: {error}", path.display()));
    path.canonicalize().map_err(cannot)
}

fn read(path: &Path) -> io::Result<SigningKey> {
    SigningKey::from_base64(&from_file(path)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Flags of `drover worker new-ed25519-key`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  drover worker new-ed25519-key /etc/drover/worker-key
  drover worker new-ed25519-key worker-key >worker-key.public

Prints the public key, for `ed25519_public_keys` of scriptworker.")]
pub(crate) struct NewKeyArgs {
    /// Where the key is written, readable for its owner only. A file that exists is left as it is.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn create(args: &NewKeyArgs, system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    let failed = |error: io::Error| {
        CliError::new(Exit::Failed, format!("no key was written to {}: {error}", args.file.display()))
    };
    let (key, text) =
        SigningKey::generate(&system.rng.branch("key")).map_err(|error| failed(io::Error::other(error)))?;
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&args.file).map_err(failed)?;
    file.write_all(format!("{text}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    let public = key.public_key();
    output.either(&serde_json::json!({ "publicKey": public }), &public);
    Ok(Exit::Ok)
}
