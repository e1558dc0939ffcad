//! A registry of images on the loopback, for reading only. It breaks connections where a test asks for that.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::image::{ImageParts, digest};

#[derive(Default)]
struct State {
    /// By digest.
    blobs: Mutex<HashMap<String, Vec<u8>>>,
    /// By digest, and by `name:tag`.
    manifests: Mutex<HashMap<String, Vec<u8>>>,
    /// So many answers with a blob end in the middle.
    broken: AtomicUsize,
    requests: AtomicUsize,
}

/// Its threads end with the process of the test.
pub(crate) struct Registry {
    pub(crate) host: String,
    state: Arc<State>,
}

impl Registry {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let state = Arc::new(State::default());
        let shared = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                thread::spawn(move || serve(stream, &state));
            }
        });
        Self { host, state }
    }

    /// Under `name:tag`; answers the digest.
    pub(crate) fn push(&self, name: &str, image: &ImageParts) -> String {
        let (manifest, blobs) = image.blobs();
        let digest = digest(&manifest);
        self.state.blobs.lock().unwrap().extend(blobs);
        let mut manifests = self.state.manifests.lock().unwrap();
        let (path, _) = name.rsplit_once(':').unwrap();
        manifests.insert(format!("{path}:{digest}"), manifest.clone());
        manifests.insert(name.to_owned(), manifest);
        digest
    }

    pub(crate) fn break_answers(&self, count: usize) {
        self.state.broken.store(count, Ordering::SeqCst);
    }

    pub(crate) fn requests(&self) -> usize {
        self.state.requests.load(Ordering::SeqCst)
    }
}

fn serve(stream: TcpStream, state: &State) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(first)) = lines.next() else { return };
    for line in lines.by_ref().map_while(Result::ok) {
        if line.is_empty() {
            break;
        }
    }
    state.requests.fetch_add(1, Ordering::SeqCst);
    let _ = answer(stream, &first, state);
}

fn answer(mut stream: TcpStream, request: &str, state: &State) -> std::io::Result<()> {
    let path = request.split(' ').nth(1).unwrap_or_default().trim_start_matches("/v2/");
    let found = if let Some((name, reference)) = path.split_once("/manifests/") {
        let manifests = state.manifests.lock().unwrap();
        manifests
            .get(&format!("{name}:{reference}"))
            .cloned()
            .map(|it| ("application/vnd.oci.image.manifest.v1+json", it))
    } else if let Some((_, digest)) = path.split_once("/blobs/") {
        state.blobs.lock().unwrap().get(digest).cloned().map(|it| ("application/octet-stream", it))
    } else {
        Some(("application/json", b"{}".to_vec()))
    };
    let Some((kind, content)) = found else {
        let words = br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#;
        write!(
            stream,
            "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            words.len()
        )?;
        return stream.write_all(words);
    };
    let digest = digest(&content);
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nDocker-Content-Digest: {digest}\r\nConnection: close\r\n\r\n",
        content.len()
    )?;
    let breaks = |count: usize| count.checked_sub(1);
    let is_large = content.len() > 100_000;
    if is_large && state.broken.fetch_update(Ordering::SeqCst, Ordering::SeqCst, breaks).is_ok() {
        return stream.write_all(&content[..content.len() / 2]);
    }
    stream.write_all(if request.starts_with("HEAD") { b"" } else { &content })
}
