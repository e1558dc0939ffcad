//! Publishes calls, and handles their confirms.
//!
//! One task publishes all calls of a channel and awaits every confirm. lapin numbers a message and then writes it, so two threads must
//! not publish on one channel at the same time. And it attaches a returned message to whichever confirm comes next, so every confirm has to be
//! awaited, even of calls that timed out.

use bytes::Bytes;
use futures_util::{StreamExt, stream::FuturesUnordered};
use lapin::{
    BasicProperties, Channel, Confirmation, message::BasicReturnMessage, options::BasicPublishOptions,
    types::ShortString,
};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{
    call::{SharedPendingCalls, lock},
    connection::Connection,
};
use crate::TransportError;

pub(super) struct OutgoingCall {
    pub(super) id: String,
    pub(super) inbox: ShortString,
    pub(super) request: Bytes,
    pub(super) properties: BasicProperties,
}

/// Runs until the channel is dropped.
pub(super) async fn send_all(
    channel: Channel,
    mut calls: UnboundedReceiver<OutgoingCall>,
    waiting: SharedPendingCalls,
    connection: std::sync::Arc<Connection>,
) {
    let mut in_flight = FuturesUnordered::new();
    loop {
        tokio::select! {
            call = calls.recv() => match call {
                Some(call) => in_flight.push(send(&channel, call, &waiting, &connection)),
                None => return,
            },
            Some(()) = in_flight.next() => {}
            () = connection.closed() => return,
        }
    }
}

async fn send(channel: &Channel, call: OutgoingCall, waiting: &SharedPendingCalls, connection: &Connection) {
    let OutgoingCall { id, inbox, request, properties } = call;
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let sent = channel.basic_publish(ShortString::default(), inbox.clone(), options, &request, properties).await;
    let Ok(confirmed) = sent else { return fail(waiting, &id, TransportError::Unavailable) };
    match connection.with_warning("basic.publish", inbox.as_str(), confirmed).await {
        Ok(Confirmation::Ack(None)) => {}
        // No process serves the inbox of the returned call, which need not be this one.
        Ok(Confirmation::Ack(Some(returned))) => fail_returned(waiting, &returned),
        // The inbox is full.
        Ok(_) => fail(waiting, &id, TransportError::Unavailable),
        Err(error) => {
            tracing::warn!(inbox = inbox.as_str(), %error, "connection lost before a call was confirmed");
            fail(waiting, &id, TransportError::ConnectionLost);
        }
    }
}

fn fail_returned(waiting: &SharedPendingCalls, returned: &BasicReturnMessage) {
    if let Some(id) = returned.properties.correlation_id() {
        fail(waiting, id.as_str(), TransportError::Unavailable);
    }
}

/// Callers that do not wait any more are passed over.
fn fail(waiting: &SharedPendingCalls, id: &str, error: TransportError) {
    let caller = lock(waiting).as_mut().and_then(|waiting| waiting.remove(id));
    if let Some(caller) = caller {
        let _ = caller.send(Err(error));
    }
}
