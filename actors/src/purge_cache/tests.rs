use base::TestClock;
use chrono::TimeDelta;
use db::testing::TestDatabase;

use super::*;

struct House {
    door: PurgeCache,
    db: Db,
    clock: TestClock,
    _database: TestDatabase,
}

impl House {
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
    let house = House::start().await;
    let (one, two) = (pool("one"), pool("two"));
    house.door.purge(&one, "deps").await.unwrap();
    let between = house.clock.now() + TimeDelta::seconds(1);
    assert!(house.names(&one, Some(between)).await.is_empty());
    house.clock.advance(TimeDelta::seconds(2));
    house.door.purge(&one, "deps").await.unwrap();
    house.door.purge(&two, "x").await.unwrap();

    assert_eq!(house.names(&one, Some(between)).await, ["deps"]);
    assert_eq!(house.names(&one, None).await, ["deps"]);
    assert_eq!(house.names(&two, None).await, ["x"]);
}

#[tokio::test]
async fn a_purge_that_is_written_late_takes_nothing_back() {
    let house = House::start().await;
    let earlier = house.clock.now();
    house.clock.advance(TimeDelta::seconds(2));
    house.door.purge(&pool("one"), "deps").await.unwrap();
    // Of a process that asked before, and whose write was slow.
    house.db.purge_cache(&pool("one"), "deps", earlier).await.unwrap();
    assert_eq!(house.names(&pool("one"), Some(earlier + TimeDelta::seconds(1))).await, ["deps"]);
}

#[tokio::test]
async fn all_purges_are_listed_a_page_at_a_time() {
    let house = House::start().await;
    for (kind, cache) in [("a", "x"), ("a", "y"), ("b", "x")] {
        house.door.purge(&pool(kind), cache).await.unwrap();
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = house.door.list(PageAfter { after, limit: 1 }).await.unwrap();
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
    let house = House::start().await;
    house.door.purge(&pool("a"), "x").await.unwrap();
    house.clock.advance(TimeDelta::hours(25));
    assert!(house.names(&pool("a"), None).await.is_empty());
    assert_eq!(house.db.expire_services(10, house.clock.now()).await.unwrap(), 1);
    assert_eq!(house.db.expire_services(10, house.clock.now()).await.unwrap(), 0);
}
