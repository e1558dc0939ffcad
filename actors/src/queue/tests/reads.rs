//! Reads beside each other.

use std::pin::pin;

use tokio::time::timeout;

use super::*;

/// Both are about one task queue. The first waits for a lock that somebody else holds on its table.
#[tokio::test]
async fn a_slow_read_does_not_hold_up_another_about_the_same_thing() {
    let env = TestEnv::start().await;
    env.created(&[]).await;
    let queue = TaskQueueId("p/q".to_owned());
    let held = env.database.hold("lock table drover.worker in access exclusive mode").await;
    {
        let mut slow = pin!(env.queue.worker(worker("w")));
        let quick = async {
            for _ in 0..3 {
                env.queue.counts(queue.clone()).await.unwrap();
            }
        };
        let both = async {
            tokio::select! {
                biased;
                answer = &mut slow => panic!("it did not wait: {answer:?}"),
                () = quick => {}
            }
        };
        timeout(Duration::from_secs(8), both).await.expect("the quick read waited for the slow one");
        held.release().await;
        assert!(matches!(slow.await, Err(QueueError::NoSuchWorker(_))));
    }
    env.stop().await;
}
