//! A TCP proxy that behaves like a bad network: it cuts connections, flips bits and delays data.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use base::Rng;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What happens to one direction of one connection.
#[derive(Debug, Clone, Copy)]
enum Fault {
    None,
    /// The connection ends after so many bytes.
    Cut(usize),
    /// One bit is another.
    Flip(usize),
    /// A pause before the byte.
    Delay(usize),
}

/// Listens until it is dropped.
#[derive(Debug)]
pub struct FaultyProxy {
    address: SocketAddr,
    target: Arc<Mutex<Option<SocketAddr>>>,
    faults: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl FaultyProxy {
    /// `share`: how many of a hundred directions get a fault, somewhere in their first `within` bytes.
    #[expect(clippy::disallowed_methods, reason = "ends with this value")]
    pub async fn start(rng: Rng, share: u64, within: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (target, faults) = (Arc::new(Mutex::new(None)), Arc::new(AtomicUsize::new(0)));
        let (to, counted) = (target.clone(), faults.clone());
        let task = tokio::spawn(async move {
            let choose = move || {
                if rng.range(0..100) >= share {
                    return Fault::None;
                }
                counted.fetch_add(1, Ordering::Relaxed);
                let at = usize::try_from(rng.range(0..within)).unwrap();
                [Fault::Cut(at), Fault::Flip(at), Fault::Delay(at)][usize::try_from(rng.range(0..3)).unwrap()]
            };
            while let Ok((client, _)) = listener.accept().await {
                let Some(target) = *to.lock().unwrap() else { continue };
                let (there, back) = (choose(), choose());
                tokio::spawn(carry(client, target, there, back));
            }
        });
        Self { address, target, faults, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn connect_to(&self, target: SocketAddr) {
        *self.target.lock().unwrap() = Some(target);
    }

    /// How many directions were given a fault. Short ones may have ended before it.
    pub fn faults(&self) -> usize {
        self.faults.load(Ordering::Relaxed)
    }
}

impl Drop for FaultyProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(client: TcpStream, target: SocketAddr, there: Fault, back: Fault) {
    let Ok(server) = TcpStream::connect(target).await else { return };
    let (client_read, client_write) = client.into_split();
    let (server_read, server_write) = server.into_split();
    // The end of either is the end of both, as when a cable is pulled.
    tokio::select! {
        () = pass(client_read, server_write, there) => {}
        () = pass(server_read, client_write, back) => {}
    }
}

async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, fault: Fault) {
    let (mut piece, mut passed) = (vec![0; 16 * 1024], 0);
    while let Ok(count @ 1..) = from.read(&mut piece).await {
        let here = |at: usize| (passed..passed + count).contains(&at).then(|| at - passed);
        let mut send = count;
        match fault {
            Fault::Flip(at) => here(at).into_iter().for_each(|at| piece[at] ^= 1),
            Fault::Delay(at) if here(at).is_some() => tokio::time::sleep(Duration::from_millis(300)).await,
            Fault::Cut(at) => send = here(at).unwrap_or(count),
            _ => {}
        }
        if to.write_all(&piece[..send]).await.is_err() || send < count {
            return;
        }
        passed += count;
    }
}
