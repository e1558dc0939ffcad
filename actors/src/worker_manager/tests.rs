use base::{ConfigDuration, SealingKey, TestClock};
use chrono::TimeDelta;
use db::testing::TestDatabase;
use protocol::{error::ErrorCode, id::WorkerName};
use serde_json::{Map, Value, json};

use super::{identity::Proof, *};
use crate::kit::PageAfter;

const SECRET: &str = "abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLM_012";
const POOL: &str = "proj/pool";

struct TestEnv {
    manager: WorkerManager,
    clock: TestClock,
    _database: TestDatabase,
}

fn provider(id: &str, provider_type: ProviderType) -> ProviderSettings {
    ProviderSettings { id: id.to_owned(), provider_type, ..ProviderSettings::default() }
}

impl TestEnv {
    async fn start() -> Self {
        let database = TestDatabase::create().await;
        let (clock, rng) = (TestClock::default(), Rng::seeded(1));
        let providers = vec![
            provider("static", ProviderType::Static),
            provider("aws", ProviderType::Aws),
            provider("local", ProviderType::Local),
        ];
        let manager = WorkerManager {
            db: database.db().await,
            clock: Arc::new(clock.clone()),
            keys: Arc::new(KeyRing::new(&[SealingKey::make("k", &rng)]).unwrap()),
            rng,
            providers: Arc::new(Providers::new(&WorkerManagerSettings { providers }).unwrap()),
            clients: Clients::fixed([], "a-token"),
            notifications: Notifications::none(),
            root_url: "https://tc.example.com".to_owned(),
        };
        Self { manager, clock, _database: database }
    }

    async fn create(&self, provider_id: &str, config: Value) -> Result<Pool> {
        self.manager.create_pool(request(provider_id, config), "me").await
    }

    async fn worker(&self, id: &str) {
        let expires = self.clock.now() + TimeDelta::hours(1);
        let new = NewWorker {
            worker_pool_id: pool_id(),
            worker: name(id),
            expires,
            capacity: 1,
            static_secret: Some(SECRET.to_owned()),
        };
        self.manager.create_worker(new).await.unwrap();
    }

    async fn register(&self, id: &str, secret: &str) -> Result<Registered> {
        let proof = Proof { static_secret: Some(secret.to_owned()), ..Proof::default() };
        let (worker_pool_id, provider_id) = (pool_id(), "static".to_owned());
        self.manager.register(RegisterRequest { worker_pool_id, provider_id, worker: name(id), proof }).await
    }

    async fn reregister(&self, id: &str, secret: &str) -> Result<Registered> {
        let secret = secret.to_owned();
        self.manager.reregister(ReregisterRequest { worker_pool_id: pool_id(), worker: name(id), secret }).await
    }
}

fn pool_id() -> TaskQueueId {
    TaskQueueId(POOL.to_owned())
}

fn name(id: &str) -> WorkerName {
    WorkerName { worker_group: "g".to_owned(), worker_id: id.to_owned() }
}

fn request(provider_id: &str, config: Value) -> PoolRequest {
    let Value::Object(config) = config else { panic!("no object") };
    PoolRequest {
        worker_pool_id: pool_id(),
        provider_id: provider_id.to_owned(),
        description: "d".to_owned(),
        owner: "o@example.com".to_owned(),
        email_on_error: false,
        config,
    }
}

fn of_aws(launch_configs: &Value) -> Value {
    json!({ "minCapacity": 0, "maxCapacity": 10, "launchConfigs": launch_configs })
}

fn code<T>(result: Result<T>) -> ErrorCode {
    result.map(drop).unwrap_err().code()
}

#[tokio::test]
async fn a_pool_is_shown_as_it_was_given() {
    let env = TestEnv::start().await;
    let launch_config =
        |region: &str| json!({ "region": region, "launchConfig": { "ImageId": "ami-1" }, "capacityPerInstance": 2 });
    let mut weighted = launch_config("us-east-1");
    weighted["workerManager"] = json!({ "initialWeight": 0.5 });
    let config = of_aws(&json!([launch_config("us-west-2"), weighted]));
    let pool = env.create("aws", config.clone()).await.unwrap();
    assert_eq!(pool.config, config);
    let page = PageAfter { after: None, limit: 1 };
    let listed = env.manager.launch_configs(&pool_id(), false, page).await.unwrap();
    assert!(listed.next.is_some() && listed.rows[0].launch_config_id.starts_with("lc-"));
    let empty = env.manager.update_pool(request("aws", of_aws(&json!([]))), "me").await.unwrap();
    assert_eq!(empty.config, of_aws(&json!([])));
}

