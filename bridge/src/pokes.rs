//! What the build listener heard, until the reflector takes it up. Many words about one request are one.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::driver::RequestId;

/// From so many on it is simpler to look at every open request.
const MOST: usize = 5000;

#[derive(Default)]
pub(crate) struct Pokes(Mutex<Heard>);

#[derive(Default)]
struct Heard {
    all: bool,
    requests: BTreeSet<i64>,
}

/// Which requests to look at.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Poked {
    Nothing,
    All,
    These(Vec<i64>),
}

impl Pokes {
    pub(crate) fn one(&self, request: RequestId) {
        let mut heard = self.lock();
        if !heard.all {
            heard.requests.insert(request.0);
            heard.all = heard.requests.len() > MOST;
        }
    }

    pub(crate) fn all(&self) {
        self.lock().all = true;
    }

    pub(crate) fn take(&self) -> Poked {
        let Heard { all, requests } = std::mem::take(&mut *self.lock());
        match (all, requests.is_empty()) {
            (true, _) => Poked::All,
            (false, true) => Poked::Nothing,
            (false, false) => Poked::These(requests.into_iter().collect()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_words_about_one_request_are_one_and_too_many_are_all() {
        let pokes = Pokes::default();
        assert_eq!(pokes.take(), Poked::Nothing);
        for id in [7, 7, 3] {
            pokes.one(RequestId(id));
        }
        assert_eq!(pokes.take(), Poked::These(vec![3, 7]));
        for id in 0..6000 {
            pokes.one(RequestId(id));
        }
        assert_eq!(pokes.take(), Poked::All);
        assert_eq!(pokes.take(), Poked::Nothing);
    }
}
