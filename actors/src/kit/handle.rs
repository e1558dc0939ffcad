//! How actors are called.

use std::time::Duration;

use ractor::{ActorRef, ActorStatus, Message, RpcReplyPort, concurrency::timeout, rpc::CallResult};
use tokio::sync::watch;

/// Where an actor sends its reply. Dropping it answers the caller `Down` at once.
pub type Reply<T> = RpcReplyPort<T>;

/// How long a caller waits for an actor that is just being restarted; a longer absence is `Down`.
const RESTART_TIMEOUT: Duration = Duration::from_millis(500);

/// Why a call got no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The actor is not there, shed the call, or ended before it replied.
    #[error("the actor is down")]
    Down,
    /// No reply within the deadline. Late does not mean undone.
    #[error("the actor did not reply in time")]
    Late,
}

/// A lasting address: it stays good when the actor behind it is restarted.
pub struct Handle<M: Message> {
    address: watch::Receiver<Option<ActorRef<M>>>,
}

impl<M: Message> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Self { address: self.address.clone() }
    }
}

impl<M: Message> Handle<M> {
    /// The supervisor keeps the sender and names the new actor after each start.
    pub(super) fn new() -> (watch::Sender<Option<ActorRef<M>>>, Self) {
        let (sender, address) = watch::channel(None);
        (sender, Self { address })
    }

    /// Sends a request and waits for the reply. A message that may have reached a mailbox is never sent twice.
    pub async fn call<T, F>(&self, deadline: Duration, message: F) -> Result<T, CallError>
    where
        T: Send + 'static,
        F: FnOnce(Reply<T>) -> M,
    {
        let call = async {
            let actor = self.actor().await.ok_or(CallError::Down)?;
            match actor.call(message, None).await {
                Ok(CallResult::Success(reply)) => Ok(reply),
                Ok(CallResult::Timeout) => Err(CallError::Late),
                Ok(CallResult::SenderError) | Err(_) => Err(CallError::Down),
            }
        };
        timeout(deadline, call).await.unwrap_or(Err(CallError::Late))
    }

    /// Sends without waiting for a reply; `Down` only when the actor is not there.
    pub fn send(&self, message: M) -> Result<(), CallError> {
        let actor = self.address.borrow().clone().ok_or(CallError::Down)?;
        actor.send_message(message).map_err(|_| CallError::Down)
    }

    /// True while the actor runs; for health checks, not for deciding whether to call.
    pub fn is_up(&self) -> bool {
        self.address.borrow().as_ref().is_some_and(is_alive)
    }

    async fn actor(&self) -> Option<ActorRef<M>> {
        let mut address = self.address.clone();
        let alive = address.wait_for(|actor| actor.as_ref().is_some_and(is_alive));
        timeout(RESTART_TIMEOUT, alive).await.ok()?.ok()?.clone()
    }
}

fn is_alive<M: Message>(actor: &ActorRef<M>) -> bool {
    matches!(actor.get_status(), ActorStatus::Starting | ActorStatus::Running | ActorStatus::Upgrading)
}
