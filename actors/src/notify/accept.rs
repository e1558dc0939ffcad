//! Takes a notification in: checked, and stored in one transaction with the limits that apply to it.

use db::notify::{NewMessage, NewNotification};
use protocol::notify::{Acceptance, Notification};
use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::{EMAILS_PER_WINDOW, Notify, NotifyError, Result, Wakeups};

/// What became of a notification that could be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It will be delivered, or published.
    Stored(Uuid),
    Suppressed(Suppressed),
}

/// Why nothing will be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suppressed {
    /// The same was accepted in the last ten minutes, or came from the same source.
    Duplicate,
    /// The address has had its share; one digest will say so.
    RateLimited,
    /// The address is denied. Clients get an error instead.
    Denied,
}

/// A longer source is stored as its hash.
const MAX_SOURCE: usize = 1024;

impl Notify {
    /// Takes in what a client sends.
    pub async fn send(&self, notification: &Notification) -> Result<Accepted> {
        match self.accept(notification, None).await? {
            Accepted::Suppressed(Suppressed::Denied) => {
                let (kind, address) = (notification.kind(), notification.address().to_owned());
                Err(NotifyError::Denied { kind, address })
            }
            accepted => Ok(accepted),
        }
    }

    /// Takes in what Drover itself has to say, like the failure of a worker pool to its owner. Of several with the same
    /// `source` only the first is sent, whatever becomes of it; nothing is sent to a denied address.
    pub async fn send_once(&self, notification: &Notification, source: &str) -> Result<Accepted> {
        self.accept(notification, Some(source.to_owned())).await
    }

    async fn accept(&self, notification: &Notification, source: Option<String>) -> Result<Accepted> {
        notification.check().map_err(NotifyError::Field)?;
        let new = self.row(notification, source)?;
        let stored = self.db.notify_accept(&new, EMAILS_PER_WINDOW, self.clock.now()).await;
        let (acceptance, id) = stored.map_err(|error| NotifyError::of_row(error, notification))?;
        tracing::debug!(notification.id = ?id, kind = %new.kind, address = new.address, outcome = %acceptance, "notification");
        Ok(match acceptance {
            Acceptance::Stored => {
                let Wakeups { relay, delivery } = &self.wakeups;
                let wakeup = if new.message.is_some() { relay } else { delivery };
                wakeup.notify();
                Accepted::Stored(new.id)
            }
            Acceptance::Duplicate => Accepted::Suppressed(Suppressed::Duplicate),
            Acceptance::RateLimited => Accepted::Suppressed(Suppressed::RateLimited),
            Acceptance::Denied => Accepted::Suppressed(Suppressed::Denied),
        })
    }

    fn row(&self, notification: &Notification, source: Option<String>) -> Result<NewNotification> {
        let message = match notification {
            Notification::Pulse(message) => {
                let (cc, body) = (message.cc(), message.body());
                Some(NewMessage { routing_key: message.key()?, cc, body })
            }
            _ => None,
        };
        let (kind, content) = (notification.kind(), notification.content());
        let hash = Sha256::new().chain_update(kind.as_str()).chain_update([0]).chain_update(&content);
        Ok(NewNotification {
            id: self.new_id(),
            digest_id: self.new_id(),
            kind,
            address: notification.address().to_owned(),
            summary: notification.summary(),
            content,
            content_hash: hash.finalize().to_vec(),
            source: source.map(short),
            message,
        })
    }

    fn new_id(&self) -> Uuid {
        Builder::from_random_bytes(self.rng.uuid_bytes()).into_uuid()
    }
}

fn short(source: String) -> String {
    if source.len() <= MAX_SOURCE { source } else { hex::encode(Sha256::digest(&source)) }
}
