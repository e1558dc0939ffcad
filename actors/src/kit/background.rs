//! Work of an actor that goes on beside it and ends with it.

use tokio::task::JoinHandle;

/// Work that ends when this is dropped, wherever it is by then: it must be safe to repeat.
pub struct Background(JoinHandle<()>);

impl Background {
    pub fn start(work: impl Future<Output = ()> + Send + 'static) -> Self {
        #[expect(clippy::disallowed_methods, reason = "it ends with its owner")]
        let task = tokio::spawn(work);
        Self(task)
    }

    pub fn has_ended(&self) -> bool {
        self.0.is_finished()
    }

    /// Returns once the work has ended by itself.
    pub async fn ended(&mut self) {
        // An error is a panic, which the runtime has reported.
        let _ = (&mut self.0).await;
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.0.abort();
    }
}
