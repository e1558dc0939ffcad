//! Every field of docker-worker's payload is carried out, or refused by its name. `docker_worker.json` is Taskcluster's own schema, without
//! its descriptions.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{super::docker_schema, options};
use crate::payload::{ArtifactKind, ImageSource, MountKind, Payload, Source};

const THEIRS: &str = include_str!("docker_worker.json");
const TASK: &str = "fN1SbArXTPSVFNUvaOlinQ";

const CARRIED_OUT: &[(&str, &str)] = &[
    ("artifacts.*", r#"{"artifacts":{"public/a":{"type":"volume","path":"/a","expires":"2030-01-01T00:00:00Z"}}}"#),
    ("cache.*", r#"{"cache":{"name":"/a"}}"#),
    ("command[]", r#"{"command":["true"]}"#),
    ("env.*", r#"{"env":{"NAME":"value"}}"#),
    ("features.artifacts=true", r#"{"features":{"artifacts":true}}"#),
    ("features.bulkLog=true", r#"{"features":{"bulkLog":true}}"#),
    ("features.chainOfTrust=true", r#"{"features":{"chainOfTrust":true}}"#),
    ("features.interactive=true", r#"{"features":{"interactive":true}}"#),
    ("features.localLiveLog=true", r#"{"features":{"localLiveLog":true}}"#),
    ("features.taskclusterProxy=true", r#"{"features":{"taskclusterProxy":true}}"#),
    ("image", r#"{"image":"busybox"}"#),
    ("image.name", r#"{"image":{"type":"docker-image","name":"busybox"}}"#),
    ("image.namespace", r#"{"image":{"type":"indexed-image","namespace":"a.b","path":"public/image.tar.zst"}}"#),
    ("image.path", r#"{"image":{"type":"task-image","taskId":"TASK","path":"public/image.tar.zst"}}"#),
    ("image.taskId", r#"{"image":{"type":"task-image","taskId":"TASK","path":"public/image.tar"}}"#),
    ("image.type=docker-image", r#"{"image":{"type":"docker-image","name":"a"}}"#),
    ("image.type=indexed-image", r#"{"image":{"type":"indexed-image","namespace":"a","path":"b"}}"#),
    ("image.type=task-image", r#"{"image":{"type":"task-image","taskId":"TASK","path":"b"}}"#),
    ("log", r#"{"log":"public/a.log"}"#),
    ("maxRunTime", r#"{"maxRunTime":60}"#),
    ("onExitStatus.purgeCaches[]", r#"{"onExitStatus":{"purgeCaches":[72]}}"#),
    ("onExitStatus.retry[]", r#"{"onExitStatus":{"retry":[72]}}"#),
    ("supersederUrl", r#"{"supersederUrl":"https://a/"}"#),
];
const REFUSED: &[&str] = &[
    "capabilities.devices.hostSharedMemory",
    "capabilities.devices.kvm",
    "capabilities.devices.loopbackAudio",
    "capabilities.devices.loopbackVideo",
    "capabilities.disableSeccomp",
    "capabilities.privileged",
    "features.allowPtrace",
];

fn payload(more: &Value) -> Value {
    let mut payload = json!({ "image": "busybox", "command": ["true"], "maxRunTime": 1 });
    payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    payload
}

/// With this value at the end of a path.
fn at(path: &str, value: bool) -> Value {
    path.rsplit('.').fold(json!(value), |inner, name| json!({ name: inner }))
}

#[test]
fn every_field_of_docker_worker_is_carried_out_or_refused_by_name() {
    let theirs: Value = serde_json::from_str(THEIRS).unwrap();
    let mut found = BTreeSet::new();
    options(&theirs, &theirs, "", &mut found);
    let refused = REFUSED.iter().map(|path| format!("{path}=true"));
    let known = CARRIED_OUT.iter().map(|(option, _)| (*option).to_owned()).chain(refused);
    assert_eq!(found, known.collect());

    let validator = jsonschema::validator_for(&theirs).unwrap();
    for (option, more) in CARRIED_OUT {
        let payload = payload(&serde_json::from_str(&more.replace("TASK", TASK)).unwrap());
        assert!(validator.is_valid(&payload), "{option}: no payload of docker-worker");
        Payload::read(&payload).unwrap_or_else(|error| panic!("{option}: {error}"));
    }
    for path in REFUSED {
        let asked = payload(&at(path, true));
        assert!(validator.is_valid(&asked), "{path}: no payload of docker-worker");
        let error = Payload::read(&asked).unwrap_err().to_string();
        assert!(error.contains(&format!("payload.{path}:")), "{path}: {error}");
        Payload::read(&payload(&at(path, false))).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    // Older ones had this.
    let error = Payload::read(&payload(&at("features.dind", true))).unwrap_err().to_string();
    assert!(error.contains("payload.features.dind:"), "{error}");
}

#[test]
fn a_field_that_docker_worker_has_not_is_no_field_here() {
    let theirs: Value = serde_json::from_str(THEIRS).unwrap();
    for name in docker_schema()["properties"].as_object().unwrap().keys() {
        assert!(theirs["properties"].get(name).is_some(), "{name}");
    }
}

#[test]
fn caches_become_mounts_and_artifacts_are_optional() {
    let read = Payload::read(&payload(&json!({
        "image": { "type": "task-image", "taskId": TASK, "path": "public/image.tar.zst" },
        "cache": { "b-cache": "/builds/checkouts", "a-cache": "/root/.cache" },
        "artifacts": { "public/build": { "type": "directory", "path": "/builds/artifacts" } },
        "log": "public/logs/terminal.log",
    })))
    .unwrap();
    let container = read.container.unwrap();
    assert_eq!(container.targets, ["/root/.cache", "/builds/checkouts"]);
    let names = read.mounts.iter().map(|mount| match &mount.kind {
        MountKind::Cache { name, .. } => name.as_str(),
        other => panic!("{other:?}"),
    });
    assert_eq!(names.collect::<Vec<_>>(), ["a-cache", "b-cache"]);
    let ImageSource::Content(content) = container.image else { panic!("{:?}", container.image) };
    assert!(matches!(content.source, Source::Artifact { name, .. } if name == "public/image.tar.zst"));
    assert_eq!(read.logs.backing, "public/logs/terminal_backing.log");
    let artifact = &read.artifacts[0];
    assert!(artifact.kind == ArtifactKind::Directory && artifact.optional && artifact.name() == "public/build");
}

#[test]
fn without_artifacts_there_are_no_logs_either() {
    let read = Payload::read(&payload(&json!({
        "features": { "artifacts": false }, "artifacts": { "public/a": { "type": "file", "path": "/a" } },
    })));
    let read = read.unwrap();
    assert!(read.artifacts.is_empty() && !read.features.live_log && !read.features.backing_log);
}

#[test]
fn what_cannot_be_a_path_of_a_container_is_refused_by_name() {
    for (more, field) in [
        (json!({ "cache": { "a": "relative" } }), "payload.cache.a:"),
        (json!({ "cache": { "a": "/proc/" } }), "payload.cache.a:"),
        (json!({ "cache": { "a": "/" } }), "payload.cache.a:"),
        (json!({ "cache": { "a": "/x/../etc" } }), "payload.cache.a:"),
        (json!({ "cache": { "a": "/x", "b": "/x/y" } }), "payload.cache.a:"),
        (json!({ "cache": { "a": "/x", "b": "/x" } }), "payload.cache.b:"),
        (
            json!({ "artifacts": { "public/a": { "type": "file", "path": "/a\0" } } }),
            "payload.artifacts.public.a.path:",
        ),
        (json!({ "artifacts": { "public/logs/live.log": { "type": "file", "path": "/a" } } }), "payload.artifacts"),
        (json!({ "image": { "type": "docker-image", "path": "x" } }), "payload.image:"),
        (json!({ "image": { "type": "of-tomorrow" } }), "payload.image.type:"),
        (json!({ "image": 7 }), "payload.image:"),
        (json!({ "env": { "A=B": "1" } }), "payload.env:"),
        (json!({ "command": [["true"]] }), "payload.command.0:"),
    ] {
        let error = Payload::read(&payload(&more)).unwrap_err().to_string();
        assert!(error.contains(field), "{more}: {error}");
    }
}
