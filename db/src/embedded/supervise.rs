//! The thread that lives as long as the server: starts it, starts it again when it dies, stops it at the end.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::directory::Directory;
use super::server::{Recipe, Server};
use super::{EmbeddedError, EmbeddedSettings, access, binaries, identity, initdb};

const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A server that lived this long was well; its end is a new story.
const WELL: Duration = Duration::from_mins(1);

/// Runs until `stop` is used or dropped. Sends the URL once the server accepts queries.
pub(super) fn run(
    settings: &EmbeddedSettings,
    tell: oneshot::Sender<String>,
    stop: oneshot::Receiver<()>,
) -> Result<(), EmbeddedError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| EmbeddedError::io("starting the thread that watches PostgreSQL", error))?;
    runtime.block_on(live(settings, tell, stop))
}

async fn live(
    settings: &EmbeddedSettings,
    tell: oneshot::Sender<String>,
    stop: oneshot::Receiver<()>,
) -> Result<(), EmbeddedError> {
    let started = Instant::now();
    let recipe = prepare(settings).await?;
    let mut server = recipe.launch().await?;
    tracing::info!(
        postgres.version = recipe.binaries.major,
        postgres.data = %recipe.directory.data.display(),
        duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "the embedded PostgreSQL is ready"
    );
    let reported = tell.send(recipe.url()).is_ok();
    let ended = if reported { watch(&recipe, server, stop).await } else { server.stop(settings.stop_timeout).await };
    recipe.directory.leave();
    ended
}

/// Keeps the server running: starts it again whenever it ends, until stopped.
async fn watch(recipe: &Recipe, mut server: Server, mut stop: oneshot::Receiver<()>) -> Result<(), EmbeddedError> {
    loop {
        let begun = Instant::now();
        tokio::select! {
            _ = &mut stop => return server.stop(recipe.settings.stop_timeout).await,
            status = server.ended() => {
                tracing::warn!(status, log = recipe.log_tail(&server), "PostgreSQL has ended by itself and is started again");
            }
        }
        let pause = if begun.elapsed() > WELL { SHORTEST_PAUSE } else { SHORTEST_PAUSE * 2 };
        match again(recipe, pause, &mut stop).await {
            Some(next) => server = next,
            None => return Ok(()),
        }
    }
}

/// Everything that is done once: the lock, the programs, the data.
async fn prepare(settings: &EmbeddedSettings) -> Result<Recipe, EmbeddedError> {
    let directory = Directory::open(settings).await?;
    let binaries = binaries::find(settings, &directory.data)?;
    identity::check_reach(directory.identity.as_ref(), &binaries.directory)?;
    if !directory.has_data() {
        initdb::run(&binaries, &directory).await?;
    }
    access::restrict(&directory)?;
    let mut recipe = Recipe { settings: settings.clone(), binaries, directory, lz4: false };
    recipe.lz4 = recipe.knows_lz4().await;
    Ok(recipe)
}

/// Tries until the server is up again, with growing pauses. `None`: stopped meanwhile.
async fn again(recipe: &Recipe, mut pause: Duration, stop: &mut oneshot::Receiver<()>) -> Option<Server> {
    loop {
        tokio::select! {
            _ = &mut *stop => return None,
            () = sleep(pause) => {}
        }
        tokio::select! {
            _ = &mut *stop => return None,
            launched = recipe.launch() => match launched {
                Ok(server) => return Some(server),
                Err(error) => tracing::error!(error = %error, "PostgreSQL could not be started again"),
            }
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
