//! The settings of a process: those that every service shares, by area, and the sections of its services. The doc comments
//! are the manual; `drover config explain` prints them.

use std::{
    collections::BTreeMap,
    ops::{Deref, DerefMut},
};

use api::{ApiSettings, StaticClient};
use base::{
    ConfigDuration, SealingKey, Secret,
    settings::{Loaded, Sections, Settings},
    telemetry::TelemetrySettings,
};

use crate::dev_workers::WorkerCount;

/// The client that may do everything, unless settings name another.
pub(crate) const ROOT_CLIENT: &str = "static/taskcluster/root";

/// What tools need to be found and to find the network.
const TASK_VARIABLES: [&str; 10] = [
    "PATH",
    "LANG",
    "TMPDIR",
    "RUSTUP_HOME",
    "CARGO_HOME",
    "SSL_CERT_FILE",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "RUSTUP_TOOLCHAIN",
];

/// All settings of a program.
#[derive(Debug, Clone)]
pub(crate) struct DroverSettings {
    common: CommonSettings,
    sections: Sections,
    /// Where each key that is not at its default was set.
    pub(crate) origins: BTreeMap<String, String>,
}

impl DroverSettings {
    /// The settings of a service.
    ///
    /// # Panics
    /// If no service of the program declares them.
    pub(crate) fn section<S: Settings + 'static>(&self) -> &S {
        let found = self.sections.get();
        found.unwrap_or_else(|| panic!("no service declares the settings {}", std::any::type_name::<S>()))
    }

    /// Every value, by section. Secrets are hidden.
    pub(crate) fn to_json(&self) -> Result<serde_json::Value, serde_json::Error> {
        let mut values = serde_json::to_value(&self.common)?;
        for (name, section) in self.sections.to_json() {
            values[name] = section;
        }
        Ok(values)
    }
}

impl From<Loaded<CommonSettings>> for DroverSettings {
    fn from(Loaded { settings: common, sections, origins }: Loaded<CommonSettings>) -> Self {
        Self { common, sections, origins }
    }
}

impl Deref for DroverSettings {
    type Target = CommonSettings;

    fn deref(&self) -> &CommonSettings {
        &self.common
    }
}

impl DerefMut for DroverSettings {
    fn deref_mut(&mut self) -> &mut CommonSettings {
        &mut self.common
    }
}

base::settings! {
    /// What every service shares.
    pub struct CommonSettings {
        /// Address and port to listen on. Port 0 takes any free one.
        pub listen: String = "127.0.0.1:8080".to_owned(),
        /// The folder for the embedded database, artifacts and generated credentials. Empty: `/var/lib/drover` for root,
        /// else `drover` in `$XDG_STATE_HOME`, else `~/.local/state/drover`.
        pub data_dir: String = String::new(),
        /// The HTTP server.
        pub api: ApiSettings,
        /// Where the truth is kept: PostgreSQL.
        pub database: DatabaseSettings,
        /// How parts in different processes receive events.
        pub bus: BusSettings,
        /// Who may do what from the first minute on.
        pub auth: AuthSettings,
        /// What `drover dev` adds.
        pub dev: DevSettings,
        /// What `drover serve` runs.
        pub serve: ServeSettings,
        /// Logs, traces and metrics.
        pub telemetry: TelemetrySettings,
    }
}

base::settings! {
    /// Where the truth is kept: PostgreSQL.
    pub struct DatabaseSettings {
        /// A PostgreSQL of version 15 or newer, like `postgresql://user:password@host/drover`.
        /// Empty: `drover dev` starts one of its own in the data folder; `drover serve` needs a URL.
        pub url: Secret = Secret::default(),
        /// A PEM file with the certificate of the authority that signed the server's. With it the connection is
        /// encrypted and the server's name checked (`sslmode=verify-full`), unless the URL has an `sslmode` of its own.
        pub ca_file: String = String::new(),
        /// The folder with `postgres` and `initdb` for the database that `drover dev` starts. Empty: what the variable
        /// `DROVER_POSTGRES_BIN_DIR` says, else the newest that is installed.
        pub bin_dir: String = String::new(),
        /// Connections for reads and rare commands; the hot steps have a few of their own.
        pub pool_size: u32 = 8,
        /// How long a request waits for a connection before it is answered with 503.
        pub acquire_timeout: ConfigDuration = ConfigDuration::seconds(5),
    }
}

