//! Lists of machines, and prices.

use std::time::Duration;

use provisioner::{
    decision::Market,
    provider::{MachineState, Provider},
};

use super::{AwsEnv, DEPLOYMENT, sorted};

#[tokio::test]
async fn a_list_has_all_pages_of_this_deployments_machines() {
    let Some(env) = AwsEnv::start().await else { return };
    let mut made = Vec::new();
    for _ in 0..5 {
        made.extend(env.aws.launch(&env.launch("us-west-2", 2)).await.unwrap().machines.into_iter().map(|it| it.id));
    }
    let mut others = env.launch("us-west-2", 1);
    others.tags.insert("drover-deployment".to_owned(), "another".to_owned());
    env.aws.launch(&others).await.unwrap();
    env.aws.launch(&env.launch("us-east-1", 1)).await.unwrap();

    env.proxy.change(|rules| rules.page_size = Some(2));
    let (all, pages) = env.list("us-west-2").await;
    assert_eq!(pages, 3);
    assert!(all.iter().all(|it| it.deployment.as_deref() == Some(DEPLOYMENT) && it.launch.is_some()));
    assert_eq!(sorted(all.into_iter().map(|it| it.id).collect()), sorted(made));
}

#[tokio::test]
async fn a_machine_may_boot_slowly_and_be_missing_while_it_is_new() {
    let Some(env) = AwsEnv::start().await else { return };
    env.proxy.change(|rules| (rules.boot_time, rules.list_delay) = (Duration::from_mins(5), Duration::from_mins(2)));
    let made = env.aws.launch(&env.launch("us-west-2", 1)).await.unwrap().machines;
    assert!(env.ids("us-west-2").await.is_empty());
    env.proxy.change(|rules| rules.list_delay = Duration::ZERO);
    let (seen, _) = env.list("us-west-2").await;
    assert_eq!((seen[0].id.as_str(), seen[0].state), (made[0].id.as_str(), MachineState::Running), "pending is alive");
}

#[tokio::test]
async fn spot_prices_are_of_each_type_once() {
    let Some(env) = AwsEnv::start().await else { return };
    let prices = env.aws.prices("us-west-2").await.unwrap().unwrap();
    let of_type: Vec<_> = prices.iter().filter(|it| it.instance_type == "m5.large").collect();
    assert!(of_type.len() <= 1 && prices.iter().all(|it| it.market == Market::Spot && it.hourly > 0.0));
    let sent = &env.proxy.requests("DescribeSpotPriceHistory")[0];
    assert_eq!(sent.get("ProductDescription.1"), Some("Linux/UNIX"));
}
