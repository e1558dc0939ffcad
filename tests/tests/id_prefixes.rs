//! Commands take the first letters of an id for the id.

#![allow(clippy::unwrap_used, reason = "tests")]

use protocol::id::TaskId;
use serde_json::{Value, json};
use tests::{Drover, TestDirectory, definition, program};

/// Ids that share their first ten letters.
fn ids() -> [TaskId; 2] {
    [1, 2].map(|last| TaskId::from_random([[7; 15].as_slice(), &[last]].concat().try_into().unwrap()))
}

#[tokio::test]
async fn a_unique_prefix_stands_for_the_id_and_an_ambiguous_one_is_refused_with_the_candidates() {
    let folder = TestDirectory::new();
    let drover = Drover::start(folder.path(), &["--workers", "0"]).await;
    let other = TaskId::from_random([9; 16]);
    let [one, two] = ids();
    for id in [one, two, other] {
        let mut definition = definition("tests/prefixes", &json!({}));
        definition["taskGroupId"] = id.to_string().into();
        drover.client().create(id, &definition).await.unwrap().ok();
    }
    let run = async |words: [&str; 3]| {
        let server = ["--root-url", drover.root_url()];
        let ended = program().args(["-o", "json"]).args(words).args(server).output().await.unwrap();
        let (out, err) = (String::from_utf8(ended.stdout).unwrap(), String::from_utf8(ended.stderr).unwrap());
        (ended.status.code().unwrap(), out, err)
    };

    let (code, out, err) = run(["task", "status", &other.to_string()[..6]]).await;
    assert_eq!(
        (code, serde_json::from_str::<Value>(&out).unwrap()["status"]["taskId"].clone()),
        (0, json!(other)),
        "{err}"
    );
    let (code, out, err) = run(["group", "status", &other.to_string()[..21]]).await;
    assert!(code == 0 && out.contains(&other.to_string()), "{out}{err}");

    let (code, _, err) = run(["task", "status", &one.to_string()[..10]]).await;
    assert!(code == 2 && err.contains("ambiguous") && err.contains(&one.to_string()), "{code} {err}");
    assert!(err.contains(&two.to_string()) && !err.contains(&other.to_string()), "{err}");
    let (code, _, err) = run(["task", "status", "AAAAAAA"]).await;
    assert!(code == 4 && err.contains("no task has an id that begins with `AAAAAAA`"), "{code} {err}");
    drover.stop().await;
}
