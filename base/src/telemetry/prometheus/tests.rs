use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Instant,
};

use opentelemetry::{KeyValue, metrics::MeterProvider};
use opentelemetry_sdk::{Resource, metrics::SdkMeterProvider};

use super::*;

fn provider() -> (SdkMeterProvider, ScrapeReader) {
    let reader = ScrapeReader::default();
    let resource = Resource::builder_empty().with_attribute(KeyValue::new("drover.role", "api")).build();
    (SdkMeterProvider::builder().with_resource(resource).with_reader(reader.clone()).build(), reader)
}

const TARGET: &str = "\
# HELP target_info The process that these metrics are of.
# TYPE target_info gauge
target_info{drover_role=\"api\"} 1
";

#[test]
fn each_kind_has_its_lines() {
    let (provider, reader) = provider();
    let meter = provider.meter("part");
    meter.u64_counter("a.count").with_unit("{time}").with_description("How often.").build().add(3, &[]);
    meter.f64_gauge("b.part").with_unit("1").build().record(-0.5, &[KeyValue::new("of.what", true)]);
    let histogram = meter.f64_histogram("c.duration").with_unit("s").with_boundaries(vec![0.5, 1.0]).build();
    for seconds in [0.25, 0.75, 8.0] {
        histogram.record(seconds, &[]);
    }
    let expected = "\
# HELP a_count_total How often.
# TYPE a_count_total counter
a_count_total{otel_scope_name=\"part\"} 3
# HELP b_part_ratio 
# TYPE b_part_ratio gauge
b_part_ratio{of_what=\"true\",otel_scope_name=\"part\"} -0.5
# HELP c_duration_seconds 
# TYPE c_duration_seconds histogram
c_duration_seconds_bucket{otel_scope_name=\"part\",le=\"0.5\"} 1
c_duration_seconds_bucket{otel_scope_name=\"part\",le=\"1\"} 2
c_duration_seconds_bucket{otel_scope_name=\"part\",le=\"+Inf\"} 3
c_duration_seconds_sum{otel_scope_name=\"part\"} 9.0
c_duration_seconds_count{otel_scope_name=\"part\"} 3
";
    assert_eq!(reader.scrape().unwrap(), format!("{expected}{TARGET}"));
}

#[test]
fn odd_values_and_labels_are_written_so_that_they_can_be_read() {
    let (provider, reader) = provider();
    let gauge = provider.meter("part").f64_gauge("odd").with_description("back\\slash \"and\"\nline").build();
    gauge.record(1e300, &[KeyValue::new("l", "a\"b\\c\nd")]);
    let expected = "\
# HELP odd back\\\\slash \"and\"\\nline
# TYPE odd gauge
odd{l=\"a\\\"b\\\\c\\nd\",otel_scope_name=\"part\"} 1e300
";
    assert_eq!(reader.scrape().unwrap(), format!("{expected}{TARGET}"));
}

/// The library records none that is not a number; sums of histograms may become one.
#[test]
fn numbers_are_written_as_prometheus_reads_them() {
    let numbers = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, 0.1, 3.0].map(text::Number::text);
    assert_eq!(numbers, ["NaN", "+Inf", "-Inf", "1e300", "0.1", "3.0"]);
}

#[test]
fn one_name_of_two_parts_is_one_family() {
    let (provider, reader) = provider();
    for part in ["api", "db"] {
        provider.meter(part).u64_counter("rows.unreadable").build().add(1, &[]);
    }
    // The same name as another kind is left out.
    provider.meter("late").u64_gauge("rows.unreadable.total").build().record(7, &[]);
    let expected = "\
# HELP rows_unreadable_total 
# TYPE rows_unreadable_total counter
rows_unreadable_total{otel_scope_name=\"api\"} 1
rows_unreadable_total{otel_scope_name=\"db\"} 1
";
    assert_eq!(reader.scrape().unwrap(), format!("{expected}{TARGET}"));
}

#[test]
fn labels_that_become_one_are_joined() {
    let (provider, reader) = provider();
    let labels = [KeyValue::new("a.b", "1"), KeyValue::new("a_b", "2"), KeyValue::new("le", "mine")];
    provider.meter("part").u64_histogram("size").with_boundaries(vec![1.0]).build().record(1, &labels);
    let text = reader.scrape().unwrap();
    let labels = "{a_b=\"1;2\",exported_le=\"mine\",otel_scope_name=\"part\",le=\"1\"}";
    assert!(text.contains(&format!("size_bucket{labels} 1\n")), "{text}");
}

/// A histogram, a counter and three gauges for each of 1,000 queues.
#[test]
fn a_thousand_queues_are_rendered_in_time() {
    let (provider, reader) = provider();
    let meter = provider.meter("part");
    let (counter, gauge) = (meter.u64_counter("events").build(), meter.u64_gauge("length").build());
    let histogram = meter.f64_histogram("wait").with_unit("s").build();
    for queue in 0..1000 {
        let label = || KeyValue::new("queue", format!("provisioner-{queue}/type"));
        counter.add(1, &[label()]);
        histogram.record(1.0, &[label()]);
        for state in ["pending", "running", "oldest"] {
            gauge.record(1, &[label(), KeyValue::new("state", state)]);
        }
    }
    reader.scrape().unwrap();
    let begun = Instant::now();
    let text = reader.scrape().unwrap();
    let took = begun.elapsed();
    println!("{} lines, {} bytes in {took:?}", text.lines().count(), text.len());
    assert!(text.matches("wait_seconds_count").count() == 1000, "every queue is there");
    assert!(took.as_millis() < 1000, "without optimisation, beside other tests: {took:?}");
}

fn request(server: &Server, request: &str) -> String {
    let mut stream = TcpStream::connect(server.address).unwrap();
    let mut response = String::new();
    // Where the head is too long the server ends the connection before it has read it all.
    let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut response).map(drop));
    response
}

#[test]
fn metrics_are_served_until_the_end() {
    let (provider, reader) = provider();
    let server = Server::start(bind("127.0.0.1:0").unwrap(), reader).unwrap();
    let get = |path: &str| request(&server, &format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"));

    let response = get("/metrics");
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(response.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{response}");
    assert!(response.ends_with(TARGET), "{response}");
    assert!(get("/").starts_with("HTTP/1.1 404 "));
    assert!(request(&server, "POST /metrics HTTP/1.1\r\nhost: x\r\n\r\n").starts_with("HTTP/1.1 405 "));
    assert!(!request(&server, "HEAD /metrics HTTP/1.1\r\nhost: x\r\n\r\n").contains("target_info"));
    assert!(request(&server, &format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(20_000))).starts_with("HTTP/1.1 4"));

    provider.shutdown().unwrap();
    assert!(get("/metrics").starts_with("HTTP/1.1 503 "));
}

#[test]
fn clients_that_say_nothing_keep_nobody_else_away_and_the_end_does_not_wait_for_them() {
    let (_provider, reader) = provider();
    let server = Server::start(bind("127.0.0.1:0").unwrap(), reader).unwrap();
    let silent: Vec<TcpStream> = (0..15).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    assert!(request(&server, "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").ends_with(TARGET));

    let begun = Instant::now();
    drop(server);
    assert!(begun.elapsed().as_secs() < 5);
    drop(silent);
}

#[test]
fn an_address_that_is_taken_is_refused_with_the_setting() {
    let taken = bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = bind(&address).unwrap_err().to_string();
    assert!(refused.starts_with(&format!("the setting `telemetry.prometheus_listen`: {address} ")), "{refused}");
}
