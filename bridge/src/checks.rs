//! Requests to check, collected by the build listener until the reconciler takes them. Repeated events about a request are one entry.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::driver::RequestId;

/// With more requests than this, all open requests are checked.
const MAX_REQUESTS: usize = 5000;

#[derive(Default)]
pub(crate) struct CheckQueue(Mutex<State>);

#[derive(Default)]
struct State {
    all: bool,
    requests: BTreeSet<i64>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PendingChecks {
    None,
    All,
    Requests(Vec<i64>),
}

impl CheckQueue {
    pub(crate) fn add(&self, request: RequestId) {
        let mut state = self.lock();
        if !state.all {
            state.requests.insert(request.0);
            state.all = state.requests.len() > MAX_REQUESTS;
        }
    }

    pub(crate) fn add_all(&self) {
        self.lock().all = true;
    }

    pub(crate) fn take(&self) -> PendingChecks {
        let State { all, requests } = std::mem::take(&mut *self.lock());
        match (all, requests.is_empty()) {
            (true, _) => PendingChecks::All,
            (false, true) => PendingChecks::None,
            (false, false) => PendingChecks::Requests(requests.into_iter().collect()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_requests_are_merged_and_too_many_become_all() {
        let checks = CheckQueue::default();
        assert_eq!(checks.take(), PendingChecks::None);
        for id in [7, 7, 3] {
            checks.add(RequestId(id));
        }
        assert_eq!(checks.take(), PendingChecks::Requests(vec![3, 7]));
        for id in 0..6000 {
            checks.add(RequestId(id));
        }
        assert_eq!(checks.take(), PendingChecks::All);
        assert_eq!(checks.take(), PendingChecks::None);
    }
}
