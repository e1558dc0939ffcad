//! What other tasks try in their sandboxes, tried in containers; and what only an image can try.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use super::{
    bench_of, bench_with,
    image::{Entry, ImageParts, base_layer, layer},
    image_of, is_possible, log_of, payload_in, run, stored,
};
use crate::{
    bench::Bench,
    escapes::{Bait, attempts::IN_A_SANDBOX, try_all},
};

/// What in a container is the task's own, or not there.
const OF_OTHER_LEVELS: [&str; 3] = ["write to the system", "have a capability", "change the program"];
/// What the root of a container is already.
const OF_ORDINARY_USERS: [&str; 1] = ["become root"];

const IN_A_CONTAINER: &[(&str, &str)] = &[
    (
        "be root of the machine",
        "grep -q '^ *0 *0 ' /proc/self/uid_map && echo ESCAPED; grep -q 65536 /proc/self/uid_map || echo ESCAPED",
    ),
    (
        "write to devices and settings",
        "touch /dev/x && echo ESCAPED; touch /proc/sys/x && echo ESCAPED; echo 1 > /proc/sys/vm/drop_caches && echo ESCAPED",
    ),
    ("use a device of the image", "head -c 1 /device && echo ESCAPED; test -e /device || echo ESCAPED no device"),
    ("have a right that none needs", "grep CapBnd /proc/self/status | grep -q 00000000000001fb || echo ESCAPED"),
    ("reach the first container's files", "ls /layers /views /root/changes && echo ESCAPED"),
];
const AS_ROOT: &[(&str, &str)] = &[
    (
        "give a file to a user of the machine",
        "touch f; chown 65536 f && echo ESCAPED; chown 1879048192 f && echo ESCAPED",
    ),
    ("make a device that works", "mknod own b 254 0 && echo ESCAPED; mknod own c 1 3 && echo ESCAPED"),
];

/// The programs that attempts use, with what they need.
fn rich_layer(directory: &Path) -> Vec<u8> {
    let programs = "bash sh cat ls tr head tail grep sed cp chmod chown touch test mount unshare nsenter chroot su mknod dmesg ps kill sleep
        ipcs script readlink truncate timeout id env rm ln mkdir wc curl python3 echo printf true";
    let mut paths = BTreeSet::new();
    for name in programs.split_whitespace() {
        for place in ["/bin", "/usr/bin", "/usr/sbin"] {
            let path = Path::new(place).join(name);
            if path.exists() {
                paths.insert(path);
            }
        }
    }
    let packages = ["python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib"];
    let listed = Command::new("dpkg").arg("-L").args(packages).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let wanted = listed.lines().map(Path::new).filter(|path| path.is_file() && !path.starts_with("/usr/share"));
    paths.extend(wanted.map(Path::to_owned));
    let libraries = Command::new("ldd").args(&paths).stderr(Stdio::null()).output().unwrap();
    let libraries = String::from_utf8(libraries.stdout).unwrap();
    let words = libraries.split_whitespace().filter(|word| word.starts_with('/') && !word.ends_with(':'));
    paths.extend(words.map(Path::new).filter(|path| path.is_file()).map(Path::to_owned));
    let list: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
    let list_file = directory.join("list");
    fs::write(&list_file, list.join("\n")).unwrap();
    let mut command = Command::new("tar");
    command.args(["-h", "-P", "--transform", "s,^/,,", "--numeric-owner", "-cf", "-", "-T"]).arg(list_file);
    command.stderr(Stdio::null()).output().unwrap().stdout
}

fn rich(directory: &Path, user: &str) -> ImageParts {
    let more = layer(&[
        ("tmp", Entry::Directory(0, 0o1777)),
        ("home", Entry::Directory(0, 0o755)),
        ("builds", Entry::Directory(1000, 0o755)),
        ("device", Entry::Device),
    ]);
    let config = json!({ "Env": ["PATH=/usr/bin:/bin:/usr/sbin"], "User": user, "WorkingDir": "/builds" });
    ImageParts::new(vec![rich_layer(directory), more], config)
}

#[tokio::test]
async fn a_container_gets_nothing_of_the_machine_the_worker_or_another_task() {
    if !is_possible() {
        return;
    }
    let bench = bench_of(4, &["--image-cache", "2000000000"]).await;
    let bait = Bait::lay(&bench);
    let parts = rich(&bench.path(""), "");
    let image = image_of(stored(&bench, &parts.docker_archive(None), &json!({})).await);
    let worker = image_of(stored(&bench, &rich(&bench.path(""), "1000:1000").docker_archive(None), &json!({})).await);
    let mut other = payload_in(
        &worker,
        "echo secret | tee secret /tmp/secret /dev/shm/secret; echo proxy $TASKCLUSTER_PROXY_URL; exec sleep 1000",
    );
    other["features"] = json!({ "taskclusterProxy": true });
    let other = run(&bench, &other, &json!({})).await;
    let log = bench.until_log(other, "\nproxy http").await;
    let mut env = bait.env.clone();
    env["OTHER"] = json!(other);
    env["OTHER_PROXY"] = json!(log.lines().find_map(|line| line.strip_prefix("proxy ")).unwrap());
    let ours = |leave: &[&str]| {
        let tried = IN_A_SANDBOX.iter().chain(IN_A_CONTAINER).copied();
        tried.filter(|(name, _)| !OF_OTHER_LEVELS.contains(name) && !leave.contains(name)).collect::<Vec<_>>()
    };
    let in_image = |image: &Value| {
        let image = image.clone();
        move |script: &str| payload_in(&image, script)
    };
    try_all(&bench, &ours(&[]), &env, in_image(&worker)).await;
    let as_root: Vec<_> = ours(&OF_ORDINARY_USERS).into_iter().chain(AS_ROOT.iter().copied()).collect();
    try_all(&bench, &as_root, &env, in_image(&image)).await;
    bench.cancel(other).await;
    bench.stop().await;
}

