//! `drover artifact` over a network that cuts, delays and alters. Nothing wrong ever looks right.

#![allow(clippy::unwrap_used, reason = "tests")]

mod killed;

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    process::Output,
};

use base::Rng;
use protocol::id::TaskId;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Client, Drover, FaultyProxy, Seed, TestDirectory, definition, program};
use tokio::process::Command;

const LARGE: usize = 3_000_000;
const ROUNDS: usize = 12;

/// A server whose own URLs lead through the network, a claimed run, and a folder.
struct Bench {
    drover: Drover,
    direct: String,
    client: Client,
    network: FaultyProxy,
    task_id: TaskId,
    folder: TestDirectory,
    rng: Rng,
}

impl Bench {
    async fn start(rng: Rng, share: u64) -> Self {
        Self::with(rng, share, r#"queue.incomplete_uploads_allowed=["tests/*"]"#).await
    }

    /// A server that asks for complete uploads everywhere, as it does by default.
    async fn strict(rng: Rng, share: u64) -> Self {
        Self::with(rng, share, "queue.incomplete_uploads_allowed=[]").await
    }

    /// With this setting.
    async fn with(rng: Rng, share: u64, setting: &str) -> Self {
        let folder = TestDirectory::new();
        let network = FaultyProxy::start(rng.branch("network"), share, 200_000).await;
        let through = format!("api.root_url={}", network.url());
        let listen = free_address();
        let flags = ["--workers", "0", "--set", &through, "--set", setting];
        let drover = Drover::start_at(folder.path(), &listen.to_string(), &flags).await;
        network.connect_to(listen);
        let (direct, (id, token)) = (format!("http://{listen}"), drover.credentials());
        let client = Client::new(&direct, id, token);
        let task_id = TaskId::from_random(rng.uuid_bytes());
        client.create(task_id, &definition("tests/artifacts", &json!({}))).await.unwrap().ok();
        client.claim_work("tests/artifacts", "w", 1).await.unwrap().ok();
        Self { drover, direct, client, network, task_id, folder, rng }
    }

    /// Begins an object artifact; answers what the server says of its upload.
    /// As whoever takes the task's own expiry, as `drover artifact upload` does.
    async fn begin(&self, name: &str) -> Value {
        let path = format!("task/{}/runs/0/artifacts/{}", self.task_id, name.replace('/', "%2F"));
        let expires = &self.client.status(self.task_id).await["expires"];
        let body = json!({ "storageType": "object", "contentType": "a/b", "expires": expires });
        self.client.post(&path, &body).await.unwrap().ok()
    }

    fn file(&self, name: &str, length: usize) -> Vec<u8> {
        let data: Vec<u8> = std::iter::repeat_with(|| self.rng.bytes::<16>()).flatten().take(length).collect();
        std::fs::write(self.folder.path().join(name), &data).unwrap();
        data
    }

    fn address(&self) -> SocketAddr {
        self.direct.trim_start_matches("http://").parse().unwrap()
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// `drover artifact` with these words; paths are those of the folder.
    async fn artifact(&self, url: &str, verb: &str, name: &str, file: &Path, more: &[&str]) -> Output {
        self.command(url, verb, name, file, more).output().await.unwrap()
    }

    fn command(&self, url: &str, verb: &str, name: &str, file: &Path, more: &[&str]) -> Command {
        let task_id = self.task_id.to_string();
        let mut command = program();
        command.args(["artifact", verb, &task_id, name]).arg(file).args(more).args(["-o", "json", "--root-url", url]);
        let (id, token) = self.drover.credentials();
        command.env("TASKCLUSTER_CLIENT_ID", id).env("TASKCLUSTER_ACCESS_TOKEN", token);
        command
    }

    /// As Drover's own worker reports it.
    async fn complete(&self) -> Answer {
        let path = format!("task/{}/runs/0/completed", self.task_id);
        let header = ("x-drover-require-complete-uploads", "required");
        self.client.send_with(Method::POST, &path, None, &[header]).await.unwrap()
    }
}

/// Free a moment ago: the server is configured with the proxy's address before it has one itself.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn said(output: &Output) -> Value {
    let text = if output.status.success() { &output.stdout } else { &output.stderr };
    serde_json::from_slice(text).unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(text)))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rough_network_carries_is_right_or_refused() {
    let seed = Seed::choose("rough network");
    let bench = Bench::start(seed.rng(), 30).await;
    let rough = bench.network.url();
    let (mut stored, mut fetched) = (0, 0);
    for round in 0..ROUNDS {
        let packed = round % 3 == 0;
        let name = format!("public/{round}.bin");
        let length = [0, 5000, 90_000, LARGE][round % 4];
        let data = bench.file("sent", length);
        let more = if packed { vec!["--gzip"] } else { vec![] };
        let up = bench.artifact(&rough, "upload", &name, &bench.path("sent"), &more).await;
        let target = bench.path(&format!("got-{round}"));
        if up.status.success() {
            stored += 1;
            // Over a good road first: it has arrived as it was sent.
            let plain = bench.artifact(&bench.direct, "download", &name, &bench.path("plain"), &[]).await;
            if plain.status.success() {
                assert!(std::fs::read(bench.path("plain")).unwrap() == data, "round {round}");
            }
        } else {
            assert!(said(&up)["error"].is_string() && matches!(said(&up)["exitCode"].as_u64(), Some(1 | 3 | 4)));
        }
        let down = bench.artifact(&rough, "download", &name, &target, &[]).await;
        if down.status.success() {
            fetched += 1;
            assert!(std::fs::read(&target).unwrap() == data, "round {round}: {}", said(&down));
        } else {
            assert!(!target.exists(), "round {round}: {}", said(&down));
        }
    }
    println!("{stored} of {ROUNDS} stored, {fetched} fetched, {} faults", bench.network.faults());
    assert!(bench.network.faults() > 0 && stored > 0 && fetched > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_goes_on_where_it_was_and_what_is_wrong_begins_anew() {
    let bench = Bench::start(Rng::seeded(1), 0).await;
    let url = bench.direct.clone();
    let data = bench.file("sent", LARGE);
    let up = bench.artifact(&url, "upload", "public/a.bin", &bench.path("sent"), &[]).await;
    assert!(up.status.success(), "{}", said(&up));

    let target = bench.path("a.bin");
    std::fs::write(bench.path("a.bin.part"), &data[..LARGE / 2]).unwrap();
    let down = bench.artifact(&url, "download", "public/a.bin", &target, &[]).await;
    assert_eq!(said(&down)["tries"], 1, "{}", said(&down));
    assert!(std::fs::read(&target).unwrap() == data && !bench.path("a.bin.part").exists());

    std::fs::write(bench.path("a.bin.part"), vec![7; LARGE / 2]).unwrap();
    let down = bench.artifact(&url, "download", "public/a.bin", &target, &[]).await;
    assert_eq!(said(&down)["tries"], 2, "the beginning was of something else: {}", said(&down));
    assert!(std::fs::read(&target).unwrap() == data);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_half_an_upload_is_not_completed_and_the_answer_names_it() {
    let bench = Bench::start(Rng::seeded(2), 0).await;
    bench.begin("public/half.bin").await;

    let refused = bench.complete().await;

    assert_eq!(refused.status, 409, "{refused:?}");
    assert!(refused.body["message"].as_str().unwrap().contains("`public/half.bin`"), "{refused:?}");
    let nothing = bench.artifact(&bench.direct, "download", "public/half.bin", &bench.path("half"), &[]).await;
    assert_eq!(said(&nothing)["exitCode"], 4);
    assert_eq!(
        bench.client.run(bench.task_id, 0, "completed", &json!({})).await.unwrap().status,
        200,
        "others of this pool may"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_worker_at_all_completes_a_run_with_half_an_upload() {
    let bench = Bench::strict(Rng::seeded(3), 0).await;
    let data = bench.file("sent", 100_000);
    bench.begin("public/half.bin").await;
    let up = bench.artifact(&bench.direct, "upload", "public/whole.bin", &bench.path("sent"), &[]).await;
    assert!(up.status.success(), "{}", said(&up));

    // As any client reports it, without a header of ours; also the way workers of long ago said it.
    for body in [json!({}), json!({ "success": true })] {
        let refused = bench.client.run(bench.task_id, 0, "completed", &body).await.unwrap();
        assert_eq!((refused.status, refused.code()), (409, "RequestConflict"), "{refused:?}");
        let words = refused.body["message"].as_str().unwrap();
        assert!(words.contains("`public/half.bin`") && !words.contains("whole.bin"), "{words}");
    }
    assert_eq!(bench.client.status(bench.task_id).await["state"], "running", "nothing was written");

    let up = bench
        .artifact(&bench.direct, "upload", "public/half.bin", &bench.path("sent"), &["--content-type", "a/b"])
        .await;
    assert!(up.status.success(), "{}", said(&up));
    assert_eq!(bench.client.run(bench.task_id, 0, "completed", &json!({})).await.unwrap().status, 200);
    let down = bench.artifact(&bench.direct, "download", "public/half.bin", &bench.path("half"), &[]).await;
    assert!(down.status.success() && std::fs::read(bench.path("half")).unwrap() == data, "{}", said(&down));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_half_an_upload_may_fail() {
    let bench = Bench::strict(Rng::seeded(4), 0).await;
    bench.begin("public/half.bin").await;
    assert_eq!(bench.client.run(bench.task_id, 0, "failed", &json!({})).await.unwrap().status, 200);
}
