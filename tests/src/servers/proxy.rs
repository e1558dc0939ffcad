//! A way to a server that can be cut and slowed down.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::sleep,
};

/// Leads to a port of this machine for as long as it lives.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    state: Arc<watch::Sender<State>>,
    _forwarding: JoinSet<()>,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// Connections of an earlier number are cut.
    cuts: u32,
    /// What every piece waits before it goes on.
    delay: Duration,
}

impl Proxy {
    pub async fn to(server: u16) -> Self {
        Self::at("127.0.0.1", server).await
    }

    /// The same at another address of this machine.
    pub async fn at(address: &str, server: u16) -> Self {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(watch::Sender::new(State::default()));
        let mut forwarding = JoinSet::new();
        forwarding.spawn(accept(listener, server, state.clone()));
        Self { port, state, _forwarding: forwarding }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Every connection there is breaks in the middle of whatever it carries. New ones are let through.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.cuts += 1);
    }

    pub fn delay(&self, delay: Duration) {
        self.state.send_modify(|state| state.delay = delay);
    }
}

async fn accept(listener: TcpListener, server: u16, state: Arc<watch::Sender<State>>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let state = state.subscribe();
        connections.spawn(async move {
            let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else { return };
            let ((client_in, client_out), (server_in, server_out)) = (client.into_split(), server.into_split());
            let mut cut = state.clone();
            let now = cut.borrow().cuts;
            tokio::select! {
                () = copy(client_in, server_out, state.clone()) => {}
                () = copy(server_in, client_out, state) => {}
                _ = cut.wait_for(|state| state.cuts != now) => {}
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn copy(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, state: watch::Receiver<State>) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        let delay = state.borrow().delay;
        if !delay.is_zero() {
            sleep(delay).await;
        }
        if to.write_all(&piece[..read]).await.is_err() {
            return;
        }
    }
}
