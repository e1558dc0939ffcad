//! Batch consumers, the shape of all actors that listen to a queue of the bus: they take all that has been delivered, work
//! on it in one go, and acknowledge it afterwards.
//!
//! What cannot be worked on just now is retried with back-off. What cannot be worked on at all goes to the dead letters:
//! at once if it cannot be decoded, after some tries if the work on it is refused.

mod batch;
#[cfg(test)]
mod tests;

use std::{error::Error, marker::PhantomData, sync::Arc, time::Duration};

use base::{Backoff, Rng};
use batch::Batch;
use bus::{Bus, BusError, Message, Subscription};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::time::timeout;
use tracing::Instrument;

use super::{Child, DeadLetters, Deliveries, Delivery, Progress, Restart, timer::Timer};

const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(5);
/// A broker that is away keeps a process from starting for no longer.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(2);
/// A batch that takes longer is stuck.
const BATCH_DEADLINE: Duration = Duration::from_mins(10);

/// What a batch consumer does. Messages come at least once, so all of it must be safe to repeat.
pub trait Consumer: Send + Sync + 'static {
    /// What a message says.
    type Item: Send + Sync + 'static;
    type Error: Error + Send + Sync + 'static;

    /// The queue, and what is bound to it. The exchanges are declared first.
    fn subscription(&self) -> Subscription;

    /// Declares what the subscription, or the work, needs.
    fn declare(&self, bus: &dyn Bus) -> impl Future<Output = Result<(), BusError>> + Send;

    /// `None`: there is nothing to do about this message. An error says why it cannot be read, in words for an operator.
    fn decode(&self, message: &Message) -> Result<Option<Self::Item>, String>;

    /// Works on these, in order. Once it returns `Ok` they are acknowledged.
    fn consume(&mut self, items: &[Self::Item]) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// The error is about what was to be done, and the same again would be refused again.
    fn is_permanent(error: &Self::Error) -> bool;

    /// The subscription was set up, or messages of an ephemeral queue may have been lost.
    fn subscribed(&mut self) {}
}

/// What a batch consumer needs besides its work.
#[derive(Clone)]
pub struct ConsumerContext {
    pub bus: Arc<dyn Bus>,
    pub rng: Rng,
    /// `None`: what cannot be worked on is dropped, with a line in the log.
    pub dead_letters: Option<DeadLetters>,
}

impl ConsumerContext {
    /// The actor, to be supervised. `make` is called before each start. On a bus in memory it must be started before the
    /// relay, which drops what no queue is bound to.
    pub fn child<C: Consumer>(self, name: &str, make: impl Fn() -> C + Send + Sync + 'static) -> Child {
        let progress = Progress::default();
        let actor =
            ConsumerActor { name: name.into(), context: self, progress: progress.clone(), consumer: PhantomData };
        Child::new(name, Restart::Always, move || (actor.clone(), make())).0.watched(progress)
    }
}

struct ConsumerActor<C> {
    name: Arc<str>,
    context: ConsumerContext,
    progress: Progress,
    consumer: PhantomData<fn() -> C>,
}

impl<C> Clone for ConsumerActor<C> {
    fn clone(&self) -> Self {
        let Self { name, context, progress, .. } = self;
        Self { name: name.clone(), context: context.clone(), progress: progress.clone(), consumer: PhantomData }
    }
}

enum Msg {
    /// Again after a failure.
    Subscribe,
    Delivered(Option<Delivery>),
    /// Work on all that was delivered.
    Work,
}

struct State<C: Consumer> {
    consumer: C,
    deliveries: Option<Deliveries>,
    batch: Batch<C::Item>,
    /// The message `Work` is in the mailbox already.
    work_queued: bool,
    /// Pending after a failure: until then nothing is tried.
    retry: Option<Timer>,
    backoff: Backoff,
}

impl<C: Consumer> Actor for ConsumerActor<C> {
    type Msg = Msg;
    type State = State<C>;
    type Arguments = C;

    async fn pre_start(&self, myself: ActorRef<Msg>, consumer: C) -> Result<State<C>, ActorProcessingErr> {
        let backoff = Backoff::new(FIRST_RETRY, LAST_RETRY, self.context.rng.clone());
        let (deliveries, batch) = (None, Batch::default());
        let mut state = State { consumer, deliveries, batch, work_queued: false, retry: None, backoff };
        self.subscribe(&myself, &mut state).await;
        Ok(state)
    }