#[tokio::test]
async fn bad_configurations_are_refused_and_leave_nothing() {
    let env = TestEnv::start().await;
    let launch = json!({ "region": "r", "launchConfig": { "ImageId": "a" } });
    let with = |name: &str, value: Value| {
        let mut config = of_aws(&json!([launch]));
        config[name] = value;
        config
    };
    let huge = json!({ "region": "r", "launchConfig": { "ImageId": "a" }, "workerManager": { "capacityPerInstance": 1_u64 << 40 } });
    let cases = [
        (with("scalingRatio", json!(1e308)), ErrorCode::InputValidationError),
        (with("scalingRatio", json!(-1)), ErrorCode::InputValidationError),
        (with("maxCapacity", json!(1_u64 << 40)), ErrorCode::InputError),
        (with("minCapacity", json!(-1)), ErrorCode::InputValidationError),
        (with("bogus", json!(1)), ErrorCode::InputValidationError),
        (of_aws(&json!([huge])), ErrorCode::InputError),
        (of_aws(&json!([{ "region": "r" }])), ErrorCode::InputValidationError),
        (of_aws(&json!([launch, launch])), ErrorCode::InputValidationError),
        (of_aws(&Value::Array(vec![launch.clone(); 10_000])), ErrorCode::InputError),
        (json!({ "workerConfig": {} }), ErrorCode::InputValidationError),
    ];
    for (config, expected) in cases {
        let shown = config.to_string();
        let error = env.create("aws", config).await.unwrap_err();
        assert_eq!(error.code(), expected, "{}", &shown[..shown.len().min(200)]);
        assert!(error.field_errors().iter().all(|error| error.pointer.starts_with("/payload/config")), "{error:?}");
    }
    let newline = PoolRequest { owner: "o@example.com\nBcc: x@example.com".to_owned(), ..request("static", json!({})) };
    assert_eq!(code(env.manager.create_pool(newline, "me").await), ErrorCode::InputError);
    assert_eq!(code(env.create("nobody", json!({})).await), ErrorCode::InputError);
    assert_eq!(code(env.manager.pool(&pool_id()).await), ErrorCode::ResourceNotFound);
}

#[tokio::test]
async fn good_but_odd_configurations_are_taken() {
    let env = TestEnv::start().await;
    let named = |id: &str| json!({ "region": "nowhere", "launchConfig": { "ImageId": "a" }, "workerManager": { "launchConfigId": id, "capacityPerInstance": 100 } });
    // The minimum is above the maximum, an instance above both, a ratio is minus zero, and two ids have one content.
    let mut config = of_aws(&json!([named("a"), named("b")]));
    config["minCapacity"] = json!(20);
    config["scalingRatio"] = json!(-0.0);
    env.create("aws", config).await.unwrap();
    let listed = env.manager.launch_configs(&pool_id(), true, PageAfter { after: None, limit: 10 }).await.unwrap();
    assert_eq!(listed.rows.len(), 2);
}

#[tokio::test]
async fn a_static_worker_registers_again_and_again_until_it_is_removed() {
    let env = TestEnv::start().await;
    env.create("static", json!({ "workerConfig": { "a": 1 }, "lifecycle": { "reregistrationTimeout": 3600 } }))
        .await
        .unwrap();
    env.worker("w").await;
    let first = env.register("w", SECRET).await.unwrap();
    assert_eq!(first.worker_config, json!({ "a": 1 }));
    assert_eq!(first.expires, env.clock.now() + ConfigDuration::hours(1).delta());
    assert_eq!(first.credentials.client_id, "worker/static/proj/pool/g/w");
    let second = env.register("w", SECRET).await.unwrap();
    assert_eq!(code(env.reregister("w", &first.secret).await), ErrorCode::InputError, "the second secret counts");
    env.reregister("w", &second.secret).await.unwrap();
    env.manager.remove_worker(&pool_id(), &name("w")).await.unwrap();
    env.manager.remove_worker(&pool_id(), &name("w")).await.unwrap();
    assert!(matches!(env.register("w", SECRET).await, Err(WorkerManagerError::NotRegistrable("stopped"))));
}

