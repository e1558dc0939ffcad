//! Every field of generic-worker's payload is carried out, or refused by its name. `multiuser_posix.json` is Taskcluster's own
//! schema, without its descriptions.

mod docker;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Payload;

const THEIRS: &str = include_str!("multiuser_posix.json");

/// What may be written in a payload, and an example. Other tests show what becomes of it.
const CARRIED_OUT: &[(&str, &str)] = &[
    ("artifacts[].contentEncoding=gzip", r#"{"artifacts":[{"type":"file","path":"a","contentEncoding":"gzip"}]}"#),
    (
        "artifacts[].contentEncoding=identity",
        r#"{"artifacts":[{"type":"file","path":"a","contentEncoding":"identity"}]}"#,
    ),
    ("artifacts[].contentType", r#"{"artifacts":[{"type":"file","path":"a","contentType":"text/plain"}]}"#),
    ("artifacts[].expires", r#"{"artifacts":[{"type":"file","path":"a","expires":"2030-01-01T00:00:00Z"}]}"#),
    ("artifacts[].name", r#"{"artifacts":[{"type":"file","path":"a","name":"public/a"}]}"#),
    ("artifacts[].optional=true", r#"{"artifacts":[{"type":"file","path":"a","optional":true}]}"#),
    ("artifacts[].path", r#"{"artifacts":[{"type":"file","path":"a/b"}]}"#),
    ("artifacts[].type=directory", r#"{"artifacts":[{"type":"directory","path":"a"}]}"#),
    ("artifacts[].type=file", r#"{"artifacts":[{"type":"file","path":"a"}]}"#),
    ("command[][]", r#"{"command":[["echo","a"],["true"]]}"#),
    ("env.*", r#"{"env":{"NAME":"value"}}"#),
    ("features.backingLog=true", r#"{"features":{"backingLog":true}}"#),
    ("features.chainOfTrust=true", r#"{"features":{"chainOfTrust":true}}"#),
    ("features.interactive=true", r#"{"features":{"interactive":true}}"#),
    ("features.liveLog=true", r#"{"features":{"liveLog":true}}"#),
    ("features.resourceMonitor=true", r#"{"features":{"resourceMonitor":true}}"#),
    ("features.taskclusterProxy=true", r#"{"features":{"taskclusterProxy":true}}"#),
    ("logs.backing", r#"{"logs":{"backing":"public/b.log"}}"#),
    ("logs.live", r#"{"logs":{"live":"public/a.log"}}"#),
    ("maxRunTime", r#"{"maxRunTime":60}"#),
    ("mounts[].cacheName", r#"{"mounts":[{"directory":"d","cacheName":"c"}]}"#),
    (
        "mounts[].content.artifact",
        r#"{"mounts":[{"file":"f","content":{"taskId":"fN1SbArXTPSVFNUvaOlinQ","artifact":"a"}}]}"#,
    ),
    ("mounts[].content.base64", r#"{"mounts":[{"file":"f","content":{"base64":"YQ=="}}]}"#),
    ("mounts[].content.namespace", r#"{"mounts":[{"file":"f","content":{"namespace":"a.b","artifact":"a"}}]}"#),
    ("mounts[].content.raw", r#"{"mounts":[{"file":"f","content":{"raw":"a"}}]}"#),
    ("mounts[].content.sha256", r#"{"mounts":[{"file":"f","content":{"url":"https://a/","sha256":"SHA"}}]}"#),
    (
        "mounts[].content.taskId",
        r#"{"mounts":[{"file":"f","content":{"taskId":"fN1SbArXTPSVFNUvaOlinQ","artifact":"a"}}]}"#,
    ),
    ("mounts[].content.url", r#"{"mounts":[{"file":"f","content":{"url":"https://a/"}}]}"#),
    ("mounts[].directory", r#"{"mounts":[{"directory":"d","content":{"raw":"a"},"format":"tar"}]}"#),
    ("mounts[].file", r#"{"mounts":[{"file":"f","content":{"raw":"a"}}]}"#),
    ("onExitStatus.purgeCaches[]", r#"{"onExitStatus":{"purgeCaches":[0]}}"#),
    ("onExitStatus.retry[]", r#"{"onExitStatus":{"retry":[1]}}"#),
    ("osGroups[]", r#"{"osGroups":["audio"]}"#),
    ("supersederUrl", r#"{"supersederUrl":"https://a/"}"#),
    ("taskclusterProxyInterface=localhost", r#"{"taskclusterProxyInterface":"localhost"}"#),
];

/// What is refused, and the field that the message names.
const REFUSED: &[(&str, &str, &str)] = &[
    ("features.loopbackAudio=true", r#"{"features":{"loopbackAudio":true}}"#, "payload.features.loopbackAudio"),
    ("features.loopbackVideo=true", r#"{"features":{"loopbackVideo":true}}"#, "payload.features.loopbackVideo"),
    (
        "features.runTaskAsCurrentUser=true",
        r#"{"features":{"runTaskAsCurrentUser":true}}"#,
        "payload.features.runTaskAsCurrentUser",
    ),
    (
        "taskclusterProxyInterface=docker-bridge",
        r#"{"taskclusterProxyInterface":"docker-bridge"}"#,
        "payload.taskclusterProxyInterface",
    ),
];
/// Archives and packings that nothing here unpacks.
const REFUSED_FORMATS: [&str; 4] = ["7z", "rar", "mz", "tar.mz"];

fn payload(more: &str) -> Value {
    let mut payload = json!({ "command": [["true"]], "maxRunTime": 1 });
    let more: Value = serde_json::from_str(&more.replace("SHA", &"0".repeat(64))).unwrap();
    payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    payload
}

/// Every value that can be set, by its path.
fn options(root: &Value, schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    if let Some(target) = schema["$ref"].as_str() {
        return options(root, root.pointer(target.trim_start_matches('#')).unwrap(), path, found);
    }
    if let Some(variants) = schema["oneOf"].as_array() {
        return variants.iter().for_each(|variant| options(root, variant, path, found));
    }
    if let Some(values) = schema["enum"].as_array() {
        return found.extend(values.iter().map(|value| format!("{path}={}", value.as_str().unwrap())));
    }
    let below = |name: &str| format!("{path}.{name}").trim_start_matches('.').to_owned();
    match schema["type"].as_str().unwrap() {
        "object" => {
            for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                options(root, property, &below(name), found);
            }
            if schema["additionalProperties"].is_object() {
                found.insert(below("*"));
            }
        }
        "array" => options(root, &schema["items"], &format!("{path}[]"), found),
        "boolean" => drop(found.insert(format!("{path}=true"))),
        _ => drop(found.insert(path.to_owned())),
    }
}

#[test]
fn every_field_of_generic_worker_is_carried_out_or_refused_by_name() {
    let theirs: Value = serde_json::from_str(THEIRS).unwrap();
    let mut found = BTreeSet::new();
    options(&theirs, &theirs["oneOf"][0], "", &mut found);
    let formats: BTreeSet<String> =
        found.iter().filter_map(|option| option.strip_prefix("mounts[].format=").map(str::to_owned)).collect();
    found.retain(|option| !option.starts_with("mounts[].format="));
    let known = CARRIED_OUT.iter().map(|(option, _)| *option).chain(REFUSED.iter().map(|(option, ..)| *option));
    assert_eq!(found, known.map(str::to_owned).collect());

    let validator =
        jsonschema::validator_for(&json!({ "definitions": theirs["definitions"], "oneOf": theirs["oneOf"] })).unwrap();
    for (option, more) in CARRIED_OUT {
        assert!(validator.is_valid(&payload(more)), "{option}: no payload of generic-worker");
        Payload::read(&payload(more)).unwrap_or_else(|error| panic!("{option}: {error}"));
    }
    for (option, more, field) in REFUSED {
        assert!(validator.is_valid(&payload(more)), "{option}: no payload of generic-worker");
        let error = Payload::read(&payload(more)).unwrap_err().to_string();
        assert!(error.contains(&format!("{field}:")), "{option}: {error}");
    }
    for format in &formats {
        let is_archive = format.starts_with("tar") || ["zip", "7z", "rar"].contains(&format.as_str());
        let place = if is_archive { "directory" } else { "file" };
        let more = json!({ "mounts": [{ place: "x", "content": { "raw": "a" }, "format": format }] }).to_string();
        let read = Payload::read(&payload(&more));
        if REFUSED_FORMATS.contains(&format.as_str()) {
            let error = read.unwrap_err().to_string();
            assert!(error.contains("payload.mounts.0.format:") && error.contains(format.as_str()), "{error}");
        } else {
            read.unwrap_or_else(|error| panic!("{format}: {error}"));
        }
    }
}

#[test]
fn a_field_that_generic_worker_has_not_is_no_field_here() {
    let theirs: Value = serde_json::from_str(THEIRS).unwrap();
    let theirs = theirs["oneOf"][0]["properties"].as_object().unwrap();
    let ours = super::schema();
    for name in ours["properties"].as_object().unwrap().keys() {
        assert!(theirs.contains_key(name), "{name}");
    }
}
