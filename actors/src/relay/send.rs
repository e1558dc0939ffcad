//! One round: read, send, forget.

use std::time::Duration;

use bus::{Bus, BusError, Message};
use db::{DbError, outbox::Outbox};
use protocol::event::EventKind;

use super::{Exchanges, RelaySettings};

/// Events dropped in one go when nobody listens.
const DISCARD: i32 = 5000;

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
    /// Nobody listens, so they were dropped unread; or nobody listens to most kinds, and those were.
    Unheard { full: bool },
    /// Somebody listens to every kind.
    Sent { full: bool },
}

/// Sends the oldest events, if this process is the one to do it.
///
/// They are forgotten only after the bus has confirmed all of them. Whoever ends in between leaves them to be sent
/// again: at least once, and for one task always in order.
pub(super) async fn round(
    outbox: &mut Outbox,
    exchanges: &Exchanges,
    bus: &dyn Bus,
    settings: &RelaySettings,
) -> Result<Round, RoundError> {
    if !outbox.hold().await? {
        return Ok(Round::NotOurs);
    }
    let heard = exchanges.heard(bus);
    if heard.len() == EventKind::ALL.len() {
        let full = send_oldest(outbox, exchanges, bus, settings).await?;
        return Ok(Round::Sent { full });
    }
    let dropped =
        if heard.is_empty() { outbox.discard(DISCARD).await? } else { outbox.discard_unheard(&heard, DISCARD).await? };
    let sent_full = !heard.is_empty() && send_oldest(outbox, exchanges, bus, settings).await?;
    Ok(Round::Unheard { full: sent_full || dropped == i64::from(DISCARD) })
}

/// True: there may be more.
async fn send_oldest(
    outbox: &mut Outbox,
    exchanges: &Exchanges,
    bus: &dyn Bus,
    settings: &RelaySettings,
) -> Result<bool, RoundError> {
    let batch = outbox.read(settings.batch).await?;
    if batch.ids.is_empty() {
        return Ok(false);
    }
    let messages = exchanges.messages(&batch.events, bus);
    send(bus, exchanges, &messages, settings.confirm_within.duration()).await?;
    outbox.forget(&batch.ids).await?;
    tracing::debug!(events = batch.ids.len(), messages = messages.len(), "events were sent");
    Ok(i32::try_from(batch.ids.len()) == Ok(settings.batch))
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
