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

/// Answers every request with 200 and tells its path.
fn collector() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (tell, reported) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let tell = tell.clone();
            thread::spawn(move || {
                while let Some(path) = answer(&stream) {
                    tell.send(path).unwrap();
                }
            });
        }
    });
    (address, reported)
}

fn answer(mut stream: &TcpStream) -> Option<String> {
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
    reader.read_exact(&mut vec![0; length]).ok()?;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").ok()?;
    first.split(' ').nth(1).map(str::to_owned)
}

#[test]
fn what_was_traced_and_counted_is_sent_before_the_guard_is_gone() {
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let (otlp_endpoint, reported) = collector();
    let flush_deadline = ConfigDuration::seconds(10);
    let settings = TelemetrySettings { otlp_endpoint, flush_deadline, ..TelemetrySettings::default() };
    let guard = telemetry::init(&settings, "test").unwrap();

    let traceparent = tracing::info_span!("work").in_scope(telemetry::traceparent);
    telemetry::Counter::new("test", "things", "{thing}", "Things.").add(1, &[]);
    let before = Instant::now();
    drop(guard);

    assert!(traceparent.is_some_and(|text| text.ends_with("-01")));
    assert!(before.elapsed() < Duration::from_secs(10));
    let paths: BTreeSet<String> = reported.try_iter().collect();
    assert_eq!(paths, BTreeSet::from(["/v1/metrics".to_owned(), "/v1/traces".to_owned()]));
}
