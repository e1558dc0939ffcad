//! Messages whose facts are known to this process alone: they are settled late, so that the broker tells them once more if the
//! process ends before the task of the build has its log.

use std::{collections::VecDeque, time::Duration};

use bus::Delivery;
use tokio::time::Instant;

/// By then the task is over, or it went without.
const FOR: Duration = Duration::from_mins(10);

pub(super) struct Held {
    /// The oldest first.
    messages: VecDeque<(Instant, Delivery)>,
    most: usize,
}

impl Held {
    pub(super) fn new(most: u16) -> Self {
        Self { messages: VecDeque::new(), most: usize::from(most) }
    }

    pub(super) fn hold(&mut self, delivery: Delivery) {
        self.messages.push_back((Instant::now(), delivery));
        self.release();
    }

    /// Settles what was held for long enough, and the oldest where there are too many.
    pub(super) fn release(&mut self) {
        while self.messages.front().is_some_and(|(since, _)| since.elapsed() >= FOR || self.messages.len() > self.most)
        {
            if let Some((_, delivery)) = self.messages.pop_front() {
                delivery.ack();
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.messages.drain(..).for_each(|(_, delivery)| delivery.give_back());
    }
}
