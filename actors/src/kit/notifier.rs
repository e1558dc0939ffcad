//! One word for "there may be something to do".

use std::{fmt, sync::Arc};

/// Wakes one actor or several. Cheap enough to call after every commit, and free to be lost: whoever is notified also
/// looks at the database by itself, only later.
#[derive(Clone)]
pub struct Notifier(Arc<dyn Fn() + Send + Sync>);

impl Notifier {
    /// `notify` must neither block nor fail.
    pub fn new(notify: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(notify))
    }

    /// Notifies nobody.
    pub fn none() -> Self {
        Self::new(|| ())
    }

    pub fn notify(&self) {
        (self.0)();
    }

    /// Notifies both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let (one, other) = (self.clone(), other.clone());
        Self::new(move || {
            one.notify();
            other.notify();
        })
    }
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notifier")
    }
}
