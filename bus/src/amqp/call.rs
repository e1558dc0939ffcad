//! RPC over the broker: one channel per process for all its calls, and one queue for all responses.
//!
//! The queue of responses is exclusive: the broker deletes it with the connection.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError},
    time::Duration,
};

use base::Rng;
use bytes::Bytes;
use futures_util::StreamExt;
use lapin::{
    Channel,
    options::{BasicConsumeOptions, ConfirmSelectOptions, QueueDeclareOptions},
    types::{FieldTable, ShortString},
};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    task::{AbortHandle, JoinSet},
    time::timeout,
};

use super::{
    connection::Connection,
    outgoing::{OutgoingCall, send_all},
    publish::publish,
    rejected::RejectedMessages,
    wire::{check_response, of_call},
};
use crate::{BusError, MessageKey, ReplyTo, TransportError};

/// After this the broker counts as unavailable.
const OPEN_TIMEOUT: Duration = Duration::from_secs(2);

/// Sends calls and replies.
pub(super) struct RpcClient {
    connection: Arc<Connection>,
    /// Locked while the channel is opened, so that concurrent callers open one.
    call_channel: Mutex<Option<Arc<CallChannel>>>,
    reply_channel: Mutex<Option<Channel>>,
    rng: Rng,
    key: Option<MessageKey>,
}

pub(super) type CallResult = Result<Bytes, TransportError>;
pub(super) type SharedPendingCalls = Arc<StdMutex<PendingCalls>>;

/// A channel for calls, and the queue of responses. `waiting` is `None` once no more responses can arrive.
struct CallChannel {
    channel: Channel,
    responses: ShortString,
    waiting: SharedPendingCalls,
    outgoing: mpsc::UnboundedSender<OutgoingCall>,
    tasks: [AbortHandle; 2],
}

impl RpcClient {
    pub(super) fn new(connection: Arc<Connection>, rng: Rng, key: Option<MessageKey>) -> Self {
        Self { connection, call_channel: Mutex::default(), reply_channel: Mutex::default(), rng, key }
    }

    pub(super) async fn call(
        &self,
        inbox: &str,
        request: Bytes,
        deadline: Duration,
        tasks: &StdMutex<JoinSet<()>>,
    ) -> CallResult {
        let opened = timeout(OPEN_TIMEOUT.min(deadline), self.call_channel(tasks)).await;
        let channel = opened.ok().and_then(Result::ok).ok_or(TransportError::Unavailable)?;
        // 128 random bits: a response with this id comes from a process that has read the call.
        let id = format!("{:016x}{:016x}", self.rng.number(), self.rng.number());
        let response = channel.register(&id).ok_or(TransportError::Unavailable)?;
        let _guard = RemoveOnDrop { waiting: channel.waiting.clone(), id: id.clone() };
        let properties = of_call(inbox, Some(channel.responses.as_str()), &id, &request, self.key.as_ref())
            .with_expiration(deadline.as_millis().to_string().into());
        let call = OutgoingCall { id, inbox: inbox.into(), request, properties };
        channel.outgoing.send(call).map_err(|_| TransportError::Unavailable)?;
        let result = timeout(deadline, response).await;
        result.map_or(Err(TransportError::Timeout), |result| result.unwrap_or(Err(TransportError::ConnectionLost)))
    }

    pub(super) async fn reply(&self, to: &ReplyTo, response: &[u8]) -> Result<(), BusError> {
        let channel = self.reply_channel().await?;
        let properties = of_call(&to.queue, None, &to.call, response, self.key.as_ref());
        publish(&channel, ShortString::default(), to.queue.as_str().into(), response, properties).await.map(drop)
    }

    async fn reply_channel(&self) -> Result<Channel, BusError> {
        let mut open = self.reply_channel.lock().await;
        if let Some(channel) = open.as_ref().filter(|channel| channel.status().connected()) {
            return Ok(channel.clone());
        }
        let channel = self.connection.channel().await?;
        *open = Some(channel.clone());
        Ok(channel)
    }

    async fn call_channel(&self, tasks: &StdMutex<JoinSet<()>>) -> Result<Arc<CallChannel>, BusError> {
        let mut channel = self.call_channel.lock().await;
        if let Some(open) = channel.as_ref().filter(|channel| channel.is_open()) {
            return Ok(open.clone());
        }
        *channel = None;
        let opened = Arc::new(self.open(tasks).await?);
        *channel = Some(opened.clone());
        Ok(opened)
    }

