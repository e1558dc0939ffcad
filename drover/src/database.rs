//! The database of this process: somewhere else, or a child of our own.

use std::{fs::File, path::Path};

use base::{Secret, Shutdown, environment};
use db::{
    Db, DbError, DbSettings,
    embedded::{Embedded, EmbeddedSettings},
    versions::{self, OnlineMigrations, VersionError},
};

use crate::{
    data_dir::{self, DataDir},
    exit::{CliError, Exit, with_causes, with_setting},
    settings::{DatabaseSettings, DroverSettings},
};

/// Where the binaries are, for scripts that fetched them.
const BIN_DIR_VARIABLE: &str = "DROVER_POSTGRES_BIN_DIR";

pub(crate) struct Database {
    /// May hold a password.
    url: Secret,
    embedded: Option<Embedded>,
}

impl Database {
    /// The one that settings name; without a URL a PostgreSQL of our own, in the data folder.
    pub(crate) async fn given_or_embedded(settings: &DatabaseSettings, data_dir: &Path) -> Result<Self, CliError> {
        if !settings.url.is_empty() {
            return Self::given(settings);
        }
        let own = own(settings, data_dir);
        tracing::info!(directory = %own.directory.display(), "starting PostgreSQL");
        let embedded = Embedded::start(own).await.map_err(|error| failed(Exit::Unreachable, &error))?;
        Ok(Self { url: embedded.url().into(), embedded: Some(embedded) })
    }

    /// For commands: the one that settings name; without a URL that of `drover dev` in the data folder, which is started
    /// for the moment where it does not run.
    pub(crate) async fn of_command(settings: &DroverSettings) -> Result<Self, CliError> {
        if !settings.database.url.is_empty() {
            return Self::given(&settings.database);
        }
        let place = data_dir::place(&settings.data_dir)?;
        let running = Embedded::running(&own(&settings.database, &place));
        if let Some(url) = running.map_err(|error| failed(Exit::Unreachable, &error))? {
            return Ok(Self { url: url.into(), embedded: None });
        }
        let data_dir = DataDir::open(&settings.data_dir)?;
        Self::given_or_embedded(&settings.database, data_dir.path()).await
    }

    /// For `drover serve`: settings name it, or the words say what is missing.
    pub(crate) fn given(settings: &DatabaseSettings) -> Result<Self, CliError> {
        if settings.url.is_empty() {
            let words = "the setting `database.url` is missing; set it, or DROVER__DATABASE__URL";
            return Err(CliError::new(Exit::Usage, words));
        }
        if !settings.ca_file.is_empty() {
            File::open(&settings.ca_file).map_err(|error| {
                let words = format!("the file {} that the setting `database.ca_file` names: {error}", settings.ca_file);
                CliError::new(Exit::Usage, words)
            })?;
        }
        Ok(Self { url: url_of(settings).into(), embedded: None })
    }

    pub(crate) fn url(&self) -> &str {
        self.url.reveal()
    }

    /// Takes it to the version this program was written for.
    pub(crate) async fn upgrade(&self, stop: &Shutdown) -> Result<(), CliError> {
        let show = |step: &str| tracing::info!("{step}");
        let upgraded = versions::upgrade_until(self.url(), None, OnlineMigrations::Run, stop.wait(), show).await;
        let version = upgraded.map_err(|error| match error {
            VersionError::Interrupted => failed(Exit::Interrupted, &error),
            _ => failed(Exit::Unreachable, &error),
        })?;
        tracing::debug!(version, "the database is up to date");
        Ok(())
    }

    pub(crate) async fn connect(&self, settings: &DatabaseSettings) -> Result<Db, CliError> {
        let mut how = DbSettings::new(self.url());
        how.pool_size = settings.pool_size;
        how.acquire_timeout = settings.acquire_timeout.duration();
        Db::connect(&how).await.map_err(|error| match error {
            DbError::Url(_) => failed(Exit::Usage, &error),
            _ => failed(Exit::Unreachable, &error),
        })
    }

    /// The last thing to stop: everything else may still be writing.
    pub(crate) async fn stop(self) {
        let Some(embedded) = self.embedded else { return };
        if let Err(error) = embedded.stop().await {
            tracing::error!(error = with_causes(&error), "PostgreSQL did not stop as it should");
        }
    }
}

fn own(settings: &DatabaseSettings, data_dir: &Path) -> EmbeddedSettings {
    let mut own = EmbeddedSettings::new(data_dir.join("postgres"));
    let bin_dir = Some(settings.bin_dir.clone()).filter(|path| !path.is_empty());
    own.bin_dir = bin_dir.or_else(|| environment::variable(BIN_DIR_VARIABLE)).map(Into::into);
    own.short_directory = environment::temporary_directory();
    own
}

/// The URL with the authority to trust, in the words that PostgreSQL's own programs know.
fn url_of(settings: &DatabaseSettings) -> String {
    let mut url = settings.url.reveal().to_owned();
    let mut add = |name: &str, value: &str| {
        let before = if url.contains('?') { '&' } else { '?' };
        url.extend([String::from(before), format!("{name}={value}")]);
    };
    if !settings.ca_file.is_empty() {
        add("sslrootcert", &settings.ca_file);
        if !settings.url.reveal().contains("sslmode=") {
            add("sslmode", "verify-full");
        }
    }
    url
}

fn failed(exit: Exit, error: &dyn std::error::Error) -> CliError {
    CliError::new(exit, with_setting("database.ca_file", format!("the database: {}", with_causes(error))))
}
