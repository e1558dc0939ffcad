//! Each endpoint is called twice with the same request: reads have the same answer, and what a write changed the first
//! time is as it was.

use std::collections::BTreeSet;

use reqwest::Method;
use tests::{Drover, TestDirectory};

use super::{endpoints, name, path, steps};

const FLAGS: [&str; 4] = ["--workers", "0", "--set", "queue.long_poll=1s"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_write_may_be_repeated() {
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &FLAGS).await;
    let repeated = steps::run(drover.client()).await;
    let writes = endpoints().filter(|(_, endpoint)| endpoint.method.as_str() != "get");
    let missing: Vec<String> =
        writes.map(|(service, endpoint)| name(service, endpoint)).filter(|name| !repeated.contains(name)).collect();
    assert!(missing.is_empty(), "`steps.rs` does not repeat {}", missing.join(", "));
    drover.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_read_may_be_repeated() {
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &FLAGS).await;
    let client = drover.client();
    let known = steps::values(&client).await;
    let mut found = BTreeSet::new();
    for (service, endpoint) in endpoints().filter(|(_, endpoint)| endpoint.method.as_str() == "get") {
        let path = path(endpoint, |param| known.get(param).cloned().unwrap_or_else(|| param.to_owned()));
        let get = async || client.send_to(&service.service_name, Method::GET, &path, None, &[]).await.unwrap().status;
        let (first, second) = (get().await, get().await);
        assert!(first == second && first < 500, "{}: {first}, then {second}", name(service, endpoint));
        found.extend((first < 400).then(|| name(service, endpoint)));
    }
    assert!(found.len() > 50, "only these found anything: {found:?}");
    drover.stop().await;
}
