//! Tasks that use more than they may: they end, or get no more, and nothing else notices.

use serde_json::json;

use super::kinds;
use crate::bench::{Bench, MAX_DISK_BYTES, MAX_LOG_BYTES, MAX_MEMORY_BYTES, payload};

#[tokio::test]
async fn a_task_that_forks_without_end_gets_no_more_processes_and_another_one_runs() {
    for kind in kinds() {
        let bench = Bench::start_as(*kind, 2).await;
        let bomb = "( i=0; while test $i -lt 1000; do sleep 100 > /dev/null 2>&1 & i=$((i+1)); done ) 2>&1 | tail -n 1; echo over";
        let id = bench.task(&payload(bomb), &json!({})).await;
        let other = bench.task(&payload("true; true"), &json!({})).await;
        bench.until(other, "completed").await;
        bench.until(id, "completed").await;
        let log = bench.log(id).await;
        assert!(log.to_lowercase().contains("fork") && log.contains("\nover\n"), "{log}");
        bench.stop().await;
    }
}

#[tokio::test]
async fn a_task_that_fills_the_memory_ends_and_says_why() {
    for kind in kinds() {
        let bench = Bench::start_as(*kind, 1).await;
        let bomb = "/usr/bin/python3 -c 'kept = [b\"x\" * (1 << 24) for _ in range(64)]' && echo LIVED";
        let id = bench.task(&payload(bomb), &json!({})).await;
        let known = format!("memory {MAX_MEMORY_BYTES} bytes");
        if !bench.until_log(id, "limits: ").await.contains(&known) {
            eprintln!("skipped: this worker may not make control groups that limit memory, which it says in the log");
            bench.stop().await;
            continue;
        }
        bench.until(id, "failed").await;
        let log = bench.log(id).await;
        assert!(log.contains(&format!("memory limit of {MAX_MEMORY_BYTES} bytes reached")), "{log}");
        let next = bench.task(&payload("true"), &json!({})).await;
        bench.until(next, "completed").await;
        bench.stop().await;
    }
}

#[tokio::test]
async fn a_task_that_fills_the_disk_is_stopped_and_its_files_are_removed() {
    for kind in kinds() {
        let bench = Bench::start_as(*kind, 1).await;
        let bomb = "head -c 50000000 /dev/zero > /tmp/one; head -c 50000000 /dev/zero > two; exec sleep 1000";
        let id = bench.task(&payload(bomb), &json!({})).await;
        bench.until(id, "failed").await;
        let log = bench.log(id).await;
        assert!(log.contains(&format!("disk limit of {MAX_DISK_BYTES} bytes reached")), "{log}");
        // The next one is only begun when the first is put away.
        let next = bench.task(&payload("true"), &json!({})).await;
        bench.until(next, "completed").await;
        assert!(!bench.path(&format!("work/tasks/{id}-0")).exists());
        bench.stop().await;
    }
}

#[tokio::test]
async fn a_log_without_end_is_cut_and_the_task_goes_on() {
    let bench = Bench::start().await;
    let id = bench.task(&payload("head -c 20000000 /dev/zero | tr '\\0' x; echo; echo over > end"), &json!({})).await;
    bench.until(id, "completed").await;
    let log = bench.log(id).await;
    let limit = usize::try_from(MAX_LOG_BYTES).unwrap();
    assert!((limit..limit + 10_000).contains(&log.len()), "{}", log.len());
    assert!(log.contains(&format!("reached its limit of {limit} bytes")) && log.contains("result completed"));
    bench.stop().await;
}
