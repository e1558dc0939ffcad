//! When builds ended, more precisely than Buildbot's whole seconds: its events arrive at that moment.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::TimeDelta;
use protocol::time::Timestamp;

use crate::driver::RequestId;

/// Precision of the times that the master reports, which are rounded down.
const PRECISION: TimeDelta = TimeDelta::seconds(1);
/// When this is exceeded the times are dropped, which only makes a metric less precise.
const MAX_REQUESTS: usize = 5000;

/// The latest event of each build whose run is not resolved yet.
#[derive(Default)]
pub(crate) struct FinishTimes(Mutex<HashMap<RequestId, Timestamp>>);

impl FinishTimes {
    pub(crate) fn record(&self, request: RequestId, now: Timestamp) {
        let mut known = self.lock();
        if known.len() >= MAX_REQUESTS {
            known.clear();
        }
        known.insert(request, now);
    }

    /// The end of a build that ended in the second `ended`: when its event arrived, or else the start of that second.
    pub(crate) fn take(&self, request: RequestId, ended: Timestamp) -> Timestamp {
        let event = self.lock().remove(&request);
        event.filter(|event| (ended..ended + PRECISION).contains(event)).unwrap_or(ended)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RequestId, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn a_build_ended_when_its_event_arrived_unless_that_was_in_another_second() {
        let (ended, request) = (DateTime::UNIX_EPOCH + TimeDelta::hours(1), RequestId(7));
        let time = |event: Option<TimeDelta>| {
            let finish_times = FinishTimes::default();
            if let Some(after) = event {
                finish_times.record(request, ended + after);
            }
            finish_times.take(request, ended) - ended
        };
        assert_eq!(time(Some(TimeDelta::milliseconds(300))), TimeDelta::milliseconds(300));
        // The event of its start, and one of a later second.
        assert_eq!(time(Some(TimeDelta::seconds(-5))), TimeDelta::zero());
        assert_eq!(time(Some(TimeDelta::seconds(1))), TimeDelta::zero());
        assert_eq!(time(None), TimeDelta::zero());
    }
}
