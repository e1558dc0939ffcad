//! A running Drover, of one process or of many, as the load sees it.

use std::{sync::Arc, time::Duration};

use base::Entropy;

use crate::{
    client::{Credentials, Door},
    database::Database,
    failure::Result,
    usage::cpu,
    work::Session,
};

pub(crate) struct House {
    pub(crate) processes: Vec<u32>,
    pub(crate) database: Database,
    pub(crate) entropy: Entropy,
    door: Arc<Door>,
    who: Arc<Credentials>,
}

impl House {
    pub(crate) fn new(root_url: &str, root: Credentials, processes: Vec<u32>, database: Database) -> Result<Self> {
        let entropy = Entropy::system();
        let door = Arc::new(Door::of(root_url, &entropy)?);
        Ok(Self { processes, database, entropy, door, who: Arc::new(root) })
    }

    /// The same house, for somebody else.
    pub(crate) fn with(&self, who: Credentials) -> Self {
        let Self { processes, database, entropy, door, .. } = self;
        Self {
            processes: processes.clone(),
            database: database.clone(),
            entropy: entropy.clone(),
            door: Arc::clone(door),
            who: Arc::new(who),
        }
    }

    /// A new connection.
    pub(crate) async fn session(&self) -> Result<Session> {
        Session::open(&self.door, &self.who).await
    }

    /// So many new connections.
    pub(crate) async fn sessions(&self, count: usize) -> Result<Vec<Session>> {
        let mut sessions = Vec::with_capacity(count);
        for _ in 0..count {
            sessions.push(self.session().await?);
        }
        Ok(sessions)
    }

    /// CPU time of all its processes.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        self.processes.iter().map(|process| cpu(*process)).sum()
    }
}
