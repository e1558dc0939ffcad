//! Calls on their way to the broker, and what it says of them.
//!
//! One task puts all calls of a line on the channel and hears every confirmation: the library counts a message and then writes it,
//! which no other thread must come between, and gives a message that came back to whichever is confirmed next, also if nobody
//! waits for that one any more.

use bytes::Bytes;
use futures_util::{StreamExt, stream::FuturesUnordered};
use lapin::{
    BasicProperties, Channel, Confirmation, message::BasicReturnMessage, options::BasicPublishOptions,
    types::ShortString,
};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{
    call::{Waiting, lock},
    link::Link,
};
use crate::CallFailure;

/// One call.
pub(super) struct OutgoingCall {
    pub(super) id: String,
    pub(super) inbox: ShortString,
    pub(super) question: Bytes,
    pub(super) properties: BasicProperties,
}

/// Until the line is dropped.
pub(super) async fn send_all(
    channel: Channel,
    mut calls: UnboundedReceiver<OutgoingCall>,
    waiting: Waiting,
    link: std::sync::Arc<Link>,
) {
    let mut under_way = FuturesUnordered::new();
    loop {
        tokio::select! {
            call = calls.recv() => match call {
                Some(call) => under_way.push(send(&channel, call, &waiting, &link)),
                None => return,
            },
            Some(()) = under_way.next() => {}
            () = link.closed() => return,
        }
    }
}

async fn send(channel: &Channel, call: OutgoingCall, waiting: &Waiting, link: &Link) {
    let OutgoingCall { id, inbox, question, properties } = call;
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let sent = channel.basic_publish(ShortString::default(), inbox.clone(), options, &question, properties).await;
    let Ok(confirmed) = sent else { return fail(waiting, &id, CallFailure::Down) };
    match link.watched("basic.publish", inbox.as_str(), confirmed).await {
        Ok(Confirmation::Ack(None)) => {}
        // Nobody serves the inbox of the call that is in it.
        Ok(Confirmation::Ack(Some(returned))) => came_back(waiting, &returned),
        // The inbox is full.
        Ok(_) => fail(waiting, &id, CallFailure::Down),
        Err(error) => {
            tracing::warn!(inbox = inbox.as_str(), %error, "the connection broke before a call was confirmed");
            fail(waiting, &id, CallFailure::Lost);
        }
    }
}

fn came_back(waiting: &Waiting, returned: &BasicReturnMessage) {
    if let Some(id) = returned.properties.correlation_id() {
        fail(waiting, id.as_str(), CallFailure::Down);
    }
}

/// Callers that do not wait any more are passed over.
fn fail(waiting: &Waiting, id: &str, failure: CallFailure) {
    let caller = lock(waiting).as_mut().and_then(|waiting| waiting.remove(id));
    if let Some(caller) = caller {
        let _ = caller.send(Err(failure));
    }
}
