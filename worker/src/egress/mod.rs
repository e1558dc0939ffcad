//! The way out of a sandbox: an HTTP proxy on its loopback network. It connects to other machines, never to this one or to
//! what only this one reaches. What the worker fetches for a task goes the same way (`Outbound`).

mod outbound;
mod policy;
mod request;

use std::{
    collections::BTreeMap,
    io,
    net::{SocketAddr, TcpListener as StdListener},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::timeout,
};

use self::request::{Kind, ProxyRequest};
pub(crate) use self::{
    outbound::{Outbound, OutboundError},
    policy::Reach,
};

/// Of one task at the same time; further ones wait.
const MAX_CONNECTIONS: usize = 256;
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// Both spellings are in use.
const VARIABLES: [&str; 4] = ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"];
const EXCEPT: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// Ends, with all its connections, when this is dropped.
pub(crate) struct Egress {
    address: SocketAddr,
    _accepting: JoinSet<()>,
}

impl Egress {
    pub(crate) fn start(listener: StdListener) -> io::Result<Self> {
        let address = listener.local_addr()?;
        listener.set_nonblocking(true)?;
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(TcpListener::from_std(listener)?));
        Ok(Self { address, _accepting: accepting })
    }

    /// What tells the programs of a task to use it.
    pub(crate) fn variables(&self) -> BTreeMap<String, String> {
        let url = format!("http://{}", self.address);
        let proxies = VARIABLES.map(|name| (name.to_owned(), url.clone()));
        let except = EXCEPT.map(|name| (name.to_owned(), "localhost,127.0.0.1".to_owned()));
        proxies.into_iter().chain(except).collect()
    }
}

/// The set of connections lives in this future: they end with it.
async fn accept(listener: TcpListener) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(permit) = permits.clone().acquire_owned().await else { return };
        if let Ok((stream, _)) = listener.accept().await {
            connections.spawn(async move {
                let _permit = permit;
                if let Err(error) = serve(stream).await {
                    tracing::debug!(%error, "a connection out of a sandbox ended early");
                }
            });
        }
        while connections.try_join_next().is_some() {}
    }
}

/// One request per connection.
async fn serve(mut client: TcpStream) -> io::Result<()> {
    let request = match timeout(HEAD_TIMEOUT, ProxyRequest::read(&mut client)).await {
        Ok(Ok(request)) => request,
        Ok(Err(error)) => return refuse(&mut client, "400 Bad Request", &error.to_string()).await,
        Err(_) => return refuse(&mut client, "408 Request Timeout", "no request came in time").await,
    };
    let connected = timeout(CONNECT_TIMEOUT, policy::connect(&request.host, request.port)).await;
    let mut server = match connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(server) => server,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return refuse(&mut client, "403 Forbidden", &error.to_string()).await;
        }
        Err(error) => return refuse(&mut client, "502 Bad Gateway", &error.to_string()).await,
    };
    match &request.kind {
        Kind::Tunnel => client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?,
        Kind::Forward { head } => server.write_all(head).await?,
    }
    server.write_all(&request.rest).await?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}

async fn refuse(client: &mut TcpStream, status: &str, words: &str) -> io::Result<()> {
    let length = words.len() + 1;
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{words}\n"
    );
    client.write_all(answer.as_bytes()).await
}
