//! How the parts of the house are wired, for the roles a process runs.

use std::{collections::BTreeSet, path::PathBuf};

use db::Db;

use crate::{credentials::Credentials, exit::Failure, ground::Ground, role::Role, settings::DroverSettings};

/// What a process is to run, and with what.
pub(crate) struct Plan {
    pub(crate) roles: BTreeSet<Role>,
    pub(crate) settings: DroverSettings,
    pub(crate) credentials: Credentials,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) db: Db,
    pub(crate) ground: Ground,
}

/// The running parts.
pub(crate) struct House {
    root_url: String,
    db: Db,
}

impl House {
    pub(crate) async fn start(plan: Plan) -> Result<Self, Failure> {
        Ok(Self { root_url: format!("http://{}", plan.settings.listen), db: plan.db })
    }

    /// Where clients reach it.
    pub(crate) fn root_url(&self) -> &str {
        &self.root_url
    }

    /// From the door inwards: first nobody comes in any more, then what is under way is finished.
    pub(crate) async fn stop(self) {
        self.db.close().await;
    }
}
