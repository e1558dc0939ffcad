//! The actors on a real database, with a provider that does what tests say.

mod chaos;
mod fake;
mod local;
mod loops;
mod notices;
mod sweeps;

use std::sync::Arc;

use actors::kit::{Notifications, Notifier, Periodic};
use base::{Clock, Rng, TestClock, settings::ConfigDuration};
use chrono::TimeDelta;
use db::{Db, testing::TestDatabase};
use protocol::worker_pool::LaunchState;

use self::fake::Fake;
use crate::{
    checker::Checker,
    launcher::Launcher,
    pools::decide_all,
    provider::Provider,
    settings::ProvisionSettings,
    shared::{ProviderHandle, ProvisionerParts, Shared},
    sweeper::Sweeper,
};

const POOL: &str = "prov/pool";
const PROVIDER: &str = "fake";
/// More than any lease or pause of the launcher.
const LATER: TimeDelta = TimeDelta::seconds(70);

struct TestEnv {
    shared: Arc<Shared>,
    provider: ProviderHandle,
    fake: Arc<Fake>,
    clock: TestClock,
    db: Db,
    database: TestDatabase,
}

impl TestEnv {
    async fn start() -> Self {
        let database = TestDatabase::create().await;
        let clock = TestClock::default();
        let fake = Arc::new(Fake::new(clock.clone()));
        let db = database.db().await;
        let driver: Arc<dyn Provider> = fake.clone();
        let shared = shared(&db, &clock, driver.clone(), 1);
        let provider = shared.provider(PROVIDER).unwrap().clone();
        Self { shared, provider, fake, clock, db, database }
    }

    /// A pool with one launch config, and so many pending tasks.
    async fn pool(&self, max: i32, pending: i32) {
        let now = self.clock.now();
        self.database
            .run(&format!(
                "insert into worker_pool (worker_pool_id, provider_id, description, owner, email_on_error, config, min_capacity,
                   max_capacity, scaling_ratio, created, last_modified, provision_at)
                 values ('{POOL}', '{PROVIDER}', '', 'o', false, '{{}}', 0, {max}, 1, '{now}', '{now}', '{now}')"
            ))
            .await;
        self.launch_config("lc").await;
        self.pending(pending).await;
    }

    async fn launch_config(&self, id: &str) {
        let now = self.clock.now();
        // The columns that have no default are those that every launch config has.
        self.database
            .run(&format!(
                "insert into launch_config select * from jsonb_populate_record(null::launch_config, jsonb_build_object(
                   'worker_pool_id', '{POOL}', 'launch_config_id', '{id}', 'is_archived', false, 'configuration', '{{\"region\":\"r\"}}',
                   'worker_manager', '{{}}', 'capacity_per_instance', 1, 'initial_weight', 1, 'created', '{now}'::timestamptz,
                   'last_modified', '{now}'::timestamptz, 'position', 0))"
            ))
            .await;
    }

    async fn pending(&self, count: i32) {
        let now = self.clock.now();
        let sql = format!(
            "insert into pending select '{POOL}', 0, nextval('pending_seq'), md5(random()::text)::uuid, 0, '{now}',
               '{now}'::timestamptz + interval '1 day' from generate_series(1, {count})"
        );
        self.database.run(&sql).await;
    }

    /// As if the breaker of the launch config had long been closed.
    async fn proven(&self) {
        let closed = serde_json::to_string(&crate::decision::Breaker::CLOSED).unwrap();
        let sql = format!(
            "insert into circuit_breaker values ('launch-config', '{POOL} lc', '{closed}', null, '{}')",
            self.clock.now()
        );
        self.database.run(&sql).await;
    }

    async fn wake(&self) {
        self.db.provision_wake(&[POOL.to_owned()], self.clock.now()).await.unwrap();
    }

    /// One decision about each due pool; how many launches.
    async fn decide(&self) -> usize {
        let now = self.clock.now();
        match self.db.provision_decisions_begin(10, now).await.unwrap() {
            Some(decisions) => decide_all(&self.shared, decisions, now).await.unwrap(),
            None => 0,
        }
    }

    fn launcher(&self) -> Launcher {
        Launcher::new(self.shared.clone(), self.provider.clone(), Notifier::none())
    }

    async fn launch(&self) {
        let mut launcher = self.launcher();
        launcher.run().await.unwrap();
        launcher.finish().await;
    }

    async fn check(&self) {
        let mut checker = Checker::new(self.shared.clone(), self.provider.clone(), Notifier::none());
        checker.run().await.unwrap();
        checker.finish().await;
    }

    async fn sweep(&self) {
        Sweeper { shared: self.shared.clone(), provider: self.provider.clone() }.run().await.unwrap();
    }

    async fn states(&self) -> Vec<LaunchState> {
        let launches = self.db.launches_of_pool(POOL, None, 1000).await.unwrap().readable;
        launches.into_iter().map(|launch| launch.state).collect()
    }

    async fn workers(&self, condition: &str) -> u64 {
        self.database.run(&format!("select from pool_worker where {condition}")).await
    }
}

fn shared(db: &Db, clock: &TestClock, driver: Arc<dyn Provider>, seed: u64) -> Arc<Shared> {
    let settings = ProvisionSettings {
        boot_rate: 100_000,
        pool_boot_rate: 100_000,
        region_boot_rate: 100_000,
        orphan_age: ConfigDuration::minutes(5),
        ..ProvisionSettings::default()
    };
    Arc::new(Shared::new(ProvisionerParts {
        db: db.clone(),
        clock: Arc::new(clock.clone()),
        rng: Rng::seeded(seed),
        settings,
        providers: vec![ProviderHandle { id: PROVIDER.to_owned(), driver, offerings: Vec::new() }],
        root_url: "http://localhost".to_owned(),
        notifications: Notifications::none(),
    }))
}
