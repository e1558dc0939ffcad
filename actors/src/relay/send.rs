//! One round: read, send, forget.

use std::time::Duration;

use bus::{Bus, BusError, Message};
use db::{
    DbError,
    outbox::{Outbox, Wanted},
};
use protocol::time::Timestamp;

use super::{Exchanges, RelaySettings};

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
    /// Another process sends the events.
    NotOurs,
    /// Nobody listens, and they left the outbox unread.
    Unheard { full: bool },
    /// Nobody listens to some of them, and those left the outbox unread.
    PartlyHeard { full: bool },
    /// Somebody listens to every kind.
    Sent { full: bool },
}

/// Sends the oldest events, if this process is the one to do it.
///
/// They are forgotten, or moved into the log, only after the bus has confirmed all of them. Whoever ends in between
/// leaves them to be sent again: at least once, and for one task always in order.
pub(super) async fn round(
    outbox: &mut Outbox,
    exchanges: &Exchanges,
    bus: &dyn Bus,
    settings: &RelaySettings,
    now: Timestamp,
) -> Result<Round, RoundError> {
    if !outbox.hold().await? {
        return Ok(Round::NotOurs);
    }
    let to = To { exchanges, bus, settings };
    let wanted = exchanges.wanted(bus);
    let full = if settings.keep_events.duration().is_zero() {
        to.round(outbox, &wanted).await?
    } else {
        to.kept_round(outbox, &wanted, now).await?
    };
    Ok(if wanted.is_everything() {
        Round::Sent { full }
    } else if wanted.is_nothing() {
        Round::Unheard { full }
    } else {
        Round::PartlyHeard { full }
    })
}

/// Where events go, and how.
struct To<'a> {
    exchanges: &'a Exchanges,
    bus: &'a dyn Bus,
    settings: &'a RelaySettings,
}

impl To<'_> {
    async fn round(&self, outbox: &mut Outbox, wanted: &Wanted) -> Result<bool, RoundError> {
        if wanted.is_nothing() {
            return Ok(outbox.discard(UNREAD).await? == i64::from(UNREAD));
        }
        self.send_oldest(outbox, wanted, None).await
    }

    /// What nobody listens to goes into the log with the rest, and in its place.
    async fn kept_round(&self, outbox: &mut Outbox, wanted: &Wanted, now: Timestamp) -> Result<bool, RoundError> {
        if let Err(error) = outbox.prepare_log(self.settings.keep_events.delta(), now).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the event log could not be tidied up; today it may have room all the same");
        }
        if wanted.is_nothing() {
            return Ok(outbox.keep_unread(UNREAD, now).await? == i64::from(UNREAD));
        }
        self.send_oldest(outbox, wanted, Some(now)).await
    }

    /// True: there may be more. `keep`: the time at which the events move into the log.
    async fn send_oldest(
        &self,
        outbox: &mut Outbox,
        wanted: &Wanted,
        keep: Option<Timestamp>,
    ) -> Result<bool, RoundError> {
        let batch = outbox.read(wanted, self.settings.batch).await?;
        if batch.ids.is_empty() {
            return Ok(false);
        }
        let messages = self.exchanges.messages(&batch.events, self.bus);
        if !messages.is_empty() {
            send(self.bus, self.exchanges, &messages, self.settings.confirm_within.duration()).await?;
        }
        match keep {
            Some(now) => outbox.keep(&batch.ids, now).await?,
            None => outbox.forget(&batch.ids).await?,
        }
        tracing::debug!(events = batch.ids.len(), messages = messages.len(), "events were sent");
        Ok(i32::try_from(batch.ids.len()) == Ok(self.settings.batch))
    }
}

/// All or, when one among them is refused, one by one, so that it does not hold up the others for ever. Where all are
/// refused, the fault is with the broker and not with a message, and nothing is given up.
async fn send(bus: &dyn Bus, exchanges: &Exchanges, messages: &[Message], deadline: Duration) -> Result<(), BusError> {
    match bus.publish(messages, deadline).await {
        Err(BusError::Refused(reason)) => {
            tracing::warn!(reason, "a batch of events was refused; its messages are sent one by one");
        }
        sent => return sent,
    }
    exchanges.declare(bus).await?;
    let mut refused = Vec::new();
    for message in messages {
        match bus.publish(std::slice::from_ref(message), deadline).await {
            Err(BusError::Refused(reason)) => refused.push((message, reason)),
            sent => sent?,
        }
    }
    if refused.len() == messages.len()
        && let Some((_, reason)) = refused.pop()
    {
        return Err(BusError::Refused(reason));
    }
    for (Message { exchange, routing_key, .. }, reason) in refused {
        tracing::error!(%exchange, routing_key, reason, "a message was refused and is lost");
    }
    Ok(())
}
