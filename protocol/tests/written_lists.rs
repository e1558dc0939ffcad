//! The written lists: what goes where, and which numbers of the protobuf messages are taken.

use std::{collections::BTreeSet, fmt::Write as _, path::Path};

use protocol::exchanges::{ExchangeNames, services};

const HEAD: &str = "# Exchanges

Written by the test that checks it, under `UPDATE=1`, with the names that existing consumers know; the setting
`bus.pulse_namespace` puts another word in the place of `taskcluster`. Every event goes out twice: as JSON on the exchange below that has its
name, and as protobuf (`proto/drover/v1/event.proto`) on the internal exchange, under `<kind>.<task group id>.<task id>` with
`_` for what it is not about, and under the routes of its task. Exchanges are durable and of type topic. Both forms carry the id
of the event in the header `x-drover-id`; what is replayed to one queue also carries `x-drover-replay`, `x-drover-exchange` and
`x-drover-routing-key`.
";

/// The messages of the Treeherder reporter: no events, and so without declarations in the references.
const JOBS: &str = "
## Jobs for Treeherder

Published by the role `treeherder` where it runs (`drover config explain treeherder`); one message for each route of a task.

| Exchange | When | Routing key | Schema |
|---|---|---|---|
| `exchange/taskcluster-treeherder/v1/jobs` | A run changed its state. | `<route prefix>.<project>._` | `treeherder/v1/job-message`, or `job-message-2019` with `treeherder.dialect` 2019 |
| `exchange/taskcluster-treeherder/v1/jobs-2019` | The same, where both forms are published. | the same | `treeherder/v1/job-message-2019` |
";

#[test]
fn the_page_of_exchanges_is_current() {
    let (names, mut page) = (ExchangeNames::default(), HEAD.to_owned());
    for service in services() {
        let _ = writeln!(page, "\n## {}\n\n{}\n", service.title, service.description);
        page.push_str("| Exchange | When | Routing key | CC | Schema |\n|---|---|---|---|---|\n");
        for exchange in service.exchanges {
            let words = exchange.key.iter().map(|field| match (field.constant, field.required) {
                (Some(constant), _) => constant.to_owned(),
                (None, true) => format!("<{}>", field.name),
                (None, false) => format!("<{}>?", field.name),
            });
            let key = words.collect::<Vec<_>>().join(".");
            let cc = if exchange.cc { "`route.<route>`" } else { "" };
            let (name, schema) = (names.name(exchange), exchange.schema);
            let _ = writeln!(page, "| `{name}` | {} | `{key}` | {cc} | `{schema}` |", exchange.description);
        }
    }
    page.push_str("\nA word with `?` is `_` where the event is not about such a thing.\n");
    page.push_str(JOBS);
    assert!(written("exchanges.md", &page) == page, "protocol/exchanges.md is stale; write it anew with UPDATE=1");
}

/// A consumer that was built long ago must still read what is sent: numbers are added and never given to anything else.
#[test]
fn protobuf_messages_only_ever_grow() {
    let names = ["event", "rpc", "queue", "notification"].map(|name| format!("drover/v1/{name}.proto"));
    let files = protox::compile(names, [Path::new(env!("CARGO_MANIFEST_DIR")).join("proto")]).unwrap();
    let mut lines = BTreeSet::new();
    for file in &files.file {
        for message in &file.message_type {
            for field in &message.field {
                let kind = format!("{:?} {:?} {}", field.label(), field.r#type(), field.type_name());
                lines.insert(format!("{}.{} = {}: {kind}", message.name(), field.name(), field.number()));
            }
        }
        for list in &file.enum_type {
            lines.extend(
                list.value.iter().map(|value| format!("{}.{} = {}", list.name(), value.name(), value.number())),
            );
        }
    }
    let current = lines.iter().fold(String::new(), |all, line| all + line + "\n");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto/taken.txt");
    let before = std::fs::read_to_string(path).unwrap_or_default();
    let gone: Vec<_> = before.lines().filter(|line| !lines.contains(*line)).collect();
    assert!(gone.is_empty(), "these were promised for good: {gone:#?}");
    assert!(
        written("proto/taken.txt", &current) == current,
        "protocol/proto/taken.txt lacks new fields; write it anew with UPDATE=1"
    );
}

/// What the file says; under `UPDATE=1` after it was written anew.
#[expect(clippy::disallowed_methods, reason = "a test has no main that could hand a setting down")]
fn written(name: &str, text: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var("UPDATE").is_ok_and(|update| update == "1") {
        std::fs::write(&path, text).expect("the list can be written");
    }
    std::fs::read_to_string(&path).unwrap_or_default()
}
