//! The pods of the namespace.

use std::collections::BTreeMap;

use hyper::Method;
use serde_json::{Value, json};

use super::processes::Processes;

#[derive(Debug, Default)]
pub(super) struct Pods {
    pub(super) all: BTreeMap<String, Value>,
    pub(super) rules: PodRules,
    pub(super) processes: Option<Processes>,
    made: u32,
}

#[derive(Debug, Default)]
pub struct PodRules {
    /// The quota of the namespace.
    pub most_pods: Option<usize>,
    /// After so many creations that are answered one is carried out and its answer lost.
    pub lose_answer_after: Option<u32>,
    /// The server's own limit for a page.
    pub page_size: Option<usize>,
}

pub(super) type Answer = (u16, Value);

pub(super) fn refusal(status: u16, reason: &str, message: &str) -> Answer {
    (status, json!({ "kind": "Status", "apiVersion": "v1", "code": status, "reason": reason, "message": message }))
}

impl Pods {
    pub(super) fn new(processes: Option<Processes>) -> Self {
        Self { processes, ..Self::default() }
    }

    pub(super) fn create(&mut self, body: &[u8]) -> Answer {
        let Ok(mut pod) = serde_json::from_slice::<Value>(body) else { return refusal(400, "BadRequest", "no JSON") };
        let name = pod["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        if pod["kind"] != "Pod" || name.is_empty() || name.len() > 253 || !name.chars().all(is_name) {
            return refusal(422, "Invalid", "metadata.name: Invalid value");
        }
        let has_image = |container: &Value| container["image"].is_string() && container["name"].is_string();
        if !pod["spec"]["containers"].as_array().is_some_and(|all| !all.is_empty() && all.iter().all(has_image)) {
            return refusal(422, "Invalid", "spec.containers[0].image: Required value");
        }
        if self.all.contains_key(&name) {
            return refusal(409, "AlreadyExists", &format!("pods \"{name}\" already exists"));
        }
        if self.rules.most_pods.is_some_and(|most| self.all.len() >= most) {
            return refusal(403, "Forbidden", &format!("pods \"{name}\" is forbidden: exceeded quota: few"));
        }
        self.made += 1;
        pod["metadata"]["uid"] = json!(format!("00000000-0000-4000-8000-{:012}", self.made));
        pod["metadata"]["creationTimestamp"] = json!("2026-11-27T12:00:00Z");
        pod["status"] = json!({ "phase": "Pending" });
        if let Some(processes) = &mut self.processes {
            pod["metadata"]["creationTimestamp"] = json!(base::Clock::now(&base::SystemClock).to_rfc3339());
            processes.start(&pod);
            pod["status"]["phase"] = json!("Running");
        }
        self.all.insert(name, pod.clone());
        (201, pod)
    }

    /// As kubelets report.
    pub(super) fn look(&mut self) {
        let ended = self.processes.as_mut().map(Processes::ended).unwrap_or_default();
        for (name, phase) in ended {
            let Some(pod) = self.all.get_mut(&name) else { continue };
            pod["status"]["phase"] = json!(phase);
            if pod["metadata"]["deletionTimestamp"].is_string() {
                self.all.remove(&name);
            }
        }
    }

    pub(super) fn jwks(&self) -> Answer {
        self.processes.as_ref().map_or_else(|| refusal(404, "NotFound", "no keys"), |it| (200, it.key.jwks()))
    }

    pub(super) fn get(&self, name: &str) -> Answer {
        match self.all.get(name) {
            Some(pod) => (200, pod.clone()),
            None => refusal(404, "NotFound", &format!("pods \"{name}\" not found")),
        }
    }

    /// A pod stays until its processes have ended, here until it is finished by the test.
    pub(super) fn delete(&mut self, name: &str) -> Answer {
        if let Some(pod) = self.all.get_mut(name) {
            pod["metadata"]["deletionTimestamp"] = json!("2026-11-27T12:05:00Z");
            if let Some(processes) = &self.processes {
                processes.terminate(name);
            }
            let has_ended = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
            if pod["status"]["phase"] == "Pending" || (has_ended && self.processes.is_some()) {
                return (200, self.all.remove(name).unwrap_or_default());
            }
        }
        self.get(name)
    }

    pub(super) fn list(&self, query: &[(String, String)]) -> Answer {
        let asked = |name: &str| query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let (key, value) = asked("labelSelector").and_then(|it| it.split_once('=')).unwrap_or_default();
        let is_selected = |(_, pod): &(&String, &Value)| key.is_empty() || pod["metadata"]["labels"][key] == value;
        let begin = asked("continue").unwrap_or_default();
        let mut rest = self.all.iter().filter(is_selected).skip_while(|(name, _)| name.as_str() < begin);
        let limit = asked("limit").and_then(|it| it.parse().ok()).unwrap_or(usize::MAX);
        let size = self.rules.page_size.map_or(limit, |size| size.min(limit));
        let items: Vec<&Value> = rest.by_ref().take(size).map(|(_, pod)| pod).collect();
        let next = rest.next().map_or("", |(name, _)| name);
        (200, json!({ "kind": "PodList", "apiVersion": "v1", "metadata": { "continue": next }, "items": items }))
    }

    pub(super) fn loses_answer(&mut self, method: &Method) -> bool {
        if method != Method::POST {
            return false;
        }
        match &mut self.rules.lose_answer_after {
            Some(0) => {
                self.rules.lose_answer_after = None;
                true
            }
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        }
    }
}
