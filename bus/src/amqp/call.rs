//! Calls over the broker: one line per process, on which all its calls go out and all answers come in.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex as StdMutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::StreamExt;
use lapin::{
    BasicProperties, Channel, Confirmation,
    options::{BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions},
    types::{FieldTable, ShortString},
};
use tokio::{
    sync::{Mutex, oneshot},
    task::{AbortHandle, JoinSet},
    time::timeout,
};

use super::{link::Link, publish::publish, wire::refused_or_away};
use crate::{BusError, CallFailure, ContentType, ReplyTo};

/// A broker that takes longer to be reached is away.
const OPEN_WITHIN: Duration = Duration::from_secs(2);

/// The door of everyone who calls, and of those who answer.
pub(super) struct Caller {
    out: Arc<Link>,
    into: Arc<Link>,
    line: Mutex<Option<Arc<Line>>>,
    answering: Mutex<Option<Channel>>,
    calls: AtomicU64,
}

type Waiting = Arc<StdMutex<Option<HashMap<String, oneshot::Sender<Bytes>>>>>;

/// A channel for calls, and a queue of our own for answers. `waiting` is `None` once no answers come any more.
struct Line {
    channel: Channel,
    answers: ShortString,
    waiting: Waiting,
    reading: AbortHandle,
}

impl Caller {
    pub(super) fn new(out: Arc<Link>, into: Arc<Link>) -> Self {
        Self { out, into, line: Mutex::default(), answering: Mutex::default(), calls: AtomicU64::new(0) }
    }

    pub(super) async fn call(
        &self,
        inbox: &str,
        question: &[u8],
        deadline: Duration,
        tasks: &StdMutex<JoinSet<()>>,
    ) -> Result<Bytes, CallFailure> {
        let opened = timeout(OPEN_WITHIN.min(deadline), self.line(tasks)).await;
        let line = opened.ok().and_then(Result::ok).ok_or(CallFailure::Down)?;
        let number = self.calls.fetch_add(1, Ordering::Relaxed).to_string();
        let answer = line.expect(&number).ok_or(CallFailure::Down)?;
        let _forget = Forget { waiting: line.waiting.clone(), number: number.clone() };
        timeout(deadline, ask(&line, inbox, question, &number, deadline, answer))
            .await
            .unwrap_or(Err(CallFailure::Late))
    }

    pub(super) async fn reply(&self, to: &ReplyTo, answer: &[u8]) -> Result<(), BusError> {
        let channel = self.answering().await?;
        let properties = BasicProperties::default()
            .with_correlation_id(to.call.as_str().into())
            .with_content_type(ContentType::Protobuf.as_str().into());
        publish(&channel, ShortString::default(), to.queue.as_str().into(), answer, properties).await.map(drop)
    }

    async fn answering(&self) -> Result<Channel, BusError> {
        let mut open = self.answering.lock().await;
        if let Some(channel) = open.as_ref().filter(|channel| channel.status().connected()) {
            return Ok(channel.clone());
        }
        let channel = self.out.channel().await?;
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
        let channel = self.out.channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await.map_err(refused_or_away)?;
        let (answers, consumer) = consume(&self.into.channel().await?).await.map_err(refused_or_away)?;
        let waiting: Waiting = Arc::new(StdMutex::new(Some(HashMap::new())));
        let read = read(consumer, waiting.clone(), self.into.clone());
        let reading = tasks.lock().unwrap_or_else(PoisonError::into_inner).spawn(read);
        Ok(Line { channel, answers, waiting, reading })
    }
}

/// Answers are not acknowledged: one that is lost is a call that was late.
async fn consume(channel: &Channel) -> Result<(ShortString, lapin::Consumer), lapin::Error> {
    let options = QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
    let queue = channel.queue_declare(ShortString::default(), options, FieldTable::default()).await?;
    let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    let (name, arguments) = (queue.name().clone(), FieldTable::default());
    let consumer = channel.basic_consume(name.clone(), ShortString::default(), options, arguments).await?;
    Ok((name, consumer))
}

/// Until the way breaks; then all who wait hear it at once.
async fn read(mut consumer: lapin::Consumer, waiting: Waiting, link: Arc<Link>) {
    loop {
        let answer = tokio::select! {
            answer = consumer.next() => answer,
            () = link.closed() => None,
        };
        let Some(Ok(answer)) = answer else { break };
        let Some(call) = answer.properties.correlation_id().as_ref().map(ShortString::as_str) else { continue };
        let caller = lock(&waiting).as_mut().and_then(|waiting| waiting.remove(call));
        if let Some(caller) = caller {
            let _ = caller.send(answer.data.into());
        } else {
            tracing::debug!(call, "an answer came late and is dropped");
        }
    }
    *lock(&waiting) = None;
}

async fn ask(
    line: &Line,
    inbox: &str,
    question: &[u8],
    number: &str,
    deadline: Duration,
    mut answer: oneshot::Receiver<Bytes>,
) -> Result<Bytes, CallFailure> {
    let properties = BasicProperties::default()
        .with_reply_to(line.answers.clone())
        .with_correlation_id(number.into())
        .with_expiration(deadline.as_millis().to_string().into())
        .with_content_type(ContentType::Protobuf.as_str().into());
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let sent = line.channel.basic_publish(ShortString::default(), inbox.into(), options, question, properties).await;
    let confirmed = sent.map_err(|_| CallFailure::Down)?;
    tokio::select! {
        answered = &mut answer => return answered.map_err(|_| CallFailure::Lost),
        confirmed = confirmed => match confirmed {
            Ok(Confirmation::Ack(None)) => {}
            // It came back: nobody serves this inbox, or it is full.
            Ok(_) => return Err(CallFailure::Down),
            Err(_) => return Err(CallFailure::Lost),
        },
    }
    answer.await.map_err(|_| CallFailure::Lost)
}

impl Line {
    fn is_open(&self) -> bool {
        self.channel.status().connected() && lock(&self.waiting).is_some()
    }

    /// `None`: answers do not come any more.
    fn expect(&self, number: &str) -> Option<oneshot::Receiver<Bytes>> {
        let (answered, answer) = oneshot::channel();
        lock(&self.waiting).as_mut()?.insert(number.to_owned(), answered);
        Some(answer)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.reading.abort();
        *lock(&self.waiting) = None;
    }
}

/// Takes the caller out of those who wait, however it ends.
struct Forget {
    waiting: Waiting,
    number: String,
}

impl Drop for Forget {
    fn drop(&mut self) {
        if let Some(waiting) = lock(&self.waiting).as_mut() {
            waiting.remove(&self.number);
        }
    }
}

type Callers = Option<HashMap<String, oneshot::Sender<Bytes>>>;

fn lock(waiting: &Waiting) -> MutexGuard<'_, Callers> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}
