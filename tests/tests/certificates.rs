//! Encrypted connections to servers that are not who they should be.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{path::Path, time::Duration};

use tests::{
    TestDirectory, program,
    servers::{Certificate, Postgres, Proxy, Rabbitmq},
};
use tokio::time::timeout;

const SOON: Duration = Duration::from_mins(1);
/// An address of this machine that stands in no certificate.
const ELSEWHERE: &str = "127.0.0.2";

/// The settings of `drover bus lag` for the two servers.
struct Ways<'a> {
    database: &'a str,
    database_ca: &'a Path,
    broker: &'a str,
    broker_ca: &'a Path,
}

impl Ways<'_> {
    /// The exit code, and what it says.
    async fn try_out(&self) -> (i32, String) {
        let mut command = program();
        command.args(["bus", "lag", "--database-url", self.database, "--amqp-url", self.broker]);
        command.args(["--set", &format!("database.ca_file={}", self.database_ca.display())]);
        command.args(["--set", &format!("bus.ca_file={}", self.broker_ca.display())]);
        let output = timeout(SOON, command.output()).await.expect("it gives up in time").unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_cannot_prove_who_it_is_is_refused_and_the_setting_named() {
    let folder = TestDirectory::new();
    let (Some(right), Some(wrong)) =
        (Certificate::make(&folder.path().join("right")), Certificate::make(&folder.path().join("wrong")))
    else {
        return println!("SKIPPED: it needs openssl");
    };
    let (Some(postgres), Some(rabbitmq)) =
        (Postgres::start(folder.path(), Some(&right)), Rabbitmq::start(folder.path(), Some(&right)))
    else {
        return println!("SKIPPED: it needs the packages postgresql and rabbitmq-server");
    };
    let (right, wrong, missing) = (&*right.authority, &*wrong.authority, folder.path().join("missing.pem"));
    let (database, broker) = (&*postgres.url(), &*rabbitmq.url());
    let good = || Ways { database, database_ca: right, broker, broker_ca: right };
    upgrade(database, right).await;
    assert_eq!(good().try_out().await.0, 0, "both are who they should be");

    let proxies = (Proxy::at(ELSEWHERE, postgres.port()).await, Proxy::at(ELSEWHERE, rabbitmq.port()).await);
    let elsewhere = |url: String| url.replace("127.0.0.1", ELSEWHERE);
    let other_database = elsewhere(postgres.url_through(proxies.0.port()));
    let other_broker = elsewhere(rabbitmq.url_through(proxies.1.port()));
    let cases = [
        (Ways { database_ca: wrong, ..good() }, 3, "`database.ca_file`"),
        (Ways { database_ca: &missing, ..good() }, 2, "`database.ca_file`"),
        (Ways { database: &other_database, ..good() }, 3, "`database.ca_file`"),
        (Ways { broker_ca: wrong, ..good() }, 3, "`bus.ca_file`"),
        (Ways { broker_ca: &missing, ..good() }, 2, "`bus.ca_file`"),
        (Ways { broker: &other_broker, ..good() }, 3, "`bus.ca_file`"),
    ];
    let at = |number: usize| cases[number].0.try_out();
    let tried = <[_; 6]>::from(tokio::join!(at(0), at(1), at(2), at(3), at(4), at(5)));
    for (number, ((code, words), (_, expected, setting))) in tried.iter().zip(&cases).enumerate() {
        println!("{number}: {words}");
        assert!(code == expected && words.contains(setting), "case {number} ended with {code}: {words}");
        assert!(!words.contains("guest"), "case {number} shows a password: {words}");
    }
}

async fn upgrade(database: &str, authority: &Path) {
    let mut command = program();
    command.args(["db", "upgrade", "--database-url", database]);
    command.args(["--set", &format!("database.ca_file={}", authority.display())]);
    let output = timeout(SOON, command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
