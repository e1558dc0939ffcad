//! A connection that fails when its client does not read.

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

/// How long a client may read nothing of what is sent to it.
const MAX_ALLOWANCE: Duration = Duration::from_secs(30);

/// So many bytes read add a second to the allowance, up to its maximum.
const BYTES_PER_SECOND: u32 = 4096;

/// The same stream, with a minimum rate for writes. The time that writes wait is taken from an allowance, which bytes
/// that are sent refill; once it is used up, the connection fails. A timeout for each write would not do: a client that
/// reads a byte at a time would never reach it.
pub(super) struct WriteTimeout<S> {
    stream: S,
    max_allowance: Duration,
    allowance: Duration,
    /// The write that waits: since when, and the end of the allowance.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<S> WriteTimeout<S> {
    pub(super) const fn new(stream: S) -> Self {
        Self::with_max_allowance(stream, MAX_ALLOWANCE)
    }

    const fn with_max_allowance(stream: S, max_allowance: Duration) -> Self {
        Self { stream, max_allowance, allowance: max_allowance, waiting: None }
    }

    fn progress(&mut self, bytes: usize) {
        if let Some((since, _)) = self.waiting.take() {
            self.settle(since.elapsed(), bytes);
        }
    }

    /// Accounts for a write that waited.
    fn settle(&mut self, waited: Duration, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let earned = Duration::from_secs(1) * bytes / BYTES_PER_SECOND;
        self.allowance = self.allowance.saturating_sub(waited).saturating_add(earned).min(self.max_allowance);
    }

    fn stall(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let allowance = self.allowance;
        let (_, expired) = self.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(allowance))));
        ready!(expired.as_mut().poll(context));
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
    async fn a_client_that_never_reads_times_out() {
        let (server, mut client) = duplex(1000);
        let mut writes = WriteTimeout::with_max_allowance(server, Duration::from_millis(50));
        let error = writes.write_all(&[0; 2000]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        client.read_exact(&mut [0; 1000]).await.unwrap();
    }

    #[tokio::test]
    async fn a_client_that_reads_gets_everything() {
        let (server, mut client) = duplex(1000);
        let (written, read) =
            tokio::join!(async move { WriteTimeout::new(server).write_all(&vec![1; 800_000]).await }, async move {
                let mut all = Vec::new();
                client.read_to_end(&mut all).await.map(|_| all.len())
            });
        assert_eq!((written.is_ok(), read.unwrap()), (true, 800_000));
    }

    #[test]
    fn only_a_client_below_the_minimum_rate_uses_the_allowance_up() {
        let after = |rounds: u32, waited: Duration, bytes: usize| {
            let mut writes = WriteTimeout::new(());
            (0..rounds).for_each(|_| writes.settle(waited, bytes));
            writes.allowance
        };
        assert_eq!(after(2, Duration::from_secs(16), 100), Duration::from_secs(1) * 100 / BYTES_PER_SECOND);
        assert!(after(1000, Duration::from_secs(2), 3 * 4096) > Duration::from_secs(28));
    }
}
