//! `drover artifact` over a network that cuts, delays and alters. Nothing wrong ever looks right.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    process::Output,
};

use base::Entropy;
use protocol::id::TaskId;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Client, Drover, RoughNetwork, Seed, TestDirectory, definition, program, seconds_from_now};

const LARGE: usize = 3_000_000;
const ROUNDS: usize = 12;

/// A server whose own URLs lead through the network, a claimed run, and a folder.
struct Bench {
    drover: Drover,
    direct: String,
    client: Client,
    network: RoughNetwork,
    task_id: TaskId,
    folder: TestDirectory,
    entropy: Entropy,
}

impl Bench {
    async fn start(entropy: Entropy, share: u64) -> Self {
        let folder = TestDirectory::new();
        let network = RoughNetwork::start(entropy.branch("network"), share, 200_000).await;
        let through = format!("api.root_url={}", network.url());
        let listen = free_address();
        let flags = ["--workers", "0", "--set", &through];
        let drover = Drover::start_at(folder.path(), &listen.to_string(), &flags).await;
        network.lead_to(listen);
        let (direct, (id, token)) = (format!("http://{listen}"), drover.credentials());
        let client = Client::new(&direct, id, token);
        let task_id = TaskId::from_random(entropy.uuid_bytes());
        client.create(task_id, &definition("tests/artifacts", &json!({}))).await.unwrap().ok();
        client.claim_work("tests/artifacts", "w", 1).await.unwrap().ok();
        Self { drover, direct, client, network, task_id, folder, entropy }
    }

    fn file(&self, name: &str, length: usize) -> Vec<u8> {
        let data: Vec<u8> = std::iter::repeat_with(|| self.entropy.bytes::<16>()).flatten().take(length).collect();
        std::fs::write(self.folder.path().join(name), &data).unwrap();
        data
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// `drover artifact` with these words; paths are those of the folder.
    async fn artifact(&self, url: &str, verb: &str, name: &str, file: &Path, more: &[&str]) -> Output {
        let task_id = self.task_id.to_string();
        let mut command = program();
        command.args(["artifact", verb, &task_id, name]).arg(file).args(more).args(["-o", "json", "--root-url", url]);
        let (id, token) = self.drover.credentials();
        command.args(["--client-id", id, "--access-token", token]);
        command.output().await.unwrap()
    }

    /// As Drover's own worker reports it.
    async fn complete(&self) -> Answer {
        let path = format!("task/{}/runs/0/completed", self.task_id);
        let header = ("x-drover-whole-uploads", "required");
        self.client.send_with(Method::POST, &path, None, &[header]).await.unwrap()
    }
}

/// Free a moment ago: the server has to be told of the network's address before it has one itself.
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
    let bench = Bench::start(seed.entropy(), 30).await;
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
    let bench = Bench::start(Entropy::seeded(1), 0).await;
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
    let bench = Bench::start(Entropy::seeded(2), 0).await;
    let path = format!("task/{}/runs/0/artifacts/public%2Fhalf.bin", bench.task_id);
    let body = json!({ "storageType": "object", "contentType": "a/b", "expires": seconds_from_now(600) });
    bench.client.post(&path, &body).await.unwrap().ok();

    let refused = bench.complete().await;

    assert_eq!(refused.status, 409, "{refused:?}");
    assert!(refused.body["message"].as_str().unwrap().contains("`public/half.bin`"), "{refused:?}");
    let nothing = bench.artifact(&bench.direct, "download", "public/half.bin", &bench.path("half"), &[]).await;
    assert_eq!(said(&nothing)["exitCode"], 4);
    assert_eq!(bench.client.run(bench.task_id, 0, "completed", &json!({})).await.unwrap().status, 200, "others may");
}
