//! Intake of deliveries: checked, and stored once with the message that tells them.

use db::github::{InstallationUpdate, NewDelivery};
use protocol::github::{Delivery, DeliveryState, read, verify};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Github, GithubError, Result, message};

/// A request of the web hook, as it came.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// `X-GitHub-Event`.
    pub event: Option<&'a str>,
    /// `X-GitHub-Delivery`.
    pub delivery_id: Option<&'a str>,
    /// `X-Hub-Signature-256`.
    pub signature: Option<&'a str>,
    pub body: &'a [u8],
}

/// A delivery that is from GitHub and can be read.
#[derive(Debug)]
pub struct Checked {
    id: String,
    event: String,
    body: String,
    content: Value,
    delivery: Delivery,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    Stored,
    /// It is there already; this time nothing was done.
    Taken,
    /// Nothing will come of it, and why.
    Ignored(String),
}

const MAX_EVENT: usize = 100;
const GUID: &str = "be a GUID, like 72d3162e-cc78-11e3-81ab-4c9367dc0958";

impl Github {
    /// Checks signature and body. A large body takes a while: not for an async thread.
    pub fn check(&self, incoming: &Incoming<'_>) -> Result<Checked> {
        let secrets: Vec<&str> = self.0.settings.webhook_secrets.iter().map(base::Secret::reveal).collect();
        verify(&secrets, incoming.signature, incoming.body)?;
        let event = incoming.event.filter(|event| is_event(event));
        let event = event.ok_or(GithubError::Header { name: "X-GitHub-Event", expected: "name an event" })?;
        let id = delivery_id(incoming)?;
        let body = std::str::from_utf8(incoming.body).map_err(|error| GithubError::Body(error.to_string()))?;
        let content: Value = serde_json::from_str(body).map_err(|error| GithubError::Body(error.to_string()))?;
        let delivery = read(event, &content)?;
        Ok(Checked { id, event: event.to_owned(), body: body.to_owned(), content, delivery })
    }

    /// Stores a delivery, unless it is there already.
    pub async fn receive(&self, checked: &Checked) -> Result<Received> {
        let Checked { id, event, body, content, delivery } = checked;
        let new =
            NewDelivery { message: message::of(id, delivery, content), ..new_delivery((id, event, body), delivery) };
        let trace = base::telemetry::traceparent();
        let inner = &self.0;
        if !inner.db.github_receive(&new, trace.as_deref(), inner.clock.now()).await? {
            tracing::info!(delivery.id = id, event, "delivery is there already");
            return Ok(Received::Taken);
        }
        if new.message.is_some() {
            inner.notifications.relay.notify();
        }
        if let Delivery::Ignored(why) = delivery {
            tracing::debug!(delivery.id = id, event, why, "delivery ignored");
            return Ok(Received::Ignored(why.clone()));
        }
        inner.wakeups.deliveries.notify();
        Ok(Received::Stored)
    }
}

fn new_delivery<'a>(
    (delivery_id, event, body): (&'a str, &'a str, &'a str),
    delivery: &'a Delivery,
) -> NewDelivery<'a> {
    let (repository, subject, state) = match delivery {
        Delivery::Build(event) => (event.repository.to_string(), event.subject(), DeliveryState::Waiting),
        Delivery::Rerun(rerun) => {
            let subject = format!("check/{}", rerun.check_run_id);
            (rerun.repository.to_string(), subject, DeliveryState::Waiting)
        }
        Delivery::Installation(_) => (String::new(), String::new(), DeliveryState::Done),
        Delivery::Ignored(_) => (String::new(), String::new(), DeliveryState::Ignored),
    };
    let reason = if let Delivery::Ignored(why) = delivery { Some(why.as_str()) } else { None };
    let installation = if let Delivery::Installation(change) = delivery {
        Some(InstallationUpdate { owner: &change.owner, installation: change.installation, active: change.active })
    } else {
        None
    };
    NewDelivery { delivery_id, event, body, repository, subject, state, reason, message: None, installation }
}

/// GitHub's id; a sender without one gets the hash of the body, so that a repeat is known.
fn delivery_id(incoming: &Incoming<'_>) -> Result<String> {
    match incoming.delivery_id {
        Some(id) if is_guid(id) => Ok(id.to_ascii_lowercase()),
        Some(_) => Err(GithubError::Header { name: "X-GitHub-Delivery", expected: GUID }),
        None => Ok(guid(&Sha256::digest(incoming.body)[..16])),
    }
}

/// 16 bytes, as GitHub's ids look.
pub(super) fn guid(bytes: &[u8]) -> String {
    let hash = hex::encode(bytes);
    [&hash[..8], &hash[8..12], &hash[12..16], &hash[16..20], &hash[20..]].join("-")
}

fn is_guid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_alphanumeric())
}

fn is_event(text: &str) -> bool {
    (1..=MAX_EVENT).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}
