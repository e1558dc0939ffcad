//! Export speaks to a real socket; in a file of its own because a process has one subscriber.

#![expect(clippy::unwrap_used, reason = "helpers of a test")]

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use base::{
    ConfigDuration,
    telemetry::{self, TelemetrySettings},
};

/// Answers every request with 200 and passes its path and body on.
fn collector() -> (String, mpsc::Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, received) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let sender = sender.clone();
            thread::spawn(move || {
                while let Some(request) = answer(&stream) {
                    sender.send(request).unwrap();
                }
            });
        }
    });
    (address, received)
}

fn answer(mut stream: &TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim().to_ascii_lowercase().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").ok()?;
    Some((first.split(' ').nth(1)?.to_owned(), body))
}

#[test]
fn what_was_traced_and_counted_is_sent_before_the_guard_is_gone() {
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let (otlp_endpoint, received) = collector();
    let flush_deadline = ConfigDuration::seconds(10);
    let settings = TelemetrySettings { otlp_endpoint, flush_deadline, ..TelemetrySettings::default() };
    let guard = telemetry::init(&settings, "test").unwrap();

    let traceparent = tracing::info_span!("work").in_scope(telemetry::traceparent);
    telemetry::Counter::new("test", "things", "{thing}", "Things.").add(1, &[]);
    telemetry::Histogram::new("test", "waits", "s", "Waits.").record(0.02, &[]);
    let before = Instant::now();
    drop(guard);

    assert!(traceparent.is_some_and(|text| text.ends_with("-01")));
    assert!(before.elapsed() < Duration::from_secs(10));
    let requests: Vec<(String, Vec<u8>)> = received.try_iter().collect();
    let paths: BTreeSet<String> = requests.iter().map(|(path, _)| path.clone()).collect();
    assert_eq!(paths, BTreeSet::from(["/v1/metrics".to_owned(), "/v1/traces".to_owned()]));
    let five_milliseconds = 0.005_f64.to_le_bytes();
    let has_boundary = |body: &Vec<u8>| body.windows(8).any(|bytes| bytes == five_milliseconds);
    assert!(requests.iter().any(|(_, body)| has_boundary(body)), "durations below a second have buckets of their own");
}
