//! `drover serve`: chosen roles of an installation of several processes.

use std::net::SocketAddr;

use base::telemetry;
use clap::Args;

use crate::{
    app::{App, AppConfig},
    broker::exchange_names,
    credentials::Credentials,
    data_dir::DataDir,
    database::Database,
    dev::{hide_memory, listen},
    exit::{CliError, Exit},
    global::{Global, signals},
    output::Output,
    settings::DroverSettings,
    system_context::SystemContext,
};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  drover serve --roles all
  drover serve --roles api --listen 0.0.0.0:8080
  drover serve --roles queue --listen 0.0.0.0:8081
  DROVER__DATABASE__URL=postgresql://drover:PASSWORD@db.example.com/drover drover serve --config /etc/drover.toml

It needs the settings database.url, auth.root_credentials, auth.queue_access_token and auth.sealing_keys, and a
database that `drover db upgrade` has brought to this program's version. Roles in different processes need
bus.amqp_url. Every process answers probes: /__lbheartbeat__ while it lives, /__heartbeat__ while it is ready.
SIGTERM stops it: what is under way is finished or handed over.")]
pub(crate) struct ServeArgs {
    /// The roles of this process.
    #[arg(long, value_name = "ROLE,...")]
    roles: Option<String>,
    /// Address and port to listen on [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
}

pub(crate) async fn run(
    args: ServeArgs,
    global: &Global,
    system: &SystemContext,
    output: &Output,
) -> Result<Exit, CliError> {
    let flags = [("serve.roles", args.roles), ("listen", args.listen.map(|listen| listen.to_string()))];
    let settings = global.load(&flags)?;
    require(&settings)?;
    let roles = global.registry.role_set(&settings.serve.roles, !settings.bus.amqp_url.is_empty())?;
    let names = roles.names().to_vec();
    let credentials = Credentials::given(&settings.auth)?;
    let database = Database::given(&settings.database)?;
    let _telemetry = telemetry::init(&settings.telemetry, &names.join("+"))?;
    global.warn_of_secrets();
    hide_memory();
    let shutdown = signals()?;
    let data_dir = DataDir::open_shared(&settings.data_dir)?;
    let app = App::start(AppConfig {
        registry: global.registry.clone(),
        roles,
        exchange_names: exchange_names(&settings.bus)?,
        credentials,
        more_clients: Vec::new(),
        ends_machines: false,
        more_providers: Vec::new(),
        listener: listen(&settings.listen).await?,
        data_dir: data_dir.path().to_owned(),
        db: database.connect(&settings.database).await?,
        system: system.clone(),
        settings,
    })
    .await?;
    let object = serde_json::json!({"rootUrl": app.root_url(), "roles": names});
    output.either(&object, &format!("Drover serves {} at {}", names.join(", "), app.root_url()));
    shutdown.wait().await;
    tracing::info!("stopping");
    app.stop().await;
    Ok(Exit::Ok)
}

/// All that is missing, said at once.
pub(crate) fn require(settings: &DroverSettings) -> Result<(), CliError> {
    let needed = [
        ("database.url", settings.database.url.is_empty()),
        ("auth.root_credentials", settings.auth.root_credentials.is_empty()),
        ("auth.queue_access_token", settings.auth.queue_access_token.is_empty()),
        ("auth.sealing_keys", settings.auth.sealing_keys.is_empty()),
    ];
    let missing = needed.iter().filter(|(_, missing)| *missing);
    let missing: Vec<String> =
        missing.map(|(key, _)| format!("`{key}` (DROVER__{})", key.to_uppercase().replace('.', "__"))).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let words = format!("settings are missing: {}; `drover config explain` says what they mean", missing.join(", "));
    Err(CliError::new(Exit::Usage, words))
}
