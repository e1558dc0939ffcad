//! The HTTP client of commands.

use base::Secret;
use clap::Args;
use protocol::{
    explain::Explanation,
    id::{IdPrefix, TaskGroupId, TaskId},
    state::Requires,
    status::TaskStatus,
    treeherder::PushRow,
};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use worker::client::{Client, ClientError, Credentials};

use crate::{
    exit::{CliError, Exit},
    global::revealed,
    system_context::SystemContext,
};

/// The server and the credentials. The variables are those of every Taskcluster client.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Server")]
pub(crate) struct ServerArgs {
    /// The root URL of the server.
    #[arg(long, value_name = "URL", env = "TASKCLUSTER_ROOT_URL")]
    root_url: Option<String>,
    /// The client id; without it, requests are anonymous.
    #[arg(long, value_name = "CLIENT_ID", env = "TASKCLUSTER_CLIENT_ID")]
    client_id: Option<String>,
    /// The access token of the client. Others can read command lines: the variable is safer.
    #[arg(long, value_name = "TOKEN", env = "TASKCLUSTER_ACCESS_TOKEN", hide_env_values = true)]
    access_token: Option<Secret>,
    /// The certificate of temporary credentials.
    #[arg(long, value_name = "JSON", env = "TASKCLUSTER_CERTIFICATE", hide_env_values = true)]
    certificate: Option<String>,
    /// Inside a task: the proxy that signs with the task's credentials.
    #[arg(long, hide = true, env = "TASKCLUSTER_PROXY_URL")]
    proxy_url: Option<String>,
}

impl ServerArgs {
    /// The server where there are credentials; else the proxy, where there is one.
    pub(crate) fn root_url(&self) -> Result<String, CliError> {
        let proxy = given(self.proxy_url.as_ref()).filter(|_| given(self.client_id.as_ref()).is_none());
        proxy.or_else(|| given(self.root_url.as_ref())).ok_or_else(|| {
            CliError::new(Exit::Usage, "no server is named: give --root-url, or set TASKCLUSTER_ROOT_URL")
        })
    }

    /// The server, even where there is a proxy.
    pub(crate) fn direct_root_url(&self) -> Result<String, CliError> {
        given(self.root_url.as_ref()).map_or_else(|| self.root_url(), Ok)
    }

    pub(crate) fn credentials(&self) -> Result<Option<Credentials>, CliError> {
        match (given(self.client_id.as_ref()), given(revealed(self.access_token.as_ref()).as_ref())) {
            (Some(client_id), Some(access_token)) => {
                Ok(Some(Credentials { client_id, access_token, certificate: given(self.certificate.as_ref()) }))
            }
            (None, None) => Ok(None),
            _ => Err(CliError::new(Exit::Usage, "a client id and an access token must be given together")),
        }
    }

    /// Bypasses the proxy and sends no credentials: for signed URLs.
    pub(crate) fn connect_direct(&self, system: &SystemContext) -> Result<Server, CliError> {
        let (clock, rng) = (system.clock.clone(), system.rng.branch("direct"));
        Ok(Server(Client::new(&self.direct_root_url()?, None, clock, rng)?))
    }

    pub(crate) fn connect(&self, system: &SystemContext) -> Result<Server, CliError> {
        let (clock, rng) = (system.clock.clone(), system.rng.branch("client"));
        Ok(Server(Client::new(&self.root_url()?, self.credentials()?, clock, rng)?))
    }
}

/// An empty variable counts as not set.
fn given(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).cloned()
}

/// The API calls that commands need.
#[derive(Clone)]
pub(crate) struct Server(pub(crate) Client);

/// A task of a group, reduced to what is shown.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Listed {
    pub(crate) status: TaskStatus,
    pub(crate) task: ListedTask,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ListedTask {
    pub(crate) metadata: ListedMetadata,
    pub(crate) dependencies: Vec<TaskId>,
    pub(crate) requires: Requires,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ListedMetadata {
    pub(crate) name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FoundIds {
    pub(crate) task_ids: Vec<TaskId>,
    pub(crate) task_group_ids: Vec<TaskGroupId>,
}

type ClientResult<T> = Result<T, ClientError>;

impl Server {
    pub(crate) async fn definition(&self, task: TaskId) -> ClientResult<Value> {
        self.0.get(&format!("queue/v1/task/{task}")).await
    }

    pub(crate) async fn status(&self, task: TaskId) -> ClientResult<TaskStatus> {
        self.0.status(task).await
    }

    /// Ids that begin so, at most six of each kind.
    pub(crate) async fn find_ids(&self, prefix: &IdPrefix) -> ClientResult<FoundIds> {
        self.0.get(&format!("drover/v1/ids/{prefix}")).await
    }

    pub(crate) async fn explain(&self, task: TaskId) -> ClientResult<Explanation> {
        self.0.get(&format!("drover/v1/task/{task}/explain")).await
    }

    /// `cancel` or `rerun`.
    pub(crate) async fn act(&self, task: TaskId, verb: &str) -> ClientResult<TaskStatus> {
        #[derive(Deserialize)]
        struct Reply {
            status: TaskStatus,
        }
        let reply: Reply = self.0.call(Method::POST, &format!("queue/v1/task/{task}/{verb}"), None).await?;
        Ok(reply.status)
    }

    /// All tasks of a group, page by page.
    pub(crate) async fn group(&self, group: TaskGroupId) -> ClientResult<Vec<Listed>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Page {
            tasks: Vec<Listed>,
            continuation_token: Option<String>,
        }
        let (mut tasks, mut query) = (Vec::new(), String::new());
        loop {
            let page: Page = self.0.get(&format!("queue/v1/task-group/{group}/list{query}")).await?;
            tasks.extend(page.tasks);
            let Some(token) = page.continuation_token else { return Ok(tasks) };
            query = format!("?continuationToken={}", worker::client::segment(&token));
        }
    }

    /// Only a sealed group can be cancelled, so that no task is added meanwhile.
    pub(crate) async fn cancel_group(&self, group: TaskGroupId) -> ClientResult<Value> {
        let path = format!("queue/v1/task-group/{group}");
        self.0.call::<Value>(Method::POST, &format!("{path}/seal"), None).await?;
        self.0.call(Method::POST, &format!("{path}/cancel"), None).await
    }

    /// The jobs of a push.
    pub(crate) async fn push(&self, project: &str, revision: &str) -> ClientResult<PushRow> {
        let (project, revision) = (worker::client::segment(project), worker::client::segment(revision));
        self.0.get(&format!("drover/v1/push/{project}/{revision}")).await
    }

    /// Publishes the jobs of a push again.
    pub(crate) async fn replay_push(&self, project: &str, revision: &str) -> ClientResult<Value> {
        let (project, revision) = (worker::client::segment(project), worker::client::segment(revision));
        self.0.call(Method::POST, &format!("drover/v1/push/{project}/{revision}/replay"), None).await
    }

    /// Creates all of these tasks or none. Repeating it with the same key and tasks gives the same graph.
    pub(crate) async fn submit(&self, submit_key: &str, tasks: &[Value]) -> ClientResult<Value> {
        self.0.post("drover/v1/graph", &json!({ "submitKey": submit_key, "tasks": tasks })).await
    }
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> Self {
        let exit = match &error {
            ClientError::Refused { .. } => Exit::Refused,
            ClientError::Unreachable { .. } | ClientError::Broken { .. } | ClientError::Interrupted { .. } => {
                Exit::Unreachable
            }
            ClientError::BadUrl(_) | ClientError::BadCertificate(_) => Exit::Usage,
            _ => Exit::Failed,
        };
        Self::new(exit, error.in_full())
    }
}
