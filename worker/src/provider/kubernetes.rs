//! A worker in a pod: who it is stands in its environment, and the cluster signs a token that says so.

use std::{
    io,
    path::{Path, PathBuf},
};

use serde_json::json;

use super::{IdentityError, MachineIdentity, user_data::UserData};

/// Where the provisioner has the cluster put the token.
pub const TOKEN_FILE: &str = "/var/run/secrets/drover/token";
/// The variables that the provisioner puts into the pod.
pub const USER_DATA: &str = "DROVER_USER_DATA";

#[derive(Debug)]
pub struct Pod {
    token_file: PathBuf,
    user_data: Option<String>,
    name: Option<String>,
}

impl Pod {
    /// `user_data` and `name`: what the environment says.
    pub fn new(token_file: &Path, user_data: Option<String>, name: Option<String>) -> Self {
        Self { token_file: token_file.to_owned(), user_data, name }
    }

    pub fn identity(&self) -> Result<MachineIdentity, IdentityError> {
        let data = self.user_data.as_deref().ok_or(IdentityError::Missing("variable DROVER_USER_DATA"))?;
        let name = self.name.clone().ok_or(IdentityError::Missing("variable DROVER_WORKER_ID"))?;
        let failed = |error: io::Error| IdentityError::File(self.token_file.clone(), error);
        let token = std::fs::read_to_string(&self.token_file).map_err(failed)?;
        Ok(UserData::parse(data)?.identity(name, json!({ "token": token.trim() })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_knows_itself_by_its_environment_and_its_token() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("token");
        let data =
            json!({ "rootUrl": "http://r", "workerPoolId": "p/w", "providerId": "k8s", "workerGroup": "cluster" });
        let pod = |data: Option<String>| Pod::new(&file, data, Some("pod-1".to_owned()));
        assert!(pod(None).identity().unwrap_err().to_string().contains("DROVER_USER_DATA"));
        assert!(pod(Some(data.to_string())).identity().unwrap_err().to_string().contains("token"));
        std::fs::write(&file, "signed\n").unwrap();
        let identity = pod(Some(data.to_string())).identity().unwrap();
        assert_eq!((identity.worker_id.as_str(), identity.proof), ("pod-1", json!({ "token": "signed" })));
    }
}
