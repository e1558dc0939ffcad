//! Waiting that ends with the actor that waits.

use std::time::Duration;

use ractor::{ActorRef, Message};
use tokio::task::AbortHandle;

/// One pending message of an actor to itself, kept in the actor's state. Dropping it, or putting another in its place,
/// cancels it.
pub(super) struct Timer(AbortHandle);

impl Timer {
    /// Sends the message after this time.
    pub(super) fn after<M: Message>(delay: Duration, to: &ActorRef<M>, message: fn() -> M) -> Self {
        Self(to.send_after(delay, message).abort_handle())
    }

    /// Sends the message once the waiting is over.
    pub(super) fn when<M: Message>(
        waiting: impl Future<Output = ()> + Send + 'static,
        to: ActorRef<M>,
        message: fn() -> M,
    ) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the state of the actor owns it")]
        let task = tokio::spawn(async move {
            waiting.await;
            // Refused only by an actor that ends.
            let _ = to.send_message(message());
        });
        Self(task.abort_handle())
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.abort();
    }
}