    async fn open(&self, tasks: &StdMutex<JoinSet<()>>) -> Result<CallChannel, BusError> {
        let channel = self.connection.channel().await?;
        let confirming = channel.confirm_select(ConfirmSelectOptions::default());
        self.connection.response("confirm.select", "", confirming).await?;
        let (responses, consumer) = consume(&self.connection).await?;
        let waiting: SharedPendingCalls = Arc::new(StdMutex::new(Some(HashMap::new())));
        let queue =
            ResponseQueue { name: responses.clone(), key: self.key.clone(), rejected: RejectedMessages::default() };
        let read = read(consumer, queue, waiting.clone(), self.connection.clone());
        let (outgoing, calls) = mpsc::unbounded_channel();
        let send = send_all(channel.clone(), calls, waiting.clone(), self.connection.clone());
        let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let tasks = [tasks.spawn(read), tasks.spawn(send)];
        Ok(CallChannel { channel, responses, waiting, outgoing, tasks })
    }
}

/// Without acknowledgements: a lost response is a call that times out.
async fn consume(connection: &Connection) -> Result<(ShortString, lapin::Consumer), BusError> {
    let channel = connection.channel().await?;
    let options = QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
    let declared = channel.queue_declare(ShortString::default(), options, FieldTable::default());
    let queue = connection.response("queue.declare", "responses", declared).await?;
    let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    let (name, arguments) = (queue.name().clone(), FieldTable::default());
    let asked = channel.basic_consume(name.clone(), ShortString::default(), options, arguments);
    let consumer = connection.response("basic.consume", "responses", asked).await?;
    Ok((name, consumer))
}

struct ResponseQueue {
    name: ShortString,
    key: Option<MessageKey>,
    rejected: RejectedMessages,
}

impl ResponseQueue {
    /// The call that the response is for, if its signature is valid.
    fn call_id<'a>(&self, response: &'a lapin::message::Delivery) -> Option<&'a str> {
        let call = response.properties.correlation_id().as_ref().map(ShortString::as_str)?;
        if let Some(key) = &self.key
            && let Err(error) = check_response(response, self.name.as_str(), call, key)
        {
            self.rejected.record(self.name.as_str(), error);
            return None;
        }
        Some(call)
    }
}

/// Reads responses until the connection breaks; then all pending calls fail at once.
async fn read(
    mut consumer: lapin::Consumer,
    queue: ResponseQueue,
    waiting: SharedPendingCalls,
    connection: Arc<Connection>,
) {
    loop {
        let response = tokio::select! {
            response = consumer.next() => response,
            () = connection.closed() => None,
        };
        let Some(Ok(response)) = response else { break };
        let Some(call) = queue.call_id(&response) else { continue };
        let caller = lock(&waiting).as_mut().and_then(|waiting| waiting.remove(call));
        if let Some(caller) = caller {
            let _ = caller.send(Ok(response.data.into()));
        } else {
            tracing::debug!(call, "late response dropped");
        }
    }
    // Dropping the senders fails the calls, and `None` keeps new ones from registering.
    *lock(&waiting) = None;
}

impl CallChannel {
    fn is_open(&self) -> bool {
        self.channel.status().connected() && lock(&self.waiting).is_some()
    }

    /// `None`: no more responses can arrive.
    fn register(&self, id: &str) -> Option<oneshot::Receiver<CallResult>> {
        let (sender, receiver) = oneshot::channel();
        lock(&self.waiting).as_mut()?.insert(id.to_owned(), sender);
        Some(receiver)
    }
}

impl Drop for CallChannel {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
        *lock(&self.waiting) = None;
    }
}

/// Removes the pending call, however it ends: a dropped call must not stay in the map.
struct RemoveOnDrop {
    waiting: SharedPendingCalls,
    id: String,
}

impl Drop for RemoveOnDrop {
    fn drop(&mut self) {
        if let Some(waiting) = lock(&self.waiting).as_mut() {
            waiting.remove(&self.id);
        }
    }
}

pub(super) type PendingCalls = Option<HashMap<String, oneshot::Sender<CallResult>>>;

pub(super) fn lock(waiting: &StdMutex<PendingCalls>) -> MutexGuard<'_, PendingCalls> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}
