//! Up without the batches of online migrations: the quick part, which a release waits for.

use super::load::Version;
use super::session::Session;
use super::{VersionError, bookmark, newest, preflight, step};

/// What an upgrade does about rows that are rewritten in batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnlineMigrations {
    Run,
    /// They are left to another upgrade, which may take days while everything runs. No further version can follow before.
    Defer,
}

/// Whether there is a version to go up to. Refuses before anything is changed where an online migration has to be complete
/// first.
pub(super) async fn has_steps(session: &mut Session, versions: &[Version], to: u32) -> Result<bool, VersionError> {
    if to > newest(versions) {
        return Err(VersionError::Unknown { wanted: to, newest: newest(versions) });
    }
    let current = session.current().await?;
    if current > 0 && current < to {
        refuse_unfinished(session, versions, current, to).await?;
    }
    Ok(current < to)
}

async fn refuse_unfinished(
    session: &mut Session,
    versions: &[Version],
    current: u32,
    to: u32,
) -> Result<(), VersionError> {
    if let Some(unfinished) = bookmark::unfinished(&mut session.connection, current).await? {
        return Err(VersionError::OnlineUnfinished { version: unfinished.version, to });
    }
    let passed = versions.iter().find(|it| it.number > current && it.number < to && it.online.is_some());
    passed.map_or(Ok(()), |it| Err(VersionError::OnlineBetween { version: it.number, to }))
}

/// Up to `to`, with the lock held, in a database that is not empty.
pub(super) async fn up(
    session: &mut Session,
    versions: &[Version],
    to: u32,
    progress: &mut (impl FnMut(&str) + Send),
) -> Result<u32, VersionError> {
    let current = session.current().await?;
    if current < to {
        refuse_unfinished(session, versions, current, to).await?;
    }
    preflight::check_all(session, versions, to).await?;
    for version in versions.iter().filter(|version| version.number > current && version.number <= to) {
        step::up_when_free(session, version, progress).await?;
        if version.online.is_some() {
            progress(&format!("version {}: its online migration is left to `drover db upgrade`", version.number));
        }
    }
    session.current().await
}
