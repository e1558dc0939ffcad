//! An HTTP server with responses by a rule.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// Status, further headers, body.
pub(crate) type Response = (u16, &'static str, String);

/// In place of a status: it never responds, or closes the connection.
pub(crate) const NO_RESPONSE: u16 = 0;
pub(crate) const CLOSE: u16 = 1;

/// Gone with the value.
pub(crate) struct Server {
    pub(crate) url: String,
    asked: RequestLog,
    _serving: JoinSet<()>,
}

/// Requests, in order: `METHOD path cookie`.
type RequestLog = Arc<Mutex<Vec<String>>>;

impl Server {
    /// The rule gets `METHOD path cookie`.
    pub(crate) async fn start(rule: impl Fn(&str) -> Response + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/bb", listener.local_addr().unwrap());
        let asked = RequestLog::default();
        let (seen, rule) = (asked.clone(), Arc::new(rule));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut answering = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                answering.spawn(serve(stream, seen.clone(), rule.clone()));
            }
        });
        Self { url, asked, _serving: serving }
    }

    /// Requests since the last call.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().drain(..).collect()
    }
}

async fn serve<R: Fn(&str) -> Response>(stream: TcpStream, asked: RequestLog, rule: Arc<R>) {
    let mut stream = BufReader::new(stream);
    while let Some(request_line) = read_request(&mut stream).await {
        let (status, headers, body) = rule(&request_line);
        asked.lock().unwrap().push(request_line);
        match status {
            NO_RESPONSE => return std::future::pending().await,
            CLOSE => return,
            _ => {}
        }
        let length = body.len();
        let answer = format!("HTTP/1.1 {status} Response\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read_request(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let (mut first, mut cookie, mut length) = (String::new(), String::new(), 0);
    stream.read_line(&mut first).await.ok().filter(|&read| read > 0)?;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "cookie" => value.clone_into(&mut cookie),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    stream.read_exact(&mut vec![0; length]).await.ok()?;
    let mut message = first.split(' ');
    Some(format!("{} {} {cookie}", message.next()?, message.next()?))
}
