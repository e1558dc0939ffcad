//! `drover doctor`: what preflight looks at, and how the server of the database does while everything runs.

use std::time::Duration;

use chrono::TimeDelta;
use clap::Args;
use db::{DbError, Health, Holder, TableRows};
use tokio::time::timeout;

use super::{
    args::PreflightArgs,
    broker, bucket, database,
    report::{Check, Report},
    root_url, settings,
};
use crate::{
    database::Database,
    exit::{CliError, Exit, with_causes},
    global::Global,
    output::Output,
    system_context::SystemContext,
};

const DEADLINE: Duration = Duration::from_secs(30);
/// Claims and deadlines are compared with the clocks of processes, queries of operators with the server's.
const CLOCK: TimeDelta = TimeDelta::seconds(2);
/// The tables of claims ask for a look this often (`deploy/helm/values.yaml`).
const NAPTIME_SECONDS: i64 = 5;
const HELD_SECONDS: f64 = 60.0;
/// The server warns at 2^31 less 40 million, and begins to freeze at 200 million.
const UNFROZEN: i64 = 1_000_000_000;
/// A table of this many dead rows slows every look at it.
const DEAD_ROWS: i64 = 100_000;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  drover doctor
  drover doctor -o json

It looks at what `drover preflight` looks at, and at the server of the database: settings of autovacuum, clock, connections,
what keeps dead rows from being removed, and how many there are. Without a database URL it is the database that `drover dev`
keeps in the data folder. Exit codes are those of `drover preflight`.")]
pub(crate) struct DoctorArgs {}

pub(crate) async fn run(
    DoctorArgs {}: DoctorArgs,
    global: &Global,
    system: &SystemContext,
    output: &Output,
) -> Result<Exit, CliError> {
    let loaded = match global.load(&[]) {
        Ok(settings) => settings,
        Err(error) => return Ok(Report(vec![Check::wrong("settings", &error)]).print(*output)),
    };
    let mut checks = Vec::new();
    // Without one it is a `drover dev`, which makes what is missing.
    if !loaded.database.url.is_empty() {
        checks = settings::check(&loaded, &global.registry);
        checks.push(root_url::check(&loaded.api.root_url));
    }
    let database = match Database::of_command(&loaded).await {
        Ok(database) => database,
        Err(error) => {
            checks.push(Check::wrong("database", &error));
            return Ok(Report(checks).print(*output));
        }
    };
    let args = PreflightArgs::default();
    checks.extend(database::check_at(database.url(), &loaded, &args).await);
    checks.extend(server(database.url(), system).await);
    checks.push(broker::check(&loaded, false, system).await);
    checks.push(bucket::check(loaded.section(), system).await);
    database.stop().await;
    Ok(Report(checks).print(*output))
}

async fn server(url: &str, system: &SystemContext) -> Vec<Check> {
    let before = system.clock.now();
    let health = match timeout(DEADLINE, db::health(url)).await {
        Ok(Ok(health)) => health,
        // The check of the database reports it.
        Ok(Err(DbError::Away { .. })) | Err(_) => return Vec::new(),
        Ok(Err(error)) => {
            return vec![Check::failed("server", Exit::Refused, with_causes(&error), "grant pg_monitor to the user")];
        }
    };
    vec![
        clock(health.time - before, system.clock.now() - before),
        autovacuum(&health),
        connections(&health),
        unfrozen(health.unfrozen_transactions),
        held(&health.holders),
        dead_rows(&health.tables),
    ]
}

/// `ahead` contains the time that the way to the server took.
fn clock(ahead: TimeDelta, took: TimeDelta) -> Check {
    const CHECK: &str = "clock";
    if ahead >= -CLOCK && ahead <= took + CLOCK {
        return Check::ok(CHECK, "this machine and the database agree about the time");
    }
    let message = format!("the database's clock is {} s from this machine's", ahead.num_seconds());
    Check::warning(CHECK, message, "let both follow the same time server")
}

