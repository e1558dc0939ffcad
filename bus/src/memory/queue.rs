//! A bounded queue that delivers again what is not acknowledged.

use std::{
    collections::{BTreeMap, VecDeque},
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tokio::sync::Notify;

use super::calls;
use crate::{
    BusError, Delivery, Message, Received,
    consumer::{Settlement, Settler},
};

/// What a queue does when it is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overflow {
    /// The publisher waits.
    Wait,
    /// The new message is dropped, and the consumer gets a gap.
    DropNewest,
    /// The oldest beyond this many are dropped.
    DropOldest(usize),
}

pub(super) struct MemoryQueue {
    state: Mutex<State>,
    /// Notified after every change: publishers wait for space, consumers for messages.
    changed: Notify,
    capacity: usize,
    overflow: Overflow,
    confirm_after_ack: AtomicBool,
}

/// The number of a message that was dropped.
const DROPPED: u64 = u64::MAX;

#[derive(Default)]
struct State {
    /// In order of their numbers.
    ready: VecDeque<Stored>,
    out: BTreeMap<u64, Stored>,
    next_number: u64,
    gap: bool,
    closed: bool,
    /// The single active consumer, if the subscription asks for one.
    active_reader: Option<u64>,
    next_reader: u64,
}

struct Stored {
    number: u64,
    message: Arc<Message>,
    tries: u32,
}

impl MemoryQueue {
    pub(super) fn new(capacity: usize, overflow: Overflow) -> Self {
        Self {
            state: Mutex::default(),
            changed: Notify::new(),
            capacity,
            overflow,
            confirm_after_ack: AtomicBool::new(false),
        }
    }

    /// The number of the message in this queue.
    pub(super) async fn push(&self, message: Arc<Message>) -> Result<u64, BusError> {
        self.when(|state| match self.overflow {
            _ if state.closed => Some(Err(BusError::Closed)),
            Overflow::Wait if state.is_full(self.capacity) => None,
            overflow => Some(Ok(state.accept(&message, self.capacity, overflow))),
        })
        .await
        // An ephemeral queue may be closed with its consumer at any time, which is no error of the publisher.
        .or_else(|error| if self.overflow == Overflow::DropNewest { Ok(DROPPED) } else { Err(error) })
        .inspect(|_| self.changed.notify_waiters())
    }

    /// Like `push`, but fails if the queue is full.
    pub(super) fn offer(&self, message: &Arc<Message>) -> bool {
        let mut state = self.state();
        let has_room = !state.closed && !state.is_full(self.capacity);
        if has_room {
            state.accept(message, self.capacity, self.overflow);
            self.changed.notify_waiters();
        }
        has_room
    }

    /// From now on publishers wait until their messages are acknowledged.
    pub(super) fn confirm_after_ack(&self) {
        self.confirm_after_ack.store(true, Ordering::Release);
    }

    pub(super) fn confirms_after_ack(&self) -> bool {
        self.confirm_after_ack.load(Ordering::Acquire)
    }

    /// Waits until this message is acknowledged or dropped.
    pub(super) async fn settled(&self, number: u64) -> Result<(), BusError> {
        self.when(|state| match state.holds(number) {
            false => Some(Ok(())),
            true if state.closed => Some(Err(BusError::Closed)),
            true => None,
        })
        .await
    }

    /// How many messages wait.
    pub(super) fn len(&self) -> usize {
        self.state().ready.len()
    }

    pub(super) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_waiters();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Retries after every change until there is a result.
    async fn when<T>(&self, mut attempt: impl FnMut(&mut State) -> Option<T>) -> T {
        loop {
            let mut changed = pin!(self.changed.notified());
            // Register before the attempt: a change between the attempt and the wait must not be missed.
            changed.as_mut().enable();
            if let Some(answer) = attempt(&mut self.state()) {
                return answer;
            }
            changed.await;
        }
    }
}

impl State {
    fn is_full(&self, capacity: usize) -> bool {
        self.ready.len() + self.out.len() >= capacity
    }

    fn holds(&self, number: u64) -> bool {
        self.out.contains_key(&number) || self.ready.binary_search_by_key(&number, |stored| stored.number).is_ok()
    }

    fn accept(&mut self, message: &Arc<Message>, capacity: usize, overflow: Overflow) -> u64 {
        if overflow == Overflow::DropNewest && self.is_full(capacity) {
            self.gap = true;
            return DROPPED;
        }
        let number = self.next_number;
        self.ready.push_back(Stored { number, message: message.clone(), tries: 0 });
        self.next_number += 1;
        if let Overflow::DropOldest(max) = overflow
            && self.ready.len() > max
        {
            self.ready.pop_front();
        }
        number
    }

    fn settle(&mut self, number: u64, settlement: Settlement) {
        let Some(mut stored) = self.out.remove(&number) else { return };
        if settlement == Settlement::Requeue {
            stored.tries += 1;
            let place = self.ready.partition_point(|waiting| waiting.number < number);
            self.ready.insert(place, stored);
        }
    }
}

/// One consumer's view of a queue.
pub(super) struct Reader(Arc<ReaderSide>);

struct ReaderSide {
    queue: Arc<MemoryQueue>,
    prefetch: usize,
    out: AtomicUsize,
    /// Its number among the readers, if only one is active at a time.
    exclusive: Option<u64>,
}

impl Reader {
    pub(super) fn new(queue: Arc<MemoryQueue>, prefetch: usize, single_active_consumer: bool) -> Self {
        let exclusive = single_active_consumer.then(|| {
            let mut state = queue.state();
            state.next_reader += 1;
            state.next_reader
        });
        Self(Arc::new(ReaderSide { queue, prefetch, out: AtomicUsize::new(0), exclusive }))
    }

    pub(super) fn queue(&self) -> &Arc<MemoryQueue> {
        &self.0.queue
    }

    pub(super) async fn next(&self) -> Option<Received> {
        let next = self.0.queue.when(|state| if state.closed { Some(Err(())) } else { self.take(state).map(Ok) });
        next.await.ok()
    }

    fn take(&self, state: &mut State) -> Option<Received> {
        if std::mem::take(&mut state.gap) {
            return Some(Received::Gap);
        }
        if self.0.out.load(Ordering::Acquire) >= self.0.prefetch {
            return None;
        }
        if let Some(number) = self.0.exclusive
            && *state.active_reader.get_or_insert(number) != number
        {
            return None;
        }
        let stored = state.ready.pop_front()?;
        let delivery = Delivery::new(stored.message.clone(), stored.tries, stored.number, self.0.clone());
        let delivery = delivery.replying_to(calls::reply_to(&stored.message));
        state.out.insert(stored.number, stored);
        self.0.out.fetch_add(1, Ordering::AcqRel);
        Some(Received::Delivery(delivery))
    }
}

/// Another reader becomes active only when nothing is unacknowledged: deliveries hold a reference to their reader.
impl Drop for ReaderSide {
    fn drop(&mut self) {
        let Some(number) = self.exclusive else { return };
        let mut state = self.queue.state();
        if state.active_reader == Some(number) {
            state.active_reader = None;
            drop(state);
            self.queue.changed.notify_waiters();
        }
    }
}

impl Settler for ReaderSide {
    fn settle(&self, number: u64, settlement: Settlement) {
        self.queue.state().settle(number, settlement);
        self.out.fetch_sub(1, Ordering::AcqRel);
        self.queue.changed.notify_waiters();
    }
}
