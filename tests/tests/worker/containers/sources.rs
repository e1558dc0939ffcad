//! Where images come from, and what is wrong with some.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use super::{
    bench_with,
    image::{Entry, ImageParts, base_layer, layer},
    image_of, is_possible, log_of, payload_in,
    registry::Registry,
    run, stored,
};
use crate::bench::Bench;

fn path() -> Value {
    json!({ "Env": ["PATH=/bin"] })
}

fn through(program: &str, bytes: &[u8]) -> Vec<u8> {
    let mut command = Command::new(program);
    let mut child = command.arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let writing = std::thread::spawn(move || input.write_all(&bytes));
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    output.stdout
}

#[tokio::test]
async fn archives_of_both_formats_run_plain_and_packed_and_by_the_index() {
    if !is_possible() {
        return;
    }
    let bench = bench_with(&[]).await;
    // Each is another image.
    let parts = |name: &str| ImageParts::small(json!({ "Env": ["PATH=/bin", format!("NAME={name}")] }));
    for (name, archive) in [
        ("docker", parts("docker").docker_archive(Some("busybox:latest"))),
        ("oci", parts("oci").oci_archive()),
        ("zst", through("zstd", &parts("zst").docker_archive(None))),
        ("gz", through("gzip", &parts("gz").oci_archive())),
        ("xz", through("xz", &parts("xz").docker_archive(Some("busybox:latest")))),
    ] {
        let image = image_of(stored(&bench, &archive, &json!({})).await);
        let log = log_of(&bench, &payload_in(&image, "echo from $NAME"), &json!({}), "completed").await;
        assert!(log.contains(&format!("\nfrom {name}\n")), "{log}");
    }
    let routes = json!({ "routes": ["index.tests.images.latest"] });
    let archive = parts("indexed").docker_archive(None);
    let with = stored_by_a_task(&bench, &archive, &routes).await;
    bench.until_indexed("tests.images.latest").await;
    let image = json!({ "type": "indexed-image", "namespace": "tests.images.latest", "path": "public/image.tar" });
    let scopes = json!({ "scopes": ["index:find-task:tests.images.*"] });
    let log = log_of(&bench, &payload_in(&image, "echo from $NAME"), &scopes, "completed").await;
    assert!(log.contains("\nfrom indexed\n") && log.contains(&format!("task {with} as tests.images.latest")), "{log}");
    bench.stop().await;
}

/// By one that completes, so that the index learns of it.
async fn stored_by_a_task(bench: &Bench, archive: &[u8], more: &Value) -> protocol::id::TaskId {
    let script = "until curl -s -o /dev/null --fail $TASKCLUSTER_PROXY_URL/api/queue/v1/task/$TASK_ID/runs/0/artifacts/public%2Fimage.tar
        do sleep 0.1; done";
    let mut task = crate::bench::payload(script);
    task["features"] = json!({ "taskclusterProxy": true });
    let mut more = more.clone();
    more["scopes"] = json!(["queue:get-artifact:public/*"]);
    let id = bench.task(&task, &more).await;
    bench.until(id, "running").await;
    bench.store(id, "public/image.tar", archive).await;
    bench.until(id, "completed").await;
    id
}

#[tokio::test]
async fn a_name_is_what_the_registry_has_now_and_the_log_says_what_that_was() {
    if !is_possible() {
        return;
    }
    let registry = Registry::start();
    let bench = bench_with(&["--image-registry", &format!("http://{}", registry.host)]).await;
    let parts = |name: &str| ImageParts::small(json!({ "Env": ["PATH=/bin", format!("NAME={name}")] }));
    let name = json!(format!("{}/team/base:latest", registry.host));
    let first = registry.push("team/base:latest", &parts("first"));
    let log = log_of(&bench, &payload_in(&name, "echo from $NAME"), &json!({}), "completed").await;
    assert!(log.contains("\nfrom first\n") && log.contains(&format!("base:latest is {first}")), "{log}");
    let second = registry.push("team/base:latest", &parts("second"));
    let log = log_of(&bench, &payload_in(&name, "echo from $NAME"), &json!({}), "completed").await;
    assert!(log.contains("\nfrom second\n") && log.contains(&format!("base:latest is {second}")), "{log}");
    let by_digest = json!({ "type": "docker-image", "name": format!("{}/team/base@{first}", registry.host) });
    let log = log_of(&bench, &payload_in(&by_digest, "echo from $NAME"), &json!({}), "completed").await;
    assert!(log.contains("\nfrom first\n"), "{log}");

    // An archive that carries the same name is no other answer to it.
    let impostor = parts("impostor").docker_archive(Some(name.as_str().unwrap()));
    let impostor = image_of(stored(&bench, &impostor, &json!({})).await);
    let log = log_of(&bench, &payload_in(&impostor, "echo from $NAME"), &json!({}), "completed").await;
    assert!(log.contains("\nfrom impostor\n"), "{log}");
    let log = log_of(&bench, &payload_in(&name, "echo from $NAME"), &json!({}), "completed").await;
    assert!(log.contains("\nfrom second\n"), "{log}");

    registry.break_answers(2);
    registry.push("team/large:1", &parts("whole after all"));
    let large = json!(format!("{}/team/large:1", registry.host));
    let upper = layer(&[("large", Entry::File(0, 0o644, &vec![7; 3_000_000]))]);
    registry.push("team/large:1", &ImageParts::new(vec![base_layer(), upper], path()));
    let log = log_of(&bench, &payload_in(&large, "wc -c < /large"), &json!({}), "completed").await;
    assert!(log.contains("\n3000000\n"), "{log}");

    let requests = registry.requests();
    for (name, words) in [
        (format!("{}/team/nothing:1", registry.host), "there is no image"),
        (format!("{}/team/base@sha256:{}", registry.host, "0".repeat(64)), "there is no image"),
        ("127.0.0.1:1/a".to_owned(), "are not allowed here"),
        ("busybox".to_owned(), "images of the registry `docker.io` are not allowed here"),
        ("--help".to_owned(), "is no name of an image"),
    ] {
        let log = log_of(&bench, &payload_in(&json!(name), "true"), &json!({}), "exception").await;
        assert!(log.contains(words) && log.contains("payload.image: "), "{name}: {log}");
    }
    assert!(registry.requests() > requests);
    bench.stop().await;
}

