//! Whether a database can be used by this program, or upgraded for it. Nothing is changed here.

use std::collections::BTreeSet;

use sqlx::AssertSqlSafe;

use super::load::{self, Version};
use super::session::Session;
use super::{Status, VersionError, defer, functions, preflight, status_of};
use crate::options::SCHEMA;

/// What there is to know before processes are started on a database.
#[derive(Debug, Clone, PartialEq)]
pub struct Readiness {
    pub status: Status,
    /// A standby, where nothing can be written.
    pub is_standby: bool,
    /// What the user may not do and has to, in words.
    pub missing_rights: Vec<String>,
    /// Functions that this program calls and that are gone. Empty for a database that is behind.
    pub missing_functions: Vec<String>,
    /// Why an upgrade to the newest version would be refused.
    pub upgrade_refused: Option<String>,
    /// The ids of the keys with which stored texts are sealed.
    pub sealing_keys: BTreeSet<String>,
    /// The definition of a hook of the group that was asked for.
    pub hook_definition: Option<String>,
}

/// Where sealed texts are kept for as long as somebody wants them.
const SEALED: [(&str, &str); 3] = [("client", "sealed_access_token"), ("secret", "sealed"), ("hook", "trigger_token")];

/// `hook_group`: the one whose hooks the program writes itself.
pub async fn readiness(url: &str, hook_group: &str) -> Result<Readiness, VersionError> {
    readiness_of(&mut Session::open(url).await?, load::shipped()?, hook_group).await
}

pub(super) async fn readiness_of(
    session: &mut Session,
    versions: &[Version],
    hook_group: &str,
) -> Result<Readiness, VersionError> {
    let status = status_of(session, versions).await?;
    let (current, newest) = (status.current, status.newest);
    let is_standby = sqlx::query_scalar("select pg_is_in_recovery()").fetch_one(&mut session.connection).await?;
    let missing_functions = if current < newest { Vec::new() } else { session.missing_functions(versions).await? };
    Ok(Readiness {
        is_standby,
        missing_rights: session.missing_rights(current < newest).await?,
        missing_functions,
        upgrade_refused: session.upgrade_refused(versions, newest).await?,
        sealing_keys: session.sealing_keys().await?,
        hook_definition: session.hook_definition(hook_group).await?,
        status,
    })
}

#[derive(sqlx::FromRow)]
struct Rights {
    user_name: String,
    database: String,
    creates_schemas: bool,
    /// Of a schema that is there.
    lacks_usage: bool,
    lacks_create: bool,
    /// Whose tables the user cannot change.
    other_owners: Option<String>,
    /// Of which the user may not read and write the rows.
    closed_tables: i64,
}

impl Rights {
    /// An upgrade changes tables, and begins with `create schema if not exists`.
    fn missing(&self, for_upgrade: bool) -> Vec<String> {
        let Self { user_name, database, .. } = self;
        let mut missing = Vec::new();
        if for_upgrade && !self.creates_schemas {
            missing.push(format!("grant create on database {database} to {user_name}"));
        }
        if self.lacks_usage || (for_upgrade && self.lacks_create) {
            missing.push(format!("grant usage, create on schema {SCHEMA} to {user_name}"));
        }
        if let Some(owners) = self.other_owners.as_ref().filter(|_| for_upgrade) {
            missing.push(format!("grant {owners} to {user_name}"));
        }
        if self.closed_tables > 0 {
            let tables = format!("all tables in schema {SCHEMA}");
            missing.push(format!("grant select, insert, update, delete on {tables} to {user_name}"));
        }
        missing
    }
}

const RIGHTS: &str = "
    with ours as (
      select c.oid, c.relowner from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1 and c.relkind in ('r', 'p'))
    select quote_ident(current_user::text) as user_name,
           quote_ident(current_database()::text) as database,
           has_database_privilege(current_database(), 'create') as creates_schemas,
           coalesce(not has_schema_privilege(to_regnamespace($1), 'usage'), false) as lacks_usage,
           coalesce(not has_schema_privilege(to_regnamespace($1), 'create'), false) as lacks_create,
           (select string_agg(distinct quote_ident(pg_get_userbyid(relowner)), ', ') from ours
            where not pg_has_role(relowner, 'usage')) as other_owners,
           (select count(*) from ours
            where not (has_table_privilege(oid, 'select') and has_table_privilege(oid, 'insert')
                       and has_table_privilege(oid, 'update') and has_table_privilege(oid, 'delete'))) as closed_tables";

impl Session {
    async fn missing_rights(&mut self, for_upgrade: bool) -> Result<Vec<String>, VersionError> {
        let rights: Rights = sqlx::query_as(RIGHTS).bind(SCHEMA).fetch_one(&mut self.connection).await?;
        Ok(rights.missing(for_upgrade))
    }

    async fn missing_functions(&mut self, versions: &[Version]) -> Result<Vec<String>, VersionError> {
        let sql = "select p.proname::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
                   where n.nspname = $1";
        let there: BTreeSet<String> =
            sqlx::query_scalar(sql).bind(SCHEMA).fetch_all(&mut self.connection).await?.into_iter().collect();
        let called = functions::of(versions).into_iter().filter(|function| function.last_used.is_none());
        Ok(called.map(|function| function.name).filter(|name| !there.contains(name)).collect())
    }

    async fn upgrade_refused(&mut self, versions: &[Version], to: u32) -> Result<Option<String>, VersionError> {
        let refused = match defer::has_steps(self, versions, to).await {
            Ok(true) => preflight::check_all(self, versions, to).await,
            other => other.map(drop),
        };
        match refused {
            Err(error @ (VersionError::OnlineUnfinished { .. } | VersionError::OnlineBetween { .. })) => {
                Ok(Some(error.to_string()))
            }
            Err(error @ VersionError::BadRows { .. }) => Ok(Some(error.to_string())),
            other => other.map(|()| None),
        }
    }

    async fn sealing_keys(&mut self) -> Result<BTreeSet<String>, VersionError> {
        let mut ids = BTreeSet::new();
        for (table, column) in SEALED {
            if self.has_column(table, column).await? {
                let sql =
                    format!("select distinct {column} ->> 'kid' from {table} where {column} ->> 'kid' is not null");
                let found: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut self.connection).await?;
                ids.extend(found);
            }
        }
        Ok(ids)
    }

    async fn hook_definition(&mut self, group: &str) -> Result<Option<String>, VersionError> {
        if !self.has_column("hook", "definition").await? {
            return Ok(None);
        }
        let sql = "select definition from hook where hook_group_id = $1 order by hook_id limit 1";
        Ok(sqlx::query_scalar(sql).bind(group).fetch_optional(&mut self.connection).await?)
    }

    /// Of a table that may be read: what may not be is among the missing rights.
    async fn has_column(&mut self, table: &str, column: &str) -> Result<bool, VersionError> {
        let sql = "select exists (select from pg_attribute a join pg_class c on c.oid = a.attrelid
                                  join pg_namespace n on n.oid = c.relnamespace
                                  where n.nspname = $1 and c.relname = $2 and a.attname = $3 and not a.attisdropped
                                    and has_schema_privilege(n.oid, 'usage')
                                    and has_column_privilege(c.oid, a.attnum, 'select'))";
        let query = sqlx::query_scalar(sql).bind(SCHEMA).bind(table).bind(column);
        Ok(query.fetch_one(&mut self.connection).await?)
    }
}
