//! Both directions, each with a thread of its own: standard input and output may be pipes, files or terminals, and some of them can
//! only be waited for in a thread.

use std::{
    io::{self, BufReader, Read, Write},
    sync::Arc,
    thread,
    time::Duration,
};

use tokio::sync::{mpsc, oneshot};

use super::{
    lines::{self, Line},
    message::{Capability, RunnerMessage, WorkerMessage},
};

/// The first message of worker-runner comes when it has started the worker.
const WELCOME_WITHIN: Duration = Duration::from_secs(30);
/// Messages that wait for the worker. Then worker-runner waits.
const INCOMING: usize = 16;
/// Lines that wait for worker-runner. Then log messages are dropped.
const OUTGOING: usize = 1024;
/// How long the last lines may take to be written.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// Why the worker cannot run under worker-runner.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    #[error("worker-runner sent no `welcome` within {0:?}: --runner-protocol is for workers that worker-runner starts")]
    NoWelcome(Duration),
    #[error("standard input ended before worker-runner sent its `welcome`")]
    Ended,
    #[error("worker-runner sent {0} before its `welcome`")]
    NotWelcome(&'static str),
    #[error("no thread for the protocol of worker-runner")]
    Thread(#[source] io::Error),
}

/// A connection whose capabilities are agreed on.
#[derive(Debug)]
pub struct Runner {
    incoming: mpsc::Receiver<RunnerMessage>,
    sender: RunnerSender,
    written: oneshot::Receiver<()>,
}

/// Sends what both ends are capable of. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RunnerSender {
    lines: mpsc::Sender<String>,
    capabilities: Arc<[Capability]>,
}

impl Runner {
    /// Waits for the `welcome` of worker-runner and answers it.
    pub async fn connect(
        input: impl Read + Send + 'static,
        output: impl Write + Send + 'static,
    ) -> Result<Self, RunnerError> {
        Self::connect_within(input, output, WELCOME_WITHIN).await
    }

    async fn connect_within(
        input: impl Read + Send + 'static,
        output: impl Write + Send + 'static,
        timeout: Duration,
    ) -> Result<Self, RunnerError> {
        let (messages, mut incoming) = mpsc::channel(INCOMING);
        let (lines, outgoing) = mpsc::channel(OUTGOING);
        let (done, written) = oneshot::channel();
        let reader = thread::Builder::new().name("runner-input".to_owned());
        reader.spawn(move || read(input, &messages)).map_err(RunnerError::Thread)?;
        let writer = thread::Builder::new().name("runner-output".to_owned());
        writer.spawn(move || write(output, outgoing, done)).map_err(RunnerError::Thread)?;
        let welcome = tokio::time::timeout(timeout, incoming.recv()).await;
        let capabilities = match welcome.map_err(|_| RunnerError::NoWelcome(timeout))?.ok_or(RunnerError::Ended)? {
            RunnerMessage::Welcome(capabilities) => capabilities,
            other => return Err(RunnerError::NotWelcome(other.capability().map_or("a message", Capability::name))),
        };
        let sender = RunnerSender { lines, capabilities: capabilities.clone().into() };
        sender.send(&WorkerMessage::Hello(capabilities)).await;
        Ok(Self { incoming, sender, written })
    }

    pub fn sender(&self) -> RunnerSender {
        self.sender.clone()
    }

    /// The next message that both ends are capable of; `None` once worker-runner has closed its end.
    pub async fn next(&mut self) -> Option<RunnerMessage> {
        loop {
            let message = self.incoming.recv().await?;
            match message.capability() {
                Some(capability) if self.sender.has(capability) => return Some(message),
                Some(capability) => {
                    tracing::warn!(
                        capability = capability.name(),
                        "ignored a message: worker-runner did not say that it is capable of it"
                    );
                }
                None => tracing::warn!("ignored a second `welcome` of worker-runner"),
            }
        }
    }

    /// Waits until what was sent is written, for two seconds at most. Senders that are still there send nothing any more.
    pub async fn close(self) {
        let Self { incoming, sender, written } = self;
        drop(incoming);
        let ended = async {
            // An empty line is the end: clones of the sender keep the channel open.
            if sender.lines.send(String::new()).await.is_ok() {
                let _ = written.await;
            }
        };
        // A runner that does not read keeps the channel full.
        let _ = tokio::time::timeout(CLOSE_WITHIN, ended).await;
    }
}

impl RunnerSender {
    pub fn has(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }

    /// Whether the message may be sent, and was handed over to be written.
    pub async fn send(&self, message: &WorkerMessage) -> bool {
        self.may_send(message)
            && matches!(tokio::time::timeout(CLOSE_WITHIN, self.lines.send(message.line())).await, Ok(Ok(())))
    }

    /// The same at once, or not at all where too much waits already.
    pub fn try_send(&self, message: &WorkerMessage) -> bool {
        self.may_send(message) && self.lines.try_send(message.line()).is_ok()
    }

    fn may_send(&self, message: &WorkerMessage) -> bool {
        message.capability().is_none_or(|capability| self.has(capability))
    }
}

/// Until the input ends, or nobody wants its messages.
fn read(input: impl Read, messages: &mpsc::Sender<RunnerMessage>) {
    let mut input = BufReader::new(input);
    loop {
        let line = match lines::next(&mut input) {
            Ok(Some(line)) => line,
            Ok(None) => return,
            Err(error) => return tracing::error!(%error, "what worker-runner sends cannot be read"),
        };
        if let Some(message) = message_of(&line)
            && messages.blocking_send(message).is_err()
        {
            return;
        }
    }
}

