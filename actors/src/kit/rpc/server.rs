//! The side of those who answer.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::{Backoff, Clock, Rng, telemetry};
use bus::{Bus, BusError, Exchange, Subscription};
use futures_util::FutureExt;
use prost::Message as _;
use protocol::proto::{CancelCall, RpcRequest, RpcResponse};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::{
    task::{AbortHandle, JoinSet},
    time::timeout,
};
use tracing::Instrument;

use super::{CANCEL_EXCHANGE, batch::Batch};
use crate::kit::{Child, Deliveries, Delivery, Restart, timer::Timer};

const MIN_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// Carries out the calls of a service. One value serves all of them.
pub trait Handler: Send + Sync + 'static {
    /// An unknown method is an error response, too. Dropped in the middle when the caller cancels.
    fn handle(&self, request: RpcRequest) -> impl Future<Output = RpcResponse> + Send;

    /// No more calls come: those that only wait should come to their end.
    fn closing(&self) {}
}

/// Serves one queue of calls. Any number of processes may run one for the same queue.
pub struct Server<H> {
    pub bus: Arc<dyn Bus>,
    pub clock: Arc<dyn Clock>,
    pub rng: Rng,
    /// For logs only.
    pub name: &'static str,
    pub queue: &'static str,
    /// Messages that may be under way at the same time, of one call or of some.
    pub max_messages: u16,
    /// How long calls under way may take when the actor ends; after that another process answers them.
    pub drain_timeout: Duration,
    pub handler: Arc<H>,
}

impl<H> Clone for Server<H> {
    fn clone(&self) -> Self {
        Self {
            bus: self.bus.clone(),
            clock: self.clock.clone(),
            rng: self.rng.clone(),
            handler: self.handler.clone(),
            ..*self
        }
    }
}

impl<H: Handler> Server<H> {
    /// The actor, to be supervised.
    pub fn child(self) -> Child {
        let child = Child::new(self.name, Restart::Always, move || (ServerActor(self.clone()), ())).0;
        child.drained_by(|| Msg::Drain)
    }
}

struct ServerActor<H>(Server<H>);

enum Msg {
    /// A message of its own, because the broker may be away when the process starts and nothing else need wait for it.
    Subscribe,
    Call(Option<Delivery>),
    Cancel(Option<Delivery>),
    /// Answer what is under way, then end. What comes meanwhile goes back to be answered by others.
    Drain,
}

struct State {
    inboxes: Vec<Deliveries>,
    running: Running,
    tasks: JoinSet<()>,
    retry: Option<Timer>,
    backoff: Backoff,
}

/// Calls under way, by caller and number. The task of a call removes its own entry, a cancellation removes it first: only one of
/// the two gives the response.
#[derive(Clone, Default)]
struct Running(Arc<Mutex<HashMap<(u64, u64), RunningCall>>>);

struct RunningCall {
    batch: Arc<Batch>,
    /// In the message.
    place: usize,
    task: AbortHandle,
}

impl<H: Handler> Actor for ServerActor<H> {
    type Msg = Msg;
    type State = State;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Msg>, (): ()) -> Result<State, ActorProcessingErr> {
        myself.send_message(Msg::Subscribe)?;
        Ok(State {
            inboxes: Vec::new(),
            running: Running::default(),
            tasks: JoinSet::new(),
            retry: None,
            backoff: Backoff::new(MIN_BACKOFF, MAX_BACKOFF, self.0.rng.clone()),
        })
    }

    async fn handle(&self, myself: ActorRef<Msg>, message: Msg, state: &mut State) -> Result<(), ActorProcessingErr> {
        match message {
            Msg::Subscribe => match self.subscribe(&myself).await {
                Ok(inboxes) => state.inboxes = inboxes,
                Err(error) => {
                    tracing::warn!(queue = self.0.queue, %error, "cannot subscribe to RPC queue");
                    state.retry = Some(Timer::after(state.backoff.next_wait(), &myself, || Msg::Subscribe));
                }
            },
            Msg::Call(Some(delivery)) => self.begin(delivery, state),
            Msg::Cancel(Some(delivery)) => self.cancel(delivery, state),
            Msg::Drain => {
                self.0.handler.closing();
                let finished = async { while state.tasks.join_next().await.is_some() {} };
                let _ = timeout(self.0.drain_timeout, finished).await;
                myself.stop(None);
            }
            Msg::Call(None) | Msg::Cancel(None) => {}
        }
        Ok(())
    }

    /// Whatever is still under way goes back, before its response could be sent.
    async fn post_stop(&self, _: ActorRef<Msg>, state: &mut State) -> Result<(), ActorProcessingErr> {
        state.tasks.abort_all();
        state.running.lock().clear();
        Ok(())
    }
}

