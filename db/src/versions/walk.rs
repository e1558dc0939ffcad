//! Up and down, one version and one transaction at a time.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use tokio::time::timeout;

use super::busy::Busy;
use super::defer::{self, OnlineMigrations};
use super::direction::Direction;
use super::load::{self, Version};
use super::online;
use super::session::{self, Session};
use super::{VersionError, bookmark, newest, preflight, step};

/// How long the way may take to notice that its statement was ended at the server; one that pauses does not.
const NOTICED_WITHIN: Duration = Duration::from_secs(1);

/// Takes the database to version `to`, or to the newest. Says each step to `progress`.
///
/// Safe to run from several processes at once: the others wait, and then find nothing left to do. No table is waited for
/// longer than a moment at a time (`busy.rs`).
pub async fn upgrade(url: &str, to: Option<u32>, progress: impl FnMut(&str) + Send) -> Result<u32, VersionError> {
    upgrade_until(url, to, OnlineMigrations::Run, pending(), progress).await
}

/// The same, until `stop`: then the statement under way is ended at the server too.
pub async fn upgrade_until(
    url: &str,
    to: Option<u32>,
    online: OnlineMigrations,
    stop: impl Future<Output = ()>,
    mut progress: impl FnMut(&str) + Send,
) -> Result<u32, VersionError> {
    let versions = load::shipped()?;
    let to = to.unwrap_or_else(|| newest(versions));
    let mut session = Session::open(url).await?;
    let server_process = session.server_process().await?;
    let walking = async {
        let is_deferred = online == OnlineMigrations::Defer;
        // Before the lock, which an online migration holds for as long as it takes.
        if is_deferred && !defer::has_steps(&mut session, versions, to).await? {
            return session.current().await;
        }
        session.lock(&mut progress).await?;
        prepare(&mut session, &mut progress).await?;
        // In an empty database nothing is there to be rewritten.
        if is_deferred && session.current().await? > 0 {
            return defer::up(&mut session, versions, to, &mut progress).await;
        }
        up(&mut session, versions, to, &mut progress).await
    };
    until(url, server_process, stop, walking).await
}

/// Takes the database back to version `to`. What that takes away, [`losses`](super::losses) tells.
pub async fn downgrade(url: &str, to: u32, progress: impl FnMut(&str) + Send) -> Result<u32, VersionError> {
    downgrade_until(url, to, pending(), progress).await
}

/// The same, until `stop`.
pub async fn downgrade_until(
    url: &str,
    to: u32,
    stop: impl Future<Output = ()>,
    mut progress: impl FnMut(&str) + Send,
) -> Result<u32, VersionError> {
    let versions = load::shipped()?;
    let mut session = Session::open(url).await?;
    let server_process = session.server_process().await?;
    let walking = async {
        session.lock(&mut progress).await?;
        prepare(&mut session, &mut progress).await?;
        down(&mut session, versions, to, &mut progress).await
    };
    until(url, server_process, stop, walking).await
}

/// A connection that is only dropped leaves its statement running, with all its locks.
pub(super) async fn until(
    url: &str,
    server_process: i32,
    stop: impl Future<Output = ()>,
    walking: impl Future<Output = Result<u32, VersionError>>,
) -> Result<u32, VersionError> {
    let mut walking = pin!(walking);
    tokio::select! {
        biased;
        arrived = &mut walking => return arrived,
        () = stop => {}
    }
    session::end(url, server_process).await?;
    match timeout(NOTICED_WITHIN, walking).await {
        Ok(Ok(version)) => Ok(version),
        _ => Err(VersionError::Interrupted),
    }
}

async fn prepare(session: &mut Session, progress: &mut (impl FnMut(&str) + Send)) -> Result<(), VersionError> {
    let mut busy = Busy::default();
    loop {
        match session.prepare().await {
            Err(error) if busy.may_pass(&error) => busy.pause(session, "preparing", progress).await,
            done => return done,
        }
    }
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
    finish_interrupted(session, current, progress).await?;
    preflight::check_all(session, versions, to).await?;
    for version in versions.iter().filter(|version| version.number > current && version.number <= to) {
        step::up_when_free(session, version, progress).await?;
        online::finish(session, Direction::Up, version.number, progress).await?;
    }
    session.current().await
}

/// Finishes the online migration that an earlier way up or down was interrupted in. One on the way down is finished too
/// before the way up begins: only then are the rows what the version they are at promises.
async fn finish_interrupted(
    session: &mut Session,
    current: u32,
    progress: &mut (impl FnMut(&str) + Send),
) -> Result<(), VersionError> {
    let Some(unfinished) = bookmark::unfinished(&mut session.connection, current).await? else { return Ok(()) };
    let way = unfinished.direction.word();
    progress(&format!("finishing the interrupted way {way}: {unfinished}"));
    online::finish(session, unfinished.direction, unfinished.version, progress).await
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
    // One on the way up is given up instead: its rows go back with the version.
    online::finish(session, Direction::Down, current + 1, progress).await?;
    for version in versions.iter().rev().filter(|version| version.number <= current && version.number > to) {
        progress(&format!("downgrading from {}", version.folder()));
        let mut busy = Busy::default();
        loop {
            match step::down(session, versions, version).await {
                Err(error) if busy.may_pass(&error) => busy.pause(session, &version.folder(), progress).await,
                done => break done?,
            }
        }
        online::finish(session, Direction::Down, version.number, progress).await?;
    }
    session.current().await
}
