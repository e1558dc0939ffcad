//! Receiving: one task per subscription, which sets it up again as often as needed.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::StreamExt;
use lapin::{
    Channel,
    options::{
        BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions, QueueBindOptions, QueueDeclareOptions,
    },
    types::{AMQPValue, FieldTable, ShortString},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::sleep,
};

use super::{
    acks::{Ack, Acks},
    answer::CONSUME_GIVEN_UP_AFTER,
    leaderless,
    link::Link,
    refused::Refused,
    wire::{self, message, reply_to, tries},
};
use crate::{
    BusError, Consumer, Delivery, MessageKey, Queue, Received, Subscription,
    consumer::{Settlement, Settler, Source},
};

/// Acknowledgements wait this long for company.
const IDLE: Duration = Duration::from_millis(10);

/// Resolves once the queue is bound and consumed from.
pub(super) fn subscribe(
    link: Arc<Link>,
    subscription: Subscription,
    key: Option<MessageKey>,
    tasks: &mut JoinSet<()>,
) -> impl Future<Output = Result<Consumer, BusError>> + use<> {
    while tasks.try_join_next().is_some() {}
    let prefetch = subscription.prefetch.max(1);
    let (sender, received) = mpsc::channel(usize::from(prefetch) + 1);
    let (ready, is_ready) = oneshot::channel();
    let key = key.filter(|_| subscription.signed);
    tasks.spawn(run(Task { link, subscription, key, refused: Refused::default(), sender }, ready));
    async move {
        is_ready.await.unwrap_or(Err(BusError::Closed))?;
        Ok(Consumer::new(Inbox(received)))
    }
}

struct Inbox(mpsc::Receiver<Received>);

#[async_trait]
impl Source for Inbox {
    async fn next(&mut self) -> Option<Received> {
        self.0.recv().await
    }
}

/// What nobody took in hand has not failed: it goes back, however often it came before.
impl Drop for Inbox {
    fn drop(&mut self) {
        self.0.close();
        while let Ok(received) = self.0.try_recv() {
            give_back(received);
        }
    }
}

fn give_back(received: Received) {
    if let Received::Delivery(delivery) = received {
        delivery.give_back();
    }
}

struct Task {
    link: Arc<Link>,
    subscription: Subscription,
    /// `None`: everything is taken.
    key: Option<MessageKey>,
    refused: Refused,
    /// Closed when the consumer is dropped, which ends the task.
    sender: mpsc::Sender<Received>,
}

/// Why a round of consuming ended.
enum End {
    Broken,
    /// The consumer or the whole bus is gone.
    Over,
}