impl<H: Handler> ServerActor<H> {
    async fn subscribe(&self, myself: &ActorRef<Msg>) -> Result<Vec<Deliveries>, BusError> {
        let bus = &*self.0.bus;
        bus.declare(Exchange::fanout(CANCEL_EXCHANGE)).await?;
        // Before the calls: a cancellation must not be missed because its call came first.
        let cancels = Subscription::ephemeral().bind(CANCEL_EXCHANGE, "").signed();
        let cancels = Deliveries::subscribe(bus, cancels, myself.clone(), Msg::Cancel).await?;
        let calls = Subscription::inbox(self.0.queue).prefetch(self.0.max_messages);
        Ok(vec![cancels, Deliveries::subscribe(bus, calls, myself.clone(), Msg::Call).await?])
    }

    /// A call whose deadline has passed, or that cannot be decoded, is not begun.
    fn begin(&self, delivery: Delivery, state: &mut State) {
        while state.tasks.try_join_next().is_some() {}
        // The body of the message is shared, not copied: `Bytes` fields are slices of it.
        let mut first = match RpcRequest::decode(delivery.message().body.clone()) {
            Ok(request) => request,
            Err(error) => {
                tracing::warn!(queue = self.0.queue, %error, "cannot decode RPC request");
                return delivery.reject();
            }
        };
        let Some(reply_to) = delivery.reply_to().cloned() else { return delivery.reject() };
        let more = std::mem::take(&mut first.more);
        let batch = Arc::new(Batch::new(delivery, reply_to, 1 + more.len()));
        let now = self.0.clock.now().timestamp_millis();
        for (place, request) in std::iter::once(first).chain(more).enumerate() {
            if request.deadline_ms >= now {
                self.begin_call(request, &batch, place, state);
            } else {
                self.end_call(&batch, place, state);
            }
        }
    }

    fn begin_call(&self, request: RpcRequest, batch: &Arc<Batch>, place: usize, state: &mut State) {
        let key = (request.caller, request.number);
        let span = tracing::info_span!(parent: None, "rpc", method = request.method);
        let span = telemetry::follow(span, Some(&request.traceparent));
        let (handler, bus, running) = (self.0.handler.clone(), self.0.bus.clone(), state.running.clone());
        let call = async move {
            // A call that panics, which the runtime has reported, takes no response from the others of its message.
            let response = AssertUnwindSafe(handler.handle(request)).catch_unwind().await.unwrap_or_default();
            let call = running.lock().remove(&key);
            if let Some(RunningCall { batch, place, .. }) = call
                && let Some(answered) = batch.end(place, response)
            {
                answered.reply(&*bus).await;
            }
        };
        // Spawned under the lock, so that a quick call finds its entry, which it must remove.
        let mut running = state.running.lock();
        let task = state.tasks.spawn(call.instrument(span));
        running.insert(key, RunningCall { batch: batch.clone(), place, task });
    }

    /// Of a call that nobody waits for.
    fn end_call(&self, batch: &Batch, place: usize, state: &mut State) {
        if let Some(answered) = batch.end(place, RpcResponse::default()) {
            let bus = self.0.bus.clone();
            state.tasks.spawn(async move { answered.reply(&*bus).await });
        }
    }

    fn cancel(&self, delivery: Delivery, state: &mut State) {
        if let Ok(CancelCall { caller, number }) = CancelCall::decode(&delivery.message().body[..])
            && let Some(RunningCall { batch, place, task }) = { state.running.lock().remove(&(caller, number)) }
        {
            task.abort();
            self.end_call(&batch, place, state);
        }
        delivery.ack();
    }
}

impl Running {
    fn lock(&self) -> MutexGuard<'_, HashMap<(u64, u64), RunningCall>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
