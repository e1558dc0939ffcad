//! Death of either side, without warning.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::super::{Embedded, is_idle, spawn};
use super::*;

const HOME: &str = "DROVER_TEST_SERVER_HOME";

#[tokio::test]
async fn a_killed_server_is_started_again_with_all_it_acknowledged() {
    let home = directory();
    let server = Embedded::start(settings(home.path())).await.unwrap();
    run(server.url(), "create table kept (number bigint); insert into kept select generate_series(1, 1000)").await;
    for _ in 0..2 {
        let pid = server_pid(home.path());
        spawn::signal(pid, spawn::SIGKILL);
        let url = server.url().to_owned();
        until("the server answers again", async || matches!(number(&url, "select count(*) from kept").await, Ok(1000)))
            .await;
        assert_ne!(server_pid(home.path()), pid);
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn when_drover_is_killed_the_server_ends_and_the_next_start_finds_all() {
    let home = directory();
    for round in 0..3 {
        let (mut drover, url) = other_process(home.path()).await;
        run(&url, "create table if not exists kept (number bigint); insert into kept values (1)").await;
        drover.start_kill().unwrap();
        // At once: the old server may still be busy ending.
        let server = Embedded::start(settings(home.path())).await.unwrap();
        assert_eq!(number(server.url(), "select count(*) from kept").await.unwrap(), round + 1);
        server.stop().await.unwrap();
        drover.wait().await.unwrap();
    }
}

#[tokio::test]
async fn no_server_outlives_a_killed_drover() {
    let home = directory();
    let (mut drover, _) = other_process(home.path()).await;
    drover.kill().await.unwrap();
    until("the server ends", async || is_idle(&home.path().join("postgres"))).await;
}

#[tokio::test]
async fn when_both_are_killed_the_next_start_clears_up() {
    let home = directory();
    let (mut drover, url) = other_process(home.path()).await;
    run(&url, "create table kept (number bigint); insert into kept values (1)").await;
    let pid = server_pid(home.path());
    drover.kill().await.unwrap();
    spawn::signal(pid, spawn::SIGKILL);
    let server = Embedded::start(settings(home.path())).await.unwrap();
    assert_eq!(number(server.url(), "select count(*) from kept").await.unwrap(), 1);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_pid_file_that_names_somebody_else_is_no_hindrance() {
    let home = directory();
    Embedded::start(settings(home.path())).await.unwrap().stop().await.unwrap();
    let file = home.path().join("postgres/data/postmaster.pid");
    fs::write(&file, format!("{}\n", std::process::id())).unwrap();
    Embedded::start(settings(home.path())).await.unwrap().stop().await.unwrap();
}

/// This very program again, running only the test below, which holds a server until it is killed.
async fn other_process(home: &Path) -> (Child, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "--nocapture", "--ignored", "embedded::tests::faults::holds_a_server_until_killed"]);
    let mut child = command.env(HOME, home).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some((_, url)) = line.split_once("ready ") {
            return (child, url.to_owned());
        }
    }
    panic!("the other process ended without starting a server");
}

#[tokio::test]
#[ignore = "the other half of the tests above, started by them"]
#[expect(clippy::disallowed_methods, reason = "handed over by the test that starts this process")]
async fn holds_a_server_until_killed() {
    let Some(home) = std::env::var_os(HOME) else { return };
    let server = Embedded::start(settings(Path::new(&home))).await.unwrap();
    println!("ready {}", server.url());
    std::future::pending::<()>().await;
}
