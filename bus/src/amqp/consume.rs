//! Consumers: one task per subscription, which subscribes again after each loss of the connection.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::StreamExt;
use lapin::{
    Channel,
    options::{BasicConsumeOptions, BasicQosOptions, QueueDeclareOptions},
    types::{FieldTable, ShortString},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::sleep,
};

use super::{
    acks::Acks,
    bindings,
    connection::Connection,
    declaration::declaration,
    leaderless,
    rejected::RejectedMessages,
    response::CONSUME_TIMEOUT,
    settle::{send_acks, settle, settle_remaining},
    wire::{self, message, reply_to, tries},
};
use crate::{
    BusError, Consumer, Delivery, MessageKey, Queue, Received, Subscription,
    consumer::{Settlement, Settler, Source},
};

/// Acknowledgements wait this long to be batched.
const ACK_DELAY: Duration = Duration::from_millis(10);
/// How RabbitMQ begins its refusal to declare a queue that exists with other arguments.
const OTHER_ARGUMENTS: &str = "PRECONDITION_FAILED";

/// Resolves once the queue is bound and consumed from.
pub(super) fn subscribe(
    connection: Arc<Connection>,
    subscription: Subscription,
    key: Option<MessageKey>,
    tasks: &mut JoinSet<()>,
) -> impl Future<Output = Result<Consumer, BusError>> + use<> {
    while tasks.try_join_next().is_some() {}
    let prefetch = subscription.prefetch.max(1);
    let (sender, received) = mpsc::channel(usize::from(prefetch) + 1);
    let (ready, is_ready) = oneshot::channel();
    let key = key.filter(|_| subscription.signed);
    tasks.spawn(run(Task { connection, subscription, key, rejected: RejectedMessages::default(), sender }, ready));
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

/// Deliveries that were not taken have not failed: they are requeued however often they were delivered.
impl Drop for Inbox {
    fn drop(&mut self) {
        self.0.close();
        while let Ok(received) = self.0.try_recv() {
            requeue(received);
        }
    }
}

fn requeue(received: Received) {
    if let Received::Delivery(delivery) = received {
        delivery.requeue();
    }
}

struct Task {
    connection: Arc<Connection>,
    subscription: Subscription,
    /// `None`: signatures are not verified.
    key: Option<MessageKey>,
    rejected: RejectedMessages,
    /// Closed when the consumer is dropped, which ends the task.
    sender: mpsc::Sender<Received>,
}

/// Why consuming from one channel ended.
enum End {
    ConnectionLost,
    /// The consumer was dropped, or the bus closed.
    Closed,
}

/// A refusal ends the task only at first: later the broker may just be starting.
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
                if let End::Closed = consume(&task, &channel, deliveries).await {
                    task.connection.close_channel(&channel).await;
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
                tracing::warn!(%error, "cannot subscribe; retrying");
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn set_up(task: &Task) -> Result<(Channel, lapin::Consumer), BusError> {
    let (connection, subscription) = (&task.connection, &task.subscription);
    let (channel, queue) = declare_queue(connection, subscription).await?;
    if subscription.tolerant {
        for refused in bindings::rebind(connection, queue.as_str(), &subscription.bindings, &[]).await? {
            let (exchange, reason) = (refused.binding.exchange, refused.reason);
            tracing::info!(queue = queue.as_str(), exchange, reason, "a binding is left out");
        }
    } else {
        for binding in &subscription.bindings {
            bindings::bind(connection, &channel, queue.as_str(), binding).await?;
        }
    }
    let consumer = consume_from(connection, &channel, &queue, subscription).await?;
    Ok((channel, consumer))
}

/// The queue by its name, and a channel that may consume from it.
async fn declare_queue(
    connection: &Connection,
    subscription: &Subscription,
) -> Result<(Channel, ShortString), BusError> {
    let channel = connection.channel().await?;
    let (name, options, arguments) = declaration(subscription);
    let declared = channel.queue_declare(name.clone(), options, arguments);
    match connection.response("queue.declare", name.as_str(), declared).await {
        Ok(queue) => Ok((channel, queue.name().clone())),
        // The refusal has closed the channel.
        Err(BusError::Refused(reason)) if subscription.tolerant && reason.starts_with(OTHER_ARGUMENTS) => {
            tracing::warn!(queue = name.as_str(), reason, "a queue exists with other arguments, and is taken as it is");
            let channel = connection.channel().await?;
            let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
            let declared = channel.queue_declare(name.clone(), options, FieldTable::default());
            connection.response("queue.declare", name.as_str(), declared).await?;
            Ok((channel, name))
        }
        Err(error) => Err(error),
    }
}

async fn consume_from(
    connection: &Connection,
    channel: &Channel,
    queue: &ShortString,
    subscription: &Subscription,
) -> Result<lapin::Consumer, BusError> {
    let limited = channel.basic_qos(subscription.prefetch.max(1), BasicQosOptions::default());
    connection.response("basic.qos", queue.as_str(), limited).await?;
    let consumed = async {
        let (name, options) = (queue.clone(), BasicConsumeOptions::default());
        let consumed = channel.basic_consume(name, ShortString::default(), options, FieldTable::default()).await;
        consumed.inspect_err(|error| {
            if leaderless::is_leaderless(error)
                && let Queue::Durable { name, .. } = &subscription.queue
            {
                leaderless::record(name);
            }
        })
    };
    connection.response_within(CONSUME_TIMEOUT, "basic.consume", queue.as_str(), consumed).await
}

/// Receives the settlements of one channel. After its end they are ignored: the broker delivers again what was not acknowledged.
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
        let sent = tokio::select! {
            biased;
            // First: a delivery that is requeued now must not be delivered here once more.
            () = task.sender.closed() => {
                settle_remaining(channel, &mut acks, &mut settling).await;
                return End::Closed;
            }
            Some((tag, settlement)) = settling.recv() => settle(channel, &mut acks, tag, settlement).await,
            delivery = deliveries.next() => match delivery {
                Some(Ok(delivery)) => {
                    deliver(task, delivery, &settler).await;
                    Ok(())
                }
                Some(Err(error)) => Err(error),
                None => return end_of(task),
            },
            () = sleep(ACK_DELAY), if acks.is_due() => send_acks(channel, acks.flush()).await,
            () = task.connection.closed() => {
                settle_remaining(channel, &mut acks, &mut settling).await;
                return End::Closed;
            }
        };
        if let Err(error) = sent {
            tracing::warn!(%error, "consumer lost its channel");
            return end_of(task);
        }
    }
}

fn end_of(task: &Task) -> End {
    if task.connection.is_closed() { End::Closed } else { End::ConnectionLost }
}

/// Does not wait: the broker sends no more than the prefetch, and the queue has room for that.
async fn deliver(task: &Task, delivery: lapin::message::Delivery, settler: &Arc<dyn Settler>) {
    let (tag, tries, properties) = (delivery.delivery_tag, tries(&delivery), delivery.properties.clone());
    let message = message(delivery);
    if let Some(key) = &task.key
        && let Err(error) = wire::check(&message, &properties, &task.subscription, key)
    {
        task.rejected.record(task.subscription.name(), error);
        return settler.settle(tag, Settlement::Drop);
    }
    let delivery = Delivery::new(Arc::new(message), tries, tag, settler.clone()).replying_to(reply_to(&properties));
    if let Err(mpsc::error::SendError(received)) = task.sender.send(Received::Delivery(delivery)).await {
        requeue(received);
    }
}
