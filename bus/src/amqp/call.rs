//! Calls over the broker: one line per process, on which all its calls go out and all answers come in.
//!
//! The queue of the answers is exclusive: it lives as long as the connection and is the broker's to delete.

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
    link::Link,
    outgoing::{OutgoingCall, send_all},
    publish::publish,
    refused::Refused,
    wire::{check_answer, of_call},
};
use crate::{BusError, CallFailure, MessageKey, ReplyTo};

/// A broker that takes longer to be reached is away.
const OPEN_WITHIN: Duration = Duration::from_secs(2);

/// The door of everyone who calls, and of those who answer.
pub(super) struct Caller {
    link: Arc<Link>,
    line: Mutex<Option<Arc<Line>>>,
    answering: Mutex<Option<Channel>>,
    rng: Rng,
    key: Option<MessageKey>,
}

pub(super) type Answer = Result<Bytes, CallFailure>;
pub(super) type Waiting = Arc<StdMutex<Callers>>;

/// A channel for calls, and a queue of our own for answers. `waiting` is `None` once no answers come any more.
struct Line {
    channel: Channel,
    answers: ShortString,
    waiting: Waiting,
    outgoing: mpsc::UnboundedSender<OutgoingCall>,
    tasks: [AbortHandle; 2],
}

impl Caller {
    pub(super) fn new(link: Arc<Link>, rng: Rng, key: Option<MessageKey>) -> Self {
        Self { link, line: Mutex::default(), answering: Mutex::default(), rng, key }
    }

    pub(super) async fn call(
        &self,
        inbox: &str,
        question: Bytes,
        deadline: Duration,
        tasks: &StdMutex<JoinSet<()>>,
    ) -> Answer {
        let opened = timeout(OPEN_WITHIN.min(deadline), self.line(tasks)).await;
        let line = opened.ok().and_then(Result::ok).ok_or(CallFailure::Down)?;
        // Nobody can guess it: an answer that names it comes from somebody who read the call.
        let id = format!("{:016x}{:016x}", self.rng.number(), self.rng.number());
        let answer = line.expect(&id).ok_or(CallFailure::Down)?;
        let _forget = Forget { waiting: line.waiting.clone(), id: id.clone() };
        let properties = of_call(inbox, Some(line.answers.as_str()), &id, &question, self.key.as_ref())
            .with_expiration(deadline.as_millis().to_string().into());
        let call = OutgoingCall { id, inbox: inbox.into(), question, properties };
        line.outgoing.send(call).map_err(|_| CallFailure::Down)?;
        let answered = timeout(deadline, answer).await;
        answered.map_or(Err(CallFailure::Late), |answered| answered.unwrap_or(Err(CallFailure::Lost)))
    }

    pub(super) async fn reply(&self, to: &ReplyTo, answer: &[u8]) -> Result<(), BusError> {
        let channel = self.answering().await?;
        let properties = of_call(&to.queue, None, &to.call, answer, self.key.as_ref());
        publish(&channel, ShortString::default(), to.queue.as_str().into(), answer, properties).await.map(drop)
    }

    async fn answering(&self) -> Result<Channel, BusError> {
        let mut open = self.answering.lock().await;
        if let Some(channel) = open.as_ref().filter(|channel| channel.status().connected()) {
            return Ok(channel.clone());
        }
        let channel = self.link.channel().await?;
        *open = Some(channel.clone());
        Ok(channel)
    }

    async fn line(&self, tasks: &StdMutex<JoinSet<()>>) -> Result<Arc<Line>, BusError> {
        let mut line = self.line.lock().await;
        if let Some(open) = line.as_ref().filter(|line| line.is_open()) {
            return Ok(open.clone());
        }
        *line = None;
        let opened = Arc::new(self.open(tasks).await?);
        *line = Some(opened.clone());
        Ok(opened)
    }

    async fn open(&self, tasks: &StdMutex<JoinSet<()>>) -> Result<Line, BusError> {
        let channel = self.link.channel().await?;
        let confirming = channel.confirm_select(ConfirmSelectOptions::default());
        self.link.answer("confirm.select", "", confirming).await?;
        let (answers, consumer) = consume(&self.link).await?;
        let waiting: Waiting = Arc::new(StdMutex::new(Some(HashMap::new())));
        let answers_of = Answers { queue: answers.clone(), key: self.key.clone(), refused: Refused::default() };
        let read = read(consumer, answers_of, waiting.clone(), self.link.clone());
        let (outgoing, calls) = mpsc::unbounded_channel();
        let send = send_all(channel.clone(), calls, waiting.clone(), self.link.clone());
        let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let tasks = [tasks.spawn(read), tasks.spawn(send)];
        Ok(Line { channel, answers, waiting, outgoing, tasks })
    }
}

/// Answers are not acknowledged: one that is lost is a call that was late.
async fn consume(link: &Link) -> Result<(ShortString, lapin::Consumer), BusError> {
    let channel = link.channel().await?;
    let options = QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
    let declared = channel.queue_declare(ShortString::default(), options, FieldTable::default());
    let queue = link.answer("queue.declare", "answers", declared).await?;
    let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    let (name, arguments) = (queue.name().clone(), FieldTable::default());
    let asked = channel.basic_consume(name.clone(), ShortString::default(), options, arguments);
    let consumer = link.answer("basic.consume", "answers", asked).await?;
    Ok((name, consumer))
}

/// Whose answers come in a queue.
struct Answers {
    queue: ShortString,
    key: Option<MessageKey>,
    refused: Refused,
}

impl Answers {
    /// The call that is answered, if one of ours answers.
    fn call<'a>(&self, answer: &'a lapin::message::Delivery) -> Option<&'a str> {
        let call = answer.properties.correlation_id().as_ref().map(ShortString::as_str)?;
        if let Some(key) = &self.key
            && let Err(forged) = check_answer(answer, self.queue.as_str(), call, key)
        {
            self.refused.tell(self.queue.as_str(), forged);
            return None;
        }
        Some(call)
    }
}

/// Until the way breaks; then all who wait hear it at once.
async fn read(mut consumer: lapin::Consumer, answers: Answers, waiting: Waiting, link: Arc<Link>) {
    loop {
        let answer = tokio::select! {
            answer = consumer.next() => answer,
            () = link.closed() => None,
        };
        let Some(Ok(answer)) = answer else { break };
        let Some(call) = answers.call(&answer) else { continue };
        let caller = lock(&waiting).as_mut().and_then(|waiting| waiting.remove(call));
        if let Some(caller) = caller {
            let _ = caller.send(Ok(answer.data.into()));
        } else {
            tracing::debug!(call, "an answer came late and is dropped");
        }
    }
    *lock(&waiting) = None;
}

impl Line {
    fn is_open(&self) -> bool {
        self.channel.status().connected() && lock(&self.waiting).is_some()
    }

    /// `None`: answers do not come any more.
    fn expect(&self, id: &str) -> Option<oneshot::Receiver<Answer>> {
        let (answered, answer) = oneshot::channel();
        lock(&self.waiting).as_mut()?.insert(id.to_owned(), answered);
        Some(answer)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
        *lock(&self.waiting) = None;
    }
}

/// Takes the caller out of those who wait, however it ends.
struct Forget {
    waiting: Waiting,
    id: String,
}

impl Drop for Forget {
    fn drop(&mut self) {
        if let Some(waiting) = lock(&self.waiting).as_mut() {
            waiting.remove(&self.id);
        }
    }
}

pub(super) type Callers = Option<HashMap<String, oneshot::Sender<Answer>>>;

pub(super) fn lock(waiting: &StdMutex<Callers>) -> MutexGuard<'_, Callers> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}
