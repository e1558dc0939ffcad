//! A wake-up that any number of callers may give, and that waits in the mailbox at most once.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use ractor::{ActorRef, Message};

use super::Handle;

/// Says "look now" to a reconciler. Cheap enough to give after every commit.
pub struct Hint<M: Message> {
    to: Handle<M>,
    waiting: Arc<AtomicBool>,
    message: fn() -> M,
}

impl<M: Message> Clone for Hint<M> {
    fn clone(&self) -> Self {
        Self { to: self.to.clone(), waiting: self.waiting.clone(), message: self.message }
    }
}

impl<M: Message> Hint<M> {
    /// A hint to the part behind `to`, and the end that the part keeps.
    pub fn new(to: Handle<M>, inbox: &HintInbox, message: fn() -> M) -> Self {
        Self { to, waiting: inbox.waiting.clone(), message }
    }

    /// Lost when the part is away: it looks anyway when it comes back, and at every tick.
    pub fn give(&self) {
        if self.waiting.swap(true, Ordering::AcqRel) {
            return;
        }
        if self.to.send((self.message)()).is_err() {
            self.waiting.store(false, Ordering::Release);
        }
    }
}

/// The part's end: it says when a hint was taken up, so that the next one counts again.
#[derive(Clone, Default)]
pub struct HintInbox {
    waiting: Arc<AtomicBool>,
}

impl HintInbox {
    /// Call before looking, never after: what is written while the part looks must wake it again.
    pub fn taken(&self) {
        self.waiting.store(false, Ordering::Release);
    }

    /// Wakes the part itself, for work that one round did not finish.
    pub fn again<M: Message>(&self, myself: &ActorRef<M>, message: M) {
        if !self.waiting.swap(true, Ordering::AcqRel) {
            let _ = myself.send_message(message);
        }
    }
}
