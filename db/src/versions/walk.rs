//! Up and down, one version and one transaction at a time.

use super::load::{self, Version};
use super::online::{self, Direction};
use super::session::{self, Session};
use super::{VersionError, newest};

/// Takes the database to version `to`, or to the newest. Says each step to `progress`.
///
/// Safe to run from several processes at once: the others wait, and then find nothing left to do.
pub async fn upgrade(url: &str, to: Option<u32>, mut progress: impl FnMut(&str) + Send) -> Result<u32, VersionError> {
    let versions = load::shipped()?;
    let mut session = Session::open(url).await?;
    session.lock(&mut progress).await?;
    session.prepare().await?;
    up(&mut session, versions, to.unwrap_or_else(|| newest(versions)), &mut progress).await
}

/// Takes the database back to version `to`.
pub async fn downgrade(url: &str, to: u32, mut progress: impl FnMut(&str) + Send) -> Result<u32, VersionError> {
    let versions = load::shipped()?;
    let mut session = Session::open(url).await?;
    session.lock(&mut progress).await?;
    session.prepare().await?;
    down(&mut session, versions, to, &mut progress).await
}

pub(super) async fn up(
    session: &mut Session,
    versions: &[Version],
    to: u32,
    progress: &mut (impl FnMut(&str) + Send),
) -> Result<u32, VersionError> {
    let current = session.current().await?;
    if to > newest(versions) {
        return Err(VersionError::Unknown { wanted: to, newest: newest(versions) });
    }
    // A database that an even newer program has upgraded serves this one as well: nothing to do.
    if current > to && to != newest(versions) {
        return Err(VersionError::NotUp { current, wanted: to });
    }
    online::finish(session, Direction::Up, current, progress).await?;
    for version in versions.iter().filter(|version| version.number > current && version.number <= to) {
        progress(&format!("upgrading to {}", version.folder()));
        step_up(session, version).await?;
        online::finish(session, Direction::Up, version.number, progress).await?;
    }
    session.current().await
}

pub(super) async fn down(
    session: &mut Session,
    versions: &[Version],
    to: u32,
    progress: &mut (impl FnMut(&str) + Send),
) -> Result<u32, VersionError> {
    let current = session.current().await?;
    if current > newest(versions) {
        return Err(VersionError::Newer { current, newest: newest(versions) });
    }
    if current < to {
        return Err(VersionError::NotDown { current, wanted: to });
    }
    online::finish(session, Direction::Down, current + 1, progress).await?;
    for version in versions.iter().rev().filter(|version| version.number <= current && version.number > to) {
        progress(&format!("downgrading from {}", version.folder()));
        online::drop_functions(session, Direction::Up, version.number).await?;
        step_down(session, versions, version).await?;
        online::finish(session, Direction::Down, version.number, progress).await?;
    }
    session.current().await
}

async fn step_up(session: &mut Session, version: &Version) -> Result<(), VersionError> {
    let folder = version.folder();
    let mut transaction = session.step(version.number - 1).await?;
    session::run(&mut transaction, format!("{folder}/up.sql"), &version.up).await?;
    for function in &version.functions {
        session::run(&mut transaction, format!("{folder}/functions/{}.sql", function.name), &function.sql).await?;
    }
    if let Some(online) = &version.online {
        session::run(&mut transaction, format!("{folder}/online.sql"), online).await?;
    }
    session::set_version(&mut transaction, version.number).await?;
    Ok(transaction.commit().await?)
}

/// Functions go first where they are new, so that `down.sql` may drop the types they speak; a function that
/// was only redefined gets its older definition back once the tables are as they were.
async fn step_down(session: &mut Session, versions: &[Version], version: &Version) -> Result<(), VersionError> {
    let folder = version.folder();
    let mut transaction = session.step(version.number).await?;
    for function in version.functions.iter().filter(|function| function.since == version.number) {
        let drop = format!("drop function {}", function.name);
        session::run(&mut transaction, format!("{folder}: dropping {}", function.name), &drop).await?;
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

fn older_definition<'a>(versions: &'a [Version], before: u32, name: &str) -> Option<&'a str> {
    let older = versions.iter().rev().filter(|version| version.number < before);
    older
        .flat_map(|version| &version.functions)
        .find(|function| function.name == name)
        .map(|function| function.sql.as_str())
}
