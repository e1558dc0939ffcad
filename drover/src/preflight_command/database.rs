//! The database: reachable, with the rights and the version that are needed, sealed with the keys that are given.

use std::time::Duration;

use actors::hooks;
use db::{
    DbError,
    versions::{self, OnlineMigration, Readiness, VersionError},
};
use tokio::time::timeout;

use super::{args::PreflightArgs, report::Check, root_url};
use crate::{
    database::Database,
    exit::{Exit, with_causes, with_setting},
    settings::DroverSettings,
};

/// Some versions look through whole tables for rows that they could not deal with.
const DEADLINE: Duration = Duration::from_mins(5);
const CONNECT_DEADLINE: Duration = Duration::from_secs(15);
const REACH: &str = "see that the server in `database.url` runs, and that this machine or pod may reach it";

pub(super) async fn check(settings: &DroverSettings, args: &PreflightArgs) -> Vec<Check> {
    let database = match Database::given(&settings.database) {
        Ok(database) => database,
        Err(error) => return vec![Check::wrong("database", &error)],
    };
    check_at(database.url(), settings, args).await
}

pub(super) async fn check_at(url: &str, settings: &DroverSettings, args: &PreflightArgs) -> Vec<Check> {
    // A server that answers nothing is found sooner than one whose answers take long.
    let readiness = async {
        match timeout(CONNECT_DEADLINE, versions::status(url)).await {
            Ok(Ok(_)) => timeout(DEADLINE, versions::readiness(url, hooks::BUILT_IN_GROUP)).await,
            Ok(Err(error)) => Ok(Err(error)),
            Err(late) => Err(late),
        }
    };
    match readiness.await {
        Ok(Ok(readiness)) => found(&readiness, settings, args),
        Ok(Err(error)) => vec![away(&error)],
        Err(_) => {
            let message = "the database of `database.url` did not answer in time";
            vec![Check::failed("database", Exit::Unreachable, message, REACH)]
        }
    }
}

fn away(error: &VersionError) -> Check {
    let (exit, fix) = match error {
        VersionError::Db(DbError::Away { .. } | DbError::Late { .. }) => (Exit::Unreachable, REACH),
        VersionError::Db(DbError::Url(_)) => (Exit::Usage, "correct `database.url`"),
        VersionError::Db(DbError::Statement { .. }) => {
            (Exit::Refused, "correct user, password or database in `database.url`, or grant the user what is missing")
        }
        _ => (Exit::Failed, "use PostgreSQL 15 or newer in `database.url`"),
    };
    let message = with_setting("database.ca_file", format!("`database.url`: {}", with_causes(error)));
    Check::failed("database", exit, message, fix)
}

fn found(readiness: &Readiness, settings: &DroverSettings, args: &PreflightArgs) -> Vec<Check> {
    let definition = readiness.hook_definition.as_deref();
    let used = definition.and_then(hooks::root_url_of);
    let mut checks = vec![
        rights(readiness),
        version(readiness, args.before_upgrade),
        keys(readiness, settings),
        root_url::compared(&settings.api.root_url, used.as_deref(), args.new_root_url),
    ];
    checks.extend(readiness.status.online_migration.as_ref().map(under_way));
    checks
}

fn rights(readiness: &Readiness) -> Check {
    if readiness.is_standby {
        let fix = "name the primary in `database.url`";
        return Check::failed(
            "database",
            Exit::Failed,
            "`database.url` leads to a standby, where nothing can be written",
            fix,
        );
    }
    if readiness.missing_rights.is_empty() {
        return Check::ok("database", "it answers, and the user has the rights that are needed");
    }
    let message = "the user of `database.url` lacks rights";
    let fix = format!("as the owner of the database: {}", readiness.missing_rights.join("; "));
    Check::failed("database", Exit::Refused, message, fix)
}

fn version(readiness: &Readiness, before_upgrade: bool) -> Check {
    const CHECK: &str = "version";
    let (current, newest) = (readiness.status.current, readiness.status.newest);
    if let Some(refused) = &readiness.upgrade_refused {
        let fix = "nothing was changed, and what runs goes on; repeat this once that is done";
        return Check::failed(CHECK, Exit::Failed, refused, fix);
    }
    if current < newest && before_upgrade {
        let from =
            if current == 0 { "the database is new".to_owned() } else { format!("the database is at {current}") };
        return Check::ok(CHECK, format!("{from}; the upgrade takes it to {newest}"));
    }
    if current < newest {
        let message = format!("the database is at version {current}, behind the {newest} that this program needs");
        return Check::failed(CHECK, Exit::Failed, message, "run `drover db upgrade`");
    }
    let place = if current > newest { ", ahead of this program's" } else { ", this program's" };
    if readiness.missing_functions.is_empty() {
        return Check::ok(CHECK, format!("the database is at version {current}{place} {newest}"));
    }
    let functions = readiness.missing_functions.join(", ");
    let message =
        format!("the database is at version {current}{place} {newest}, and lacks functions that it calls: {functions}");
    let fix = if current > newest {
        "install the release that upgraded it, or a newer one"
    } else {
        "somebody dropped them: restore the database"
    };
    Check::failed(CHECK, Exit::Failed, message, fix)
}

/// What a key sealed that is not given could not be read any more: clients could not sign in, secrets would be lost.
fn keys(readiness: &Readiness, settings: &DroverSettings) -> Check {
    const CHECK: &str = "keys in use";
    let given = |id: &String| settings.auth.sealing_keys.iter().any(|key| key.id == *id);
    let missing: Vec<&str> = readiness.sealing_keys.iter().filter(|id| !given(id)).map(String::as_str).collect();
    if missing.is_empty() {
        let message = if readiness.sealing_keys.is_empty() { "nothing is sealed yet" } else { "all of them are given" };
        return Check::ok(CHECK, message);
    }
    let message =
        format!("what is stored was sealed with keys that `auth.sealing_keys` does not have: {}", missing.join(", "));
    Check::failed(CHECK, Exit::Usage, message, "add them to `auth.sealing_keys`, before the last one")
}

fn under_way(online: &OnlineMigration) -> Check {
    let fix = "`drover db upgrade` finishes it, while everything runs";
    Check::warning("online migration", format!("it is not complete: {online}"), fix)
}