fn autovacuum(health: &Health) -> Check {
    const CHECK: &str = "autovacuum";
    let it = health.autovacuum;
    if !it.enabled {
        return Check::failed(
            CHECK,
            Exit::Failed,
            "it is off: tables grow without end",
            "set `autovacuum = on` in PostgreSQL",
        );
    }
    let message = format!("it looks every {} s, with {} workers", it.naptime_seconds, it.workers);
    if it.naptime_seconds <= NAPTIME_SECONDS {
        return Check::ok(CHECK, message);
    }
    let fix = "set `autovacuum_naptime = 5s` and `autovacuum_max_workers = 4` in PostgreSQL: pending tasks grow to ten times their \
               size under load otherwise";
    Check::warning(CHECK, message, fix)
}

fn connections(health: &Health) -> Check {
    const CHECK: &str = "connections";
    let it = health.connections;
    let message = format!("{} of {} are used", it.used, it.max);
    if it.used * 10 <= it.max * 8 {
        return Check::ok(CHECK, message);
    }
    Check::warning(CHECK, message, "raise `max_connections` in PostgreSQL, or lower `database.pool_size`")
}

fn unfrozen(transactions: i64) -> Check {
    const CHECK: &str = "freezing";
    let message = format!("the oldest row was frozen {} million transactions ago", transactions / 1_000_000);
    if transactions < UNFROZEN {
        return Check::ok(CHECK, message);
    }
    Check::failed(
        CHECK,
        Exit::Failed,
        message,
        "run `vacuum freeze` in this database: at 2,147 million the server stops",
    )
}

fn held(holders: &[Holder]) -> Check {
    const CHECK: &str = "snapshots";
    let old: Vec<String> = holders.iter().filter_map(old).collect();
    if old.is_empty() {
        return Check::ok(CHECK, "nothing old keeps dead rows from being removed");
    }
    let message = format!("dead rows cannot be removed, and claims get slower: {}", old.join("; "));
    let fix =
        "end it (`select pg_terminate_backend(PID)`, `rollback prepared`, `select pg_drop_replication_slot(NAME)`)";
    Check::warning(CHECK, message, fix)
}

fn old(holder: &Holder) -> Option<String> {
    match holder.seconds {
        None => Some(holder.who.clone()),
        Some(seconds) if seconds > HELD_SECONDS => Some(format!("{}, open for {seconds:.0} s", holder.who)),
        Some(_) => None,
    }
}

fn dead_rows(tables: &[TableRows]) -> Check {
    const CHECK: &str = "dead rows";
    let full = tables.iter().filter(|table| table.dead > DEAD_ROWS && table.dead > table.live);
    let full: Vec<String> = full.map(|it| format!("{} has {} for {} that live", it.name, it.dead, it.live)).collect();
    if full.is_empty() {
        return Check::ok(CHECK, "no table has more of them than rows that live");
    }
    let fix = "see snapshots and autovacuum above; `vacuum` on the table removes them, `vacuum full` gives the disk back and locks it";
    Check::warning(CHECK, full.join("; "), fix)
}

#[cfg(test)]
mod tests {
    use super::{super::report::Outcome, *};

    #[test]
    fn clocks_may_differ_by_the_way_and_a_little() {
        let outcome = |ahead, took| clock(TimeDelta::milliseconds(ahead), TimeDelta::milliseconds(took)).outcome;
        assert_eq!([outcome(10, 20), outcome(-1500, 20), outcome(4000, 3000)], [Outcome::Ok; 3]);
        assert_eq!([outcome(2500, 20), outcome(-3000, 20)], [Outcome::Warning; 2]);
    }

    #[test]
    fn only_what_is_old_is_reported() {
        let holder = |seconds| Holder { who: "it".to_owned(), seconds };
        assert_eq!(held(&[holder(Some(1.0))]).outcome, Outcome::Ok);
        assert!(held(&[holder(Some(61.0))]).message.ends_with("it, open for 61 s"));
        assert_eq!(held(&[holder(None)]).outcome, Outcome::Warning);
    }

    #[test]
    fn a_table_of_dead_rows_is_named() {
        let table = |live, dead| TableRows { name: "pending".to_owned(), live, dead };
        assert_eq!(dead_rows(&[table(0, 90_000), table(2_000_000, 1_000_000)]).outcome, Outcome::Ok);
        assert_eq!(dead_rows(&[table(10, 200_000)]).message, "pending has 200000 for 10 that live");
        assert_eq!((unfrozen(5).outcome, unfrozen(1_500_000_000).outcome), (Outcome::Ok, Outcome::Failed));
    }
}
