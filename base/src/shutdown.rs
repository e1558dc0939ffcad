//! The signal to stop.

use std::{io, process};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

/// The exit code of a process that was interrupted before it could stop cleanly.
const INTERRUPTED: i32 = 130;

/// A shared token: once triggered, all waiters continue. It cannot be reset.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Sender<bool>);

impl Shutdown {
    pub fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// A token that the first SIGINT or SIGTERM triggers. The second ends the process at once, with code 130.
    /// Must be called inside a runtime, which owns the task that listens.
    #[expect(clippy::disallowed_methods, reason = "it listens until the process ends")]
    pub fn on_signals() -> io::Result<Self> {
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let shutdown = Self::new();
        tokio::spawn(listen(interrupt, terminate, shutdown.clone()));
        Ok(shutdown)
    }

    pub fn trigger(&self) {
        self.0.send_replace(true);
    }

    pub fn is_triggered(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns once the token is triggered, at once if it was already.
    pub async fn wait(&self) {
        // An error would mean that every sender is gone, and this is one.
        let _ = self.0.subscribe().wait_for(|triggered| *triggered).await;
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

async fn listen(mut interrupt: Signal, mut terminate: Signal, shutdown: Shutdown) {
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if shutdown.is_triggered() {
            process::exit(INTERRUPTED);
        }
        shutdown.trigger();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiters_continue_once_it_is_triggered() {
        let shutdown = Shutdown::new();
        let held = shutdown.clone();
        assert!(!shutdown.is_triggered());

        tokio::join!(held.wait(), async { shutdown.trigger() });
        shutdown.wait().await;
        assert!(shutdown.is_triggered());
    }
}
