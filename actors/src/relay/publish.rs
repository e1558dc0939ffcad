//! One round: read events, publish them, remove them from the outbox.

use bus::{Bus, BusError, Message};
use db::{
    Db, DbError,
    outbox::{EventFilter, Outbox},
};
use protocol::time::Timestamp;

use super::{Exchanges, RelaySettings, dead_letters, exchanges::Outgoing};

/// Events that leave the outbox unread in one call when nothing is consumed.
const UNREAD: i32 = 5000;

/// Why a round failed; the events are still in the outbox.
#[derive(Debug, thiserror::Error)]
pub(super) enum PublishError {
    #[error("the outbox could not be read")]
    Db(#[from] DbError),
    #[error("the events could not be published")]
    Bus(#[from] BusError),
}

/// How a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Round {
    /// Another relay is active.
    StandBy,
    /// Events that are not consumed left the outbox unread. `full`: there may be more.
    Published { events: usize, full: bool, consumed: Consumed },
}

/// Which kinds of events are consumed just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consumed {
    All,
    Some,
    Nothing,
}

/// What a round needs.
pub(super) struct Publisher<'a> {
    pub(super) db: &'a Db,
    pub(super) exchanges: &'a Exchanges,
    pub(super) bus: &'a dyn Bus,
    pub(super) settings: &'a RelaySettings,
}

impl Publisher<'_> {
    /// Publishes the oldest events, if this relay is the active one.
    ///
    /// They are deleted, or moved into the log, only after the bus has confirmed all of them. A relay that ends in between
    /// leaves them to be published again: at least once, and for one task always in order.
    pub(super) async fn round(&self, outbox: &mut Outbox, now: Timestamp) -> Result<Round, PublishError> {
        if !outbox.hold().await? {
            return Ok(Round::StandBy);
        }
        let wanted = self.exchanges.wanted(self.bus);
        let keep = !self.settings.keep_events.duration().is_zero();
        if keep && let Err(error) = outbox.prepare_log(self.settings.keep_events.delta(), now).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(
                error,
                "partitions of the event log could not be prepared; that of today may exist all the same"
            );
        }
        let (events, limit, consumed) = if wanted.is_nothing() {
            // Events that are not consumed go into the log with the rest, and in their place.
            let unread = if keep { outbox.log_unread(UNREAD, now).await? } else { outbox.discard(UNREAD).await? };
            (usize::try_from(unread).unwrap_or_default(), UNREAD, Consumed::Nothing)
        } else {
            let consumed = if wanted.is_everything() { Consumed::All } else { Consumed::Some };
            (self.publish_oldest(outbox, &wanted, now, keep).await?, self.settings.batch, consumed)
        };
        Ok(Round::Published { events, full: i32::try_from(events) == Ok(limit), consumed })
    }

    /// How many events left the outbox. `keep`: they move into the log. What cannot be published is dead-lettered before its event
    /// leaves the outbox, so that nothing is lost in between.
    async fn publish_oldest(
        &self,
        outbox: &mut Outbox,
        wanted: &EventFilter,
        now: Timestamp,
        keep: bool,
    ) -> Result<usize, PublishError> {
        let batch = outbox.read(wanted, self.settings.batch).await?;
        if batch.ids.is_empty() {
            return Ok(0);
        }
        let Outgoing { messages, mut unsendable } = self.exchanges.messages(&batch.events, self.bus);
        unsendable.extend(batch.unreadable);
        dead_letters::events(self.db, &unsendable, now).await?;
        let refused = self.publish(&messages).await?;
        dead_letters::messages(self.db, &refused, &batch.events, now).await?;
        if keep {
            outbox.log(&batch.ids, now).await?;
        } else {
            outbox.delete(&batch.ids).await?;
        }
        tracing::debug!(events = batch.ids.len(), messages = messages.len(), "events published");
        Ok(batch.ids.len())
    }

    /// Publishes all or, when one among them is refused, one by one, so that it does not hold up the others for ever. Returns
    /// which were refused, and why. Where nothing at all is accepted for lack of an exchange or a permission, the fault is with
    /// the broker, and nothing is dead-lettered.
    async fn publish<'m>(&self, messages: &'m [Message]) -> Result<Vec<(&'m Message, String)>, BusError> {
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        match self.confirmed(messages).await {
            Ok(()) => return Ok(Vec::new()),
            Err(error) if !is_refusal(&error) => return Err(error),
            Err(error) => tracing::warn!(%error, "batch of events refused, its messages are published one by one"),
        }
        self.exchanges.declare(self.bus).await?;
        let mut refused = self.publish_each(messages.iter()).await?;
        let about_broker = refused.iter().filter(|(_, error)| error.is_about_broker()).count();
        if about_broker == messages.len()
            && let Some((_, error)) = refused.pop()
        {
            return Err(error);
        }
        if about_broker > 0 {
            // The broker may have recovered half way.
            refused = self.publish_each(refused.into_iter().map(|(message, _)| message)).await?;
        }
        Ok(refused.into_iter().map(|(message, error)| (message, error.to_string())).collect())
    }

    /// Those that are refused.
    async fn publish_each<'m>(
        &self,
        messages: impl Iterator<Item = &'m Message>,
    ) -> Result<Vec<(&'m Message, BusError)>, BusError> {
        let mut refused = Vec::new();
        for message in messages {
            match self.confirmed(std::slice::from_ref(message)).await {
                Ok(()) => {}
                Err(error) if is_refusal(&error) => refused.push((message, error)),
                Err(error) => return Err(error),
            }
        }
        Ok(refused)
    }

    async fn confirmed(&self, messages: &[Message]) -> Result<(), BusError> {
        self.bus.publish(messages, self.settings.confirm_within.duration()).await
    }
}

/// A repeat would be refused again.
fn is_refusal(error: &BusError) -> bool {
    matches!(error, BusError::Refused(_) | BusError::Unsendable(_))
}
