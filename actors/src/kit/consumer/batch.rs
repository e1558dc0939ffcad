//! What was delivered and is not acknowledged yet.

use crate::kit::Delivery;

/// Deliveries and what they say, in order.
pub(super) struct Batch<I> {
    deliveries: Vec<Delivery>,
    /// Apart, so that consumers get a slice.
    items: Vec<I>,
}

impl<I> Default for Batch<I> {
    fn default() -> Self {
        Self { deliveries: Vec::new(), items: Vec::new() }
    }
}

impl<I> Batch<I> {
    pub(super) fn push(&mut self, delivery: Delivery, item: I) {
        self.deliveries.push(delivery);
        self.items.push(item);
    }

    pub(super) fn items(&self) -> &[I] {
        &self.items
    }

    /// A slice of the first one.
    pub(super) fn first(&self) -> Option<&[I]> {
        self.items.get(..1)
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Acknowledges and removes all.
    pub(super) fn ack(&mut self) {
        self.items.clear();
        self.deliveries.drain(..).for_each(Delivery::ack);
    }

    pub(super) fn ack_first(&mut self) {
        if let Some(delivery) = self.remove_first() {
            delivery.ack();
        }
    }

    pub(super) fn remove_first(&mut self) -> Option<Delivery> {
        if self.is_empty() {
            return None;
        }
        self.items.remove(0);
        Some(self.deliveries.remove(0))
    }

    /// The work on the first one failed; how often by now.
    pub(super) fn first_failed(&mut self) -> u32 {
        self.deliveries.first_mut().map_or(0, Delivery::failed)
    }
}
