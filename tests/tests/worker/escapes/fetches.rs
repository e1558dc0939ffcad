//! Tasks that let the worker fetch what they do not reach themselves.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpListener, task::JoinSet};

use super::{is_root, kinds};
use crate::bench::{Bench, payload};

/// A service of the machine that only it reaches, with a count of its visitors.
async fn secret_service() -> (u16, Arc<AtomicUsize>, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let visits = Arc::new(AtomicUsize::new(0));
    let count = visits.clone();
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret").await;
        }
    });
    (port, visits, serving)
}

fn mounting(content: &Value) -> Value {
    let mut task = payload("cat stolen");
    task["mounts"] = json!([{ "file": "stolen", "content": content }]);
    task
}

#[tokio::test]
async fn the_worker_fetches_nothing_for_a_task_that_the_task_does_not_reach() {
    for kind in kinds() {
        let bench = Bench::start_as(*kind, 2).await;
        let (port, visits, _serving) = secret_service().await;
        // Anybody who may create artifacts may point one anywhere.
        let pointing = bench.task(&payload("exec sleep 1000"), &json!({})).await;
        bench.until(pointing, "running").await;
        bench.point(pointing, "public/there", &format!("http://127.0.0.1:{port}/")).await;
        let redirect = bench.client().signed_url(&format!("/api/queue/v1/task/{pointing}/artifacts/public%2Fthere"));
        let urls = [
            format!("http://127.0.0.1:{port}/"),
            format!("http://localhost:{port}/"),
            format!("http://2130706433:{port}/"),
            format!("http://[::ffff:127.0.0.1]:{port}/"),
            "http://169.254.169.254/latest/meta-data/".to_owned(),
            "http://10.0.0.1/".to_owned(),
            redirect,
        ];
        let mut contents: Vec<Value> = urls.iter().map(|url| json!({ "url": url })).collect();
        contents.push(json!({ "taskId": pointing, "artifact": "public/there" }));
        for content in contents {
            let scopes = json!(["queue:get-artifact:public/there"]);
            let more = json!({ "dependencies": [pointing], "requires": "all-resolved", "scopes": scopes });
            let more = if content.get("taskId").is_some() { more } else { json!({}) };
            let id = bench.task(&mounting(&content), &more).await;
            if content.get("taskId").is_some() {
                bench.cancel(pointing).await;
            }
            bench.until(id, "exception").await;
            assert_eq!(bench.reasons(id).await, ["malformed-payload"], "{content}");
            let log = bench.log(id).await;
            assert!(
                log.contains("is not allowed") && log.contains("which tasks do not reach here"),
                "{content}: {log}"
            );
        }
        assert_eq!(visits.load(Ordering::SeqCst), 0);

        // What the server itself shows to anybody is not behind that.
        let ping = json!({ "url": format!("{}/api/queue/v1/ping", bench.root_url()) });
        let id = bench.task(&mounting(&ping), &json!({})).await;
        bench.until(id, "completed").await;
        assert!(bench.log(id).await.contains("\"alive\""), "{}", bench.log(id).await);
        bench.stop().await;
    }
}

/// A name of the public DNS can lead anywhere. What counts is the address, and that it is the one that is then used.
#[tokio::test]
async fn a_public_name_that_leads_to_a_private_address_is_refused() {
    if !is_root() {
        return;
    }
    let mut bench = Bench::start().await;
    bench.resolve(
        "127.0.0.1 localhost near.example.com\n10.0.0.1 private.example.com\n169.254.169.254 metadata.example.com\n\
         0.0.0.0 zero.example.com\n::ffff:127.0.0.1 mapped.example.com\n",
    );
    bench.restart_with(&[]).await;
    let (port, visits, _serving) = secret_service().await;
    for host in ["near", "private", "metadata", "zero", "mapped"] {
        let url = format!("http://{host}.example.com:{port}/");
        let id = bench.task(&mounting(&json!({ "url": url })), &json!({})).await;
        bench.until(id, "exception").await;
        assert_eq!(bench.reasons(id).await, ["malformed-payload"], "{host}");
        let log = bench.log(id).await;
        assert!(log.contains("which tasks do not reach here"), "{host}: {log}");
    }
    // The way out of a task asks for names, too, and not in the task's own view.
    bench.restart_with(&["--network".as_ref(), "proxy".as_ref()]).await;
    let ask = ["near", "metadata", "zero", "mapped"].map(|host| {
        format!("curl -s -o /dev/null -w '{host} %{{http_code}}\\n' --max-time 10 http://{host}.example.com:{port}/;")
    });
    let id = bench.task(&payload(&format!("{} true", ask.concat())), &json!({})).await;
    bench.until(id, "completed").await;
    let log = bench.log(id).await;
    for host in ["near", "metadata", "zero", "mapped"] {
        assert!(log.contains(&format!("\n{host} 403\n")), "{host}: {log}");
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0);
    bench.stop().await;
}
