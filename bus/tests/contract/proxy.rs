//! A proxy to the broker that can drop or block its connections.

use std::{net::SocketAddr, sync::Arc};

use lapin::uri::AMQPUri;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Connections end, and new ones at once.
    Cut,
    /// Connections are accepted, but nothing is forwarded until it is open again.
    Silent,
}

pub(crate) struct Proxy {
    url: String,
    state: Arc<watch::Sender<State>>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn to(url: &str) -> Self {
        let mut uri: AMQPUri = url.parse().unwrap();
        let broker = format!("{}:{}", uri.authority.host, uri.authority.port);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let SocketAddr::V4(address) = listener.local_addr().unwrap() else { unreachable!() };
        uri.authority.host = address.ip().to_string();
        uri.authority.port = address.port();
        let state = Arc::new(watch::Sender::new(State::Open));
        let mut tasks = JoinSet::new();
        tasks.spawn(forward(listener, broker, state.clone()));
        Self { url: uri.to_string(), state, _tasks: tasks }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    pub(crate) fn silence(&self) {
        self.state.send_replace(State::Silent);
    }

    pub(crate) fn open(&self) {
        self.state.send_replace(State::Open);
    }
}

async fn forward(listener: TcpListener, broker: String, state: Arc<watch::Sender<State>>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (mut cut, broker, state) = (state.subscribe(), broker.clone(), state.clone());
        connections.spawn(async move {
            if *cut.borrow() == State::Cut {
                return;
            }
            let Ok(server) = TcpStream::connect(broker).await else { return };
            let (client_read, client_write) = client.into_split();
            let (server_read, server_write) = server.into_split();
            tokio::select! {
                () = pass(client_read, server_write, state.subscribe()) => {}
                () = pass(server_read, client_write, state.subscribe()) => {}
                _ = cut.wait_for(|state| *state == State::Cut) => {}
            }
        });
    }
}

async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut state: watch::Receiver<State>) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut piece).await {
        let open = state.wait_for(|state| *state == State::Open).await.is_ok();
        if !open || to.write_all(&piece[..count]).await.is_err() {
            return;
        }
    }
}
