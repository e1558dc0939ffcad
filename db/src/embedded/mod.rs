//! A real PostgreSQL that belongs to this program: started on a Unix socket, watched, restarted, stopped.
//!
//! What a newcomer tries is thereby what production runs. The data survive a restart and a `kill -9` of either
//! side; every commit is synced to disk unless the settings say otherwise.

mod access;
mod binaries;
#[cfg(feature = "bundled-postgres")]
mod bundle;
mod configuration;
mod directory;
mod error;
mod identity;
mod initdb;
mod log_file;
mod server;
mod settings;
mod spawn;
mod stale;
mod supervise;

#[cfg(test)]
mod tests;

use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub use error::EmbeddedError;
pub use settings::{EmbeddedSettings, Tuning, default_directory};

/// A running PostgreSQL. Dropping it stops the server in the background; `stop` waits until it has stopped.
#[derive(Debug)]
pub struct Embedded {
    url: String,
    stop: oneshot::Sender<()>,
    /// The thread that forked the server. The kernel stops the server when this thread ends, however it ends.
    thread: JoinHandle<Result<(), EmbeddedError>>,
}

impl Embedded {
    /// Finds the binaries, creates the data where there are none, and returns once the first query succeeded.
    pub async fn start(settings: EmbeddedSettings) -> Result<Self, EmbeddedError> {
        let (stop, stopped) = oneshot::channel();
        let (tell, reported) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("postgres".to_owned())
            .spawn(move || supervise::run(&settings, tell, stopped))
            .map_err(|error| EmbeddedError::io("starting the thread that watches PostgreSQL", error))?;
        match reported.await {
            Ok(url) => Ok(Self { url, stop, thread }),
            // The thread gave up before the server was ready, and carries the reason.
            Err(_) => Err(ended(thread).await.err().unwrap_or(EmbeddedError::Stopped)),
        }
    }

    /// How to reach the server that another process runs in the directory of `settings`; `None` where none does.
    /// It may still be starting. Only the user it was started by may connect.
    pub fn running(settings: &EmbeddedSettings) -> Result<Option<String>, EmbeddedError> {
        Ok(directory::socket_in_use(settings)?.map(|socket| server::url(&socket)))
    }

    /// How to reach the server, for as long as it runs.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lets open transactions fail, writes everything to disk and ends the server.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        // Nobody listening means that the thread has ended already; the join below tells how.
        let _ = self.stop.send(());
        ended(self.thread).await
    }
}

async fn ended(thread: JoinHandle<Result<(), EmbeddedError>>) -> Result<(), EmbeddedError> {
    let joined = tokio::task::spawn_blocking(move || thread.join()).await;
    joined.ok().and_then(Result::ok).unwrap_or(Err(EmbeddedError::Stopped))
}

/// Whether no process of a server works in `directory` any more, so that it may be removed.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn is_idle(directory: &std::path::Path) -> bool {
    stale::is_idle(&directory.join("data"))
}
