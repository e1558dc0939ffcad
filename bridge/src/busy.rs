//! Requests that are being looked at just now.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use db::bridge::BridgeRequest;

/// Ids of rows, and whether they are wishes.
#[derive(Clone, Default)]
pub(crate) struct Busy(Arc<Mutex<HashMap<i64, bool>>>);

impl Busy {
    pub(crate) fn take(&self, rows: &[BridgeRequest]) {
        self.lock().extend(rows.iter().map(|row| (row.id, is_wish(row))));
    }

    pub(crate) fn free(&self, id: i64) {
        self.lock().remove(&id);
    }

    pub(crate) fn free_all(&self) {
        self.lock().clear();
    }

    pub(crate) fn ids(&self) -> Vec<i64> {
        self.lock().keys().copied().collect()
    }

    pub(crate) fn wishes(&self) -> usize {
        self.lock().values().filter(|is_wish| **is_wish).count()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, bool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The master has no request of it yet, as far as we know.
pub(crate) const fn is_wish(row: &BridgeRequest) -> bool {
    row.request_id.is_none()
}
