//! A small HTTP server that answers by a rule, as a master would, or badly.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// Status, further headers, body.
pub(crate) type Said = (u16, &'static str, String);

/// In place of a status: it never answers, or hangs up.
pub(crate) const SILENCE: u16 = 0;
pub(crate) const HANGS_UP: u16 = 1;

/// Gone with the value.
pub(crate) struct Server {
    pub(crate) url: String,
    asked: Asked,
    _serving: JoinSet<()>,
}

/// What was asked, in order: `METHOD path cookie`.
type Asked = Arc<Mutex<Vec<String>>>;

impl Server {
    /// The rule gets `METHOD path cookie`.
    pub(crate) async fn start(rule: impl Fn(&str) -> Said + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/bb", listener.local_addr().unwrap());
        let asked = Asked::default();
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

    /// What was asked since the last time.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().drain(..).collect()
    }
}

async fn serve<R: Fn(&str) -> Said>(stream: TcpStream, asked: Asked, rule: Arc<R>) {
    let mut stream = BufReader::new(stream);
    while let Some(question) = read_question(&mut stream).await {
        let (status, headers, body) = rule(&question);
        asked.lock().unwrap().push(question);
        match status {
            SILENCE => return std::future::pending().await,
            HANGS_UP => return,
            _ => {}
        }
        let length = body.len();
        let answer = format!("HTTP/1.1 {status} Said\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn read_question(stream: &mut BufReader<TcpStream>) -> Option<String> {
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
    let mut words = first.split(' ');
    Some(format!("{} {} {cookie}", words.next()?, words.next()?))
}
