//! The other end: someone who sits in front of a shell.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message},
};

use super::protocol::FromClient;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What is typed.
pub struct ShellInput(SplitSink<Stream, Message>);

/// What appears.
pub struct ShellOutput(SplitStream<Stream>);

/// Why there is no shell, or no longer one.
#[derive(Debug, thiserror::Error)]
pub enum ShellError {
    #[error("the worker does not know this shell (any more): the task has ended, or runs again")]
    Denied,
    #[error("the worker refuses the shell with status {0}: {1}")]
    Refused(u16, String),
    #[error("the worker cannot be reached at {0}")]
    Unreachable(String, #[source] Box<tungstenite::Error>),
    #[error("the worker at {0} did not answer within {n} s", n = CONNECT_TIMEOUT.as_secs())]
    Silent(String),
    #[error("the connection to the worker broke")]
    Broken(#[source] Box<tungstenite::Error>),
}

/// Opens a shell; a new one each time.
pub async fn connect(socket_url: &str) -> Result<(ShellInput, ShellOutput), ShellError> {
    // The secret in the path is not for messages.
    let place = socket_url.split("/shell/").next().unwrap_or_default().to_owned();
    let connected = tokio::time::timeout(CONNECT_TIMEOUT, connect_async(socket_url)).await;
    match connected.map_err(|_| ShellError::Silent(place.clone()))? {
        Ok((stream, _)) => {
            let (input, output) = stream.split();
            Ok((ShellInput(input), ShellOutput(output)))
        }
        Err(tungstenite::Error::Http(response)) if response.status().as_u16() == 401 => Err(ShellError::Denied),
        Err(tungstenite::Error::Http(response)) => {
            let words = String::from_utf8_lossy(response.body().as_deref().unwrap_or_default()).trim().to_owned();
            Err(ShellError::Refused(response.status().as_u16(), words))
        }
        Err(error) => Err(ShellError::Unreachable(place, Box::new(error))),
    }
}

impl ShellInput {
    pub async fn send(&mut self, input: &[u8]) -> Result<(), ShellError> {
        self.message(&FromClient::Input(input)).await
    }

    pub async fn resize(&mut self, rows: u16, columns: u16) -> Result<(), ShellError> {
        self.message(&FromClient::Resize { rows, columns }).await
    }

    async fn message(&mut self, message: &FromClient<'_>) -> Result<(), ShellError> {
        self.0.send(Message::binary(message.write())).await.map_err(|error| ShellError::Broken(Box::new(error)))
    }
}

impl ShellOutput {
    /// The next bytes, or at the end what the worker says of it.
    pub async fn next(&mut self) -> Result<Result<Bytes, String>, ShellError> {
        loop {
            return match self.0.next().await {
                Some(Ok(Message::Binary(bytes))) => Ok(Ok(bytes)),
                Some(Ok(Message::Close(frame))) => {
                    Ok(Err(frame.map(|frame| frame.reason.to_string()).unwrap_or_default()))
                }
                Some(Ok(_)) => continue,
                None => Ok(Err(String::new())),
                Some(Err(error)) => Err(ShellError::Broken(Box::new(error))),
            };
        }
    }
}
