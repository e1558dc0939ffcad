//! A small Compute Engine of ours: the calls that the driver makes, tokens, and metadata servers for instances. It follows Google's
//! documentation, and is no proof of how Google behaves; `tests/client/test_google_model.py` compares requests with Google's own model.

mod answers;
mod instances;
mod metadata;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base::{Clock, SystemClock};
use serde_json::{Value, json};

use answers::{PROJECT, WORKER_ACCOUNT, refusal};
pub use instances::GoogleRules;
use instances::Instances;

use super::{
    cloud_machine::BootMachine,
    http::{HttpReply, HttpRequest, HttpServer},
    signing_key::SigningKey,
};

const PROVISIONER: &str = "drover@project-1.iam.gserviceaccount.com";

/// Listens until it is dropped.
#[derive(Debug)]
pub struct GoogleCloud {
    pub server: HttpServer,
    state: Arc<Mutex<Instances>>,
    credentials: PathBuf,
}

struct Keys {
    /// Of Drover's service account.
    account: SigningKey,
    /// Of Google, for the tokens of instances.
    google: Arc<SigningKey>,
}

impl GoogleCloud {
    /// `None`: openssl is not here.
    pub fn start(folder: &Path, boot: Option<BootMachine>) -> Option<Self> {
        let account = SigningKey::make(folder, "account")?;
        let keys = Keys { google: Arc::new(SigningKey::make(folder, "google")?), account };
        let private_key = keys.account.private_key.clone();
        let state = Arc::new(Mutex::new(Instances::new(keys.google.clone(), boot)));
        let shared = state.clone();
        let server = HttpServer::start(move |request| answer(&shared, &keys, request));
        let credentials = folder.join("google.json");
        let key = json!({
            "type": "service_account", "client_email": PROVISIONER, "private_key": private_key, "private_key_id": "1",
            "token_uri": format!("{}/token", server.url),
        });
        fs::write(&credentials, key.to_string()).unwrap();
        Some(Self { server, state, credentials })
    }

    /// Of the provider, as JSON.
    pub fn settings(&self) -> Value {
        json!({
            "project": PROJECT, "worker_service_account_id": WORKER_ACCOUNT,
            "worker_service_account_email": "worker@project-1.iam.gserviceaccount.com",
            "credentials_file": self.credentials, "endpoint": format!("{}/compute/v1", self.server.url),
            "jwks_url": format!("{}/certs", self.server.url),
        })
    }

    pub fn change(&self, change: impl FnOnce(&mut GoogleRules)) {
        change(&mut lock(&self.state).rules);
    }

    /// All instances, as the API shows them.
    pub fn instances(&self) -> Vec<Value> {
        lock(&self.state).all.values().cloned().collect()
    }

    /// Takes a spot instance back: it is warned.
    pub fn preempt(&self, id: &str) {
        lock(&self.state).preempted.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
    }

    /// The instance was shut down from inside.
    pub fn shut_down(&self, id: &str) {
        lock(&self.state).all.get_mut(id).unwrap()["status"] = json!("TERMINATED");
    }
}

fn lock(state: &Mutex<Instances>) -> MutexGuard<'_, Instances> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(state: &Mutex<Instances>, keys: &Keys, request: &HttpRequest) -> HttpReply {
    let (status, body) = match (request.method.as_str(), request.parts().as_slice()) {
        ("POST", ["token"]) => token(keys, request),
        ("GET", ["certs"]) => (200, keys.google.jwks()),
        (_, ["compute", "v1", "projects", PROJECT, "zones", zone, rest @ ..]) => {
            let mut state = lock(state);
            if request.header("authorization") != format!("Bearer {}", state.token) {
                return Some((401, refusal(401, "authError", "Invalid Credentials").1.to_string()));
            }
            let answer = state.call(zone, rest, request);
            if state.loses_answer(request) {
                return None;
            }
            answer
        }
        _ => refusal(404, "notFound", "no such project"),
    };
    Some((status, body.to_string()))
}

/// An assertion that the key of the account signed becomes a token.
fn token(keys: &Keys, request: &HttpRequest) -> (u16, Value) {
    let form = request.form();
    let is_grant = form.get("grant_type").is_some_and(|it| it == "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let claims = form.get("assertion").and_then(|assertion| keys.account.claims(assertion)).unwrap_or_default();
    let now = SystemClock.now().timestamp();
    let is_now = claims["iat"].as_i64().is_some_and(|at| (at - now).abs() < 300);
    let is_account = claims["iss"] == PROVISIONER && claims["scope"] == "https://www.googleapis.com/auth/compute";
    if is_grant && is_now && is_account && claims["aud"].as_str().is_some_and(|it| it.ends_with("/token")) {
        (200, json!({ "access_token": instances::TOKEN, "expires_in": 3599, "token_type": "Bearer" }))
    } else {
        (400, json!({ "error": "invalid_grant", "error_description": "Invalid JWT Signature." }))
    }
}
