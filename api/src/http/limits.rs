//! How much may be in progress at the same time: in total, and for one caller.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::net::AddressKey;

/// A number of permits. There is no queue: without a free permit the request fails at once, and its client retries.
///
/// This is no tower layer, as those limit all requests alike and let them queue: here permits are reserved by class of
/// caller, limited per address and client, and weighted.
#[derive(Debug, Clone)]
pub(crate) struct Limiter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    sizes: LimiterSizes,
    taken: AtomicUsize,
    /// Acquired permits by key, without keys that have none.
    by_key: Mutex<HashMap<LimitKey, usize>>,
}

/// How many permits there are, and how many of them one caller may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LimiterSizes {
    pub max: usize,
    /// Reserved for callers who signed their requests.
    pub for_signed: usize,
    /// Reserved for workers.
    pub for_workers: usize,
    pub per_address: usize,
    pub per_client: usize,
}

/// Who acquires a permit.
#[derive(Debug, Clone)]
pub(crate) struct Requester {
    pub class: CallerClass,
    pub key: LimitKey,
}

/// Permits run out for the first class first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallerClass {
    Unsigned,
    Signed,
    /// Claims, reclaims or resolves runs. Many workers may share one client, so that no limit per client applies.
    Worker,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum LimitKey {
    Address(AddressKey),
    Client(Arc<str>),
}

/// Released when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    limiter: Arc<Inner>,
    key: Option<LimitKey>,
    weight: usize,
}

impl LimiterSizes {
    /// The same limit for everybody.
    pub(crate) const fn shared(max: usize) -> Self {
        Self { max, for_signed: 0, for_workers: 0, per_address: max, per_client: max }
    }

    /// Only a part of all is ever reserved, so that small numbers work too.
    fn max_of(&self, class: CallerClass) -> usize {
        let (signed, workers) = (self.for_signed.min(self.max / 4), self.for_workers.min(self.max / 8));
        match class {
            CallerClass::Unsigned => self.max - signed - workers,
            CallerClass::Signed => self.max - workers,
            CallerClass::Worker => self.max,
        }
    }
}

impl Limiter {
    pub(crate) fn new(sizes: LimiterSizes) -> Self {
        Self(Arc::new(Inner { sizes, taken: AtomicUsize::new(0), by_key: Mutex::default() }))
    }

    pub(crate) fn try_acquire(&self, requester: &Requester) -> Option<Permit> {
        self.try_acquire_many(requester, 1)
    }

    /// One permit that counts as `weight` permits.
    pub(crate) fn try_acquire_many(&self, requester: &Requester, weight: usize) -> Option<Permit> {
        let limiter = &self.0;
        // Relaxed is enough: the count alone decides, and no other memory is published with it. Adding before comparing
        // lets two threads never take the same last permit; the permit's drop takes back what was too much.
        let before = limiter.taken.fetch_add(weight, Ordering::Relaxed);
        let mut permit = Permit { limiter: Arc::clone(limiter), key: None, weight };
        if before.saturating_add(weight) > limiter.sizes.max_of(requester.class) {
            return None;
        }
        let own_limit = match (&requester.key, requester.class) {
            (_, CallerClass::Worker) => return Some(permit),
            (LimitKey::Address(_), _) => limiter.sizes.per_address,
            (LimitKey::Client(_), _) => limiter.sizes.per_client,
        };
        let mut by_key = limiter.by_key();
        let held = by_key.get(&requester.key).copied().unwrap_or_default();
        if held.saturating_add(weight) > own_limit {
            return None;
        }
        by_key.insert(requester.key.clone(), held + weight);
        permit.key = Some(requester.key.clone());
        Some(permit)
    }

    #[cfg(test)]
    pub(crate) fn taken(&self) -> usize {
        self.0.taken.load(Ordering::Relaxed)
    }
}

impl Inner {
    fn by_key(&self) -> MutexGuard<'_, HashMap<LimitKey, usize>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.limiter.taken.fetch_sub(self.weight, Ordering::Relaxed);
        let Some(key) = self.key.take() else { return };
        let mut by_key = self.limiter.by_key();
        if let Some(held) = by_key.get_mut(&key) {
            *held -= self.weight;
            if *held == 0 {
                by_key.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(address: [u8; 4]) -> Requester {
        Requester { class: CallerClass::Unsigned, key: LimitKey::Address(AddressKey::of(address.into())) }
    }

    fn client(name: &str, class: CallerClass) -> Requester {
        Requester { class, key: LimitKey::Client(name.into()) }
    }

    #[test]
    fn a_dropped_permit_is_free_again() {
        let limiter = Limiter::new(LimiterSizes::shared(1));
        let one = from([127, 0, 0, 1]);
        let permit = limiter.try_acquire(&one);
        assert!(permit.is_some() && limiter.try_acquire(&one).is_none());
        drop(permit);
        assert_eq!((limiter.taken(), limiter.0.by_key().len()), (0, 0));
        assert!(limiter.try_acquire(&one).is_some());
    }

    #[test]
    fn permits_are_reserved_for_signed_requests_and_workers() {
        let sizes = LimiterSizes { for_signed: 25, for_workers: 10, ..LimiterSizes::shared(100) };
        let limiter = Limiter::new(sizes);
        let mut permits = Vec::new();
        let mut fill = |requester: &Requester| {
            let before = permits.len();
            permits.extend(std::iter::from_fn(|| limiter.try_acquire(requester)));
            permits.len() - before
        };
        assert_eq!(fill(&from([1, 1, 1, 1])), 65);
        assert_eq!(fill(&from([2, 2, 2, 2])), 0);
        assert_eq!(fill(&client("c", CallerClass::Signed)), 25);
        assert_eq!(fill(&client("w", CallerClass::Worker)), 10);
        assert_eq!(limiter.taken(), 100);
    }

    #[test]
    fn no_caller_has_more_than_its_limit() {
        let limiter = Limiter::new(LimiterSizes { per_address: 2, per_client: 3, ..LimiterSizes::shared(100) });
        let hold = |requester: &Requester| std::iter::from_fn(|| limiter.try_acquire(requester)).collect::<Vec<_>>();
        let (address, signed) = (hold(&from([1, 1, 1, 1])), hold(&client("c", CallerClass::Signed)));
        assert_eq!((address.len(), signed.len()), (2, 3));
        assert_eq!(hold(&from([2, 2, 2, 2])).len(), 2);
        assert_eq!(hold(&client("w", CallerClass::Worker)).len(), 95);
        assert!(limiter.try_acquire_many(&client("d", CallerClass::Signed), 96).is_none());
    }
}
