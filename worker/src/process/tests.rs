//! Real processes, really ended.

use std::{future::pending, sync::Arc};

use base::SystemClock;
use tokio::sync::oneshot;

use super::*;
use crate::{
    isolation::{end_marked, marked},
    log::TaskLog,
};

struct Fixture {
    directory: tempfile::TempDir,
    log: TaskLog,
    output: TaskOutput,
    confinement: Confinement,
    env: BTreeMap<String, String>,
}

impl Fixture {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let log = TaskLog::create(&directory.path().join("log"), Arc::new(SystemClock)).unwrap();
        let output = TaskOutput::start(&log, None, u64::MAX).unwrap();
        let env = BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
        Self { directory, log, output, confinement: Confinement::default(), env }
    }

    fn marked(mut self, mark: &str) -> Self {
        self.env.insert("TEST_MARK".to_owned(), mark.to_owned());
        self
    }

    async fn run<R>(&self, script: &str, interrupt: impl Future<Output = R>) -> io::Result<CommandEnd<R>> {
        let command = ["sh", "-c", script].map(str::to_owned);
        run(&self.order(&command, Duration::from_millis(300)), interrupt).await
    }

    fn order<'a>(&'a self, command: &'a [String], grace: Duration) -> CommandSpec<'a> {
        let (directory, output, confinement) = (self.directory.path(), &self.output, &self.confinement);
        CommandSpec { command, env: &self.env, directory, output, confinement, grace }
    }

    async fn written(&self) -> String {
        self.output.drain().await;
        std::fs::read_to_string(self.log.path()).unwrap()
    }

    /// Returns once the file is there: the process has come so far.
    async fn until_exists(&self, file: &str) {
        while !self.directory.path().join(file).exists() {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}

/// A process that was killed takes a moment to go. One that was not would be waited for until the test is.
async fn until_gone(mark: &str) {
    while !marked(format!("TEST_MARK={mark}").as_bytes()).is_empty() {
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

#[tokio::test]
async fn both_outputs_are_written_in_order_and_the_code_comes_back() {
    let fixture = Fixture::new();
    let ended = fixture.run::<()>("echo one; echo two >&2; echo three; exit 7", pending()).await.unwrap();
    assert_eq!(ended, CommandEnd::Code(7));
    assert_eq!(fixture.written().await, "one\ntwo\nthree\n");
}

#[tokio::test]
async fn nothing_of_the_workers_environment_leaks_in() {
    let fixture = Fixture::new();
    fixture.run::<()>("env", pending()).await.unwrap();
    assert!(!fixture.written().await.contains("CARGO"), "{}", fixture.written().await);
}

#[tokio::test]
async fn an_interrupted_command_may_clean_up() {
    let fixture = Fixture::new();
    let script = "trap 'echo cleaned; exit 0' TERM; touch ready; while :; do sleep 0.01; done";
    let ended = fixture.run(script, fixture.until_exists("ready")).await.unwrap();
    assert_eq!(ended, CommandEnd::Interrupted(()));
    // The shell may also say that the signal ended its `sleep`.
    assert!(fixture.written().await.contains("cleaned\n"), "{}", fixture.written().await);
}

#[tokio::test]
async fn one_that_does_not_listen_is_ended_with_its_children() {
    let fixture = Fixture::new().marked("deaf");
    let script = "trap '' TERM; (trap '' TERM; sleep 1000) & touch ready; while :; do sleep 1000; done";
    let ended = fixture.run(script, fixture.until_exists("ready")).await.unwrap();
    assert_eq!(ended, CommandEnd::Interrupted(()));
    until_gone("deaf").await;
}

#[tokio::test]
async fn what_stays_in_the_background_ends_with_its_command() {
    let fixture = Fixture::new().marked("behind");
    let ended = fixture.run::<()>("sleep 1000 & exit 0", pending()).await.unwrap();
    assert_eq!(ended, CommandEnd::Code(0));
    until_gone("behind").await;
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_daemon_that_left_its_group_is_found_by_its_mark() {
    let fixture = Fixture::new().marked("daemon");
    fixture
        .run::<()>("setsid sh -c 'touch ready; exec sleep 1000' & while ! test -e ready; do :; done", pending())
        .await
        .unwrap();
    // Once it is there: a process that starts another program has no environment for a moment.
    while marked(b"TEST_MARK=daemon").is_empty() {
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    assert!(end_marked("TEST_MARK", "daemon").await >= 1);
    until_gone("daemon").await;
}

#[tokio::test]
async fn a_program_that_is_not_there_is_an_error() {
    let fixture = Fixture::new();
    let command = ["no-such-program".to_owned()];
    let order = fixture.order(&command, Duration::ZERO);
    let (_keep, never) = oneshot::channel::<()>();
    assert_eq!(run(&order, never).await.unwrap_err().kind(), io::ErrorKind::NotFound);
}

/// A file that the worker was given by accident, not one of its own, which close by themselves.
#[tokio::test]
async fn no_descriptor_of_the_worker_is_handed_on() {
    let fixture = Fixture::new();
    let (reader, _writer) = io::pipe().unwrap();
    rustix::io::fcntl_setfd(&reader, rustix::io::FdFlags::empty()).unwrap();
    // The three usual ones, and the directory itself.
    fixture.run::<()>("ls /proc/self/fd | wc -l", pending()).await.unwrap();
    assert_eq!(fixture.written().await.lines().next().unwrap().trim(), "4", "{}", fixture.written().await);
}

#[tokio::test]
async fn a_task_cannot_gain_rights_and_has_a_session_of_its_own() {
    let fixture = Fixture::new();
    fixture
        .run::<()>("grep NoNewPrivs /proc/self/status; cut -d' ' -f6 /proc/$$/stat; echo $$; umask", pending())
        .await
        .unwrap();
    let written = fixture.written().await;
    let lines: Vec<&str> = written.lines().collect();
    assert_eq!(lines[0], "NoNewPrivs:\t1");
    assert_eq!(lines[1], lines[2], "the session is that of the command");
    assert_eq!(lines[3], "0022");
}
