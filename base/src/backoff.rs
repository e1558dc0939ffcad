//! Exponential back-off with jitter, for reconnects and restarts that never give up.

use std::time::Duration;

use crate::Rng;

/// Delays that double from `initial` to `max`, with jitter so that many clients that failed together do not retry together.
#[derive(Debug, Clone)]
pub struct Backoff {
    initial: Duration,
    max: Duration,
    next: Duration,
    rng: Rng,
}

impl Backoff {
    pub fn new(initial: Duration, max: Duration, rng: Rng) -> Self {
        Self { initial, max, next: initial.min(max), rng }
    }

    /// The next delay: between half of the current step and the whole of it, so never above `max`.
    pub fn next_wait(&mut self) -> Duration {
        let step = self.next;
        self.next = step.saturating_mul(2).min(self.max);
        step.mul_f64(0.5 + self.rng.fraction() / 2.0)
    }

    /// Starts again with `initial`, after a success.
    pub fn reset(&mut self) {
        self.next = self.initial.min(self.max);
    }

    /// Sleeps for the next delay.
    pub async fn pause(&mut self) {
        tokio::time::sleep(self.next_wait()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INITIAL: Duration = Duration::from_millis(100);
    const MAX: Duration = Duration::from_millis(300);

    #[test]
    fn delays_grow_to_the_maximum_and_start_again_after_a_success() {
        let mut backoff = Backoff::new(INITIAL, MAX, Rng::seeded(1));
        for step in [INITIAL, INITIAL * 2, MAX, MAX] {
            let wait = backoff.next_wait();
            assert!(wait >= step / 2 && wait <= step, "{wait:?} of {step:?}");
        }
        backoff.reset();
        assert!(backoff.next_wait() <= INITIAL);
    }
}