base::settings! {
    /// How parts in different processes receive events.
    pub struct BusSettings {
        /// RabbitMQ, like `amqp://user:password@host/vhost`, or `amqps://` for TLS. Empty: everything stays inside
        /// this process.
        pub amqp_url: Secret = Secret::default(),
        /// The same for what Drover's own processes say to each other, usually another vhost of that broker, to which nobody
        /// else has permissions (`bus/README.md`). Empty: the place of `amqp_url`. All processes of an installation need
        /// the same one; change it while none runs.
        pub internal_amqp_url: Secret = Secret::default(),
        /// Whether messages between processes are taken that are not signed. True only during an upgrade, while processes
        /// of a version run that does not sign yet.
        pub accept_unsigned: bool = false,
        /// A PEM file with certificates of authorities that may have signed the broker's, besides those that the
        /// system trusts.
        pub ca_file: String = String::new(),
        /// What the exchanges for the world begin with: `taskcluster` makes `exchange/taskcluster-queue/v1/task-pending`,
        /// which existing consumers bind to. On Pulse this is the first part of the users that may publish there. The
        /// references (`/references/queue/v1/exchanges.json`) tell clients. All processes of an installation need the
        /// same one. Two installations on one broker need a vhost each, with or without the same namespace.
        pub pulse_namespace: String = "taskcluster".to_owned(),
    }
}

base::settings! {
    /// Who may do what from the first minute on.
    pub struct AuthSettings {
        /// The client that may do everything, as `CLIENT_ID:ACCESS_TOKEN`; its id begins with `static/`. Empty:
        /// `drover dev` makes one and keeps it in the data folder; `drover serve` needs it.
        pub root_credentials: Secret = Secret::default(),
        /// The access token of the internal client `static/taskcluster/queue`, which signs the credentials of tasks.
        /// All processes of an installation need the same one. Empty: as for `root_credentials`.
        pub queue_access_token: Secret = Secret::default(),
        /// Keys that seal access tokens and secrets in the database: a list of `{id, key}`, where the key is base64 of
        /// 32 bytes (`openssl rand -base64 32`). The last one seals, all of them open. To change keys, add one at the
        /// end, start every process once, then take the older ones out. Empty: as for `root_credentials`.
        pub sealing_keys: Vec<SealingKey> = Vec::new(),
        /// Further clients: a list of `{clientId, accessToken, description, scopes}`, with ids below `static/`.
        pub static_clients: Vec<StaticClient> = Vec::new(),
        /// Whether everybody may read, without credentials, what public deployments of Taskcluster let everybody read: the
        /// index, tasks with their status and definition, groups, task queues and workers, artifacts below `public/`, and live
        /// events. Nothing can be changed so, and secrets and private artifacts stay closed. It is granted beside the role
        /// `anonymous`, which can be stored and changed as any role and grants more if it says more. `drover dev` that makes
        /// its own root client is open unless this is set to `false`; everywhere else it is closed unless set to `true`.
        pub public_read: bool = false,
        /// How long a signed URL (`bewit`) may be good for. One that ends later than that from now is refused with 401: it
        /// would outlive the change of a role, and everybody who has seen the link may use it.
        pub longest_signed_url: ConfigDuration = ConfigDuration::days(30),
    }
}

base::settings! {
    /// What `drover dev` adds.
    pub struct DevSettings {
        /// How many workers it starts, each a process of its own that may do no more than a worker needs. `auto`: as many as
        /// tasks wait for, up to one for each processor, and none while there is nothing to do: machines of a worker pool
        /// with the name of the task queue, which is made where it is missing. A number: so many, always.
        pub workers: WorkerCount = WorkerCount::Auto,
        /// The queue these workers serve, as `provisionerId/workerType`.
        pub task_queue: String = "local/worker".to_owned(),
        /// Variables of Drover's own environment that tasks of these workers get.
        pub task_variables: Vec<String> = TASK_VARIABLES.map(str::to_owned).to_vec(),
        /// Files and folders of this machine that tasks of these workers may read, at the same path. `.` is the folder in
        /// which `drover dev` was started, unless that is a home or contains one.
        pub task_paths: Vec<String> = vec![".".to_owned()],
        /// What tasks of these workers reach of the network: `proxy` (other machines, through an HTTP proxy) or `none`.
        pub task_network: String = "proxy".to_owned(),
        /// Keep everything in a temporary folder that is removed at the end.
        pub ephemeral: bool = false,
    }
}

base::settings! {
    /// What `drover serve` runs.
    pub struct ServeSettings {
        /// The roles of this process, or `all`; `drover config roles` lists them, and which others each brings. A process asks
        /// other processes for what it does not run, over RabbitMQ; where there is no RabbitMQ, events and calls stay inside of
        /// it, and a `bridge` without `relay` looks for new tasks only every five minutes.
        pub roles: Vec<String> = vec!["all".to_owned()],
    }
}
