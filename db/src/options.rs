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
    check_scheme(url)?;
    let options: PgConnectOptions = url.parse().map_err(|error: sqlx::Error| DbError::Url(error.into()))?;
    Ok(options.application_name(application_name).options([("search_path", SEARCH_PATH), ("jit", "off")]))
}

/// The parser takes the host of any address for that of a PostgreSQL.
fn check_scheme(url: &str) -> Result<(), DbError> {
    let scheme = url.split_once(':').map_or(url, |(scheme, _)| scheme).to_lowercase();
    if matches!(scheme.as_str(), "postgres" | "postgresql") {
        return Ok(());
    }
    let known = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+') && url.contains("://");
    let words =
        if known { format!("it begins with `{scheme}://`") } else { "it does not begin with a scheme".to_owned() };
    Err(DbError::Url(format!("{words}, and Drover keeps its data in PostgreSQL only").into()))
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
        // A server that does not say is not PostgreSQL proper; its first incompatible response will be an error.
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_another_kind_of_database_is_refused_with_what_is_meant() {
        for url in ["mysql://user:secret@host/drover", "MariaDB://host", "host/drover", "sqlite::memory:"] {
            let error = parse(url, "test").unwrap_err();
            let words = format!("{error}: {}", std::error::Error::source(&error).unwrap());
            assert!(words.contains("postgresql://user") && words.contains("PostgreSQL only"), "{words}");
            assert!(!words.contains("secret"), "{words}");
        }
        for url in ["postgres://host/drover", "postgresql:///drover?host=/run"] {
            assert!(parse(url, "test").is_ok(), "{url}");
        }
    }
}
