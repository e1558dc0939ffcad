//! A worker that a provisioner on the same machine has started: who it is stands in the directory that was made for it.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::json;

use super::MachineIdentity;

const USER_DATA: &str = "user-data.json";
const SECRET: &str = "secret";
const PID: &str = "pid";
/// The permission bits of everybody but the owner.
const OTHERS: u32 = 0o077;

/// The directory of a machine.
#[derive(Debug, Clone)]
pub struct LocalMachine(PathBuf);

#[derive(Debug, thiserror::Error)]
pub enum LocalIdentityError {
    #[error("the file {0} of this machine cannot be read")]
    File(PathBuf, #[source] io::Error),
    #[error("the file {0} of this machine is not as a provisioner writes it")]
    Unreadable(PathBuf, #[source] serde_json::Error),
    #[error("others than its owner may read {0} (run `chmod 600`)")]
    Open(PathBuf),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserData {
    root_url: String,
    worker_pool_id: String,
    provider_id: String,
    worker_group: String,
    worker_id: String,
}

impl LocalMachine {
    pub fn new(directory: PathBuf) -> Self {
        Self(directory)
    }

    /// Where its tasks and caches are.
    pub fn work_dir(&self) -> PathBuf {
        self.0.join("work")
    }

    /// Leaves the process id for the provisioner, which may have ended before it could.
    pub fn identity(&self) -> Result<MachineIdentity, LocalIdentityError> {
        let (pid, part) = (self.0.join(PID), self.0.join("pid.worker"));
        let written = fs::write(&part, std::process::id().to_string()).and_then(|()| fs::rename(&part, &pid));
        written.map_err(|error| LocalIdentityError::File(pid, error))?;
        let place = self.0.join(USER_DATA);
        let text = read(&place)?;
        let data: UserData =
            serde_json::from_str(&text).map_err(|error| LocalIdentityError::Unreadable(place, error))?;
        let secret = read(&self.0.join(SECRET))?;
        Ok(MachineIdentity {
            root_url: data.root_url,
            worker_pool_id: data.worker_pool_id,
            provider_id: data.provider_id,
            worker_group: data.worker_group,
            worker_id: data.worker_id,
            proof: json!({ "staticSecret": secret }),
        })
    }

    /// The secret was good once.
    pub fn registered(&self) {
        if let Err(error) = fs::remove_file(self.0.join(SECRET)) {
            tracing::warn!(%error, "the used secret of this machine cannot be removed");
        }
    }
}

fn read(place: &Path) -> Result<String, LocalIdentityError> {
    let failed = |error| LocalIdentityError::File(place.to_owned(), error);
    if fs::metadata(place).map_err(failed)?.mode() & OTHERS != 0 {
        return Err(LocalIdentityError::Open(place.to_owned()));
    }
    fs::read_to_string(place).map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn write(place: &Path, text: &str, mode: u32) {
        fs::write(place, text).unwrap();
        fs::set_permissions(place, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_machine_knows_itself_by_its_directory() {
        let directory = tempfile::tempdir().unwrap();
        let data = json!({
            "rootUrl": "http://r", "workerPoolId": "p/w", "providerId": "local", "workerGroup": "local", "workerId": "m-0",
            "workerConfig": {}, "launchConfigId": "lc",
        });
        write(&directory.path().join(USER_DATA), &data.to_string(), 0o600);
        let machine = LocalMachine::new(directory.path().to_owned());
        assert!(machine.identity().unwrap_err().to_string().contains("secret"));

        write(&directory.path().join(SECRET), "s3cret", 0o644);
        assert!(machine.identity().unwrap_err().to_string().contains("chmod 600"));

        write(&directory.path().join(SECRET), "s3cret", 0o600);
        let identity = machine.identity().unwrap();
        assert_eq!((identity.worker_pool_id.as_str(), identity.worker_id.as_str()), ("p/w", "m-0"));
        assert_eq!(identity.proof, json!({ "staticSecret": "s3cret" }));
        assert_eq!(fs::read_to_string(directory.path().join(PID)).unwrap(), std::process::id().to_string());
        machine.registered();
        assert!(!directory.path().join(SECRET).exists());
    }
}
