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
        /// How long a resolved request is remembered.
        pub keep: ConfigDuration = ConfigDuration::days(7),
    }
}

base::settings! {
    /// One master.
    pub struct MasterSettings {
        /// What this master is called here: it stands in task queues, scopes and as the worker group.
        pub name: String = String::new(),
        /// The address of its web part, like `https://buildbot.example.com/`.
        pub url: String = String::new(),
        /// A PEM file with certificates of the authorities that may have signed the master's, instead of those that the
        /// system trusts.
        pub ca_file: String = String::new(),
        /// The user that the master knows Drover as.
        pub user: String = String::new(),
        /// The password of this user.
        pub password: Secret = Secret::default(),
        /// The task queue whose tasks are builds of this master. Empty: `buildbot/<name>`.
        pub task_queue: String = String::new(),
        /// The scheduler that makes the builds.
        pub scheduler: String = "drover".to_owned(),
        /// Builders that tasks may use, as regular expressions that match whole names. Empty: any.
        pub allowed_builders: Vec<String> = Vec::new(),
        /// Builders whose tasks are left alone, as regular expressions that match whole names: somebody else runs them.
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
        /// How long claims are kept alive while the master cannot be reached.
        pub master_down_grace: ConfigDuration = ConfigDuration::hours(2),
        /// How long a request that a builder has just taken is left alone before it is cancelled: a master that is
        /// told to cancel in that moment may block the builder for good.
        pub cancel_grace: ConfigDuration = ConfigDuration::seconds(5),
        /// How often a cancel is repeated that the master has not followed.
        pub cancel_again: ConfigDuration = ConfigDuration::seconds(30),
        /// After how long a cancel that was not followed is told of as an error.
        pub cancel_alarm: ConfigDuration = ConfigDuration::seconds(60),
        /// How often every open request is looked at while events arrive.
        pub sweep: ConfigDuration = ConfigDuration::minutes(5),
        /// The same while they do not.
        pub sweep_without_events: ConfigDuration = ConfigDuration::seconds(30),
        /// How long logs and other artifacts of an ended build are tried again before its task is resolved without.
        pub artifacts_grace: ConfigDuration = ConfigDuration::minutes(5),
        /// How long one request to the master may take.
        pub timeout: ConfigDuration = ConfigDuration::seconds(30),
        /// How many requests to the master are under way at the same time; at most half of them to have builds made.
        pub in_flight: usize = 4,
        /// How the master is spoken to: `rest` for Buildbot 1.0 and later, `classic` for 0.8.
        pub driver: DriverKind = DriverKind::Rest,
        /// What a master of Buildbot 0.8 needs besides. Its `url` is that of the self-serve service, and `user` is whom that
        /// is told of in `X-Remote-User`; with a `password`, HTTP Basic is sent too.
        pub classic: ClassicSettings,
    }
}

base::settings! {
    /// The ways to masters of Buildbot 0.8, which have no API of their own.
    pub struct ClassicSettings {
        /// The scheduler database, like `mysql://user:password@host:3306/database`: MySQL or MariaDB.
        pub database_url: Secret = Secret::default(),
        /// The RabbitMQ that the masters tell of their builds, like `amqp://user:password@host/vhost`, or `amqps://`. Empty:
        /// builds are looked at every `sweep_without_events`, and nothing is known of their logs.
        pub amqp_url: Secret = Secret::default(),
        /// The topic exchange there. It must exist.
        pub exchange: String = "exchange/build".to_owned(),
        /// The queue that is bound to it. Empty: `drover/v1/bridge/<name>/builds`. Some brokers let users make queues of
        /// certain names only.
        pub queue: String = String::new(),
        /// How long the task of a build that ended waits for `log_uploaded`, which tells where its log is.
        pub log_wait: ConfigDuration = ConfigDuration::minutes(2),
        /// A list of the builders as JSON, by HTTP: names, or an object with `builders`. Empty: builders that had one of the
        /// latest 100,000 requests.
        pub builders_url: String = String::new(),
    }
}

/// What says where a build comes from, and nothing about the machine.
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

/// How a master is spoken to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DriverKind {
    #[default]
    Rest,
    Classic,
}
