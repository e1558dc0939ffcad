//! The only way to speak to another part.

use std::time::Duration;

use ractor::{ActorRef, ActorStatus, Message, RpcReplyPort, concurrency::timeout, rpc::CallResult};
use tokio::sync::watch;

/// Where a part sends its answer. Dropping it tells the caller `Down` at once.
pub type Reply<T> = RpcReplyPort<T>;

/// How long a caller waits for a part that is just being restarted; a longer absence is `Down`.
const RESTART_PATIENCE: Duration = Duration::from_millis(500);

/// Why a call brought no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The part is not there, shed the call, or ended before it answered.
    #[error("the part is down")]
    Down,
    /// No answer within the deadline. Late does not mean undone.
    #[error("the part did not answer in time")]
    Late,
}

/// A lasting address: it stays good when the part behind it is restarted.
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

    /// Asks and waits for the answer. A message that may have reached a mailbox is never sent twice.
    pub async fn call<T, F>(&self, deadline: Duration, message: F) -> Result<T, CallError>
    where
        T: Send + 'static,
        F: FnOnce(Reply<T>) -> M,
    {
        let asked = async {
            let actor = self.actor().await.ok_or(CallError::Down)?;
            match actor.call(message, None).await {
                Ok(CallResult::Success(answer)) => Ok(answer),
                Ok(CallResult::Timeout) => Err(CallError::Late),
                Ok(CallResult::SenderError) | Err(_) => Err(CallError::Down),
            }
        };
        timeout(deadline, asked).await.unwrap_or(Err(CallError::Late))
    }

    /// Tells without waiting for an answer; `Down` only when nobody is there to hear it.
    pub fn tell(&self, message: M) -> Result<(), CallError> {
        let actor = self.address.borrow().clone().ok_or(CallError::Down)?;
        actor.send_message(message).map_err(|_| CallError::Down)
    }

    /// True while the part runs; for health answers, not for deciding whether to call.
    pub fn is_up(&self) -> bool {
        self.address.borrow().as_ref().is_some_and(is_alive)
    }

    async fn actor(&self) -> Option<ActorRef<M>> {
        let mut address = self.address.clone();
        let living = address.wait_for(|actor| actor.as_ref().is_some_and(is_alive));
        timeout(RESTART_PATIENCE, living).await.ok()?.ok()?.clone()
    }
}

fn is_alive<M: Message>(actor: &ActorRef<M>) -> bool {
    matches!(actor.get_status(), ActorStatus::Starting | ActorStatus::Running | ActorStatus::Upgrading)
}