#[tokio::test]
async fn links_and_odd_files_of_an_image_lead_nowhere() {
    if !is_possible() {
        return;
    }
    let bench = bench_with(&[]).await;
    let (outside, secret) = (bench.path("outside"), bench.path("secret"));
    fs::write(&secret, "secret").unwrap();
    let far = |path: &Path| format!("{}{}", "../".repeat(20).trim_end_matches('/'), path.display());
    let (outside_link, secret_link) = (far(&outside), far(&secret));
    let upper = layer(&[
        ("task", Entry::Link("/")),
        ("cache", Entry::Link(&outside_link)),
        ("stolen", Entry::Link(&secret_link)),
        ("builds", Entry::Link(&outside_link)),
        ("pipe", Entry::Pipe),
        ("device", Entry::Device),
        ("etc/hosts", Entry::Link(&outside_link)),
    ]);
    let parts =
        ImageParts::new(vec![base_layer(), upper], json!({ "Env": ["PATH=/bin"], "WorkingDir": "/builds/below" }));
    let image = image_of(stored(&bench, &parts.docker_archive(None), &json!({})).await);
    let mut task =
        payload_in(&image, "pwd; touch /cache/file; ln -s /proc/1/environ /environ; ln -s / /root/all; echo alive");
    task["cache"] = json!({ "c": "/cache/x" });
    let file = |path: &str| json!({ "type": "file", "path": path });
    task["artifacts"] = json!({
        "public/stolen": file("/stolen"), "public/environ": file("/environ"), "public/self": file("/proc/self/environ"),
        "public/pipe": file("/pipe"), "public/device": file("/device"), "public/memory": file("/proc/kcore"),
        "public/all": { "type": "directory", "path": "/root/all/etc" },
    });
    let id = run(&bench, &task, &json!({ "scopes": ["docker-worker:cache:c"] })).await;
    let state = bench.until_resolved(id).await;
    let log = bench.log(id).await;
    assert!(["completed", "exception"].contains(&state.as_str()), "{state}: {log}");
    assert!(!outside.exists(), "{log}");
    assert_eq!(fs::read(&secret).unwrap(), b"secret");
    for name in ["public/stolen", "public/environ", "public/self", "public/memory", "public/device", "public/pipe"] {
        assert_ne!(crate::escapes::artifact(&bench, id, name).await, "object ", "{name}: {log}");
    }

    for name in ["dev", "proc", "sys", "tmp"] {
        let upper = layer(&[(name, Entry::Link(&outside_link))]);
        let base: Vec<u8> = base_layer();
        let parts = ImageParts::new(vec![base, upper], json!({ "Env": ["PATH=/bin"] }));
        let image = image_of(stored(&bench, &parts.docker_archive(None), &json!({})).await);
        let id = run(&bench, &payload_in(&image, "echo x > /dev/null; ls -d /proc/self"), &json!({})).await;
        bench.until_resolved(id).await;
        assert!(!outside.exists(), "{name}: {}", bench.log(id).await);
    }
    let log = log_of(&bench, &crate::bench::payload("echo the worker lives"), &json!({}), "completed").await;
    assert!(log.contains("the worker lives"));
    bench.stop().await;
}

/// Two containers at a time have different users, and see nothing of each other's caches.
#[tokio::test]
async fn two_containers_have_different_users() {
    if !is_possible() {
        return;
    }
    let bench: Bench = bench_of(2, &[]).await;
    let parts = ImageParts::small(json!({ "Env": ["PATH=/bin"] }));
    let image = image_of(stored(&bench, &parts.docker_archive(None), &json!({})).await);
    let first = run(&bench, &payload_in(&image, "cat /proc/self/uid_map; echo up; exec sleep 1000"), &json!({})).await;
    let log = bench.until_log(first, "\nup\n").await;
    let second = log_of(&bench, &payload_in(&image, "cat /proc/self/uid_map"), &json!({}), "completed").await;
    let map = |log: &str| log.lines().find(|line| line.ends_with(" 65536")).map(str::to_owned);
    assert!(map(&log).is_some() && map(&log) != map(&second), "{log}{second}");
    bench.cancel(first).await;
    bench.stop().await;
}
