//! Notices about machines, prices, and what is learned of offerings.

use super::*;

fn key() -> OfferingRef {
    let text = str::to_owned;
    OfferingRef { provider_id: text("prov"), region: text("r"), instance_type: text("m5.large"), market: text("spot") }
}

impl TestEnv {
    /// Two machines, requested.
    async fn machines(&self) {
        self.launch(1).await;
        let launch = self.claim().await.remove(0);
        assert!(self.settle(&launch).await);
    }

    async fn register(&self, id: &str) {
        let now = self.now;
        let sql = format!(
            "select * from pool_worker_register('{POOL}', 'r', '{id}', '{{}}', worker_state_requested(), '{{}}',
               '{now}'::timestamptz + interval '1 day', '{now}'::timestamptz + interval '5 minutes', '{now}')"
        );
        assert_eq!(self.database.run(&sql).await, 1);
    }

    async fn known(&self) -> Option<OfferingRow> {
        self.db.provision_offerings(&[key()], self.now).await.unwrap().pop()
    }

    async fn notice(&self, machine: &str, kind: MachineNoticeKind) -> Vec<NoticedWorker> {
        let notice = MachineNotice { machine: machine.to_owned(), kind };
        self.db.provision_notices("prov", &[notice], self.now).await.unwrap()
    }

    async fn is(&self, condition: &str) -> bool {
        self.database.run(&format!("select from pool_worker where {condition}")).await > 0
    }
}

fn is_near(value: f64, expected: f64) -> bool {
    (value - expected).abs() < 1e-6
}

#[tokio::test]
async fn what_machines_do_is_learned_and_counts_half_after_six_hours() {
    let mut env = TestEnv::start().await;
    env.machines().await;
    env.now += TimeDelta::seconds(90);
    env.register("i-1").await;
    env.now += TimeDelta::hours(2);
    assert_eq!(env.check(SeenState::Running).await.len(), 4, "one booted and idle for too long, one never registered");
    let known = env.known().await.unwrap();
    let left = 0.5_f64.powf(2.0 / 6.0);
    assert!(is_near(known.launched, 1.0 + left) && is_near(known.boot_seconds, 90.0 * left), "{known:?}");
    assert!(is_near(known.boot_failed, 1.0) && is_near(known.machine_hours, 2.0), "{known:?}");
    assert!(known.interrupted == 0.0, "it was ended by us");

    env.now += TimeDelta::hours(6);
    assert!(is_near(env.known().await.unwrap().boot_failed, 0.5));
}

#[tokio::test]
async fn an_interruption_stops_a_worker_once_and_makes_its_pool_due() {
    let mut env = TestEnv::start().await;
    env.machines().await;
    env.register("i-1").await;
    env.now += TimeDelta::minutes(1);
    assert!(env.notice("i-unknown", MachineNoticeKind::Interruption).await.is_empty());
    let first = env.notice("i-1", MachineNoticeKind::Interruption).await;
    assert!(first.len() == 1 && first[0].interrupted, "{first:?}");
    let again = env.notice("i-1", MachineNoticeKind::Interruption).await;
    assert!(again.len() == 1 && !again[0].interrupted, "{again:?}");
    assert_eq!(env.events().await.iter().filter(|it| *it == "worker-removed").count(), 1);
    assert!(is_near(env.known().await.unwrap().interrupted, 1.0));
    let due = format!("select from worker_pool where provision_at <= '{}'", env.now);
    assert_eq!(env.database.run(&due).await, 1);
    let later = format!("worker_id = 'i-1' and state = 2 and check_at > '{}'", env.now + TimeDelta::minutes(2));
    assert!(env.is(&later).await, "it has the time that the provider gives");

    env.notice("i-1", MachineNoticeKind::StateChanged).await;
    assert!(env.is(&format!("worker_id = 'i-1' and check_at = '{}'", env.now)).await);
    assert!(env.is(&format!("worker_id = 'i-2' and state = 0 and check_at < '{}'", env.now)).await, "its neighbour");
}

#[tokio::test]
async fn a_spot_machine_that_is_gone_by_itself_was_interrupted() {
    let mut env = TestEnv::start().await;
    env.machines().await;
    env.register("i-1").await;
    env.now += TimeDelta::minutes(10);
    env.check(SeenState::Ended).await;
    let known = env.known().await.unwrap();
    assert!(is_near(known.interrupted, 1.0) && is_near(known.boot_failed, 1.0), "{known:?}");
}

#[tokio::test]
async fn prices_are_kept_beside_what_was_learned() {
    let env = TestEnv::start().await;
    env.machines().await;
    env.register("i-1").await;
    for price in [0.03, 0.04] {
        let price = NewPrice { instance_type: "m5.large".to_owned(), market: "spot", price };
        env.db.set_provision_prices("prov", "r", &[price], env.now).await.unwrap();
    }
    let known = env.known().await.unwrap();
    assert_eq!((known.price, known.price_at), (Some(0.04), Some(env.now)));
    assert!(is_near(known.launched, 1.0));
    let configurations = env.db.provision_configurations("prov").await.unwrap();
    assert_eq!(configurations, ["{}"]);
    assert!(env.db.provision_configurations("another").await.unwrap().is_empty());
}
