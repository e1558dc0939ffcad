use std::sync::atomic::{AtomicUsize, Ordering};

/// How many requests are worked on at once. There is no queue: who finds no room is told at once, and comes again.
#[derive(Debug)]
pub(crate) struct Limits {
    inside: AtomicUsize,
    most: usize,
}

/// A place inside, given back when dropped.
#[derive(Debug)]
pub(crate) struct Place<'a>(&'a Limits);

impl Limits {
    pub(crate) const fn new(most: usize) -> Self {
        Self { inside: AtomicUsize::new(0), most }
    }

    pub(crate) fn enter(&self) -> Option<Place<'_>> {
        if self.inside.fetch_add(1, Ordering::Relaxed) < self.most {
            return Some(Place(self));
        }
        self.inside.fetch_sub(1, Ordering::Relaxed);
        None
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_once_left() {
        let limits = Limits::new(1);
        let inside = limits.enter();
        assert!(inside.is_some() && limits.enter().is_none());
        drop(inside);
        assert!(limits.enter().is_some());
    }
}
