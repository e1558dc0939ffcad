//! The PostgreSQL of a Drover: what it can do at best, and what it writes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use ::tests::{children_of, servers::Postgres};
use tokio::{io::AsyncWriteExt, process::Command};

use crate::error::{BenchError, During, Result};

const BASELINE_TABLE: &str = "create table baseline (id bigserial primary key, number int, filler text)";
const BASELINE_INSERT: &str = "insert into baseline (number, filler) values (1, repeat('x', 100));\n";
const BASELINE_CLIENTS: &str = "32";

/// The server of one Drover.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub(crate) process: u32,
    programs: PathBuf,
    /// A host, or the folder of its socket.
    host: String,
    port: String,
}

impl Database {
    /// Finds the server among the children of `drover`. Its own notes in the data folder say where it listens.
    pub(crate) fn of(drover: u32) -> Result<Self> {
        let children = children_of(drover);
        let process =
            children.into_iter().find(|id| is_postgres(*id)).during("Drover runs no PostgreSQL of its own")?;
        let program = fs::read_link(format!("/proc/{process}/exe")).during("finding the programs of PostgreSQL")?;
        let data = fs::read_link(format!("/proc/{process}/cwd")).during("finding the data of PostgreSQL")?;
        let notes = fs::read_to_string(data.join("postmaster.pid")).during("reading postmaster.pid")?;
        // Lines: process, data folder, start, port, socket folder.
        let mut notes = notes.lines().skip(3).map(str::to_owned);
        let (port, host) = notes.next().zip(notes.next()).during("postmaster.pid has too few lines")?;
        Ok(Self { process, programs: program.parent().unwrap_or(Path::new("/")).to_owned(), host, port })
    }

    /// A server that was started for the benchmark.
    pub(crate) fn at(server: &Postgres) -> Result<Self> {
        let process = server.process_id().during("PostgreSQL does not run")?;
        let (host, port) = ("127.0.0.1".to_owned(), server.port().to_string());
        Ok(Self { process, programs: server.programs().to_owned(), host, port })
    }

    /// Creates the table of the baseline, in a database that Drover does not use.
    pub(crate) async fn prepare(&self) -> Result<()> {
        self.ask("postgres", "create database baseline").await?;
        self.ask("baseline", BASELINE_TABLE).await.map(|_| ())
    }

    /// Commits a second: one small row each, prepared, 32 connections.
    pub(crate) async fn baseline(&self, time: Duration) -> Result<f64> {
        let mut command = self.program("pgbench");
        command.args(["-n", "-M", "prepared", "-f", "-", "-c", BASELINE_CLIENTS, "-j", "1"]);
        command.args(["-T", &time.as_secs().max(1).to_string(), "baseline"]);
        let output = run(command, "pgbench", BASELINE_INSERT).await?;
        let line = output.lines().find_map(|line| line.strip_prefix("tps = "));
        let rate = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        rate.during("pgbench printed no rate")
    }

    /// All bytes that ever went into the write-ahead log.
    pub(crate) async fn wal_bytes(&self) -> Result<f64> {
        let answer = self.ask("postgres", "select pg_current_wal_insert_lsn() - '0/0'::pg_lsn").await?;
        answer.trim().parse().during("the position in the write-ahead log")
    }

    /// In the database of Drover.
    pub(crate) async fn ask_drover(&self, sql: &str) -> Result<String> {
        self.ask("postgres", sql).await
    }

    async fn ask(&self, database: &str, sql: &str) -> Result<String> {
        let mut command = self.program("psql");
        command.args(["-AtXq", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", "-"]);
        run(command, "psql", sql).await
    }

    /// The program beside the server's own, or whatever the path has.
    fn program(&self, name: &str) -> Command {
        let beside = self.programs.join(name);
        let mut command = if beside.is_file() { Command::new(beside) } else { Command::new(name) };
        command.args(["-h", &self.host, "-p", &self.port, "-U", "postgres"]);
        command
    }
}

fn is_postgres(process: u32) -> bool {
    fs::read_to_string(format!("/proc/{process}/comm")).is_ok_and(|name| name.trim() == "postgres")
}

/// Runs a program to its end with `input`, and gives back what it printed.
async fn run(mut command: Command, name: &str, input: &str) -> Result<String> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let started = command.spawn();
    let advice = "PostgreSQL's client programs are needed (Debian: the packages postgresql and postgresql-client)";
    let mut child = started.map_err(|error| BenchError::new(format!("{name} does not start: {error}; {advice}")))?;
    let mut stdin = child.stdin.take().during(name)?;
    stdin.write_all(input.as_bytes()).await.during(name)?;
    drop(stdin);
    let Output { status, stdout, stderr } = child.wait_with_output().await.during(name)?;
    if status.success() {
        return Ok(String::from_utf8_lossy(&stdout).into_owned());
    }
    Err(BenchError::new(format!("{name} ended with {status}: {}", String::from_utf8_lossy(&stderr).trim())))
}
