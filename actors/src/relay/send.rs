//! One round: read, send, forget.

use bus::{Bus, BusError, Message};
use db::{
    Db, DbError,
    outbox::{EventFilter, Outbox},
};
use protocol::time::Timestamp;

use super::{Exchanges, RelaySettings, dead_letters, exchanges::Outgoing};

/// Events that leave the outbox unread in one go when nobody listens.
const UNREAD: i32 = 5000;

/// Why a round came to nothing; the events are still there.
#[derive(Debug, thiserror::Error)]
pub(super) enum RoundError {
    #[error("the outbox could not be read")]
    Db(#[from] DbError),
    #[error("the events could not be sent")]
    Bus(#[from] BusError),
}

/// How a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Round {
    /// Another relay sends the events.
    NotOurs,
    /// Events that nobody consumes left the outbox unread. `full`: there may be more.
    Sent { events: usize, full: bool, consumers: Consumers },
}

/// Which kinds of events are consumed just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consumers {
    OfAll,
    OfSome,
    None,
}

/// Where events go, and how.
pub(super) struct To<'a> {
    pub(super) db: &'a Db,
    pub(super) exchanges: &'a Exchanges,
    pub(super) bus: &'a dyn Bus,
    pub(super) settings: &'a RelaySettings,
}

/// Sends the oldest events, if this process is the one to do it.
///
/// They are forgotten, or moved into the log, only after the bus has confirmed all of them. Whoever ends in between
/// leaves them to be sent again: at least once, and for one task always in order.
pub(super) async fn round(outbox: &mut Outbox, to: To<'_>, now: Timestamp) -> Result<Round, RoundError> {
    if !outbox.hold().await? {
        return Ok(Round::NotOurs);
    }
    let wanted = to.exchanges.wanted(to.bus);
    let events = if to.settings.keep_events.duration().is_zero() {
        to.round(outbox, &wanted, now).await?
    } else {
        to.kept_round(outbox, &wanted, now).await?
    };
    let (consumers, most) = if wanted.is_everything() {
        (Consumers::OfAll, to.settings.batch)
    } else if wanted.is_nothing() {
        (Consumers::None, UNREAD)
    } else {
        (Consumers::OfSome, to.settings.batch)
    };
    let full = i32::try_from(events) == Ok(most);
    Ok(Round::Sent { events, full, consumers })
}

impl To<'_> {
    async fn round(&self, outbox: &mut Outbox, wanted: &EventFilter, now: Timestamp) -> Result<usize, RoundError> {
        if wanted.is_nothing() {
            return Ok(count(outbox.discard(UNREAD).await?));
        }
        self.send_oldest(outbox, wanted, now, false).await
    }

    /// What nobody listens to goes into the log with the rest, and in its place.
    async fn kept_round(&self, outbox: &mut Outbox, wanted: &EventFilter, now: Timestamp) -> Result<usize, RoundError> {
        if let Err(error) = outbox.prepare_log(self.settings.keep_events.delta(), now).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the event log could not be tidied up; today it may have room all the same");
        }
        if wanted.is_nothing() {
            return Ok(count(outbox.log_unread(UNREAD, now).await?));
        }
        self.send_oldest(outbox, wanted, now, true).await
    }

    /// How many events left the outbox. `keep`: they move into the log. What cannot be sent is dead-lettered before its event
    /// leaves the outbox, so that nothing is lost in between.
    async fn send_oldest(
        &self,
        outbox: &mut Outbox,
        wanted: &EventFilter,
        now: Timestamp,
        keep: bool,
    ) -> Result<usize, RoundError> {
        let batch = outbox.read(wanted, self.settings.batch).await?;
        if batch.ids.is_empty() {
            return Ok(0);
        }
        let Outgoing { messages, mut impossible } = self.exchanges.messages(&batch.events, self.bus);
        impossible.extend(batch.unreadable);
        dead_letters::events(self.db, &impossible, now).await?;
        let refused = self.send(&messages).await?;
        dead_letters::messages(self.db, &refused, &batch.events, now).await?;
        if keep {
            outbox.log(&batch.ids, now).await?;
        } else {
            outbox.delete(&batch.ids).await?;
        }
        tracing::debug!(events = batch.ids.len(), messages = messages.len(), "events were sent");
        Ok(batch.ids.len())
    }

    /// All or, when one among them is refused, one by one, so that it does not hold up the others for ever. Answers which were
    /// refused, and why. Where nothing at all is taken for want of an exchange or a permission, the fault is with the broker, and
    /// nothing is given up.
    async fn send<'m>(&self, messages: &'m [Message]) -> Result<Vec<(&'m Message, String)>, BusError> {
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        match self.publish(messages).await {
            Ok(()) => return Ok(Vec::new()),
            Err(error) if !is_refusal(&error) => return Err(error),
            Err(error) => tracing::warn!(%error, "a batch of events was refused; its messages are sent one by one"),
        }
        self.exchanges.declare(self.bus).await?;
        let mut refused = self.send_each(messages.iter()).await?;
        let about_broker = refused.iter().filter(|(_, error)| error.is_about_broker()).count();
        if about_broker == messages.len()
            && let Some((_, error)) = refused.pop()
        {
            return Err(error);
        }
        if about_broker > 0 {
            // The broker may have come to itself half way.
            refused = self.send_each(refused.into_iter().map(|(message, _)| message)).await?;
        }
        Ok(refused.into_iter().map(|(message, error)| (message, error.to_string())).collect())
    }

    /// Those that are refused.
    async fn send_each<'m>(
        &self,
        messages: impl Iterator<Item = &'m Message>,
    ) -> Result<Vec<(&'m Message, BusError)>, BusError> {
        let mut refused = Vec::new();
        for message in messages {
            match self.publish(std::slice::from_ref(message)).await {
                Ok(()) => {}
                Err(error) if is_refusal(&error) => refused.push((message, error)),
                Err(error) => return Err(error),
            }
        }
        Ok(refused)
    }

    async fn publish(&self, messages: &[Message]) -> Result<(), BusError> {
        self.bus.publish(messages, self.settings.confirm_within.duration()).await
    }
}

fn count(events: i64) -> usize {
    usize::try_from(events).unwrap_or_default()
}

/// A repeat would be refused again.
fn is_refusal(error: &BusError) -> bool {
    matches!(error, BusError::Refused(_) | BusError::Unsendable(_))
}
