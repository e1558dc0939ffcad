//! A proxy to a broker that can be closed and opened again.

use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

pub(super) struct Proxy {
    server: String,
    address: SocketAddr,
    forwarding: JoinSet<()>,
}

impl Proxy {
    /// `server` is like `host:port`.
    pub(super) async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut proxy = Self { server: server.to_owned(), address, forwarding: JoinSet::new() };
        proxy.forward(listener);
        proxy
    }

    pub(super) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Connections break, and no new ones are taken.
    pub(super) async fn close(&mut self) {
        self.forwarding.shutdown().await;
    }

    pub(super) async fn open(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.forward(listener);
    }

    fn forward(&mut self, listener: TcpListener) {
        let server = self.server.clone();
        self.forwarding.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut client, _)) = listener.accept().await {
                let server = server.clone();
                connections.spawn(async move {
                    if let Ok(mut server) = TcpStream::connect(server).await {
                        let _ = copy_bidirectional(&mut client, &mut server).await;
                    }
                });
            }
        });
    }
}
