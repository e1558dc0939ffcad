//! Start, stop, and start again.

use super::super::{Embedded, is_idle};
use super::*;

#[tokio::test]
async fn a_stopped_server_keeps_its_data() {
    let home = directory();
    let server = Embedded::start(settings(home.path())).await.unwrap();
    run(server.url(), "create table kept (number bigint); insert into kept values (7)").await;
    server.stop().await.unwrap();
    assert!(is_idle(&home.path().join("postgres")));

    let server = Embedded::start(settings(home.path())).await.unwrap();
    assert_eq!(number(server.url(), "select number from kept").await.unwrap(), 7);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_whose_handle_is_dropped_ends() {
    let home = directory();
    drop(Embedded::start(settings(home.path())).await.unwrap());
    until("the server ends", async || is_idle(&home.path().join("postgres"))).await;
}

#[tokio::test]
async fn open_transactions_do_not_hold_up_the_end() {
    let home = directory();
    let server = Embedded::start(settings(home.path())).await.unwrap();
    let mut open = connect(server.url()).await;
    sqlx::raw_sql("begin; create table half (number bigint)").execute(&mut open).await.unwrap();
    let started = tokio::time::Instant::now();
    server.stop().await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn what_was_acknowledged_is_synced_to_disk_by_default() {
    let home = directory();
    let server = Embedded::start(settings(home.path())).await.unwrap();
    let on = "select count(*) from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes') and setting = 'on'";
    assert_eq!(number(server.url(), on).await.unwrap(), 3);
    let tcp = "select count(*) from pg_settings where name = 'listen_addresses' and setting <> ''";
    assert_eq!(number(server.url(), tcp).await.unwrap(), 0);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_works_all_the_same() {
    let home = directory();
    let long = home.path().join("a-directory-with-a-name-of-some-length").join("and-another-one-below-it-just-as-long");
    let mut settings = settings(&long);
    settings.tuning = Tuning::Test;
    let server = Embedded::start(settings.clone()).await.unwrap();
    assert_eq!(number(server.url(), "select 1::bigint").await.unwrap(), 1);
    server.stop().await.unwrap();
    // The same directory again: the name of the short one does not change.
    Embedded::start(settings).await.unwrap().stop().await.unwrap();
}

/// Not a promise to keep under any load, so it only prints.
#[tokio::test]
#[ignore = "a measurement: cargo test -p db measure -- --ignored --nocapture"]
async fn measure_a_start() {
    let home = directory();
    for what in ["first start, with initdb", "second start", "third start"] {
        let begun = tokio::time::Instant::now();
        let server = Embedded::start(settings(home.path())).await.unwrap();
        let started = begun.elapsed();
        server.stop().await.unwrap();
        println!("{what}: ready after {started:?}, stopped after {:?}", begun.elapsed());
    }
}
