//! Who the workers of `drover dev` are, each with credentials of its own that are worth no more than it needs.

use actors::auth::{StaticClient, access_token};
use base::{Rng, Secret};
use protocol::{certificate::Credentials, id::WorkerName};

const GROUP: &str = "dev";

/// One worker as a client. The token is made anew at each start, and only the worker's process gets it.
#[derive(Debug)]
pub(crate) struct WorkerClient {
    number: u32,
    task_queue: String,
    token: Secret,
}

impl WorkerClient {
    /// One for each worker.
    pub(crate) fn make_all(workers: u32, task_queue: &str, rng: &Rng) -> Vec<Self> {
        let make = |number| Self { number, task_queue: task_queue.to_owned(), token: access_token(rng).into() };
        (1..=workers).map(make).collect()
    }

    pub(super) fn number(&self) -> u32 {
        self.number
    }

    pub(super) fn name(&self) -> WorkerName {
        WorkerName { worker_group: GROUP.to_owned(), worker_id: format!("worker-{}", self.number) }
    }

    fn client_id(&self) -> String {
        format!("static/drover/dev-worker-{}", self.number)
    }

    /// As the server has to know it. All else a worker does with the credentials of its tasks.
    pub(crate) fn registered(&self) -> StaticClient {
        let (queue, name) = (&self.task_queue, self.name());
        StaticClient {
            client_id: self.client_id(),
            access_token: self.token.clone(),
            description: format!("Worker {} of `drover dev`.", self.number),
            scopes: vec![
                format!("queue:claim-work:{queue}"),
                format!("queue:worker-id:{}/{}", name.worker_group, name.worker_id),
                format!("purge-cache:purge-requests::{queue}"),
                // To find out whether it has more than it needs.
                "auth:current-scopes".to_owned(),
            ],
        }
    }

    pub(super) fn credentials(&self) -> Credentials {
        Credentials { client_id: self.client_id(), access_token: self.token.reveal().to_owned(), certificate: None }
    }
}
