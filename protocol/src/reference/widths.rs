//! Every value that a request may have fits into responses and messages: no field of these is narrower than its source.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Endpoint, Output, Pattern, Segment, services};
use crate::{exchanges, schema};

/// How wide a text may be.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Width {
    place: String,
    characters: Option<u64>,
    bytes: Option<u64>,
    pattern: Option<String>,
}

impl Width {
    /// The most characters that can come; a byte holds at most one.
    fn most(&self) -> Option<u64> {
        self.characters.into_iter().chain(self.bytes).chain(self.pattern.as_deref().and_then(longest)).min()
    }
}

/// Patterns that say how long a text may be.
fn longest(pattern: &str) -> Option<u64> {
    let known = [
        (Pattern::Slugid, 22),
        (Pattern::GenericId, 38),
        (Pattern::TaskQueueId, 77),
        (Pattern::AzureAccount, 24),
        (Pattern::WstAudience, 38),
        (Pattern::SentryProject, 64),
    ];
    known.into_iter().find(|(known, _)| known.source() == pattern).map(|(_, most)| most)
}

/// All texts of a schema by the names of their fields; items of a list go by the name of the list.
fn texts(service: &str, name: &str) -> Vec<(String, Width)> {
    let document = schema::source(service, name).unwrap();
    let mut found = Vec::new();
    walk(service, document, document, "", &format!("{service}/{name}"), 10, &mut found);
    found
}

fn walk(
    service: &str,
    document: &Value,
    schema: &Value,
    field: &str,
    place: &str,
    depth: u8,
    found: &mut Vec<(String, Width)>,
) {
    let Some((document, schema)) = schema::follow(service, document, schema).filter(|_| depth > 0) else { return };
    if schema["type"] == "string" && schema.get("enum").is_none() && schema.get("format").is_none() {
        let number = |keyword: &str| schema.get(keyword).and_then(Value::as_u64);
        let pattern = schema.get("pattern").and_then(Value::as_str).map(str::to_owned);
        let width =
            Width { place: place.to_owned(), characters: number("maxLength"), bytes: number("maxBytes"), pattern };
        found.push((field.to_owned(), width));
    }
    let mut below = |field: &str, schema: &Value, place: &str| {
        walk(service, document, schema, field, place, depth - 1, found);
    };
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        // A task has a name too, and it is no artifact's.
        let known_as = if field == "metadata" { format!("{field}/{name}") } else { name.clone() };
        below(&known_as, property, &format!("{place}/{name}"));
    }
    for keyword in ["items", "additionalProperties"] {
        below(field, schema.get(keyword).unwrap_or(&Value::Null), place);
    }
    for alternative in ["oneOf", "anyOf"].into_iter().filter_map(|it| schema.get(it)?.as_array()).flatten() {
        below(field, alternative, place);
    }
}

/// Calls with a body that store nothing of what they name.
const LOOK_UPS: [&str; 4] = ["tasks", "statuses", "finishArtifact", "renderTaskclusterYml"];

/// What requests of a service may say in a field that is stored: bodies and paths of calls that write.
fn inputs(service: &super::Service) -> BTreeMap<String, Vec<Width>> {
    let mut all: BTreeMap<String, Vec<Width>> = BTreeMap::new();
    let writes = |endpoint: &&Endpoint| endpoint.input.is_some() && !LOOK_UPS.contains(&endpoint.name.as_str());
    for endpoint in service.entries.iter().filter(writes) {
        for (field, width) in endpoint.input.iter().flat_map(|name| texts(&service.service_name, name)) {
            all.entry(field).or_default().push(width);
        }
        for segment in &endpoint.segments {
            let Segment::Param(param) = segment else { continue };
            all.entry(param.name.clone()).or_default().push(Width {
                place: format!("{} {}", endpoint.name, endpoint.route),
                characters: None,
                bytes: param.max_bytes.map(|most| most as u64),
                pattern: Some(param.pattern.source().to_owned()),
            });
        }
    }
    all
}

/// Checked by hand: endpoints with checks of parameters in code.
const CHECKED_ELSEWHERE: [(&str, &str); 1] = [
    // `IndexPath` takes at most 255 letters.
    ("index", "namespace"),
];

#[test]
fn nothing_that_a_request_may_say_is_too_wide_for_the_replies_and_messages_that_tell_it() {
    let mut faults = Vec::new();
    for service in services() {
        let name = service.service_name.as_str();
        let inputs = inputs(service);
        let replies = service.entries.iter().filter_map(|endpoint| match &endpoint.output {
            Output::Schema(output) => Some(output.as_str()),
            Output::None | Output::Blob => None,
        });
        let messages = exchanges::all().filter(|exchange| exchange.service == name).map(|exchange| exchange.schema);
        for (field, output) in replies.chain(messages).flat_map(|schema| texts(name, schema)) {
            if CHECKED_ELSEWHERE.contains(&(name, field.as_str())) {
                continue;
            }
            let Some(most) = output.most() else { continue };
            let wider =
                inputs.get(&field).into_iter().flatten().filter(|said| said.most().is_none_or(|said| said > most));
            faults.extend(wider.map(|said| {
                format!("{} takes {:?} of `{field}`, {} returns {most}", said.place, said.most(), output.place)
            }));
        }
    }
    faults.sort();
    faults.dedup();
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn every_word_of_a_routing_key_has_room_for_what_may_stand_there() {
    let longest = |field: &str| match field {
        "runId" => 2,
        "taskId" | "taskGroupId" => 22,
        "workerGroup" | "workerId" | "provisionerId" | "workerType" | "schedulerId" => 38,
        _ => 1,
    };
    for exchange in exchanges::all() {
        let words: Vec<usize> =
            exchange.key.iter().map(|field| field.constant.map_or_else(|| longest(field.name), str::len)).collect();
        assert!(exchange.key.iter().zip(&words).all(|(field, word)| *word <= field.max_size), "{}", exchange.name);
        assert!(words.iter().sum::<usize>() + words.len() <= 256, "{}", exchange.name);
    }
    let route = schema::source("queue", "task").unwrap().pointer("/properties/routes/items/maxBytes").cloned();
    assert_eq!(route, Some(Value::from(255 - "route.".len())));
}
