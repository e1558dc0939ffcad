//! What an operator can set about the bridge.

use base::{Secret, settings::ConfigDuration};
use protocol::state::ReasonResolved;
use serde::{Deserialize, Serialize};

base::settings! {
    /// Builds of Buildbot masters run as tasks.
    pub struct BridgeSettings {
        /// The masters: in TOML one `[[bridge.masters]]` for each. Empty: there is no bridge.
        pub masters: Vec<MasterSettings> = Vec::new() => MasterSettings,
        /// The client in whose name the bridge claims and resolves tasks. Its scopes are checked as for any client; for
        /// each master it needs `queue:claim-task:<task queue>`, `queue:worker-id:<master>/*` and `queue:cancel-task:*`.
        /// Empty: `drover dev` and `drover serve` use one of their own that may do just that.
        pub client_id: String = String::new(),
        /// How long a resolved request is kept.
        pub request_retention: ConfigDuration = ConfigDuration::days(7),
    }
}

base::settings! {
    /// One master.
    pub struct MasterSettings {
        /// The name of this master in task queues and scopes, and its worker group.
        pub name: String = String::new(),
        /// The URL of its web interface, like `https://buildbot.example.com/`.
        pub url: String = String::new(),
        /// A PEM file with the certificate authorities to trust instead of those of the system.
        pub ca_file: String = String::new(),
        /// The user that Drover logs in as.
        pub user: String = String::new(),
        /// The password of this user.
        pub password: Secret = Secret::default(),
        /// The task queue whose tasks are builds of this master. Empty: `buildbot/<name>`.
        pub task_queue: String = String::new(),
        /// The force scheduler that creates the builds.
        pub scheduler: String = "drover".to_owned(),
        /// Builders that tasks may use, as regular expressions that match whole names. Empty: any.
        pub allowed_builders: Vec<String> = Vec::new(),
        /// Builders whose tasks are ignored, as regular expressions that match whole names: somebody else runs them.
        pub ignored_builders: Vec<String> = Vec::new(),
        /// How a task ends whose build ended with warnings: `failed` or `completed`. A task's payload may say otherwise.
        pub warnings: WarningsEnd = WarningsEnd::Failed,
        /// The reason of a task whose build ended with an exception: `internal-error` or `malformed-payload`.
        pub exception_reason: ExceptionReason = ExceptionReason::InternalError,
        /// Scopes of the first Buildbot bridge are accepted too: `project:releng:buildbot-bridge:builder-name:<builder>`.
        pub legacy_scopes: bool = false,
        /// Properties that every task must give.
        pub required_properties: Vec<String> = Vec::new(),
        /// Properties of the build that are published in `public/properties.json`, as regular expressions that match
        /// whole names. Others may hold paths and secrets that steps put there.
        pub public_properties: Vec<String> = PUBLIC_PROPERTIES.map(str::to_owned).to_vec(),
        /// How long claims are renewed while the master cannot be reached.
        pub master_down_grace: ConfigDuration = ConfigDuration::hours(2),
        /// How long a request that a builder has just claimed is not cancelled: a cancel before its build has begun may
        /// block the builder for good.
        pub cancel_grace: ConfigDuration = ConfigDuration::seconds(5),
        /// How often a cancel without effect is repeated.
        pub cancel_retry_interval: ConfigDuration = ConfigDuration::seconds(30),
        /// After how long a cancel without effect is logged as an error.
        pub cancel_alert_after: ConfigDuration = ConfigDuration::seconds(60),
        /// How often every open request is checked while events of the master are received.
        pub check_interval: ConfigDuration = ConfigDuration::minutes(5),
        /// The same while no events are received.
        pub check_interval_without_events: ConfigDuration = ConfigDuration::seconds(30),
        /// How long storing the artifacts of an ended build is retried before its task is resolved without them.
        pub artifacts_grace: ConfigDuration = ConfigDuration::minutes(5),
        /// The timeout of one HTTP request to the master.
        pub timeout: ConfigDuration = ConfigDuration::seconds(30),
        /// How many HTTP requests to the master are in flight at the same time; at most half of them create builds.
        pub max_in_flight: usize = 4,
        /// The API of the master: `rest` for Buildbot 1.0 and later, `classic` for 0.8.
        pub driver: DriverKind = DriverKind::Rest,
        /// Settings for a master of Buildbot 0.8. Its `url` is that of the self-serve service, and `user` is sent to it as
        /// `X-Remote-User`; with a `password`, HTTP Basic is sent too.
        pub classic: ClassicSettings,
    }
}

base::settings! {
    /// The services around masters of Buildbot 0.8, which have no API of their own.
    pub struct ClassicSettings {
        /// The scheduler database, like `mysql://user:password@host:3306/database`: MySQL or MariaDB.
        pub database_url: Secret = Secret::default(),
        /// The RabbitMQ that the masters publish events of builds to, like `amqp://user:password@host/vhost`, or `amqps://`. Empty:
        /// builds are checked every `check_interval_without_events`, and their logs are not found.
        pub amqp_url: Secret = Secret::default(),
        /// The topic exchange there. It must exist.
        pub exchange: String = "exchange/build".to_owned(),
        /// The queue that is bound to it. Empty: `drover/v1/bridge/<name>/builds`. Some brokers let users declare queues with
        /// certain prefixes only.
        pub queue: String = String::new(),
        /// How long the task of a build that ended waits for the event `log_uploaded`, which has the URL of its log.
        pub log_timeout: ConfigDuration = ConfigDuration::minutes(2),
        /// A list of the builders as JSON, by HTTP: names, or an object with `builders`. Empty: builders that had one of the
        /// latest 100,000 requests.
        pub builders_url: String = String::new(),
    }
}

/// Properties that say what was built, and nothing about the machine.
const PUBLIC_PROPERTIES: [&str; 11] = [
    "branch",
    "revision",
    "got_revision",
    "repository",
    "project",
    "codebase",
    "buildername",
    "buildnumber",
    "workername",
    "scheduler",
    "drover_task",
];

impl MasterSettings {
    /// The task queue, with its default.
    pub fn task_queue_id(&self) -> String {
        if self.task_queue.is_empty() { format!("buildbot/{}", self.name) } else { self.task_queue.clone() }
    }
}

/// How a task ends whose build ended with warnings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WarningsEnd {
    #[default]
    Failed,
    Completed,
}

/// The reason of a task whose build ended with an exception.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExceptionReason {
    #[default]
    InternalError,
    MalformedPayload,
}

impl From<ExceptionReason> for ReasonResolved {
    fn from(reason: ExceptionReason) -> Self {
        match reason {
            ExceptionReason::InternalError => Self::InternalError,
            ExceptionReason::MalformedPayload => Self::MalformedPayload,
        }
    }
}

/// The API of a master.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DriverKind {
    #[default]
    Rest,
    Classic,
}
