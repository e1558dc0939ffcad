//! Time and chance, made once and handed down.

use std::sync::Arc;

use base::{Clock, Entropy, SystemClock};

#[derive(Clone)]
pub(crate) struct Ground {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Entropy,
}

impl Ground {
    pub(crate) fn system() -> Self {
        Self { clock: Arc::new(SystemClock), entropy: Entropy::system() }
    }
}
