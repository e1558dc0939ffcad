//! A bounded queue whose deliveries come back unless they are acknowledged.

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
    /// The new message is lost, and the consumer is told so.
    Lose,
    /// The oldest beyond this many are dropped.
    DropOldest(usize),
}

pub(super) struct MemoryQueue {
    state: Mutex<State>,
    /// Told after every change: to publishers that wait for space and consumers that wait for messages.
    changed: Notify,
    capacity: usize,
    overflow: Overflow,
    settle_first: AtomicBool,
}

/// The number of a message that no queue holds.
const NOWHERE: u64 = u64::MAX;

#[derive(Default)]
struct State {
    /// In order of their numbers.
    ready: VecDeque<Stored>,
    out: BTreeMap<u64, Stored>,
    next_number: u64,
    gap: bool,
    closed: bool,
    /// Of the readers that take turns, the one whose turn it is.
    turn_of: Option<u64>,
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
            settle_first: AtomicBool::new(false),
        }
    }

    /// The number under which the message waits.
    pub(super) async fn push(&self, message: Arc<Message>) -> Result<u64, BusError> {
        self.when(|state| match self.overflow {
            _ if state.closed => Some(Err(BusError::Closed)),
            Overflow::Wait if state.is_full(self.capacity) => None,
            overflow => Some(Ok(state.accept(&message, self.capacity, overflow))),
        })
        .await
        // A queue that went away with its consumer takes no messages, which is nobody's error.
        .or_else(|error| if self.overflow == Overflow::Lose { Ok(NOWHERE) } else { Err(error) })
        .inspect(|_| self.changed.notify_waiters())
    }

    /// Like `push`, but a full queue does not take the message.
    pub(super) fn offer(&self, message: &Arc<Message>) -> bool {
        let mut state = self.state();
        let has_room = !state.closed && !state.is_full(self.capacity);
        if has_room {
            state.accept(message, self.capacity, self.overflow);
            self.changed.notify_waiters();
        }
        has_room
    }

    /// From now on publishers wait until their messages are settled.
    pub(super) fn settle_first(&self) {
        self.settle_first.store(true, Ordering::Release);
    }

    pub(super) fn settles_first(&self) -> bool {
        self.settle_first.load(Ordering::Acquire)
    }

    /// Waits until this message is worked on, or given up.
    pub(super) async fn settled(&self, number: u64) -> Result<(), BusError> {
        self.when(|state| match state.holds(number) {
            false => Some(Ok(())),
            true if state.closed => Some(Err(BusError::Closed)),
            true => None,
        })
        .await
    }

    pub(super) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_waiters();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tries after every change until there is an answer.
    async fn when<T>(&self, mut attempt: impl FnMut(&mut State) -> Option<T>) -> T {
        loop {
            let mut changed = pin!(self.changed.notified());
            // Listen first, look then: a change in between must not be missed.
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
        if overflow == Overflow::Lose && self.is_full(capacity) {
            self.gap = true;
            return NOWHERE;
        }
        let number = self.next_number;
        self.ready.push_back(Stored { number, message: message.clone(), tries: 0 });
        self.next_number += 1;
        if let Overflow::DropOldest(most) = overflow
            && self.ready.len() > most
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
    /// Its number among the readers, if they take turns.
    taking_turns: Option<u64>,
}

impl Reader {
    pub(super) fn new(queue: Arc<MemoryQueue>, prefetch: usize, one_at_a_time: bool) -> Self {
        let taking_turns = one_at_a_time.then(|| {
            let mut state = queue.state();
            state.next_reader += 1;
            state.next_reader
        });
        Self(Arc::new(ReaderSide { queue, prefetch, out: AtomicUsize::new(0), taking_turns }))
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
        if let Some(number) = self.0.taking_turns
            && *state.turn_of.get_or_insert(number) != number
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

/// The turn ends once nothing is out any more: deliveries hold on to the reader that they came from.
impl Drop for ReaderSide {
    fn drop(&mut self) {
        let Some(number) = self.taking_turns else { return };
        let mut state = self.queue.state();
        if state.turn_of == Some(number) {
            state.turn_of = None;
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
