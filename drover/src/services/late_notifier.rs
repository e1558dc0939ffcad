//! A notifier for what is started later.

use std::sync::{Arc, OnceLock};

use actors::kit::Notifier;

/// Notifies nobody until it is set.
#[derive(Clone, Default)]
pub(super) struct LateNotifier(Arc<OnceLock<Notifier>>);

impl LateNotifier {
    pub(super) fn set(&self, notifier: Notifier) {
        // Set once for a process; a second one would be a second actor.
        let _ = self.0.set(notifier);
    }

    pub(super) fn notifier(&self) -> Notifier {
        let to_notify = self.0.clone();
        Notifier::new(move || {
            if let Some(notifier) = to_notify.get() {
                notifier.notify();
            }
        })
    }
}
