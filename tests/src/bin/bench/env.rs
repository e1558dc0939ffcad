//! A running Drover, of one process or of many, as the load sees it.

use std::{sync::Arc, time::Duration};

use base::Rng;

use crate::{
    client::{Credentials, ServerAddress},
    database::Database,
    error::Result,
    usage::cpu,
    work::Session,
};

pub(crate) struct TestEnv {
    pub(crate) processes: Vec<u32>,
    /// The message broker, if what it takes is to be counted.
    pub(crate) broker: Option<u32>,
    pub(crate) database: Database,
    pub(crate) rng: Rng,
    server: Arc<ServerAddress>,
    who: Arc<Credentials>,
}

impl TestEnv {
    pub(crate) fn new(root_url: &str, root: Credentials, processes: Vec<u32>, database: Database) -> Result<Self> {
        let rng = Rng::system();
        let server = Arc::new(ServerAddress::of(root_url, &rng)?);
        Ok(Self { processes, broker: None, database, rng, server, who: Arc::new(root) })
    }

    /// The same installation, for another client.
    pub(crate) fn with(&self, who: Credentials) -> Self {
        let Self { processes, broker, database, rng, server, .. } = self;
        Self {
            processes: processes.clone(),
            broker: *broker,
            database: database.clone(),
            rng: rng.clone(),
            server: Arc::clone(server),
            who: Arc::new(who),
        }
    }

    /// A new connection.
    pub(crate) async fn session(&self) -> Result<Session> {
        Session::open(&self.server, &self.who).await
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