    async fn handle(
        &self,
        myself: ActorRef<Msg>,
        message: Msg,
        state: &mut State<C>,
    ) -> Result<(), ActorProcessingErr> {
        self.progress.due_within(BATCH_DEADLINE);
        match message {
            Msg::Subscribe => self.subscribe(&myself, state).await,
            Msg::Delivered(Some(delivery)) => {
                self.accept(delivery, state).await;
                // Behind what is in the mailbox by now, so that all of it is one batch.
                if !state.work_queued && state.retry.is_none() {
                    state.work_queued = true;
                    let _ = myself.send_message(Msg::Work);
                }
            }
            Msg::Delivered(None) => state.consumer.subscribed(),
            Msg::Work => {
                (state.work_queued, state.retry) = (false, None);
                if !state.batch.is_empty() {
                    let span =
                        tracing::info_span!(parent: None, "batch", actor = &*self.name, messages = state.batch.len());
                    self.work(&myself, state).instrument(span).await;
                }
            }
        }
        self.progress.idle();
        Ok(())
    }
}

impl<C: Consumer> ConsumerActor<C> {
    /// A broker that is away only delays this actor: nothing else need wait for it.
    async fn subscribe(&self, myself: &ActorRef<Msg>, state: &mut State<C>) {
        let bus = &*self.context.bus;
        let subscribing = async {
            state.consumer.declare(bus).await?;
            Deliveries::subscribe(bus, state.consumer.subscription(), myself.clone(), Msg::Delivered).await
        };
        match timeout(SUBSCRIBE_TIMEOUT, subscribing).await.unwrap_or(Err(BusError::Timeout)) {
            Ok(deliveries) => {
                (state.deliveries, state.retry) = (Some(deliveries), None);
                state.backoff.reset();
                state.consumer.subscribed();
            }
            Err(error) => {
                let (error, retry_in) = (&error as &dyn Error, state.backoff.next_wait());
                tracing::warn!(actor = &*self.name, error, ?retry_in, "cannot subscribe");
                state.retry = Some(Timer::after(retry_in, myself, || Msg::Subscribe));
            }
        }
    }

    /// Adds a delivery to the batch, unless it can be seen to be of no use.
    async fn accept(&self, delivery: Delivery, state: &mut State<C>) {
        match state.consumer.decode(delivery.message()) {
            Err(reason) => self.dead_letter(delivery, &format!("it cannot be read: {reason}")).await,
            Ok(_) if delivery.failures() >= DeadLetters::MAX_DELIVERIES => {
                let reason = format!("it was delivered {} times and never acknowledged", delivery.failures());
                self.dead_letter(delivery, &reason).await;
            }
            Ok(None) => delivery.ack(),
            Ok(Some(item)) => state.batch.push(delivery, item),
        }
    }

    async fn dead_letter(&self, delivery: Delivery, reason: &str) {
        if let Some(dead_letters) = &self.context.dead_letters {
            return dead_letters.add(delivery, reason).await;
        }
        tracing::warn!(actor = &*self.name, reason, "message dropped");
        delivery.ack();
    }

    async fn work(&self, myself: &ActorRef<Msg>, state: &mut State<C>) {
        match state.consumer.consume(state.batch.items()).await {
            Ok(()) => state.batch.ack(),
            Err(error) if C::is_permanent(&error) => self.work_one_by_one(state).await,
            Err(error) => {
                let (error, messages) = (&error as &dyn Error, state.batch.len());
                tracing::warn!(actor = &*self.name, error, messages, "messages wait to be consumed");
            }
        }
        if state.batch.is_empty() {
            state.backoff.reset();
        } else {
            state.retry = Some(Timer::after(state.backoff.next_wait(), myself, || Msg::Work));
        }
    }

    /// One of several is refused: it must not hold up the others for ever. Those behind one that is retried wait for
    /// it, so that the order stays.
    async fn work_one_by_one(&self, state: &mut State<C>) {
        while let Some(item) = state.batch.first() {
            let Err(error) = state.consumer.consume(item).await else {
                state.batch.ack_first();
                continue;
            };
            if !C::is_permanent(&error) || state.batch.first_failed() < DeadLetters::MAX_FAILURES {
                return;
            }
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            if let Some(delivery) = state.batch.remove_first() {
                self.dead_letter(delivery, &format!("it is refused: {error}{cause}")).await;
            }
        }
    }
}
