//! The metadata server of a machine.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::json;

use super::attested::Authorities;
use crate::servers::http::{HttpRequest, HttpServer};

struct Machine {
    authorities: Arc<Authorities>,
    name: String,
    vm_id: String,
    /// In base64.
    user_data: String,
    preempted: Arc<Mutex<BTreeSet<String>>>,
}

pub(super) fn start(
    authorities: Arc<Authorities>,
    name: &str,
    vm_id: &str,
    user_data: &str,
    preempted: Arc<Mutex<BTreeSet<String>>>,
) -> HttpServer {
    let (name, vm_id, user_data) = (name.to_owned(), vm_id.to_owned(), user_data.to_owned());
    let machine = Machine { authorities, name, vm_id, user_data, preempted };
    HttpServer::start(move |request| {
        let is_allowed = request.header("metadata") == "true" && request.query.contains_key("api-version");
        Some(if is_allowed { machine.page(request) } else { (400, String::new()) })
    })
}

impl Machine {
    fn page(&self, request: &HttpRequest) -> (u16, String) {
        let text = match request.parts().as_slice() {
            ["metadata", "instance", "compute", "name"] => self.name.clone(),
            ["metadata", "instance", "compute", "userData"] => self.user_data.clone(),
            ["metadata", "attested", "document"] => {
                json!({ "encoding": "pkcs7", "signature": self.authorities.attest(&self.vm_id) }).to_string()
            }
            ["metadata", "scheduledevents"] => {
                let is_preempted = self.preempted.lock().unwrap_or_else(PoisonError::into_inner).contains(&self.name);
                let event = json!({ "EventType": "Preempt", "Resources": [self.name], "EventStatus": "Scheduled" });
                let events = if is_preempted { vec![event] } else { Vec::new() };
                json!({ "DocumentIncarnation": 1, "Events": events }).to_string()
            }
            _ => return (404, String::new()),
        };
        (200, text)
    }
}