#[tokio::test]
async fn workers_of_this_machine_may_ask_which_caches_were_purged() {
    let env = TestEnv::start().await;
    let now = env.clock.now();
    let may_ask = |provider: &str| {
        let issued = env.manager.credentials(provider, &pool_id(), &name("w"), now, now + TimeDelta::hours(1));
        let certificate = serde_json::to_string(&issued.certificate).unwrap();
        assert!(certificate.contains("queue:claim-work:proj/pool"), "{certificate}");
        certificate.contains("purge-cache:purge-requests::proj/pool")
    };
    assert!(may_ask("local"));
    assert!(!may_ask("static") && !may_ask("aws"), "a role gives it, as at Taskcluster");
}

#[tokio::test]
async fn a_secret_of_a_registration_is_good_once_even_for_two_at_once() {
    let env = TestEnv::start().await;
    env.create("static", json!({})).await.unwrap();
    env.worker("w").await;
    let secret = env.register("w", SECRET).await.unwrap().secret;
    assert_eq!(secret.len(), 44);
    let (one, other) = tokio::join!(env.reregister("w", &secret), env.reregister("w", &secret));
    assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1);
    let unknown = env.reregister("nobody", &secret).await.map(drop).unwrap_err().to_string();
    let wrong = env.reregister("w", &secret).await.map(drop).unwrap_err().to_string();
    assert_eq!(unknown, wrong);
}

#[tokio::test]
async fn the_checks_of_a_registration_come_in_order() {
    let env = TestEnv::start().await;
    assert!(matches!(env.register("w", SECRET).await, Err(WorkerManagerError::NoSuchPool(_))));
    env.create("aws", of_aws(&json!([]))).await.unwrap();
    assert!(matches!(env.register("w", SECRET).await, Err(WorkerManagerError::NotOfPool(_))));
    env.manager.update_pool(request("static", json!({})), "me").await.unwrap();
    assert!(matches!(env.register("w", SECRET).await, Err(WorkerManagerError::NoSuchWorker(_))));
    env.worker("w").await;
    assert!(matches!(env.register("w", &SECRET.replace('a', "b")).await, Err(WorkerManagerError::Identity)));
    env.clock.advance(TimeDelta::hours(2));
    assert!(matches!(env.register("w", &SECRET.replace('a', "b")).await, Err(WorkerManagerError::Expired)));
}

#[tokio::test]
async fn workers_are_listed_a_page_at_a_time() {
    let env = TestEnv::start().await;
    env.create("static", json!({})).await.unwrap();
    for id in ["c", "a", "b"] {
        env.worker(id).await;
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let all = PoolWorkerFilter::default();
        let page = env.manager.list_workers(&pool_id(), &all, PageAfter { after, limit: 1 }).await.unwrap();
        seen.extend(page.rows.into_iter().map(|row| row.worker.worker_id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["a", "b", "c"]);
}

#[tokio::test]
async fn an_error_report_names_its_worker() {
    let env = TestEnv::start().await;
    env.create("static", json!({})).await.unwrap();
    let report = ErrorReport {
        worker_pool_id: pool_id(),
        worker: name("w"),
        kind: "k".to_owned(),
        title: "t".to_owned(),
        description: "d".to_owned(),
        extra: Map::new(),
    };
    let error = env.manager.report_error(report).await.unwrap();
    assert_eq!(error.extra, r#"{"workerGroup":"g","workerId":"w"}"#);
    let page = PageAfter { after: None, limit: 10 };
    let listed = env.manager.errors(&pool_id(), &PoolErrorFilter::default(), page).await.unwrap();
    assert_eq!(listed.rows, [error]);
    assert_eq!(env.manager.error_stats(None).await.unwrap().total, 1);
}

#[test]
fn ids_of_providers_that_cannot_be_used_are_refused() {
    let settings = |ids: &[&str]| WorkerManagerSettings {
        providers: ids.iter().map(|id| provider(id, ProviderType::Static)).collect(),
    };
    assert_eq!(WorkerManagerSettings::default().check(), Ok(()));
    for ids in [&["a", "a"][..], &["null-provider"], &[""], &["a.b"], &["abcdefghijklmnopqrstuvwxyz-abcdefghijklmn"]] {
        assert!(settings(ids).check().is_err(), "{ids:?}");
    }
}
