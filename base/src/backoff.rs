//! How long to wait before the next try.

use std::time::Duration;

use crate::Rng;

/// Waits that double from `first` to `most`, each shaken so that many who failed together do not return together.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    next: Duration,
    rng: Rng,
}

impl Backoff {
    pub fn new(first: Duration, most: Duration, rng: Rng) -> Self {
        Self { first, most, next: first.min(most), rng }
    }

    /// The wait before the next try: between half of the current step and the whole of it, so never above `most`.
    pub fn next_wait(&mut self) -> Duration {
        let step = self.next;
        self.next = step.saturating_mul(2).min(self.most);
        step.mul_f64(0.5 + self.rng.fraction() / 2.0)
    }

    /// Begins again with `first`: something worked.
    pub fn reset(&mut self) {
        self.next = self.first.min(self.most);
    }

    /// Sleeps for the next wait.
    pub async fn pause(&mut self) {
        tokio::time::sleep(self.next_wait()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(100);
    const MOST: Duration = Duration::from_millis(300);

    #[test]
    fn waits_grow_to_the_most_and_begin_again_after_a_success() {
        let mut backoff = Backoff::new(FIRST, MOST, Rng::seeded(1));
        for step in [FIRST, FIRST * 2, MOST, MOST] {
            let wait = backoff.next_wait();
            assert!(wait >= step / 2 && wait <= step, "{wait:?} of {step:?}");
        }
        backoff.reset();
        assert!(backoff.next_wait() <= FIRST);
    }
}
