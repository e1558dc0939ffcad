//! What a program asks the proxy for: a tunnel, or to forward a request.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

const MAX_HEAD_BYTES: usize = 64 * 1024;
const END: &[u8] = b"\r\n\r\n";
/// They concern the connection to the proxy. What is forwarded closes its connection, since there is one request per connection.
const OF_CONNECTION: [&str; 3] = ["connection", "proxy-connection", "proxy-authorization"];

#[derive(Debug)]
pub(super) struct ProxyRequest {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) kind: Kind,
    /// What came after the head already.
    pub(super) rest: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Tunnel,
    /// The head as the server is to get it.
    Forward {
        head: Vec<u8>,
    },
}

impl ProxyRequest {
    pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(start) = bytes.windows(END.len()).position(|window| window == END) {
                break start + END.len();
            }
            if bytes.len() > MAX_HEAD_BYTES || from.read_buf(&mut bytes).await? == 0 {
                return Err(invalid("no whole head of a request"));
            }
        };
        let rest = bytes.split_off(end);
        let head = String::from_utf8(bytes).map_err(|_| invalid("the head is no UTF-8"))?;
        Self::parse(&head, rest)
    }

    fn parse(head: &str, rest: Vec<u8>) -> io::Result<Self> {
        let (line, headers) = head.split_once("\r\n").ok_or_else(|| invalid("no request line"))?;
        let parts: Vec<&str> = line.split(' ').collect();
        let [method, target, version] = parts[..] else { return Err(invalid("no request line")) };
        if method == "CONNECT" {
            let (host, port) = authority(target, None)?;
            return Ok(Self { host, port, kind: Kind::Tunnel, rest });
        }
        let words = "a proxy takes CONNECT and whole URLs that begin with http://";
        let url = target.strip_prefix("http://").ok_or_else(|| invalid(words))?;
        let start = url.find(['/', '?']).unwrap_or(url.len());
        let (host, port) = authority(&url[..start], Some(80))?;
        let slash = if url[start..].starts_with('/') { "" } else { "/" };
        let mut forwarded = format!("{method} {slash}{} {version}\r\n", &url[start..]);
        for header in headers.split("\r\n").filter(|header| !header.is_empty()) {
            let name = header.split(':').next().unwrap_or_default().to_ascii_lowercase();
            if !OF_CONNECTION.contains(&name.as_str()) {
                forwarded.push_str(header);
                forwarded.push_str("\r\n");
            }
        }
        forwarded.push_str("Connection: close\r\n\r\n");
        Ok(Self { host, port, kind: Kind::Forward { head: forwarded.into_bytes() }, rest })
    }
}

fn authority(text: &str, default: Option<u16>) -> io::Result<(String, u16)> {
    let text = text.rsplit('@').next().unwrap_or_default();
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok()),
        _ => (text, default),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    match port {
        Some(port) if !host.is_empty() => Ok((host, port)),
        _ => Err(invalid("no host and port")),
    }
}

fn invalid(words: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_tunnel_and_what_came_with_it_are_read() {
        let mut bytes: &[u8] = b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: x\r\n\r\nhello";
        let request = ProxyRequest::read(&mut bytes).await.unwrap();
        assert_eq!((request.host.as_str(), request.port, request.kind), ("2001:db8::1", 443, Kind::Tunnel));
        assert_eq!(request.rest, b"hello");
    }

    #[tokio::test]
    async fn a_url_is_forwarded_as_a_path_without_what_concerns_the_proxy() {
        let mut bytes: &[u8] =
            b"GET http://example.com?a=1 HTTP/1.1\r\nHost: example.com\r\nProxy-Authorization: x\r\nConnection: keep-alive\r\n\r\n";
        let request = ProxyRequest::read(&mut bytes).await.unwrap();
        let head = b"GET /?a=1 HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n".to_vec();
        assert_eq!((request.host.as_str(), request.port, request.kind), ("example.com", 80, Kind::Forward { head }));
    }

    #[tokio::test]
    async fn what_is_neither_is_an_error() {
        for text in [
            "GET / HTTP/1.1\r\n\r\n",
            "CONNECT x HTTP/1.1\r\n\r\n",
            "GET http://:1/ HTTP/1.1\r\n\r\n",
            "x\r\n\r\n",
            "GET http://a/",
        ] {
            assert!(ProxyRequest::read(&mut text.as_bytes()).await.is_err(), "{text}");
        }
    }
}
