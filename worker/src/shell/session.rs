//! One shell, from its WebSocket to its end.

use std::{
    fmt::{self, Display},
    io,
    time::Duration,
};

use base::Shutdown;
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use sandbox::{End, Execution, Running, Sandbox, Terminal};
use tokio::sync::watch;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

use super::protocol::FromClient;

const UPGRADE_TIMEOUT: Duration = Duration::from_secs(10);
/// Of a client that does not read what it gets, or does not answer the end.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// A shell in which nothing is typed and nothing appears.
const IDLE_TIMEOUT: Duration = Duration::from_mins(15);
/// What is read of a terminal at a time, and so the longest message to a client.
const PIECE: usize = 4096;
const MAX_MESSAGE_BYTES: usize = 1 << 20;

type Stream = WebSocketStream<TokioIo<Upgraded>>;
type Writer = SplitSink<Stream, Message>;
type Reader = SplitStream<Stream>;

/// What a session needs of its run.
pub(crate) struct Session<'a> {
    pub(crate) sandbox: &'a Sandbox,
    pub(crate) execution: &'a Execution,
    /// The commands of the task have ended.
    pub(crate) task_ended: &'a Shutdown,
}

/// How a session came to its end.
#[derive(Debug)]
pub(crate) enum SessionEnd {
    Exit(End),
    /// The client went, or did not read.
    Client,
    Idle,
    TaskEnded,
    Failed(io::Error),
}

impl Session<'_> {
    /// The shell is ended with its session.
    pub(crate) async fn serve(&self, upgrade: OnUpgrade) -> SessionEnd {
        let started = tokio::select! {
            started = self.start(upgrade) => started,
            () = self.task_ended.wait() => return SessionEnd::TaskEnded,
        };
        match started {
            Err(error) => SessionEnd::Failed(error),
            Ok((stream, mut running, terminal)) => {
                let (mut writer, reader) = stream.split();
                let end = self.talk((&mut writer, reader), &mut running, &terminal).await;
                if !matches!(end, SessionEnd::Exit(_)) {
                    // A shell that is gone needs no signal.
                    let _ = running.signal(rustix::process::Signal::KILL).await;
                }
                let frame = CloseFrame { code: CloseCode::Normal, reason: end.to_string().into() };
                let closing = writer.send(Message::Close(Some(frame)));
                let _ = tokio::time::timeout(CLOSE_TIMEOUT, closing).await;
                end
            }
        }
    }

    async fn start(&self, upgrade: OnUpgrade) -> io::Result<(Stream, Running, Terminal)> {
        let upgraded = tokio::time::timeout(UPGRADE_TIMEOUT, upgrade).await?.map_err(io::Error::other)?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_MESSAGE_BYTES))
            .max_frame_size(Some(MAX_MESSAGE_BYTES))
            .read_buffer_size(PIECE)
            .write_buffer_size(0);
        let stream = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
        let mut running = self.sandbox.open_session(self.execution).await?;
        let terminal = running.take_terminal().ok_or_else(|| io::Error::other("the shell has no terminal"))?;
        Ok((stream, running, Terminal::new(terminal)?))
    }

    /// Input and output wait for one another only in the shell itself: a client that sends more than it reads back stops
    /// nobody else.
    async fn talk(
        &self,
        (writer, reader): (&mut Writer, Reader),
        running: &mut Running,
        terminal: &Terminal,
    ) -> SessionEnd {
        let (active, activity) = watch::channel(());
        let shown = async {
            let end = show(terminal, writer, &active).await;
            match end {
                // All that was written has been sent; what is left is how it ended.
                None => running.wait().await.map_or_else(SessionEnd::Failed, SessionEnd::Exit),
                Some(end) => end,
            }
        };
        tokio::select! {
            end = shown => end,
            end = take_input(reader, terminal, &active) => end,
            () = idle(activity) => SessionEnd::Idle,
            () = self.task_ended.wait() => SessionEnd::TaskEnded,
        }
    }
}

/// Sends what the programs write, until none has the terminal open.
async fn show(terminal: &Terminal, writer: &mut Writer, active: &watch::Sender<()>) -> Option<SessionEnd> {
    let mut piece = vec![0; PIECE];
    loop {
        let length = match terminal.read(&mut piece).await {
            Ok(0) => return None,
            Ok(length) => length,
            Err(error) => return Some(SessionEnd::Failed(error)),
        };
        active.send_replace(());
        let message = Message::binary(piece[..length].to_vec());
        match tokio::time::timeout(SEND_TIMEOUT, writer.send(message)).await {
            Ok(Ok(())) => {}
            _ => return Some(SessionEnd::Client),
        }
    }
}

/// Types what the client sends, until it goes.
async fn take_input(mut reader: Reader, terminal: &Terminal, active: &watch::Sender<()>) -> SessionEnd {
    while let Some(Ok(message)) = reader.next().await {
        let Message::Binary(bytes) = message else { continue };
        active.send_replace(());
        let done = match FromClient::read(&bytes) {
            FromClient::Input(input) => terminal.write_all(input).await,
            FromClient::Resize { rows, columns } => terminal.resize(rows, columns),
            // The shell may still write.
            FromClient::End => return std::future::pending().await,
            FromClient::Unknown => {
                tracing::debug!("a client of a shell sent a message of an unknown kind");
                Ok(())
            }
        };
        if let Err(error) = done {
            return SessionEnd::Failed(error);
        }
    }
    SessionEnd::Client
}

/// Returns when nothing has happened for long.
async fn idle(mut activity: watch::Receiver<()>) {
    while let Ok(Ok(())) = tokio::time::timeout(IDLE_TIMEOUT, activity.changed()).await {}
}

impl Display for SessionEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(End { code: Some(code), .. }) => write!(f, "exit code {code}"),
            Self::Exit(End { signal, .. }) => write!(f, "signal {}", signal.unwrap_or_default()),
            Self::Client => f.write_str("the client has gone"),
            Self::Idle => write!(f, "nothing happened for {} min", IDLE_TIMEOUT.as_secs() / 60),
            Self::TaskEnded => f.write_str("the task has ended"),
            // The reason of a close frame is short.
            Self::Failed(error) => f.write_str(&error.to_string().chars().take(100).collect::<String>()),
        }
    }
}
