//! A launch on disk. Its directory appears whole, by a rename: a launch that was interrupted before left nothing.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use base::Rng;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::machine::{MachineDir, make_directory};
use crate::provider::{Launch, LaunchId, Machine, MachineState, Seen};

/// Where all machines of a local provider are.
pub const REGION: &str = "local";
const RECORD: &str = "launch.json";
/// How long a launch stays after its machines have ended.
const KEEP: TimeDelta = TimeDelta::hours(1);
/// Of a secret, in bytes: 44 letters, as the API has it.
const SECRET: usize = 22;

#[derive(Serialize, Deserialize)]
pub(super) struct LaunchRecord {
    id: LaunchId,
    created: DateTime<Utc>,
    deployment: Option<String>,
    machines: Vec<MachineRecord>,
}

#[derive(Serialize, Deserialize)]
struct MachineRecord {
    id: String,
    secret_sha256: String,
}

impl LaunchRecord {
    /// The record of a launch, made where there is none yet.
    pub(super) fn create(directory: &Path, launch: &Launch, now: DateTime<Utc>, rng: &Rng) -> io::Result<Self> {
        let name = launch.id.to_string();
        if let Some(record) = Self::read(directory, &name)? {
            return Ok(record);
        }
        // Of this attempt alone: another process may be at the same launch.
        let draft = directory.join(format!("{name}.{:016x}", rng.number()));
        make_directory(&draft, 0o711)?;
        let mut record = Self {
            id: launch.id,
            created: now,
            deployment: launch.tags.get("drover-deployment").cloned(),
            machines: Vec::new(),
        };
        for number in 0..launch.instances {
            record.machines.push(prepare(&draft, launch, number, rng)?);
        }
        fs::write(draft.join(RECORD), serde_json::to_vec(&record)?)?;
        let renamed = fs::rename(&draft, directory.join(&name));
        if renamed.is_err() {
            fs::remove_dir_all(&draft)?;
        }
        // Whoever came first has made it.
        Self::read(directory, &name)?.map_or_else(|| Err(io::Error::other("the launch cannot be recorded")), Ok)
    }

    pub(super) fn read(directory: &Path, name: &str) -> io::Result<Option<Self>> {
        match fs::read(directory.join(name).join(RECORD)) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn machines(&self, directory: &Path) -> Vec<MachineDir> {
        self.machines.iter().map(|machine| MachineDir::new(self.directory(directory).join(&machine.id))).collect()
    }

    /// As worker rows are written from it.
    pub(super) fn found(&self) -> Vec<Machine> {
        let found = |machine: &MachineRecord| Machine {
            group: REGION.to_owned(),
            id: machine.id.clone(),
            data: json!({ "secretSha256": machine.secret_sha256 }),
        };
        self.machines.iter().map(found).collect()
    }

    pub(super) fn seen(&self, directory: &Path) -> Vec<Seen> {
        let seen = |(machine, place): (&MachineRecord, MachineDir)| Seen {
            id: machine.id.clone(),
            state: place.state(),
            created: self.created,
            launch: Some(self.id),
            deployment: self.deployment.clone(),
        };
        self.machines.iter().zip(self.machines(directory)).map(seen).collect()
    }

    /// Machines that were asked to end long ago.
    pub(super) fn kill_overdue(&self, directory: &Path, now: DateTime<Utc>) {
        for machine in self.machines(directory) {
            if let Err(error) = machine.kill_overdue(now) {
                tracing::warn!(launch.id = %self.id, %error, "a machine that does not end cannot be killed");
            }
        }
    }

    /// Nobody asks for machines that ended long ago.
    pub(super) fn remove_when_old(&self, directory: &Path, now: DateTime<Utc>) -> io::Result<()> {
        let has_ended = |machine: &MachineDir| machine.state() == MachineState::Ended;
        if now - self.created > KEEP && self.machines(directory).iter().all(has_ended) {
            fs::remove_dir_all(self.directory(directory))?;
        }
        Ok(())
    }

    fn directory(&self, directory: &Path) -> PathBuf {
        directory.join(self.id.to_string())
    }
}

/// The launches in a directory, without those that are being made.
pub(super) fn launches(directory: &Path) -> io::Result<Vec<LaunchRecord>> {
    let mut launches = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let Some(name) = name.to_str().filter(|name| LaunchId::parse_str(name).is_ok()) else { continue };
        match LaunchRecord::read(directory, name) {
            Ok(launch) => launches.extend(launch),
            Err(error) => tracing::warn!(launch.id = name, %error, "the record of a launch cannot be read"),
        }
    }
    Ok(launches)
}

/// A machine by its id, which begins with that of its launch.
pub(super) fn machine(directory: &Path, id: &str) -> Option<MachineDir> {
    let launch = LaunchId::parse_str(id.split_once('-')?.0).ok()?;
    let record = LaunchRecord::read(directory, &launch.to_string()).ok()??;
    record
        .machines
        .iter()
        .any(|machine| machine.id == id)
        .then(|| MachineDir::new(record.directory(directory).join(id)))
}

fn prepare(draft: &Path, launch: &Launch, number: u32, rng: &Rng) -> io::Result<MachineRecord> {
    let id = format!("{}-{number}", launch.id.simple());
    let secret = hex::encode(rng.bytes::<SECRET>());
    let mut user_data = serde_json::to_value(&launch.user_data)?;
    user_data["workerGroup"] = json!(REGION);
    user_data["workerId"] = json!(id);
    MachineDir::new(draft.join(&id)).prepare(&user_data, &secret)?;
    let secret_sha256 = hex::encode(Sha256::digest(secret.as_bytes()));
    Ok(MachineRecord { id, secret_sha256 })
}