#[tokio::test]
async fn a_registry_that_cannot_be_reached_is_no_fault_of_the_payload() {
    if !is_possible() {
        return;
    }
    let bench = bench_with(&["--image-registry", "http://127.0.0.1:1"]).await;
    let id = run(&bench, &payload_in(&json!("127.0.0.1:1/a:b"), "true"), &json!({ "retries": 0 })).await;
    bench.until(id, "exception").await;
    assert_eq!(bench.reasons(id).await, ["intermittent-task"]);
    assert!(bench.log(id).await.contains("cannot be fetched"), "{}", bench.log(id).await);
    bench.stop().await;
}

#[tokio::test]
async fn an_image_that_cannot_be_used_is_a_malformed_payload() {
    if !is_possible() {
        return;
    }
    let bench = bench_with(&["--image-cache", "100000000"]).await;
    let good = ImageParts::small(path());
    let archive = good.docker_archive(None);
    let other = ImageParts { architecture: "s390x", ..ImageParts::small(path()) };
    let nobody = ImageParts::small(json!({ "Env": ["PATH=/bin"], "User": "nobody-has-it" }));
    let outside = ImageParts::small(json!({ "User": "70000" }));
    let bomb = through("gzip", &vec![0; 200_000_000]);
    // This one unpacks to a small archive, and only the engine unpacks what is in it.
    let large = layer(&[("zeroes", Entry::File(0, 0o644, &vec![0; 600_000_000]))]);
    let packed = through("gzip", &large);
    let hidden_bomb = ImageParts::new(vec![large], path());
    for (archive, words) in [
        (archive[..archive.len() / 2].to_vec(), "the archive holds no image"),
        (b"nothing of the kind".to_vec(), "the archive holds no image"),
        (through("xz", &archive)[..100_000].to_vec(), "the archive cannot be unpacked: xz"),
        (bomb, "more than 100000000 bytes"),
        (hidden_bomb.docker_archive_of(None, &[packed]), "the image takes more than 100000000 bytes"),
        (other.docker_archive(None), "the image is for linux/s390x"),
        (nobody.docker_archive(None), "the image has no user `nobody-has-it`"),
        (outside.docker_archive(None), "the image has no user `70000`"),
    ] {
        let image = image_of(stored(&bench, &archive, &json!({})).await);
        let id = run(&bench, &payload_in(&image, "true"), &json!({})).await;
        bench.until(id, "exception").await;
        let log = bench.log(id).await;
        assert_eq!(bench.reasons(id).await, ["malformed-payload"], "{words}: {log}");
        assert!(log.contains(words), "no `{words}` in {log}");
    }
    let missing = image_of(stored(&bench, b"", &json!({})).await);
    let mut missing = missing;
    missing["path"] = json!("public/nothing");
    let log = log_of(&bench, &payload_in(&missing, "true"), &json!({}), "exception").await;
    assert!(log.contains("artifact public/nothing of task"), "{log}");
    bench.stop().await;
}

#[tokio::test]
async fn images_that_were_not_used_for_longest_go_when_others_need_the_room() {
    if !is_possible() {
        return;
    }
    let bench = bench_with(&["--image-cache", "5000000"]).await;
    let parts =
        |name: &str| ImageParts::new(vec![base_layer()], json!({ "Env": ["PATH=/bin", format!("NAME={name}")] }));
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        let image = image_of(stored(&bench, &parts(name).docker_archive(None), &json!({})).await);
        let log = log_of(&bench, &payload_in(&image, "echo from $NAME"), &json!({}), "completed").await;
        assert!(log.contains(&format!("\nfrom {name}\n")), "{log}");
        ids.push((image, log.split("image id ").nth(1).unwrap()[..64].to_owned()));
    }
    let kept = |id: &str| bench.path("work/images/used").join(id).exists();
    assert!(!kept(&ids[0].1) && kept(&ids[1].1) && kept(&ids[2].1));
    // It is fetched once more.
    let log = log_of(&bench, &payload_in(&ids[0].0, "echo from $NAME"), &json!({}), "completed").await;
    assert!(log.contains("\nfrom a\n") && !log.contains("which is here already"), "{log}");
    assert!(!kept(&ids[1].1));
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(!mounts.contains(&bench.path("work").display().to_string()), "{mounts}");
    bench.stop().await;
}
