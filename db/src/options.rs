//! From a URL to connection options, the same for every connection we open.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};

use crate::DbError;

/// The schema that holds everything of ours. Statements never name it: the search path does.
pub(crate) const SCHEMA: &str = "drover";

/// Set on the connection and not on each function: a setting on a function is paid at every call.
/// `pg_temp` is named last so that nobody can slip a temporary table in front of ours.
const SEARCH_PATH: &str = "drover,pg_temp";

const OLDEST_SERVER: u32 = 150_000;

/// Options for `url` with our search path and name.
pub(crate) fn parse(url: &str, application_name: &str) -> Result<PgConnectOptions, DbError> {
    let options: PgConnectOptions = url.parse().map_err(|error: sqlx::Error| DbError::Url(error.into()))?;
    Ok(options.application_name(application_name).options([("search_path", SEARCH_PATH), ("jit", "off")]))
}

/// Adds limits the server enforces: on one statement, and on a transaction left open.
pub(crate) fn with_limits(options: PgConnectOptions, statement: Duration, idle: Duration) -> PgConnectOptions {
    options.options([
        ("statement_timeout", format!("{}ms", statement.as_millis())),
        ("idle_in_transaction_session_timeout", format!("{}ms", idle.as_millis())),
    ])
}

/// Refuses a server older than the SQL of our versions is written for.
pub(crate) fn check_server(connection: &PgConnection) -> Result<(), DbError> {
    match connection.server_version_num() {
        Some(number) if number < OLDEST_SERVER => {
            Err(DbError::OldServer { found: format!("{}.{}", number / 10_000, number % 10_000) })
        }
        // A server that does not say is not PostgreSQL proper; its answers will tell soon enough.
        _ => Ok(()),
    }
}