/// What is no message is logged.
fn message_of(line: &Line) -> Option<RunnerMessage> {
    match line {
        Line::Text(text) => match text.trim_end_matches('\r').strip_prefix('~').filter(|json| json.starts_with('{')) {
            Some(json) => RunnerMessage::parse(json)
                .inspect_err(|problem| tracing::warn!(problem, "ignored a message of worker-runner"))
                .ok(),
            None if text.trim().is_empty() => None,
            None => {
                tracing::info!(text, "worker-runner wrote");
                None
            }
        },
        Line::TooLong(bytes) => {
            tracing::warn!(bytes, "ignored a line of worker-runner that is too long");
            None
        }
        Line::Unfinished => {
            tracing::warn!("ignored a line that worker-runner did not finish");
            None
        }
    }
}

/// Until an empty line.
fn write(mut output: impl Write, mut lines: mpsc::Receiver<String>, done: oneshot::Sender<()>) {
    while let Some(line) = lines.blocking_recv().filter(|line| !line.is_empty()) {
        // Nobody reads it any more: worker-runner has ended, as the input shows too.
        if output.write_all(line.as_bytes()).and_then(|()| output.flush()).is_err() {
            break;
        }
    }
    lines.close();
    let _ = done.send(());
}

#[cfg(test)]
mod tests {
    use std::io::BufRead;

    use serde_json::{Value, json};

    use super::*;

    /// Worker-runner's end, which sends these lines at once and then closes its end.
    async fn connect(lines: &str) -> (Result<Runner, RunnerError>, BufReader<io::PipeReader>) {
        let (input, mut theirs) = io::pipe().unwrap();
        let (ours, output) = io::pipe().unwrap();
        theirs.write_all(lines.as_bytes()).unwrap();
        drop(theirs);
        (Runner::connect(input, output).await, BufReader::new(ours))
    }

    fn line(output: &mut impl BufRead) -> Value {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        serde_json::from_str(line.strip_prefix('~').unwrap()).unwrap()
    }

    #[tokio::test]
    async fn what_both_are_capable_of_is_used_and_nothing_else() {
        let lines = "booting\n~{\"type\":\"welcome\",\"capabilities\":[\"graceful-termination\",\"shutdown\",\"dance\"]}\n\
            ~{\"type\":\"welcome\",\"capabilities\":[\"log\"]}\n~{\"type\":\"dance\"}\n~nothing\n~{\"type\":\n\
            ~{\"type\":\"new-credentials\",\"client-id\":\"a\",\"access-token\":\"b\"}\n\
            ~{\"type\":\"graceful-termination\",\"finish-tasks\":true}\r\n~{\"type\":\"graceful-termination\"";
        let (runner, mut output) = connect(lines).await;
        let mut runner = runner.unwrap();
        assert_eq!(line(&mut output), json!({ "type": "hello", "capabilities": ["graceful-termination", "shutdown"] }));
        assert_eq!(runner.next().await, Some(RunnerMessage::GracefulTermination { finish_tasks: true }));
        assert_eq!(runner.next().await, None);

        let sender = runner.sender();
        assert!(!sender.send(&WorkerMessage::Log(json!({}))).await && !sender.try_send(&WorkerMessage::Log(json!({}))));
        assert!(sender.send(&WorkerMessage::Shutdown).await);
        runner.close().await;
        assert_eq!(line(&mut output), json!({ "type": "shutdown" }));
        assert!(!sender.send(&WorkerMessage::Shutdown).await, "it is closed");
        assert_eq!(output.read_line(&mut String::new()).unwrap(), 0);
    }

    #[tokio::test]
    async fn a_connection_begins_with_welcome() {
        let terminate = "~{\"type\":\"graceful-termination\",\"finish-tasks\":false}\n";
        for (lines, part) in
            [("", "ended"), ("~{\"type\":\"welcome\"}\n", "ended"), (terminate, "graceful-termination")]
        {
            let words = connect(lines).await.0.unwrap_err().to_string();
            assert!(words.contains(part), "{lines}: {words}");
        }
    }

    #[tokio::test]
    async fn a_worker_that_nobody_welcomes_does_not_wait_for_ever() {
        let (input, _theirs) = io::pipe().unwrap();
        let connected = Runner::connect_within(input, io::sink(), Duration::from_millis(20)).await;
        let words = connected.unwrap_err().to_string();
        assert!(words.contains("20ms"), "{words}");
    }

    #[tokio::test]
    async fn a_runner_that_does_not_read_blocks_nothing() {
        let (input, mut theirs) = io::pipe().unwrap();
        let (_ours, output) = io::pipe().unwrap();
        theirs.write_all(b"~{\"type\":\"welcome\",\"capabilities\":[\"log\"]}\n").unwrap();
        let runner = Runner::connect(input, output).await.unwrap();
        let long = WorkerMessage::Log(json!({ "textPayload": "x".repeat(1 << 10) }));
        let sent = (0..2 * OUTGOING).filter(|_| runner.sender().try_send(&long)).count();
        assert!((OUTGOING..2 * OUTGOING).contains(&sent), "{sent}");
        tokio::time::timeout(2 * CLOSE_WITHIN, runner.close()).await.expect("it ends all the same");
    }
}
