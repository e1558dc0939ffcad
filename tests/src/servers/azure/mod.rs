//! A small Azure of ours: the calls that the driver makes, tokens, and metadata servers for machines, whose attested data certificates of
//! the test sign. It follows Microsoft's documentation, and is no proof of how Azure behaves.

mod attested;
mod machines;
mod metadata;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

use attested::Authorities;
pub use machines::AzureRules;
use machines::Machines;

use super::{
    cloud_machine::BootMachine,
    http::{HttpReply, HttpRequest, HttpServer},
};

const SECRET: &str = "secret of the application & more";
const GROUP: [&str; 5] = ["subscriptions", "subscription-1", "resourceGroups", "drover", "providers"];

/// Listens until it is dropped.
#[derive(Debug)]
pub struct AzureCloud {
    pub server: HttpServer,
    state: Arc<Mutex<Machines>>,
    /// In PEM: what the provider trusts.
    pub root: String,
}

impl AzureCloud {
    /// `None`: openssl is not here.
    pub fn start(folder: &Path, boot: Option<BootMachine>) -> Option<Self> {
        let authorities = Arc::new(Authorities::make(folder)?);
        let (root, intermediate) = (authorities.text("root.pem"), authorities.text("middle.pem"));
        let state = Arc::new(Mutex::new(Machines::new(authorities, boot)));
        let shared = state.clone();
        let server = HttpServer::start(move |request| answer(&shared, &intermediate, request));
        Some(Self { server, state, root })
    }

    /// Of the provider, as JSON.
    pub fn settings(&self) -> Value {
        json!({
            "subscription_id": GROUP[1], "resource_group": GROUP[3], "tenant_id": "tenant-1", "client_id": "client-1",
            "client_secret": SECRET, "endpoint": self.server.url, "login_endpoint": self.server.url,
            "intermediate_urls": [format!("{}/intermediate.pem", self.server.url)],
        })
    }

    pub fn change(&self, change: impl FnOnce(&mut AzureRules)) {
        change(&mut lock(&self.state).rules);
    }

    /// All virtual machines, as the API shows them.
    pub fn machines(&self) -> Vec<Value> {
        lock(&self.state).all.values().cloned().collect()
    }

    /// Takes a spot machine back: it is warned.
    pub fn preempt(&self, name: &str) {
        lock(&self.state).preempted.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
    }

    /// The machine was shut down from inside.
    pub fn shut_down(&self, name: &str) {
        let statuses = json!([{ "code": "ProvisioningState/succeeded" }, { "code": "PowerState/stopped" }]);
        lock(&self.state).all.get_mut(name).unwrap()["properties"]["instanceView"] = json!({ "statuses": statuses });
    }
}

fn lock(state: &Mutex<Machines>) -> MutexGuard<'_, Machines> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(state: &Mutex<Machines>, intermediate: &str, request: &HttpRequest) -> HttpReply {
    let parts = request.parts();
    let (status, body) = match (request.method.as_str(), parts.as_slice()) {
        ("POST", ["tenant-1", "oauth2", "v2.0", "token"]) => token(request),
        ("GET", ["intermediate.pem"]) => return Some((200, intermediate.to_owned())),
        (_, path) if path.starts_with(&GROUP) => {
            let mut state = lock(state);
            if request.header("authorization") != format!("Bearer {}", machines::TOKEN) {
                refusal(401, "InvalidAuthenticationToken", "The access token is invalid.")
            } else if request.query.contains_key("api-version") {
                let answer = state.call(&path[GROUP.len()..], request);
                if state.loses_answer(request) {
                    return None;
                }
                answer
            } else {
                refusal(400, "MissingApiVersionParameter", "The api-version query parameter is required.")
            }
        }
        _ => refusal(404, "SubscriptionNotFound", "The subscription could not be found."),
    };
    Some((status, if body.is_null() { String::new() } else { body.to_string() }))
}

fn token(request: &HttpRequest) -> (u16, Value) {
    let form = request.form();
    let is = |name: &str, value: &str| form.get(name).is_some_and(|it| it == value);
    let has_scope = form.get("scope").is_some_and(|scope| scope.ends_with("/.default"));
    if is("grant_type", "client_credentials") && is("client_id", "client-1") && is("client_secret", SECRET) && has_scope
    {
        (200, json!({ "access_token": machines::TOKEN, "expires_in": 3599, "token_type": "Bearer" }))
    } else {
        (401, json!({ "error": "invalid_client", "error_description": "Invalid client secret provided." }))
    }
}

fn refusal(status: u16, code: &str, message: &str) -> (u16, Value) {
    (status, json!({ "error": { "code": code, "message": message } }))
}
