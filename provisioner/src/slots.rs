//! Work under way in the regions of a provider. A region that is slow keeps only its own places.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

#[derive(Clone, Default)]
pub(crate) struct RegionSlots(Arc<Mutex<HashMap<String, usize>>>);

/// A place, until it is dropped.
pub(crate) struct RegionSlot {
    slots: RegionSlots,
    region: String,
}

impl RegionSlots {
    pub(crate) fn take(&self, region: &str) -> RegionSlot {
        *self.lock().entry(region.to_owned()).or_default() += 1;
        RegionSlot { slots: self.clone(), region: region.to_owned() }
    }

    /// Regions with so many places taken.
    pub(crate) fn busy(&self, most: usize) -> Vec<String> {
        self.lock().iter().filter(|(_, taken)| **taken >= most).map(|(region, _)| region.clone()).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RegionSlot {
    fn drop(&mut self) {
        let mut slots = self.slots.lock();
        if let Some(taken) = slots.get_mut(&self.region) {
            *taken -= 1;
        }
        slots.retain(|_, taken| *taken > 0);
    }
}
