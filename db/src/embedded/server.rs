//! One run of the server program, from the fork to the first answered query, and to its end.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions, Connection};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::binaries::Binaries;
use super::directory::Directory;
use super::{EmbeddedError, EmbeddedSettings, configuration, log_file, spawn, stale};
use crate::options;

const PROBE: Duration = Duration::from_millis(20);
/// How long a server may take after an immediate shutdown.
const QUIT: Duration = Duration::from_secs(3);

pub(super) struct Server {
    child: Child,
    log_begins: u64,
}

/// Everything needed to start the server, again and again.
pub(super) struct Recipe {
    pub(super) settings: EmbeddedSettings,
    pub(super) binaries: Binaries,
    pub(super) directory: Directory,
    pub(super) lz4: bool,
}

impl Recipe {
    pub(super) fn url(&self) -> String {
        url(&self.directory.socket)
    }

    /// Starts the server and waits until a query succeeds. Must run on the thread that lives with it.
    pub(super) async fn launch(&self) -> Result<Server, EmbeddedError> {
        stale::clear(&self.directory.data, &self.directory.socket).await?;
        let (out, err, log_begins) = log_file::open(&self.directory.log)?;
        let mut command = self.postgres();
        for pair in configuration::parameters(&self.settings, &self.directory, self.lz4) {
            command.arg("-c").arg(pair);
        }
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        let child = command.spawn().map_err(|error| EmbeddedError::io("starting PostgreSQL", error))?;
        let mut server = Server { child, log_begins };
        match self.ready(&mut server).await {
            Ok(()) => Ok(server),
            Err(error) => {
                let _ = server.stop(QUIT).await;
                Err(error)
            }
        }
    }

    /// Whether the server takes a setting that needs lz4; some builds leave it out.
    pub(super) async fn knows_lz4(&self) -> bool {
        let mut command = self.postgres();
        command.args(["-C", "wal_compression", "-c", "wal_compression=lz4"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().await.is_ok_and(|status| status.success())
    }

    pub(super) fn log_tail(&self, server: &Server) -> String {
        log_file::tail(&self.directory.log, server.log_begins)
    }

    fn postgres(&self) -> Command {
        let mut command = Command::new(self.binaries.program("postgres"));
        command.arg("-D").arg(&self.directory.data);
        spawn::dependent(&mut command, self.directory.identity.as_ref());
        command
    }

    /// Connects are refused while the log is replayed, so: again and again, unless the server has ended.
    async fn ready(&self, server: &mut Server) -> Result<(), EmbeddedError> {
        let deadline = Instant::now() + self.settings.start_timeout;
        let url = self.url();
        while Instant::now() < deadline {
            if let Ok(Some(status)) = server.child.try_wait() {
                return Err(EmbeddedError::Ended { status: status.to_string(), log: self.log_tail(server) });
            }
            if matches!(timeout(Duration::from_secs(2), answers(&url)).await, Ok(true)) {
                return Ok(());
            }
            sleep(PROBE).await;
        }
        Err(EmbeddedError::NotReady { seconds: self.settings.start_timeout.as_secs(), log: self.log_tail(server) })
    }
}

impl Server {
    /// Answers when the server has ended by itself.
    pub(super) async fn ended(&mut self) -> String {
        match self.child.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// Ends the server: politely, then firmly, then by force. Only the first leaves nothing to replay.
    pub(super) async fn stop(&mut self, grace: Duration) -> Result<(), EmbeddedError> {
        for (signal, grace) in [(spawn::SIGINT, grace), (spawn::SIGQUIT, QUIT), (spawn::SIGKILL, QUIT)] {
            let Some(pid) = self.child.id() else { return Ok(()) };
            spawn::signal(pid, signal);
            if let Ok(waited) = timeout(grace, self.child.wait()).await {
                return waited
                    .map(|_: ExitStatus| ())
                    .map_err(|error| EmbeddedError::io("waiting for PostgreSQL", error));
            }
        }
        Err(EmbeddedError::Stopped)
    }
}

async fn answers(url: &str) -> bool {
    let Ok(options) = options::parse(url, "drover start") else { return false };
    let Ok(connection) = options.connect().await else { return false };
    asks(connection).await.is_ok()
}

async fn asks(mut connection: PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("select 1").execute(&mut connection).await?;
    connection.close().await
}

/// How the server with its socket in this directory is reached.
pub(super) fn url(socket: &Path) -> String {
    let directory = encode(&socket.to_string_lossy());
    format!("postgresql:///postgres?host={directory}&port=5432&user=postgres&sslmode=disable")
}

/// Percent-encodes a path for the query part of a URL.
fn encode(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
