//! Events from the exchange of the masters, through a durable queue that keeps them while the bridge is down.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use async_trait::async_trait;
use base::{Backoff, Rng, Secret};
use bus::{AmqpBus, Bus, BusError, Consumer, Delivery, Queue, Received, Subscription};
use futures_util::{FutureExt, future::BoxFuture};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};

use super::{held_deliveries::HeldDeliveries, message, reports::BuildReports};
use crate::driver::{Event, EventSource, RequestId};

/// The kinds of messages that are subscribed to.
const KINDS: [&str; 3] = ["started", "finished", "log_uploaded"];
/// So many of the latest messages are kept while the bridge is down.
const MAX_QUEUE_LENGTH: u32 = 100_000;
/// Unacknowledged messages. Twice as many as are held, so that there is always room for new ones.
const PREFETCH: u16 = 500;
const INITIAL_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_mins(1);

/// The queue on the masters' broker.
#[derive(Clone)]
pub(super) struct EventQueue {
    pub(super) url: Secret,
    /// Shown in the broker's lists.
    pub(super) name: String,
    pub(super) exchange: String,
    pub(super) queue: String,
    /// The timeout of an operation, and how often the broker is asked whether the queue exists: a consumer does not report
    /// that it lost its connection.
    pub(super) timeout: Duration,
    pub(super) rng: Rng,
}

/// Its state is kept between calls, so that `next` is cancel-safe.
pub(super) struct ExchangeEvents {
    event_queue: EventQueue,
    reports: Arc<BuildReports>,
    backoff: Backoff,
    state: State,
    /// To be returned, the oldest first.
    events: VecDeque<Event>,
    /// Whether `Connected` or `Disconnected` was returned last.
    connected: Option<bool>,
}

enum State {
    BackingOff(BoxFuture<'static, ()>),
    Connecting(BoxFuture<'static, Result<Box<Open>, String>>),
    Open(Box<Open>),
}

struct Open {
    event_queue: EventQueue,
    bus: Arc<AmqpBus>,
    consumer: Consumer,
    held: HeldDeliveries,
    check_timer: Interval,
    check: Option<BoxFuture<'static, Result<(), String>>>,
}

enum Wakeup {
    Received(Option<Received>),
    Checked(Result<(), String>),
    Timer,
}

impl EventQueue {
    /// Fails where the settings are invalid. Does not connect.
    pub(super) fn check_settings(&self) -> Result<(), String> {
        AmqpBus::new(self.url.reveal(), &self.name, &self.rng).map(drop).map_err(|error| error.to_string())
    }

    /// The depth of the queue; `None`: it is not declared yet.
    pub(super) async fn check_broker(&self) -> Result<Option<u32>, String> {
        let bus = AmqpBus::new(self.url.reveal(), &self.name, &self.rng).map_err(|error| error.to_string())?;
        match bus.depth(&self.queue, self.timeout).await {
            Ok(depth) => Ok(Some(depth.messages)),
            Err(BusError::Refused(_)) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl ExchangeEvents {
    pub(super) fn new(event_queue: EventQueue, reports: Arc<BuildReports>) -> Self {
        let backoff = Backoff::new(INITIAL_BACKOFF, MAX_BACKOFF, event_queue.rng.branch("pauses"));
        let state = State::Connecting(open(event_queue.clone()).boxed());
        Self { event_queue, reports, backoff, state, events: VecDeque::new(), connected: None }
    }

    async fn advance(&mut self) {
        match &mut self.state {
            State::BackingOff(pause) => {
                pause.await;
                self.state = State::Connecting(open(self.event_queue.clone()).boxed());
            }
            State::Connecting(connecting) => match connecting.await {
                Ok(open) => {
                    self.state = State::Open(open);
                    self.backoff.reset();
                    self.connected();
                }
                Err(why) => self.back_off(why),
            },
            State::Open(open) => match open.wait().await {
                Wakeup::Received(Some(Received::Delivery(delivery))) => self.receive(delivery),
                Wakeup::Received(Some(Received::Gap)) => self.events.push_back(Event::Connected),
                Wakeup::Received(None) => self.back_off("the consumer ended".to_owned()),
                Wakeup::Checked(Ok(())) => self.connected(),
                Wakeup::Checked(Err(why)) => self.disconnected(why),
                Wakeup::Timer => {}
            },
        }
    }

    fn receive(&mut self, delivery: Delivery) {
        let bus::Message { exchange, routing_key, body, .. } = &*delivery.message;
        match message::read(routing_key, body) {
            Ok(Some(message)) => {
                self.reports.store(&message);
                self.events.extend(message.requests.iter().map(|id| Event::Request(RequestId(*id))));
                if let (true, State::Open(open)) = (message.is_final, &mut self.state) {
                    return open.held.hold(delivery);
                }
            }
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%exchange, routing_key, error, "cannot decode a message about a build; it is dropped");
            }
        }
        delivery.ack();
    }

    fn back_off(&mut self, why: String) {
        self.state = State::BackingOff(sleep(self.backoff.next_wait()).boxed());
        self.disconnected(why);
    }

    fn connected(&mut self) {
        if self.connected.replace(true) != Some(true) {
            self.events.push_back(Event::Connected);
        }
    }

    fn disconnected(&mut self, why: String) {
        let before = self.connected.replace(false);
        if before.is_none() {
            let (exchange, queue) = (&self.event_queue.exchange, &self.event_queue.queue);
            tracing::warn!(exchange, queue, reason = why, "cannot subscribe to the masters' exchange");
        }
        if before != Some(false) {
            self.events.push_back(Event::Disconnected(why));
        }
    }
}

#[async_trait]
impl EventSource for ExchangeEvents {
    async fn next(&mut self) -> Event {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            self.advance().await;
        }
    }
}

impl Open {
    /// Every await here is cancel-safe.
    async fn wait(&mut self) -> Wakeup {
        let checked = async {
            match &mut self.check {
                Some(check) => check.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            received = self.consumer.next() => Wakeup::Received(received),
            result = checked => {
                self.check = None;
                Wakeup::Checked(result)
            }
            _ = self.check_timer.tick() => {
                self.held.release();
                if self.check.is_none() {
                    self.check = Some(check_queue(self.bus.clone(), self.event_queue.clone()).boxed());
                }
                Wakeup::Timer
            }
        }
    }
}

async fn check_queue(bus: Arc<AmqpBus>, event_queue: EventQueue) -> Result<(), String> {
    bus.depth(&event_queue.queue, event_queue.timeout).await.map(drop).map_err(|error| error.to_string())
}

/// The exchange belongs to the masters: it is never declared here.
async fn open(event_queue: EventQueue) -> Result<Box<Open>, String> {
    let message = |error: BusError| error.to_string();
    let bus = Arc::new(AmqpBus::new(event_queue.url.reveal(), &event_queue.name, &event_queue.rng).map_err(message)?);
    let queue = Queue::Durable { name: event_queue.queue.clone(), max_length: Some(MAX_QUEUE_LENGTH) };
    let mut subscription = Subscription { queue, ..Subscription::durable(&event_queue.queue) }.prefetch(PREFETCH);
    for kind in KINDS {
        // Names of builders may have dots.
        subscription = subscription.bind(&event_queue.exchange, &format!("build.#.{kind}"));
    }
    let consumer = bus.subscribe(subscription).await.map_err(message)?;
    let mut check_timer = interval(event_queue.timeout);
    check_timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    check_timer.reset();
    Ok(Box::new(Open { event_queue, bus, consumer, held: HeldDeliveries::new(PREFETCH / 2), check_timer, check: None }))
}
