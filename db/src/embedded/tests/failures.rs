//! A start that cannot work says why, and what to do.

use std::path::PathBuf;

use super::super::{Embedded, EmbeddedError, spawn};
use super::*;

async fn refusal(settings: EmbeddedSettings) -> EmbeddedError {
    Embedded::start(settings).await.unwrap_err()
}

#[tokio::test]
async fn a_second_start_on_the_same_data_is_refused_soon() {
    let home = directory();
    let server = Embedded::start(settings(home.path())).await.unwrap();
    let words = refusal(settings(home.path())).await.to_string();
    assert!(words.contains(&format!("in use by another Drover (process {})", std::process::id())), "{words}");
    assert_eq!(number(server.url(), "select 1::bigint").await.unwrap(), 1);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn data_of_another_major_version_are_not_touched() {
    let home = directory();
    let data = home.path().join("postgres/data");
    fs::create_dir_all(&data).unwrap();
    fs::write(data.join("PG_VERSION"), "9\n").unwrap();
    let words = refusal(settings(home.path())).await.to_string();
    assert!(words.contains("belong to PostgreSQL 9, which is not installed"), "{words}");
    assert_eq!(fs::read_dir(&data).unwrap().count(), 1);
}

#[tokio::test]
async fn a_wrong_directory_of_programs_is_named() {
    let home = directory();
    let bin_dir = Some(PathBuf::from("/usr/share"));
    let words = refusal(EmbeddedSettings { bin_dir, ..settings(home.path()) }).await.to_string();
    assert_eq!(words, "/usr/share does not hold the PostgreSQL programs `postgres` and `initdb`");
}

#[tokio::test]
async fn a_server_that_ends_while_starting_is_quoted() {
    let home = directory();
    Embedded::start(settings(home.path())).await.unwrap().stop().await.unwrap();
    fs::write(home.path().join("postgres/data/postgresql.auto.conf"), "no_such_setting = 7\n").unwrap();
    let error = refusal(settings(home.path())).await;
    assert!(matches!(error, EmbeddedError::Ended { .. }), "{error}");
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[tokio::test]
async fn a_closed_directory_above_the_data_is_named() {
    if spawn::effective_uid() != 0 {
        return; // Only root lends the server to another user.
    }
    let home = directory();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let words = refusal(settings(home.path())).await.to_string();
    assert!(words.contains(&format!("cannot enter {}", home.path().display())), "{words}");
}
