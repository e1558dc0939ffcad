//! Bodies that nobody reads, and what comes after them in the same connection.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::env::TestEnv;

/// A connection that is kept.
struct Line(TcpStream);

impl Line {
    async fn open(env: &TestEnv) -> Self {
        Self(TcpStream::connect(env.address).await.unwrap())
    }

    async fn say(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Status and head of the next answer, whose body is read.
    async fn receive(&mut self) -> (u16, String) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.expect("the connection ended without an answer"));
        }
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
        self.0.read_exact(&mut vec![0; length]).await.unwrap();
        (head[9..12].parse().unwrap(), head)
    }
}

fn head(method: &str, path: &str, length: usize, more: &str) -> String {
    format!("{method} /api/queue/v1{path} HTTP/1.1\r\nHost: env\r\nContent-Length: {length}\r\n{more}\r\n")
}

#[tokio::test]
async fn a_body_that_nobody_reads_does_not_end_the_connection() {
    let env = TestEnv::start().await;
    let mut line = Line::open(&env).await;
    let cases =
        [("POST", "/nothing", 404), ("DELETE", "/ping", 404), ("PUT", "/upload/%zz", 400), ("OPTIONS", "/ping", 200)];
    for (method, path, status) in cases {
        line.say(head(method, path, 5000, "").as_bytes()).await;
        assert_eq!(env.get("/ping").await.status, 200, "the server had time to answer before the body came");
        line.say(&[b'x'; 5000]).await;
        assert_eq!(line.receive().await.0, status, "{method} {path}");
        line.say(head("GET", "/ping", 0, "").as_bytes()).await;
        assert_eq!(line.receive().await.0, 200, "after {method} {path}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_for_its_unread_body_says_so() {
    let env = TestEnv::start().await;
    for (length, more) in [(900_000, ""), (5000, "Expect: 100-continue\r\n")] {
        let mut line = Line::open(&env).await;
        line.say(head("POST", "/nothing", length, more).as_bytes()).await;
        let (status, head) = line.receive().await;
        assert_eq!(status, 404, "{head}");
        assert!(head.contains("connection: close"), "{head}");
    }
}
