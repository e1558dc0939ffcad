//! The side of those who answer.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::{Backoff, Clock, Rng, telemetry};
use bus::{Bus, BusError, Exchange, Subscription};
use prost::Message as _;
use protocol::proto::{GivenUp, Request, Response};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::{
    task::{AbortHandle, JoinSet},
    time::timeout,
};
use tracing::Instrument;

use super::GIVEN_UP;
use crate::kit::{Child, Inbox, Letter, Restart, Tick};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Who answers the calls of a service. One value serves all of them.
pub trait Answer: Send + Sync + 'static {
    /// A method that nobody knows is refused too.
    fn answer(&self, request: Request) -> impl Future<Output = Response> + Send;

    /// No more calls come: those that only wait should come to their end.
    fn closing(&self) {}
}

/// What a part needs to serve an inbox.
pub struct Service<A> {
    pub bus: Arc<dyn Bus>,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    /// For logs only.
    pub name: &'static str,
    pub inbox: &'static str,
    /// Calls that may be under way at the same time.
    pub most: u16,
    /// How long calls under way may take when the part ends; after that another process answers them.
    pub finish_within: Duration,
    pub answer: Arc<A>,
}

impl<A> Clone for Service<A> {
    fn clone(&self) -> Self {
        Self {
            bus: self.bus.clone(),
            clock: self.clock.clone(),
            rng: self.rng.clone(),
            answer: self.answer.clone(),
            ..*self
        }
    }
}

impl<A: Answer> Service<A> {
    /// The part, to be supervised. Any number of processes may run one.
    pub fn part(self) -> Child {
        let child = Child::new(self.name, Restart::Always, move || (Desk(self.clone()), ())).0;
        child.drained_by(|| Heard::Finish)
    }
}

struct Desk<A>(Service<A>);

enum Heard {
    /// The broker may be away when the process starts, and nothing else need wait for it.
    Open,
    Call(Option<Letter>),
    GivenUp(Option<Letter>),
    /// Answer what is under way, then end. What comes meanwhile is given back to be answered by others.
    Finish,
}

struct Open {
    inboxes: Vec<Inbox>,
    running: Running,
    answering: JoinSet<()>,
    tick: Tick,
    backoff: Backoff,
}

/// Calls under way, by caller and number.
#[derive(Clone, Default)]
struct Running(Arc<Mutex<Calls>>);

type Calls = HashMap<(u64, u64), (Letter, AbortHandle)>;

impl<A: Answer> Actor for Desk<A> {
    type Msg = Heard;
    type State = Open;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Heard>, (): ()) -> Result<Open, ActorProcessingErr> {
        myself.send_message(Heard::Open)?;
        Ok(Open {
            inboxes: Vec::new(),
            running: Running::default(),
            answering: JoinSet::new(),
            tick: Tick::new(self.0.name),
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE, self.0.rng.clone()),
        })
    }

    async fn handle(&self, myself: ActorRef<Heard>, heard: Heard, open: &mut Open) -> Result<(), ActorProcessingErr> {
        match heard {
            Heard::Open => match self.open(&myself).await {
                Ok(inboxes) => open.inboxes = inboxes,
                Err(error) => {
                    tracing::warn!(inbox = self.0.inbox, %error, "calls cannot be taken");
                    open.tick.again(&myself, open.backoff.next_wait(), || Heard::Open);
                }
            },
            Heard::Call(Some(letter)) => self.begin(letter, open),
            Heard::GivenUp(Some(letter)) => {
                if let Ok(GivenUp { caller, number }) = GivenUp::decode(&letter.message().body[..])
                    && let Some((call, answering)) = open.running.lock().remove(&(caller, number))
                {
                    answering.abort();
                    call.ack();
                }
                letter.ack();
            }
            Heard::Finish => {
                self.0.answer.closing();
                let finished = async { while open.answering.join_next().await.is_some() {} };
                let _ = timeout(self.0.finish_within, finished).await;
                myself.stop(None);
            }
            Heard::Call(None) | Heard::GivenUp(None) => {}
        }
        Ok(())
    }

    /// Whatever is still under way goes back, before its answer could be given.
    async fn post_stop(&self, _: ActorRef<Heard>, open: &mut Open) -> Result<(), ActorProcessingErr> {
        open.answering.abort_all();
        open.running.lock().clear();
        Ok(())
    }
}

impl<A: Answer> Desk<A> {
    async fn open(&self, myself: &ActorRef<Heard>) -> Result<Vec<Inbox>, BusError> {
        let bus = &*self.0.bus;
        bus.declare(Exchange::fanout(GIVEN_UP)).await?;
        let given_up = Subscription::ephemeral().bind(GIVEN_UP, "").signed();
        let given_up = Inbox::open(bus, given_up, myself.clone(), Heard::GivenUp).await?;
        let calls = Subscription::inbox(self.0.inbox).prefetch(self.0.most);
        Ok(vec![given_up, Inbox::open(bus, calls, myself.clone(), Heard::Call).await?])
    }

    /// A call that nobody waits for, or that cannot be read, is not begun.
    fn begin(&self, letter: Letter, open: &mut Open) {
        while open.answering.try_join_next().is_some() {}
        let request = match Request::decode(&letter.message().body[..]) {
            Ok(request) if request.until_ms >= self.0.clock.now().timestamp_millis() => request,
            Ok(_) => return letter.ack(),
            Err(error) => {
                tracing::warn!(inbox = self.0.inbox, %error, "a call cannot be read");
                return letter.reject();
            }
        };
        let call = (request.caller, request.number);
        let span = tracing::info_span!(parent: None, "call", method = request.method);
        let span = telemetry::follow(span, Some(&request.traceparent));
        let (answer, bus, running) = (self.0.answer.clone(), self.0.bus.clone(), open.running.clone());
        let Some(reply_to) = letter.reply_to().cloned() else { return letter.reject() };
        let answering = async move {
            let response = answer.answer(request).await;
            if let Err(error) = bus.reply(&reply_to, response.encode_to_vec().into()).await {
                tracing::warn!(%error, "an answer is lost");
            }
            if let Some((letter, _)) = running.lock().remove(&call) {
                letter.ack();
            }
        };
        // Under the lock, so that a quick answer finds its letter.
        let mut running = open.running.lock();
        let answering = open.answering.spawn(answering.instrument(span));
        running.insert(call, (letter, answering));
    }
}

impl Running {
    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
