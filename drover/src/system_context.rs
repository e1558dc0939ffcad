//! Time and chance, made once and handed down.

use std::sync::Arc;

use base::{Clock, Rng, SystemClock};

#[derive(Clone)]
pub(crate) struct SystemContext {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Rng,
}

impl SystemContext {
    pub(crate) fn system() -> Self {
        Self { clock: Arc::new(SystemClock), rng: Rng::system() }
    }
}
