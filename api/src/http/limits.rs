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
pub(crate) struct Limits(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    sizes: LimitSizes,
    taken: AtomicUsize,
    /// Permits by holder. Nobody stands here with none.
    by_holder: Mutex<HashMap<Holder, usize>>,
}

/// How many permits there are, and how many of them one may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LimitSizes {
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
pub(crate) struct Sender {
    pub class: Class,
    pub holder: Holder,
}

/// In this order permits run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Unsigned,
    Signed,
    /// Takes, keeps or ends runs. Many workers may share one client, so that no limit per client holds for them.
    Worker,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    Address(AddressKey),
    Client(Arc<str>),
}

/// Given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    limits: Arc<Inner>,
    holder: Option<Holder>,
    weight: usize,
}

impl LimitSizes {
    /// So many for everybody alike.
    pub(crate) const fn shared(max: usize) -> Self {
        Self { max, for_signed: 0, for_workers: 0, per_address: max, per_client: max }
    }

    /// Not more than a part of all is ever kept free, so that small numbers work too.
    fn for_class(&self, class: Class) -> usize {
        let (signed, workers) = (self.for_signed.min(self.max / 4), self.for_workers.min(self.max / 8));
        match class {
            Class::Unsigned => self.max - signed - workers,
            Class::Signed => self.max - workers,
            Class::Worker => self.max,
        }
    }
}

impl Limits {
    pub(crate) fn new(sizes: LimitSizes) -> Self {
        Self(Arc::new(Inner { sizes, taken: AtomicUsize::new(0), by_holder: Mutex::default() }))
    }

    pub(crate) fn enter(&self, sender: &Sender) -> Option<Permit> {
        self.enter_with(sender, 1)
    }

    /// A permit that counts as `weight` of them.
    pub(crate) fn enter_with(&self, sender: &Sender, weight: usize) -> Option<Permit> {
        let limits = &self.0;
        let before = limits.taken.fetch_add(weight, Ordering::Relaxed);
        let mut permit = Permit { limits: Arc::clone(limits), holder: None, weight };
        if before.saturating_add(weight) > limits.sizes.for_class(sender.class) {
            return None;
        }
        let own_limit = match (&sender.holder, sender.class) {
            (_, Class::Worker) => return Some(permit),
            (Holder::Address(_), _) => limits.sizes.per_address,
            (Holder::Client(_), _) => limits.sizes.per_client,
        };
        let mut by_holder = limits.by_holder();
        let held = by_holder.get(&sender.holder).copied().unwrap_or_default();
        if held.saturating_add(weight) > own_limit {
            drop(by_holder);
            return None;
        }
        by_holder.insert(sender.holder.clone(), held + weight);
        permit.holder = Some(sender.holder.clone());
        Some(permit)
    }

    #[cfg(test)]
    pub(crate) fn taken(&self) -> usize {
        self.0.taken.load(Ordering::Relaxed)
    }
}

impl Inner {
    fn by_holder(&self) -> MutexGuard<'_, HashMap<Holder, usize>> {
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

    fn from(address: [u8; 4]) -> Sender {
        Sender { class: Class::Unsigned, holder: Holder::Address(AddressKey::of(address.into())) }
    }

    fn client(name: &str, class: Class) -> Sender {
        Sender { class, holder: Holder::Client(name.into()) }
    }

    #[test]
    fn a_permit_is_free_again_once_dropped() {
        let limits = Limits::new(LimitSizes::shared(1));
        let one = from([127, 0, 0, 1]);
        let inside = limits.enter(&one);
        assert!(inside.is_some() && limits.enter(&one).is_none());
        drop(inside);
        assert_eq!((limits.taken(), limits.0.by_holder().len()), (0, 0));
        assert!(limits.enter(&one).is_some());
    }

    #[test]
    fn permits_are_kept_for_those_who_signed_and_for_workers() {
        let sizes = LimitSizes { for_signed: 25, for_workers: 10, ..LimitSizes::shared(100) };
        let limits = Limits::new(sizes);
        let mut inside = Vec::new();
        let mut fill = |sender: &Sender| {
            let before = inside.len();
            inside.extend(std::iter::from_fn(|| limits.enter(sender)));
            inside.len() - before
        };
        assert_eq!(fill(&from([1, 1, 1, 1])), 65);
        assert_eq!(fill(&from([2, 2, 2, 2])), 0);
        assert_eq!(fill(&client("c", Class::Signed)), 25);
        assert_eq!(fill(&client("w", Class::Worker)), 10);
        assert_eq!(limits.taken(), 100);
    }

    #[test]
    fn nobody_has_more_than_their_share() {
        let limits = Limits::new(LimitSizes { per_address: 2, per_client: 3, ..LimitSizes::shared(100) });
        let hold = |sender: &Sender| std::iter::from_fn(|| limits.enter(sender)).collect::<Vec<_>>();
        let (address, signed) = (hold(&from([1, 1, 1, 1])), hold(&client("c", Class::Signed)));
        assert_eq!((address.len(), signed.len()), (2, 3));
        assert_eq!(hold(&from([2, 2, 2, 2])).len(), 2);
        assert_eq!(hold(&client("w", Class::Worker)).len(), 95);
        assert!(limits.enter_with(&client("d", Class::Signed), 96).is_none());
    }
}
