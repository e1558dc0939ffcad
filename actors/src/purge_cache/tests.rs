use base::TestClock;
use chrono::TimeDelta;
use db::testing::TestDatabase;

use super::*;

struct TestEnv {
    door: PurgeCache,
    db: Db,
    clock: TestClock,
    _database: TestDatabase,
}

impl TestEnv {
    async fn start() -> Self {
        let database = TestDatabase::create().await;
        let (db, clock) = (database.db().await, TestClock::default());
        Self { door: PurgeCache::new(db.clone(), Arc::new(clock.clone())), db, clock, _database: database }
    }

    async fn names(&self, pool: &TaskQueueId, since: Option<Timestamp>) -> Vec<String> {
        self.door.of_pool(pool, since).await.unwrap().into_iter().map(|purge| purge.cache_name).collect()
    }
}

fn pool(name: &str) -> TaskQueueId {
    TaskQueueId(format!("prov/{name}"))
}

#[tokio::test]
async fn the_later_of_two_purges_counts_and_both_pools_have_their_own() {
    let env = TestEnv::start().await;
    let (one, two) = (pool("one"), pool("two"));
    env.door.purge(&one, "deps").await.unwrap();
    let between = env.clock.now() + TimeDelta::seconds(1);
    assert!(env.names(&one, Some(between)).await.is_empty());
    env.clock.advance(TimeDelta::seconds(2));
    env.door.purge(&one, "deps").await.unwrap();
    env.door.purge(&two, "x").await.unwrap();

    assert_eq!(env.names(&one, Some(between)).await, ["deps"]);
    assert_eq!(env.names(&one, None).await, ["deps"]);
    assert_eq!(env.names(&two, None).await, ["x"]);
}

#[tokio::test]
async fn a_purge_that_is_written_late_takes_nothing_back() {
    let env = TestEnv::start().await;
    let earlier = env.clock.now();
    env.clock.advance(TimeDelta::seconds(2));
    env.door.purge(&pool("one"), "deps").await.unwrap();
    // Of a process that asked before, and whose write was slow.
    env.db.purge_cache(&pool("one"), "deps", earlier).await.unwrap();
    assert_eq!(env.names(&pool("one"), Some(earlier + TimeDelta::seconds(1))).await, ["deps"]);
}

#[tokio::test]
async fn all_purges_are_listed_a_page_at_a_time() {
    let env = TestEnv::start().await;
    for (kind, cache) in [("a", "x"), ("a", "y"), ("b", "x")] {
        env.door.purge(&pool(kind), cache).await.unwrap();
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = env.door.list(PageAfter { after, limit: 1 }).await.unwrap();
        seen.extend(page.rows.into_iter().map(|purge| format!("{} {}", purge.worker_pool_id, purge.cache_name)));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["prov/a x", "prov/a y", "prov/b x"]);
}

#[tokio::test]
async fn a_purge_is_forgotten_after_a_day() {
    let env = TestEnv::start().await;
    env.door.purge(&pool("a"), "x").await.unwrap();
    env.clock.advance(TimeDelta::hours(25));
    assert!(env.names(&pool("a"), None).await.is_empty());
    assert_eq!(env.db.expire_services(10, env.clock.now()).await.unwrap(), 1);
    assert_eq!(env.db.expire_services(10, env.clock.now()).await.unwrap(), 0);
}
