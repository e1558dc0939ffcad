//! An upload whose process is gone from one moment to the next, and the same command once more.

use std::sync::Arc;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
};

use super::*;

/// Where the process is killed.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// This request is about to be sent.
    Before(&'static str),
    /// So many bytes have been sent on one connection.
    After(usize),
}

const MOMENTS: [Moment; 5] = [
    Moment::Before("PUT /api/object/v1/upload/"),
    Moment::Before("PUT /api/drover/v1/upload/"),
    Moment::After(LARGE / 2),
    Moment::Before("POST /api/object/v1/finish-upload/"),
    Moment::Before("PUT /api/queue/v1/task/"),
];

impl Moment {
    fn has_come(self, passed: usize, piece: &[u8]) -> bool {
        match self {
            Self::Before(request) => piece.starts_with(request.as_bytes()),
            Self::After(bytes) => passed + piece.len() > bytes,
        }
    }
}

/// A door to the server that holds whatever comes at this moment and after it, and tells of it once.
async fn door(server: SocketAddr, moment: Moment) -> (SocketAddr, mpsc::Receiver<()>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (come, waited) = mpsc::channel(1);
    #[expect(clippy::disallowed_methods, reason = "ends with the runtime of the test")]
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(carry(client, server, moment, come.clone()));
        }
    });
    (address, waited)
}

async fn carry(client: TcpStream, server: SocketAddr, moment: Moment, come: mpsc::Sender<()>) {
    let (mut from, mut back) = client.into_split();
    let (mut answers, mut to) = TcpStream::connect(server).await.unwrap().into_split();
    let there = async {
        let (mut piece, mut passed) = (vec![0; 16 * 1024], 0);
        while let Ok(count @ 1..) = from.read(&mut piece).await {
            if moment.has_come(passed, &piece[..count]) {
                let _ = come.try_send(());
                return std::future::pending().await;
            }
            to.write_all(&piece[..count]).await.unwrap();
            passed += count;
        }
    };
    tokio::select! {
        () = there => {}
        _ = tokio::io::copy(&mut answers, &mut back) => {}
    }
}

async fn killed_at(bench: &Bench, moment: Moment, name: &str, file: &Path) {
    let (door, mut come) = door(bench.address(), moment).await;
    bench.network.connect_to(door);
    let mut upload = bench.command(&bench.network.url(), "upload", name, file, &[]).spawn().unwrap();
    come.recv().await.unwrap();
    upload.kill().await.unwrap();
    bench.network.connect_to(bench.address());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_was_killed_at_any_moment_is_finished_by_the_same_command() {
    let bench = Bench::strict(Rng::seeded(5), 0).await;
    let data = Arc::new(bench.file("sent", LARGE));
    for (number, moment) in MOMENTS.into_iter().enumerate() {
        let name = format!("public/{number}.bin");
        killed_at(&bench, moment, &name, &bench.path("sent")).await;
        assert_eq!(
            bench.client.run(bench.task_id, 0, "completed", &json!({})).await.unwrap().status,
            409,
            "{moment:?}"
        );

        let up = bench.artifact(&bench.direct, "upload", &name, &bench.path("sent"), &[]).await;
        assert!(up.status.success(), "{moment:?}: {}", said(&up));
        let down = bench.artifact(&bench.direct, "download", &name, &bench.path("got"), &[]).await;
        assert!(down.status.success(), "{moment:?}: {}", said(&down));
        assert!(std::fs::read(bench.path("got")).unwrap() == *data, "{moment:?}");
    }
    assert_eq!(bench.client.run(bench.task_id, 0, "completed", &json!({})).await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_begun_with_one_file_is_not_finished_with_another() {
    let bench = Bench::start(Rng::seeded(6), 0).await;
    bench.file("one", LARGE);
    let data = bench.file("two", LARGE);
    for (number, moment) in [MOMENTS[2], MOMENTS[3], MOMENTS[4]].into_iter().enumerate() {
        let name = format!("public/{number}.bin");
        killed_at(&bench, moment, &name, &bench.path("one")).await;
        let up = bench.artifact(&bench.direct, "upload", &name, &bench.path("two"), &[]).await;
        assert_eq!(said(&up)["exitCode"], 4, "{moment:?}: {}", said(&up));
        assert!(said(&up)["error"].as_str().unwrap().contains("409 RequestConflict"), "{}", said(&up));
    }
    // Under a name of its own it is as good as any.
    let up = bench.artifact(&bench.direct, "upload", "public/two.bin", &bench.path("two"), &[]).await;
    assert!(up.status.success(), "{}", said(&up));
    let down = bench.artifact(&bench.direct, "download", "public/two.bin", &bench.path("got"), &[]).await;
    assert!(down.status.success() && std::fs::read(bench.path("got")).unwrap() == data);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_asking_for_it_an_artifact_that_was_begun_is_a_conflict_as_ever() {
    let bench = Bench::start(Rng::seeded(7), 0).await;
    let begun = bench.begin("public/a").await;
    let path = format!("task/{}/runs/0/artifacts/public%2Fa", bench.task_id);
    let body = json!({ "storageType": "object", "contentType": "a/b", "expires": begun["expires"] });
    assert_eq!(bench.client.post(&path, &body).await.unwrap().status, 409);

    let on = [("x-drover-resume-upload", "yes")];
    let again = bench.client.send_with(Method::POST, &path, Some(&body), &on).await.unwrap().ok();
    assert_eq!(again["uploadId"], begun["uploadId"]);
    let other = json!({ "storageType": "object", "contentType": "a/c", "expires": begun["expires"] });
    assert_eq!(bench.client.send_with(Method::POST, &path, Some(&other), &on).await.unwrap().status, 409);
}
