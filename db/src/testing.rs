//! A database of its own for each test, copied from a template in about a tenth of a second.
//!
//! The server is the one of `DROVER_TEST_DATABASE_URL`, or an embedded one that this process starts once and
//! that ends with it. Everything here panics instead of answering an error: it speaks to tests.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tokio::sync::OnceCell;

use crate::embedded::{Embedded, EmbeddedSettings, Tuning};
use crate::{Db, DbSettings, options, versions};

const SERVER_DIRECTORY: &str = "drover-test-postgres-";

/// A fresh database, dropped when this value is.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    server: String,
    url: String,
}

impl TestDatabase {
    /// A database at the newest version.
    pub async fn create() -> Self {
        let server = server_url().await;
        let template = template(&server).await;
        Self::copy(server, &template).await
    }

    /// A database with nothing in it.
    pub async fn empty() -> Self {
        Self::copy(server_url().await, "template0").await
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Breaks something, past all stored functions. Panics where the statement fails.
    pub async fn run(&self, sql: &str) -> u64 {
        let options = options::parse(&self.url, "drover test").expect("the URL of the test database");
        let mut connection = options.connect().await.expect("the test server answers");
        let ran = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await;
        ran.unwrap_or_else(|error| panic!("{sql}: {error}")).rows_affected()
    }

    /// A transaction that has run `sql`, and holds what it locked until it is dropped.
    pub async fn hold(&self, sql: &str) -> Held {
        let mut connection = admin(&self.url).await;
        run(&mut connection, format!("begin; {sql}")).await;
        Held(connection)
    }

    /// A small pool on this database.
    pub async fn db(&self) -> Db {
        let settings = DbSettings { pool_size: 4, application_name: self.name.clone(), ..DbSettings::new(&self.url) };
        Db::connect(&settings).await.expect("the test database was just made")
    }

    async fn copy(server: String, template: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut admin = admin(&server).await;
        // Several processes, even on several machines, may share the server; its process for us is ours alone,
        // but may be named like one that ended, hence the time it was started.
        let unique: String = scalar(&mut admin, "select pg_backend_pid()::text || '_' || (extract(epoch from backend_start) * 1000000)::bigint::text from pg_stat_activity where pid = pg_backend_pid()").await;
        let name = format!("drover_test_{unique}_{number}");
        run(&mut admin, format!("create database {name} template {template}")).await;
        let url = with_database(&server, &name);
        Self { name, server, url }
    }
}

/// An open transaction.
#[derive(Debug)]
pub struct Held(PgConnection);

impl Held {
    pub async fn release(self) {
        let _ = self.0.close().await;
    }
}

impl Drop for TestDatabase {
    /// On a thread of its own, since a destructor cannot wait on the runtime it runs in.
    fn drop(&mut self) {
        let (server, sql) = (self.server.clone(), format!("drop database if exists {} with (force)", self.name));
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(async {
                let mut admin = options::parse(&server, "drover test").ok()?.connect().await.ok()?;
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.ok()
            })
        });
        // Best effort: what stays behind costs disk and nothing else. On a server of our own it goes with the
        // server at the latest, so nobody waits.
        if setting("DROVER_TEST_DATABASE_URL").is_some() {
            let _ = dropping.join();
        }
    }
}

/// The server all test databases of this process live on.
pub async fn server_url() -> String {
    static SERVER: OnceCell<Embedded> = OnceCell::const_new();
    match setting("DROVER_TEST_DATABASE_URL") {
        Some(url) => url,
        None => SERVER.get_or_init(start_server).await.url().to_owned(),
    }
}

/// The same server, another database.
pub fn with_database(url: &str, name: &str) -> String {
    format!("{url}{}dbname={name}", if url.contains('?') { '&' } else { '?' })
}

/// Where `./dev` found PostgreSQL's programs, when that is none of the usual places.
pub(crate) fn bin_dir() -> Option<PathBuf> {
    setting("DROVER_POSTGRES_BIN_DIR").map(PathBuf::from)
}

async fn start_server() -> Embedded {
    remove_old_servers();
    let directory = env::temp_dir().join(format!("{SERVER_DIRECTORY}{}", process::id()));
    let _ = fs::remove_dir_all(&directory);
    let settings = EmbeddedSettings { tuning: Tuning::Test, bin_dir: bin_dir(), ..EmbeddedSettings::new(directory) };
    Embedded::start(settings).await.expect("the tests need PostgreSQL: its programs, or DROVER_TEST_DATABASE_URL")
}

/// The server of a test process ends with it, but nobody is left to remove its data: a later run does.
fn remove_old_servers() {
    for entry in fs::read_dir(env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(pid) = name.strip_prefix(SERVER_DIRECTORY) else { continue };
        let owner_lives = fs::exists(format!("/proc/{pid}")).unwrap_or(true);
        if !owner_lives && crate::embedded::is_idle(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The name of a database at the newest version, made by whoever needs it first.
async fn template(server: &str) -> String {
    let name = format!("drover_template_{:016x}", versions::fingerprint());
    let mut admin = admin(server).await;
    if exists(&mut admin, &name).await {
        return name;
    }
    run(&mut admin, "select pg_advisory_lock(hashtext('drover test template'))".to_owned()).await;
    if !exists(&mut admin, &name).await {
        let making = format!("{name}_making");
        run(&mut admin, format!("drop database if exists {making} with (force)")).await;
        run(&mut admin, format!("create database {making} template template0")).await;
        let upgraded = versions::upgrade(&with_database(server, &making), None, |_| {}).await;
        upgraded.unwrap_or_else(|error| panic!("the versions do not apply: {}", chain(&error)));
        run(&mut admin, format!("alter database {making} rename to {name}")).await;
    }
    // The lock ends with the connection.
    let _ = admin.close().await;
    name
}

async fn exists(admin: &mut PgConnection, name: &str) -> bool {
    let query = sqlx::query_scalar("select exists (select from pg_database where datname = $1)");
    query.bind(name).fetch_one(admin).await.expect("the test server answers")
}

async fn admin(server: &str) -> PgConnection {
    let options = options::parse(server, "drover test").expect("the URL of the test server");
    options.connect().await.unwrap_or_else(|error| panic!("the test server cannot be reached: {error}"))
}

async fn scalar(admin: &mut PgConnection, sql: &'static str) -> String {
    sqlx::query_scalar(sql).fetch_one(admin).await.expect("the test server answers")
}

async fn run(admin: &mut PgConnection, sql: String) {
    let ran = sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(admin).await;
    ran.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

#[expect(clippy::disallowed_methods, reason = "a test has no main that could hand a setting down")]
fn setting(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// An error with all its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}
