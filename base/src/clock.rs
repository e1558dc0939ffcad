//! The injected clock.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// Every time is truncated to milliseconds, the precision of all that Drover stores or sends.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> DateTime<Utc>;
}

/// The system clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(3)
    }
}

/// A clock for tests, which moves only by its methods. Clones share the time.
#[derive(Debug, Clone)]
pub struct TestClock(Arc<Mutex<DateTime<Utc>>>);

impl TestClock {
    pub fn at(start: DateTime<Utc>) -> Self {
        Self(Arc::new(Mutex::new(start.trunc_subsecs(3))))
    }

    pub fn set(&self, time: DateTime<Utc>) {
        self.change(|now| *now = time.trunc_subsecs(3));
    }

    pub fn advance(&self, by: TimeDelta) {
        self.change(|now| *now = (*now + by).trunc_subsecs(3));
    }

    fn change(&self, step: impl FnOnce(&mut DateTime<Utc>)) {
        step(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Default for TestClock {
    /// Starts at the same arbitrary time in every run.
    fn default() -> Self {
        Self::at(DateTime::from_timestamp(1_767_225_600, 0).unwrap_or_default())
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_has_a_precision_of_milliseconds() {
        assert_eq!(SystemClock.now().timestamp_subsec_nanos() % 1_000_000, 0);
    }

    #[test]
    fn a_test_clock_moves_only_by_its_methods_and_clones_share_it() {
        let clock = TestClock::default();
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let before = shared.now();
        assert_eq!(shared.now(), before);

        clock.advance(TimeDelta::minutes(20));
        assert_eq!(shared.now() - before, TimeDelta::minutes(20));
    }
}
