//! Events from the exchange of the masters, by a queue that waits while nobody listens.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use async_trait::async_trait;
use base::{Backoff, Rng, Secret};
use bus::{AmqpBus, Bus, BusError, Consumer, Delivery, Queue, Received, Subscription};
use futures_util::{FutureExt, future::BoxFuture};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};

use super::{held::Held, message, told::Told};
use crate::driver::{Event, EventSource, RequestId};

/// The kinds of messages that are listened to.
const KINDS: [&str; 3] = ["started", "finished", "log_uploaded"];
/// While the bridge is away so many messages are kept, the latest.
const LONGEST_QUEUE: u32 = 100_000;
/// How many messages are out at once. Twice as many as are held, so that there is always room for new ones.
const PREFETCH: u16 = 500;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Where messages come from.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) url: Secret,
    /// Shown in the broker's lists.
    pub(super) name: String,
    pub(super) exchange: String,
    pub(super) queue: String,
    /// How long an answer may take. The broker is asked as often whether the queue is there, since a consumer does not say
    /// that it lost its connection.
    pub(super) timeout: Duration,
    pub(super) rng: Rng,
}

/// Keeps what it does between two calls, so that a dropped future of `next` loses nothing.
pub(super) struct Exchange {
    place: Place,
    told: Arc<Told>,
    backoff: Backoff,
    state: State,
    /// To be told, the oldest first.
    events: VecDeque<Event>,
    /// What the listener was told last: that events arrive, or that they do not.
    alive: Option<bool>,
}

enum State {
    Pausing(BoxFuture<'static, ()>),
    Connecting(BoxFuture<'static, Result<Box<Open>, String>>),
    Open(Box<Open>),
}

struct Open {
    place: Place,
    bus: Arc<AmqpBus>,
    consumer: Consumer,
    held: Held,
    ask: Interval,
    asking: Option<BoxFuture<'static, Result<(), String>>>,
}

/// What came of waiting.
enum News {
    Received(Option<Received>),
    Asked(Result<(), String>),
    Time,
}

impl Place {
    /// Fails where the settings make no sense. Nothing is sent yet.
    pub(super) fn check(&self) -> Result<(), String> {
        AmqpBus::new(self.url.reveal(), &self.name, &self.rng).map(drop).map_err(|error| error.to_string())
    }

    /// Whether the broker answers, and has the queue; `None`: nobody has listened yet.
    pub(super) async fn greet(&self) -> Result<Option<u32>, String> {
        let bus = AmqpBus::new(self.url.reveal(), &self.name, &self.rng).map_err(|error| error.to_string())?;
        match bus.depth(&self.queue, self.timeout).await {
            Ok(depth) => Ok(Some(depth.messages)),
            Err(BusError::Refused(_)) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Exchange {
    pub(super) fn new(place: Place, told: Arc<Told>) -> Self {
        let backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE, place.rng.branch("pauses"));
        let state = State::Connecting(open(place.clone()).boxed());
        Self { place, told, backoff, state, events: VecDeque::new(), alive: None }
    }

    async fn step(&mut self) {
        match &mut self.state {
            State::Pausing(pause) => {
                pause.await;
                self.state = State::Connecting(open(self.place.clone()).boxed());
            }
            State::Connecting(connecting) => match connecting.await {
                Ok(open) => {
                    self.state = State::Open(open);
                    self.backoff.reset();
                    self.found();
                }
                Err(why) => self.pause(why),
            },
            State::Open(open) => match open.wait().await {
                News::Received(Some(Received::Delivery(delivery))) => self.hear(delivery),
                News::Received(Some(Received::Gap)) => self.events.push_back(Event::Connected),
                News::Received(None) => self.pause("the consumer ended".to_owned()),
                News::Asked(Ok(())) => self.found(),
                News::Asked(Err(why)) => self.lost(why),
                News::Time => {}
            },
        }
    }

    fn hear(&mut self, delivery: Delivery) {
        let bus::Message { exchange, routing_key, body, .. } = &*delivery.message;
        match message::read(routing_key, body) {
            Ok(Some(heard)) => {
                self.told.hear(&heard);
                self.events.extend(heard.requests.iter().map(|id| Event::Request(RequestId(*id))));
                if let (true, State::Open(open)) = (heard.last, &mut self.state) {
                    return open.held.hold(delivery);
                }
            }
            Ok(None) => {}
            Err(fault) => {
                tracing::warn!(%exchange, routing_key, fault, "a message about a build makes no sense; it is dropped");
            }
        }
        delivery.ack();
    }

    fn pause(&mut self, why: String) {
        self.state = State::Pausing(sleep(self.backoff.next_wait()).boxed());
        self.lost(why);
    }

    fn found(&mut self) {
        if self.alive.replace(true) != Some(true) {
            self.events.push_back(Event::Connected);
        }
    }

    fn lost(&mut self, why: String) {
        let before = self.alive.replace(false);
        if before.is_none() {
            let (exchange, queue) = (&self.place.exchange, &self.place.queue);
            tracing::warn!(exchange, queue, reason = why, "the masters' exchange cannot be listened to");
        }
        if before != Some(false) {
            self.events.push_back(Event::Lost(why));
        }
    }
}

#[async_trait]
impl EventSource for Exchange {
    async fn next(&mut self) -> Event {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            self.step().await;
        }
    }
}

impl Open {
    /// Every await here may be dropped.
    async fn wait(&mut self) -> News {
        let asked = async {
            match &mut self.asking {
                Some(asking) => asking.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            received = self.consumer.next() => News::Received(received),
            asked = asked => {
                self.asking = None;
                News::Asked(asked)
            }
            _ = self.ask.tick() => {
                self.held.release();
                if self.asking.is_none() {
                    self.asking = Some(ask(self.bus.clone(), self.place.clone()).boxed());
                }
                News::Time
            }
        }
    }
}

async fn ask(bus: Arc<AmqpBus>, place: Place) -> Result<(), String> {
    bus.depth(&place.queue, place.timeout).await.map(drop).map_err(|error| error.to_string())
}

/// The exchange is the masters' own: it is bound to, and never made.
async fn open(place: Place) -> Result<Box<Open>, String> {
    let words = |error: BusError| error.to_string();
    let bus = Arc::new(AmqpBus::new(place.url.reveal(), &place.name, &place.rng).map_err(words)?);
    let queue = Queue::Durable { name: place.queue.clone(), max_length: Some(LONGEST_QUEUE) };
    let mut subscription = Subscription { queue, ..Subscription::durable(&place.queue) }.prefetch(PREFETCH);
    for kind in KINDS {
        // Names of builders may have dots.
        subscription = subscription.bind(&place.exchange, &format!("build.#.{kind}"));
    }
    let consumer = bus.subscribe(subscription).await.map_err(words)?;
    let mut ask = interval(place.timeout);
    ask.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ask.reset();
    Ok(Box::new(Open { place, bus, consumer, held: Held::new(PREFETCH / 2), ask, asking: None }))
}
