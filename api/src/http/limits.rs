//! How much may go on at once: in all, and for one caller.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::net::AddressKey;

/// A number of permits. There is no queue: who finds none free is told at once, and comes again.
#[derive(Debug, Clone)]
pub(crate) struct Limiter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    sizes: LimiterSizes,
    taken: AtomicUsize,
    /// Limiters by holder. Nobody stands here with none.
    by_holder: Mutex<HashMap<LimitKey, usize>>,
}

/// How many permits there are, and how many of them one may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LimiterSizes {
    pub max: usize,
    /// Kept free for callers who signed their requests.
    pub for_signed: usize,
    /// Kept free for workers.
    pub for_workers: usize,
    pub per_address: usize,
    pub per_client: usize,
}

/// Who is asking for a permit.
#[derive(Debug, Clone)]
pub(crate) struct Requester {
    pub class: CallerClass,
    pub holder: LimitKey,
}

/// In this order permits run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallerClass {
    Unsigned,
    Signed,
    /// Takes, keeps or ends runs. Many workers may share one client, so that no limit per client holds for them.
    Worker,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum LimitKey {
    Address(AddressKey),
    Client(Arc<str>),
}

/// Given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    limits: Arc<Inner>,
    holder: Option<LimitKey>,
    weight: usize,
}

impl LimiterSizes {
    /// So many for everybody alike.
    pub(crate) const fn shared(max: usize) -> Self {
        Self { max, for_signed: 0, for_workers: 0, per_address: max, per_client: max }
    }

    /// Not more than a part of all is ever kept free, so that small numbers work too.
    fn for_class(&self, class: CallerClass) -> usize {
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
        Self(Arc::new(Inner { sizes, taken: AtomicUsize::new(0), by_holder: Mutex::default() }))
    }

    pub(crate) fn try_acquire(&self, requester: &Requester) -> Option<Permit> {
        self.try_acquire_many(requester, 1)
    }

    /// A permit that counts as `weight` of them.
    pub(crate) fn try_acquire_many(&self, requester: &Requester, weight: usize) -> Option<Permit> {
        let limits = &self.0;
        let before = limits.taken.fetch_add(weight, Ordering::Relaxed);
        let mut permit = Permit { limits: Arc::clone(limits), holder: None, weight };
        if before.saturating_add(weight) > limits.sizes.for_class(requester.class) {
            return None;
        }
        let own_limit = match (&requester.holder, requester.class) {
            (_, CallerClass::Worker) => return Some(permit),
            (LimitKey::Address(_), _) => limits.sizes.per_address,
            (LimitKey::Client(_), _) => limits.sizes.per_client,
        };
        let mut by_holder = limits.by_holder();
        let held = by_holder.get(&requester.holder).copied().unwrap_or_default();
        if held.saturating_add(weight) > own_limit {
            drop(by_holder);
            return None;
        }
        by_holder.insert(requester.holder.clone(), held + weight);
        permit.holder = Some(requester.holder.clone());
        Some(permit)
    }

    #[cfg(test)]
    pub(crate) fn taken(&self) -> usize {
        self.0.taken.load(Ordering::Relaxed)
    }
}

impl Inner {
    fn by_holder(&self) -> MutexGuard<'_, HashMap<LimitKey, usize>> {
        self.by_holder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.limits.taken.fetch_sub(self.weight, Ordering::Relaxed);
        let Some(holder) = self.holder.take() else { return };
        let mut by_holder = self.limits.by_holder();
        if let Some(held) = by_holder.get_mut(&holder) {
            *held -= self.weight;
            if *held == 0 {
                by_holder.remove(&holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(address: [u8; 4]) -> Requester {
        Requester { class: CallerClass::Unsigned, holder: LimitKey::Address(AddressKey::of(address.into())) }
    }

    fn client(name: &str, class: CallerClass) -> Requester {
        Requester { class, holder: LimitKey::Client(name.into()) }
    }

    #[test]
    fn a_permit_is_free_again_once_dropped() {
        let limits = Limiter::new(LimiterSizes::shared(1));
        let one = from([127, 0, 0, 1]);
        let inside = limits.try_acquire(&one);
        assert!(inside.is_some() && limits.try_acquire(&one).is_none());
        drop(inside);
        assert_eq!((limits.taken(), limits.0.by_holder().len()), (0, 0));
        assert!(limits.try_acquire(&one).is_some());
    }

    #[test]
    fn permits_are_kept_for_those_who_signed_and_for_workers() {
        let sizes = LimiterSizes { for_signed: 25, for_workers: 10, ..LimiterSizes::shared(100) };
        let limits = Limiter::new(sizes);
        let mut inside = Vec::new();
        let mut fill = |requester: &Requester| {
            let before = inside.len();
            inside.extend(std::iter::from_fn(|| limits.try_acquire(requester)));
            inside.len() - before
        };
        assert_eq!(fill(&from([1, 1, 1, 1])), 65);
        assert_eq!(fill(&from([2, 2, 2, 2])), 0);
        assert_eq!(fill(&client("c", CallerClass::Signed)), 25);
        assert_eq!(fill(&client("w", CallerClass::Worker)), 10);
        assert_eq!(limits.taken(), 100);
    }

    #[test]
    fn nobody_has_more_than_their_share() {
        let limits = Limiter::new(LimiterSizes { per_address: 2, per_client: 3, ..LimiterSizes::shared(100) });
        let hold = |requester: &Requester| std::iter::from_fn(|| limits.try_acquire(requester)).collect::<Vec<_>>();
        let (address, signed) = (hold(&from([1, 1, 1, 1])), hold(&client("c", CallerClass::Signed)));
        assert_eq!((address.len(), signed.len()), (2, 3));
        assert_eq!(hold(&from([2, 2, 2, 2])).len(), 2);
        assert_eq!(hold(&client("w", CallerClass::Worker)).len(), 95);
        assert!(limits.try_acquire_many(&client("d", CallerClass::Signed), 96).is_none());
    }
}
