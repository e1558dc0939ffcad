use std::sync::atomic::{AtomicUsize, Ordering};

use base::{SealingKey, Secret, TestClock};
use chrono::TimeDelta;
use db::testing::TestDatabase;
use protocol::error::ErrorCode;

use super::*;

mod clients;
mod processes;
mod roles;

const QUEUE_TOKEN: &str = "queue-token-queue-token-queue";

/// One process on a database of its own.
struct TestEnv {
    auth: Auth,
    clock: TestClock,
    notified: Arc<AtomicUsize>,
    database: TestDatabase,
}

impl TestEnv {
    async fn start() -> Self {
        let database = TestDatabase::create().await;
        let (auth, clock, notified) = process(&database, &["one"]).await;
        auth.start(&[]).await.unwrap();
        Self { auth, clock, notified, database }
    }

    fn body(&self, scopes: &[&str]) -> ClientBody {
        ClientBody {
            description: "d".to_owned(),
            expires: self.clock.now() + TimeDelta::hours(1),
            scopes: Some(texts(scopes)),
            delete_on_expiration: false,
        }
    }

    async fn create(&self, client_id: &str, scopes: &[&str]) -> String {
        self.auth.create_client(client_id, self.body(scopes), "me").await.unwrap().1
    }

    async fn role(&self, role_id: &str, scopes: &[&str]) -> Result<RoleRow, AuthError> {
        self.auth.create_role(role_id, role(scopes), "me").await
    }

    fn token_of(&self, client_id: &str) -> Option<String> {
        token_of(&self.auth, client_id)
    }

    fn holds(&self, client_id: &str) -> Vec<String> {
        let known = self.auth.clients().now();
        known.scopes_of(known.client(client_id).unwrap()).unwrap().as_slice().to_vec()
    }
}

/// Another process on the same database, with the keys of these names.
async fn process(database: &TestDatabase, keys: &[&str]) -> (Auth, TestClock, Arc<AtomicUsize>) {
    let (clock, notified) = (TestClock::default(), Arc::new(AtomicUsize::new(0)));
    let keys: Vec<SealingKey> = keys.iter().map(|id| SealingKey::make(id, &Rng::seeded(id.len() as u64))).collect();
    let (ring, counted) = (KeyRing::new(&keys).unwrap(), notified.clone());
    let relay: Notifier = Notifier::new(move || _ = counted.fetch_add(1, Ordering::Relaxed));
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    let (db, month) = (database.db().await, TimeDelta::days(30));
    let auth = Auth::new(db, shared, Rng::system(), Arc::new(ring), relay, QUEUE_TOKEN, month);
    (auth, clock, notified)
}

fn token_of(auth: &Auth, client_id: &str) -> Option<String> {
    auth.clients().now().client(client_id).map(|client| client.access_token.clone())
}

fn role(scopes: &[&str]) -> RoleBody {
    RoleBody { description: "d".to_owned(), scopes: texts(scopes) }
}

fn texts(scopes: &[&str]) -> Vec<String> {
    scopes.iter().map(|scope| (*scope).to_owned()).collect()
}

fn code<T: std::fmt::Debug>(result: Result<T, AuthError>) -> ErrorCode {
    result.unwrap_err().code()
}
