//! A MariaDB for tests: the one of `DROVER_TEST_MYSQL_URL`, or a private one that ends with the process of the test.

use std::{
    fs::{self, File},
    net::TcpListener,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use sqlx::{ConnectOptions, Connection, mysql::MySqlConnectOptions};
use tempfile::TempDir;
use tokio::{
    sync::OnceCell,
    time::{sleep, timeout},
};

const SERVERS: [&str; 4] = ["/usr/sbin/mariadbd", "/usr/libexec/mariadbd", "/usr/sbin/mysqld", "/usr/libexec/mysqld"];
/// The variable that names a server to use, as a URL that ends with a slash.
const URL: &str = "DROVER_TEST_MYSQL_URL";
const UP_WITHIN: Duration = Duration::from_mins(1);
/// Runs the server, and kills it when its own input ends: at the latest with the test's process.
const KEEPER: &str = r#""$@" & cat > /dev/null; kill -KILL $!; wait; [ -z "$0" ] || rm -rf "$0""#;

/// A server with its own port and folder, of which nothing stays behind.
#[derive(Debug)]
pub struct MariaDb {
    program: &'static str,
    folder: PathBuf,
    /// The folder goes with the server. Else with the process, which nobody tells of its end.
    kept: Option<TempDir>,
    port: u16,
    keeper: Option<Child>,
}

impl MariaDb {
    /// A server that goes with this value. `None`: there is none on this machine.
    pub async fn start() -> Option<Self> {
        let program = program()?;
        let folder = tempfile::tempdir().expect("a folder");
        let mut server = Self::make(program, folder.path());
        server.kept = Some(folder);
        server.start_again().await;
        Some(server)
    }

    /// The one that all tests of this process share.
    pub(super) async fn shared() -> Option<&'static str> {
        static SERVER: OnceCell<Option<(String, Option<MariaDb>)>> = OnceCell::const_new();
        let server = SERVER.get_or_init(async || {
            if let Some(url) = base::environment::variable(URL) {
                return Some((url, None));
            }
            let program = program()?;
            let mut server = Self::make(program, &tempfile::tempdir().expect("a folder").keep());
            server.start_again().await;
            Some((server.url(), Some(server)))
        });
        server.await.as_ref().map(|(url, _)| url.as_str())
    }

    fn make(program: &'static str, folder: &Path) -> Self {
        let mut made = Command::new("mariadb-install-db");
        made.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
        made.arg(format!("--datadir={}", folder.join("data").display())).args(as_root(folder));
        let output = made.stdin(Stdio::null()).output().expect("mariadb-install-db beside the server");
        assert!(output.status.success(), "mariadb-install-db: {}", String::from_utf8_lossy(&output.stdout));
        let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
        Self { program, folder: folder.to_owned(), kept: None, port, keeper: None }
    }

    /// Without a database.
    pub fn url(&self) -> String {
        format!("mysql://root@127.0.0.1:{}/", self.port)
    }

    /// As if it had crashed; what was committed is there afterwards.
    pub fn stop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _ = keeper.wait();
        }
    }

    /// Returns once it answers.
    pub async fn start_again(&mut self) {
        let place = self.folder.as_path();
        let log = File::options().create(true).append(true).open(place.join("log")).expect("a log file");
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER]).arg(if self.kept.is_some() { Path::new("") } else { place });
        command.arg(self.program).args([
            "--no-defaults",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--performance-schema=0",
            "--innodb-buffer-pool-size=32M",
            "--innodb-flush-log-at-trx-commit=2",
            "--max-connections=300",
        ]);
        command.arg(format!("--datadir={}", place.join("data").display()));
        command.arg(format!("--socket={}", place.join("socket").display()));
        command.arg(format!("--pid-file={}", place.join("pid").display()));
        command.arg(format!("--port={}", self.port)).args(as_root(place));
        let keeper = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log).spawn();
        self.keeper = Some(keeper.expect("a shell"));
        let options: MySqlConnectOptions = self.url().parse().expect("the URL of the server");
        let up = async {
            loop {
                match options.connect().await {
                    Ok(connection) => return drop(connection.close().await),
                    Err(_) => sleep(Duration::from_millis(50)).await,
                }
            }
        };
        let up = timeout(UP_WITHIN, up).await;
        let words = || fs::read_to_string(place.join("log")).unwrap_or_default();
        assert!(up.is_ok(), "MariaDB did not come up: {}", words());
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        self.stop();
    }
}

fn program() -> Option<&'static str> {
    SERVERS.into_iter().find(|program| fs::exists(program).unwrap_or(false))
}

/// The server refuses to run as root by chance.
fn as_root(folder: &Path) -> Option<&'static str> {
    fs::metadata(folder).is_ok_and(|it| it.uid() == 0).then_some("--user=root")
}
