//! The embedded server, tried with real programs and real signals.

mod access;
mod failures;
mod faults;
mod life;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tempfile::TempDir;

use super::{EmbeddedSettings, Tuning};
use crate::testing;

/// A directory that the user whom root lends the server can reach.
fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

/// Small, but with everything on disk that a real server has on disk.
fn settings(directory: &Path) -> EmbeddedSettings {
    EmbeddedSettings { bin_dir: testing::bin_dir(), ..EmbeddedSettings::new(directory.join("postgres")) }
}

async fn connect(url: &str) -> PgConnection {
    url.parse::<PgConnectOptions>().unwrap().connect().await.unwrap()
}

async fn run(url: &str, sql: &'static str) {
    sqlx::raw_sql(sql).execute(&mut connect(url).await).await.unwrap();
}

async fn number(url: &str, sql: &'static str) -> Result<i64, sqlx::Error> {
    let mut connection = url.parse::<PgConnectOptions>()?.connect().await?;
    sqlx::query_scalar(sql).fetch_one(&mut connection).await
}

/// The server's own process, as it says itself.
fn server_pid(directory: &Path) -> u32 {
    let text = fs::read_to_string(directory.join("postgres/data/postmaster.pid")).unwrap();
    text.lines().next().unwrap().trim().parse().unwrap()
}

/// Waits for something that another process does, at most 20 s.
async fn until<F: AsyncFnMut() -> bool>(what: &str, mut holds: F) {
    for _ in 0..1000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what}: not within 20 s");
}
