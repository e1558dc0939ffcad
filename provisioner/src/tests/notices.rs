//! What a provider says of its own accord, prices and keys.

use std::time::Duration;

use super::*;
use crate::{
    keys::Keys,
    prices::Prices,
    provider::{Notice, NoticeKind, Price, PublicKeys},
    watcher::Watcher,
};

impl TestEnv {
    async fn notice(&self, machine: &str, kind: NoticeKind) {
        let (region, machine) = ("r".to_owned(), machine.to_owned());
        let notice = Notice { region, machine, kind, at: self.clock.now(), receipt: format!("{kind:?}") };
        let watcher = Watcher::new(self.shared.clone(), self.provider.clone(), Notifier::none(), Notifier::none());
        watcher.handle(vec![notice]).await.unwrap();
    }

    async fn a_worker(&self) -> String {
        self.pool(10, 1).await;
        self.proven().await;
        self.decide().await;
        self.launch().await;
        let registered = format!("update pool_worker set state = 1, registered = '{}'", self.clock.now());
        self.database.run(&registered).await;
        self.fake.ids().remove(0)
    }
}

#[tokio::test]
async fn an_interrupted_machine_is_replaced_before_it_is_gone() {
    let env = TestEnv::start().await;
    let machine = env.a_worker().await;
    env.notice(&machine, NoticeKind::Rebalance).await;
    assert_eq!(env.workers("state = 1").await, 1, "a recommendation changes nothing");
    env.notice(&machine, NoticeKind::Interruption).await;
    assert_eq!((env.workers("state = 2").await, env.fake.running()), (1, 1));
    assert_eq!(env.decide().await, 1, "the pool is due at once");
    env.launch().await;
    assert_eq!(env.fake.running(), 2);
    env.check().await;
    assert_eq!(env.fake.running(), 2, "the machine has the time that its provider gives it");
    env.clock.advance(TimeDelta::minutes(4));
    env.check().await;
    assert_eq!(env.fake.running(), 1, "and not much more");
    assert_eq!(env.fake.handled(), ["Rebalance", "Interruption"]);
}

#[tokio::test]
async fn a_machine_that_is_gone_is_noticed_at_once() {
    let env = TestEnv::start().await;
    let machine = env.a_worker().await;
    env.clock.advance(TimeDelta::minutes(4));
    env.check().await;
    env.fake.end_all();
    env.clock.advance(TimeDelta::seconds(1));
    env.check().await;
    assert_eq!(env.workers("state = 1").await, 1, "running machines are looked at every five minutes");
    env.notice(&machine, NoticeKind::StateChanged).await;
    env.check().await;
    assert_eq!(env.workers("state = 3").await, 1);
}

#[tokio::test]
async fn prices_are_fetched_once_for_all_processes_and_choose_the_cheapest() {
    let env = TestEnv::start().await;
    env.pool(100, 1).await;
    env.database.run("delete from launch_config").await;
    for (id, size) in [("dear", "big"), ("cheap", "small")] {
        env.launch_config(id).await;
        let configuration = format!(
            r#"{{"region":"r","launchConfig":{{"InstanceType":"{size}","InstanceMarketOptions":{{"MarketType":"spot"}}}}}}"#
        );
        let sql = format!("update launch_config set configuration = '{configuration}' where launch_config_id = '{id}'");
        env.database.run(&sql).await;
    }
    let price = |size: &str, hourly| Price {
        instance_type: size.to_owned(),
        market: crate::decision::Market::Spot,
        hourly,
        at: env.clock.now(),
    };
    env.fake.sell(vec![price("big", 0.5), price("small", 0.05), price("not-asked-for", 0.01)]);
    for _ in 0..2 {
        Prices { shared: env.shared.clone(), provider: env.provider.clone() }.run().await.unwrap();
    }
    assert_eq!(env.fake.price_calls(), 1, "the second process finds fresh ones");
    assert_eq!(env.database.run("select from offering where price is not null").await, 2);
    assert_eq!(env.decide().await, 1);
    assert_eq!(
        env.database.run("select from launch where launch_config_id = 'cheap' and instance_type = 'small'").await,
        1
    );
    assert_eq!(env.database.run("select from provision_decision where decision like '%\"cost\"%'").await, 1);
}

#[tokio::test]
async fn keys_are_stored_for_registrations_and_kept_while_the_provider_is_away() {
    let env = TestEnv::start().await;
    let mut keys = Keys { shared: env.shared.clone(), provider: env.provider.clone() };
    env.fake.publish(PublicKeys { keys: vec![("jwks".to_owned(), "{}".to_owned())], max_age: Duration::from_mins(10) });
    keys.run().await.unwrap();
    env.clock.advance(TimeDelta::days(6));
    let stored = env.db.identity_keys(PROVIDER, env.clock.now()).await.unwrap();
    assert_eq!((stored.len(), stored[0].key.as_str()), (1, "{}"));
    env.clock.advance(TimeDelta::days(2));
    assert!(env.db.identity_keys(PROVIDER, env.clock.now()).await.unwrap().is_empty());
}
