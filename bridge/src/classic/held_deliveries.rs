//! Messages whose content is only in the memory of this process: they are acknowledged late, so that the broker delivers them again
//! if the process ends before the task of the build has its log.

use std::{collections::VecDeque, time::Duration};

use bus::Delivery;
use tokio::time::Instant;

/// By then the task is resolved, with or without its log.
const HOLD: Duration = Duration::from_mins(10);

pub(super) struct HeldDeliveries {
    /// The oldest first.
    messages: VecDeque<(Instant, Delivery)>,
    max: usize,
}

impl HeldDeliveries {
    pub(super) fn new(max: u16) -> Self {
        Self { messages: VecDeque::new(), max: usize::from(max) }
    }

    pub(super) fn hold(&mut self, delivery: Delivery) {
        self.messages.push_back((Instant::now(), delivery));
        self.release();
    }

    /// Acknowledges what was held for long enough, and the oldest where there are too many.
    pub(super) fn release(&mut self) {
        while self.messages.front().is_some_and(|(since, _)| since.elapsed() >= HOLD || self.messages.len() > self.max)
        {
            if let Some((_, delivery)) = self.messages.pop_front() {
                delivery.ack();
            }
        }
    }
}

impl Drop for HeldDeliveries {
    fn drop(&mut self) {
        self.messages.drain(..).for_each(|(_, delivery)| delivery.requeue());
    }
}
