//! One version up or down, in one transaction.

use sqlx::PgConnection;

use super::VersionError;
use super::busy::Busy;
use super::direction::Direction;
use super::load::Version;
use super::online;
use super::preflight;
use super::session::{self, Session};

/// Up, once nobody holds a table that it needs.
pub(super) async fn up_when_free(
    session: &mut Session,
    version: &Version,
    progress: &mut (impl FnMut(&str) + Send),
) -> Result<(), VersionError> {
    progress(&format!("upgrading to {}", version.folder()));
    let mut busy = Busy::default();
    loop {
        match up(session, version).await {
            Err(error) if busy.may_pass(&error) => busy.pause(session, &version.folder(), progress).await,
            done => return done,
        }
    }
}

async fn up(session: &mut Session, version: &Version) -> Result<(), VersionError> {
    let folder = version.folder();
    let mut transaction = session.step(version.number - 1).await?;
    drop_leftovers(&mut transaction, version.number).await?;
    preflight::check(&mut transaction, version).await?;
    session::run(&mut transaction, format!("{folder}/up.sql"), &version.up).await?;
    if let Some(constants) = &version.constants {
        session::run(&mut transaction, format!("{folder}/constants.sql"), constants).await?;
    }
    // Functions call each other in any order, so all are there before the first body is checked.
    for checked in ["off", "on"] {
        let setting = format!("set local check_function_bodies = {checked}");
        session::run(&mut transaction, setting.clone(), &setting).await?;
        for function in &version.functions {
            session::run(&mut transaction, format!("{folder}/functions/{}.sql", function.name), &function.sql).await?;
        }
    }
    if let Some(online) = &version.online {
        session::run(&mut transaction, format!("{folder}/online.sql"), online).await?;
    }
    session::set_version(&mut transaction, version.number).await?;
    Ok(transaction.commit().await?)
}

/// Functions go first where they are new, so that `down.sql` may drop the types they use; a function that
/// was only redefined gets its older definition back once the tables are as they were.
pub(super) async fn down(session: &mut Session, versions: &[Version], version: &Version) -> Result<(), VersionError> {
    let folder = version.folder();
    let mut transaction = session.step(version.number).await?;
    drop_leftovers(&mut transaction, version.number).await?;
    let new = version.functions.iter().filter(|function| function.since == version.number);
    for name in new.map(|function| function.name.as_str()).chain(version.constant_names()) {
        let drop = format!("drop function {name}");
        session::run(&mut transaction, format!("{folder}: dropping {name}"), &drop).await?;
    }
    session::run(&mut transaction, format!("{folder}/down.sql"), &version.down).await?;
    for function in version.functions.iter().filter(|function| function.since != version.number) {
        if let Some(older) = older_definition(versions, version.number, &function.name) {
            session::run(&mut transaction, format!("{folder}: restoring {}", function.name), older).await?;
        }
    }
    session::set_version(&mut transaction, version.number - 1).await?;
    Ok(transaction.commit().await?)
}

/// Functions of online migrations of this version that were given up would be taken for its new ones.
async fn drop_leftovers(transaction: &mut PgConnection, version: u32) -> Result<(), VersionError> {
    for direction in Direction::BOTH {
        online::drop_functions(transaction, direction, version).await?;
    }
    Ok(())
}

fn older_definition<'a>(versions: &'a [Version], before: u32, name: &str) -> Option<&'a str> {
    let older = versions.iter().rev().filter(|version| version.number < before);
    older
        .flat_map(|version| &version.functions)
        .find(|function| function.name == name)
        .map(|function| function.sql.as_str())
}
