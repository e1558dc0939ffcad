//! A connection that ends when its client does not read.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// How long a client may take in nothing of what is sent to it.
const GRACE: Duration = Duration::from_secs(30);

/// So many bytes taken in are worth a second more, up to the grace.
const BYTES_PER_SECOND: u32 = 4096;

/// Passes everything on. Time in which a write waits is taken from an allowance, which bytes that go out fill up again;
/// once it is used up, the connection fails. A client that reads at a fair speed never comes near.
pub(super) struct WriteTimeout<S> {
    stream: S,
    grace: Duration,
    allowance: Duration,
    /// Since when a write waits, and until when it may.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<S> WriteTimeout<S> {
    pub(super) const fn new(stream: S) -> Self {
        Self::with_grace(stream, GRACE)
    }

    const fn with_grace(stream: S, grace: Duration) -> Self {
        Self { stream, grace, allowance: grace, waiting: None }
    }

    fn progress(&mut self, bytes: usize) {
        if let Some((since, _)) = self.waiting.take() {
            self.settle(since.elapsed(), bytes);
        }
    }

    /// So many bytes went out after so long a wait.
    fn settle(&mut self, waited: Duration, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let worth = Duration::from_secs(1) * bytes / BYTES_PER_SECOND;
        self.allowance = self.allowance.saturating_sub(waited).saturating_add(worth).min(self.grace);
    }

    fn stall(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let allowance = self.allowance;
        let (_, until) = self.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(allowance))));
        ready!(until.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read what is sent to it")))
    }

    fn after(&mut self, context: &mut Context<'_>, write: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match write {
            Poll::Ready(Ok(bytes)) => {
                self.progress(bytes);
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => self.stall(context),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WriteTimeout<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WriteTimeout<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.after(context, write)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.after(context, write)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn a_client_that_never_reads_is_let_go() {
        let (near, mut far) = duplex(1000);
        let mut writes = WriteTimeout::with_grace(near, Duration::from_millis(50));
        let error = writes.write_all(&[0; 2000]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        far.read_exact(&mut [0; 1000]).await.unwrap();
    }

    #[tokio::test]
    async fn a_client_that_reads_gets_everything() {
        let (near, mut far) = duplex(1000);
        let (written, read) =
            tokio::join!(async move { WriteTimeout::new(near).write_all(&vec![1; 800_000]).await }, async move {
                let mut all = Vec::new();
                far.read_to_end(&mut all).await.map(|_| all.len())
            });
        assert_eq!((written.is_ok(), read.unwrap()), (true, 800_000));
    }

    #[test]
    fn who_reads_drop_by_drop_uses_the_allowance_up_and_who_reads_slowly_does_not() {
        let after = |rounds: u32, waited: Duration, bytes: usize| {
            let mut writes = WriteTimeout::new(());
            (0..rounds).for_each(|_| writes.settle(waited, bytes));
            writes.allowance
        };
        assert_eq!(after(2, Duration::from_secs(16), 100), Duration::from_secs(1) * 100 / BYTES_PER_SECOND);
        assert!(after(1000, Duration::from_secs(2), 3 * 4096) > Duration::from_secs(28));
    }
}
