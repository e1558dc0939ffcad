//! When a build ended, as well as we know it: Buildbot tells it in whole seconds, its events come in the same moment.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::TimeDelta;
use protocol::time::Timestamp;

use crate::driver::RequestId;

/// So much later than the master tells it, a build may have ended.
const COARSE: TimeDelta = TimeDelta::seconds(1);
/// Only a metric becomes coarser by what is forgotten.
const MOST: usize = 5000;

/// The last word heard of builds that are not resolved yet.
#[derive(Default)]
pub(crate) struct Endings(Mutex<HashMap<RequestId, Timestamp>>);

impl Endings {
    pub(crate) fn heard(&self, request: RequestId, now: Timestamp) {
        let mut known = self.lock();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(request, now);
    }

    /// Since when a build is over that ended in this second: since we heard of it, or since the second began.
    pub(crate) fn since(&self, request: RequestId, ended: Timestamp) -> Timestamp {
        let heard = self.lock().remove(&request);
        heard.filter(|heard| (ended..ended + COARSE).contains(heard)).unwrap_or(ended)
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
    fn a_build_is_over_since_its_event_unless_that_belongs_to_another_second() {
        let (ended, request) = (DateTime::UNIX_EPOCH + TimeDelta::hours(1), RequestId(7));
        let since = |heard: Option<TimeDelta>| {
            let endings = Endings::default();
            if let Some(after) = heard {
                endings.heard(request, ended + after);
            }
            endings.since(request, ended) - ended
        };
        assert_eq!(since(Some(TimeDelta::milliseconds(300))), TimeDelta::milliseconds(300));
        // The word of its start; and a word that came long after.
        assert_eq!(since(Some(TimeDelta::seconds(-5))), TimeDelta::zero());
        assert_eq!(since(Some(TimeDelta::seconds(1))), TimeDelta::zero());
        assert_eq!(since(None), TimeDelta::zero());
    }
}
