//! Requests that are being checked.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use db::bridge::BridgeRequest;

/// Row ids, each with whether it is a pending create.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Arc<Mutex<HashMap<i64, bool>>>);

impl InFlight {
    pub(crate) fn insert(&self, rows: &[BridgeRequest]) {
        self.lock().extend(rows.iter().map(|row| (row.id, is_pending_create(row))));
    }

    pub(crate) fn remove(&self, id: i64) {
        self.lock().remove(&id);
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn ids(&self) -> Vec<i64> {
        self.lock().keys().copied().collect()
    }

    pub(crate) fn pending_creates(&self) -> usize {
        self.lock().values().filter(|is_pending_create| **is_pending_create).count()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, bool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// No request at the master is known for it yet.
pub(crate) const fn is_pending_create(row: &BridgeRequest) -> bool {
    row.request_id.is_none()
}