/// A refusal ends the task only at first: later on the broker may just be coming up.
async fn run(task: Task, ready: oneshot::Sender<Result<(), BusError>>) {
    let mut ready = Some(ready);
    loop {
        let consuming = tokio::select! {
            consuming = set_up(&task) => consuming,
            () = task.sender.closed() => return,
        };
        match consuming {
            Ok((channel, deliveries)) => {
                match ready.take() {
                    Some(ready) => drop(ready.send(Ok(()))),
                    None if task.subscription.queue == Queue::Ephemeral => drop(task.sender.send(Received::Gap).await),
                    None => {}
                }
                if let End::Over = consume(&task, &channel, deliveries).await {
                    task.link.close_channel(&channel).await;
                    return;
                }
            }
            Err(BusError::Closed) => return,
            Err(error) => {
                if !error.is_retryable()
                    && let Some(ready) = ready.take()
                {
                    let _ = ready.send(Err(error));
                    return;
                }
                tracing::warn!(%error, "a subscription is set up again");
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn set_up(task: &Task) -> Result<(Channel, lapin::Consumer), BusError> {
    let channel = task.link.channel().await?;
    let consumer = consume_from(&task.link, &channel, &task.subscription).await?;
    Ok((channel, consumer))
}

async fn consume_from(
    link: &Link,
    channel: &Channel,
    subscription: &Subscription,
) -> Result<lapin::Consumer, BusError> {
    let (name, options, arguments) = declaration(subscription);
    let about = name.clone();
    let limited = channel.basic_qos(subscription.prefetch.max(1), BasicQosOptions::default());
    link.answer("basic.qos", about.as_str(), limited).await?;
    let declared = channel.queue_declare(name, options, arguments);
    let queue = link.answer("queue.declare", about.as_str(), declared).await?;
    for binding in &subscription.bindings {
        let (exchange, pattern) = (binding.exchange.as_str().into(), binding.pattern.as_str().into());
        let options = QueueBindOptions::default();
        let bound = channel.queue_bind(queue.name().clone(), exchange, pattern, options, FieldTable::default());
        link.answer("queue.bind", about.as_str(), bound).await?;
    }
    let consumed = async {
        let (name, options) = (queue.name().clone(), BasicConsumeOptions::default());
        let consumed = channel.basic_consume(name, ShortString::default(), options, FieldTable::default()).await;
        consumed.inspect_err(|error| {
            if leaderless::is_it(error)
                && let Queue::Durable { name, .. } = &subscription.queue
            {
                leaderless::tell(name);
            }
        })
    };
    link.answer_within(CONSUME_GIVEN_UP_AFTER, "basic.consume", about.as_str(), consumed).await
}

/// Durable queues are quorum queues: they survive the loss of a node, and cost no more on one.
fn declaration(subscription: &Subscription) -> (ShortString, QueueDeclareOptions, FieldTable) {
    let mut arguments = FieldTable::default();
    let mut options = QueueDeclareOptions::default();
    match &subscription.queue {
        Queue::Durable { name, max_length } => {
            options.durable = true;
            arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
            if subscription.one_at_a_time {
                arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
            }
            if let Some(most) = max_length {
                arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(i64::from(*most)));
            }
            (name.as_str().into(), options, arguments)
        }
        Queue::Inbox { name } => {
            options.durable = true;
            options.auto_delete = true;
            for (name, value) in inbox_arguments() {
                arguments.insert(name.into(), value);
            }
            (name.as_str().into(), options, arguments)
        }
        Queue::Ephemeral => {
            options.exclusive = true;
            options.auto_delete = true;
            (ShortString::default(), options, arguments)
        }
    }
}

/// The queue is declared durable because the broker is about to give up those that are neither durable nor exclusive;
/// the calls in it are not kept. A full one refuses further calls, which their callers hear at once.
fn inbox_arguments() -> [(&'static str, AMQPValue); 4] {
    [
        ("x-queue-type", AMQPValue::LongString("classic".into())),
        ("x-expires", AMQPValue::LongInt(60_000)),
        ("x-max-length", AMQPValue::LongInt(50_000)),
        ("x-overflow", AMQPValue::LongString("reject-publish".into())),
    ]
}

/// The way back from the deliveries of one channel. Those of a channel that ended come again anyway.
struct Settling(mpsc::UnboundedSender<(u64, Settlement)>);

impl Settler for Settling {
    fn settle(&self, number: u64, settlement: Settlement) {
        let _ = self.0.send((number, settlement));
    }
}

async fn consume(task: &Task, channel: &Channel, mut deliveries: lapin::Consumer) -> End {
    let (settled, mut settling) = mpsc::unbounded_channel();
    let settler: Arc<dyn Settler> = Arc::new(Settling(settled));
    let mut acks = Acks::default();
    loop {
        let told = tokio::select! {
            biased;
            // First: what is given back now must not come here once more.
            () = task.sender.closed() => {
                last_words(channel, &mut acks, &mut settling).await;
                return End::Over;
            }
            Some((tag, settlement)) = settling.recv() => settle(channel, &mut acks, tag, settlement).await,
            delivery = deliveries.next() => match delivery {
                Some(Ok(delivery)) => {
                    hand_over(task, delivery, &settler).await;
                    Ok(())
                }
                Some(Err(error)) => Err(error),
                None => return broken_or_over(task),
            },
            () = sleep(IDLE), if acks.is_due() => tell_all(channel, acks.flush()).await,
            () = task.link.closed() => {
                last_words(channel, &mut acks, &mut settling).await;
                return End::Over;
            }
        };
        if let Err(error) = told {
            tracing::warn!(%error, "a consumer lost its channel");
            return broken_or_over(task);
        }
    }
}

fn broken_or_over(task: &Task) -> End {
    if task.link.is_closed() { End::Over } else { End::Broken }
}

/// Never waits for long: the broker sends no more than the prefetch, for which there is room.
async fn hand_over(task: &Task, delivery: lapin::message::Delivery, settler: &Arc<dyn Settler>) {
    let (tag, tries, properties) = (delivery.delivery_tag, tries(&delivery), delivery.properties.clone());
    let message = message(delivery);
    if let Some(key) = &task.key
        && let Err(forged) = wire::check(&message, &properties, &task.subscription, key)
    {
        task.refused.tell(task.subscription.name(), forged);
        return settler.settle(tag, Settlement::Drop);
    }
    let delivery = Delivery::new(Arc::new(message), tries, tag, settler.clone()).replying_to(reply_to(&properties));
    if let Err(mpsc::error::SendError(received)) = task.sender.send(Received::Delivery(delivery)).await {
        give_back(received);
    }
}

async fn settle(channel: &Channel, acks: &mut Acks, tag: u64, settlement: Settlement) -> Result<(), lapin::Error> {
    if settlement == Settlement::Done {
        return match acks.done(tag) {
            Some(ack) => tell(channel, ack).await,
            None => Ok(()),
        };
    }
    acks.rejected(tag);
    let requeue = settlement == Settlement::Requeue;
    channel.basic_nack(tag, BasicNackOptions { requeue, ..BasicNackOptions::default() }).await
}

async fn tell(channel: &Channel, ack: Ack) -> Result<(), lapin::Error> {
    match ack {
        Ack::UpTo(tag) => channel.basic_ack(tag, BasicAckOptions { multiple: true }).await,
        Ack::One(tag) => channel.basic_ack(tag, BasicAckOptions::default()).await,
    }
}

async fn tell_all(channel: &Channel, acks: Vec<Ack>) -> Result<(), lapin::Error> {
    for ack in acks {
        tell(channel, ack).await?;
    }
    Ok(())
}

/// What was settled before the end is said before the end.
async fn last_words(channel: &Channel, acks: &mut Acks, settling: &mut mpsc::UnboundedReceiver<(u64, Settlement)>) {
    while let Ok((tag, settlement)) = settling.try_recv() {
        if settle(channel, acks, tag, settlement).await.is_err() {
            return;
        }
    }
    let _ = tell_all(channel, acks.flush()).await;
}
