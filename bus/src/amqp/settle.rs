//! Sends acknowledgements and rejections of deliveries.

use lapin::{
    Channel,
    options::{BasicAckOptions, BasicNackOptions},
};
use tokio::sync::mpsc;

use super::acks::{Ack, Acks};
use crate::consumer::Settlement;

pub(super) async fn settle(
    channel: &Channel,
    acks: &mut Acks,
    tag: u64,
    settlement: Settlement,
) -> Result<(), lapin::Error> {
    if settlement == Settlement::Done {
        return match acks.done(tag) {
            Some(ack) => send_ack(channel, ack).await,
            None => Ok(()),
        };
    }
    acks.rejected(tag);
    let requeue = settlement == Settlement::Requeue;
    channel.basic_nack(tag, BasicNackOptions { requeue, ..BasicNackOptions::default() }).await
}

async fn send_ack(channel: &Channel, ack: Ack) -> Result<(), lapin::Error> {
    match ack {
        Ack::UpTo(tag) => channel.basic_ack(tag, BasicAckOptions { multiple: true }).await,
        Ack::One(tag) => channel.basic_ack(tag, BasicAckOptions::default()).await,
    }
}

pub(super) async fn send_acks(channel: &Channel, acks: Vec<Ack>) -> Result<(), lapin::Error> {
    for ack in acks {
        send_ack(channel, ack).await?;
    }
    Ok(())
}

/// Sends what was settled before the end of the consumer: otherwise it would be delivered again.
pub(super) async fn settle_remaining(
    channel: &Channel,
    acks: &mut Acks,
    settling: &mut mpsc::UnboundedReceiver<(u64, Settlement)>,
) {
    while let Ok((tag, settlement)) = settling.try_recv() {
        if settle(channel, acks, tag, settlement).await.is_err() {
            return;
        }
    }
    let _ = send_acks(channel, acks.flush()).await;
}
