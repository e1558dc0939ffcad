//! Deployments and virtual machines of the resource group.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex},
};

use base::{Clock, SystemClock};
use serde_json::{Value, json};

use super::{attested::Authorities, metadata, refusal};
use crate::servers::{
    cloud_machine::{BootMachine, CloudMachine},
    http::HttpRequest,
};

pub(super) const TOKEN: &str = "token-of-the-application";

type Answer = (u16, Value);

/// By default every call succeeds.
#[derive(Debug, Default)]
pub struct AzureRules {
    /// The next deployments fail with this code, where there is one, but for so many first ones.
    pub fail_with: Option<(&'static str, u32)>,
    /// How many of the next deployments are begun, and their answers lost.
    pub lose_answer: u32,
    /// How many of the next calls are refused as too many.
    pub throttle: u32,
    /// So many times a new machine is not there yet when it is asked for.
    pub slow: u32,
    pub page_size: Option<usize>,
}

pub(super) struct Machines {
    pub(super) all: BTreeMap<String, Value>,
    pub(super) rules: AzureRules,
    pub(super) preempted: Arc<Mutex<BTreeSet<String>>>,
    deployments: BTreeMap<String, Value>,
    booted: BTreeMap<String, CloudMachine>,
    authorities: Arc<Authorities>,
    boot: Option<BootMachine>,
    made: u32,
}

impl Machines {
    pub(super) fn new(authorities: Arc<Authorities>, boot: Option<BootMachine>) -> Self {
        Self {
            all: BTreeMap::new(),
            rules: AzureRules::default(),
            preempted: Arc::default(),
            deployments: BTreeMap::new(),
            booted: BTreeMap::new(),
            authorities,
            boot,
            made: 0,
        }
    }

    pub(super) fn call(&mut self, path: &[&str], request: &HttpRequest) -> Answer {
        if self.rules.throttle > 0 {
            self.rules.throttle -= 1;
            return refusal(429, "TooManyRequests", "later");
        }
        match (request.method.as_str(), path) {
            ("PUT", ["Microsoft.Resources", "deployments", name]) => self.deploy(name, &request.json()),
            ("GET", ["Microsoft.Resources", "deployments", name]) => {
                self.deployments.get(*name).map_or_else(missing, |it| (200, it.clone()))
            }
            ("GET", ["Microsoft.Compute", "virtualMachines"]) => self.list(request),
            ("GET", ["Microsoft.Compute", "virtualMachines", name]) => self.get(name),
            ("DELETE", ["Microsoft.Compute", "virtualMachines", name]) => {
                let found = self.all.remove(*name);
                self.booted.remove(*name);
                found.map_or((204, Value::Null), |_| (202, Value::Null))
            }
            _ => missing(),
        }
    }

    fn deploy(&mut self, name: &str, body: &Value) -> Answer {
        let properties = &body["properties"];
        if properties["mode"] != "Incremental"
            || (properties["template"].is_null() && properties["templateLink"].is_null())
        {
            return refusal(400, "InvalidRequestContent", "The request content was invalid");
        }
        let parameter = |name: &str| properties["parameters"][name]["value"].as_str().unwrap_or_default().to_owned();
        let declared = properties["template"]["parameters"].as_object().cloned().unwrap_or_default();
        let given = properties["parameters"].as_object().cloned().unwrap_or_default();
        if let Some(unknown) = given.keys().find(|name| !declared.contains_key(*name)) {
            return refusal(400, "InvalidTemplate", &format!("The template parameters '{unknown}' are not valid"));
        }
        if let Some(known) = self.deployments.get(name) {
            return (200, known.clone());
        }
        let mut deployment = json!({ "name": name, "properties": { "provisioningState": "Accepted" } });
        match self.failure() {
            Some(code) => {
                let detail = json!({ "code": code, "message": "as the test says" });
                let error = json!({ "code": "DeploymentFailed", "message": "", "details": [detail] });
                deployment["properties"] = json!({ "provisioningState": "Failed", "error": error });
            }
            None => self.make(&parameter("vmName"), &parameter("location"), &parameter("userData")),
        }
        self.deployments.insert(name.to_owned(), deployment.clone());
        (201, deployment)
    }

    fn failure(&mut self) -> Option<&'static str> {
        match &mut self.rules.fail_with {
            Some((code, 0)) => Some(code),
            Some((_, left)) => {
                *left -= 1;
                None
            }
            None => None,
        }
    }

    fn make(&mut self, name: &str, location: &str, user_data: &str) {
        self.made += 1;
        let vm_id = format!("d3e0e3a2-7f1c-4f2e-9d2e-{:012}", self.made);
        let statuses = json!([{ "code": "ProvisioningState/succeeded" }, { "code": "PowerState/running" }]);
        let machine = json!({ "name": name, "location": location, "properties": {
            "vmId": vm_id, "provisioningState": "Creating", "timeCreated": SystemClock.now().to_rfc3339(),
            "instanceView": { "statuses": statuses } } });
        if let Some(boot) = &self.boot {
            let metadata = metadata::start(self.authorities.clone(), name, &vm_id, user_data, self.preempted.clone());
            self.booted.insert(name.to_owned(), CloudMachine::start(boot, name, metadata));
        }
        self.all.insert(name.to_owned(), machine);
    }

    fn get(&mut self, name: &str) -> Answer {
        if self.rules.slow > 0 {
            self.rules.slow -= 1;
            return missing();
        }
        self.all.get(name).map_or_else(missing, |it| (200, it.clone()))
    }

    /// States come only where they are asked for.
    fn list(&self, request: &HttpRequest) -> Answer {
        let begin = request.query.get("$skiptoken").map_or("", String::as_str);
        let has_states = request.query.get("$expand").is_some_and(|it| it == "instanceView");
        let mut rest = self.all.iter().skip_while(|(name, _)| name.as_str() < begin);
        let size = self.rules.page_size.unwrap_or(usize::MAX);
        let shown = |machine: &Value| {
            let mut machine = machine.clone();
            if !has_states {
                machine["properties"].as_object_mut().unwrap().remove("instanceView");
            }
            machine
        };
        let value: Vec<Value> = rest.by_ref().take(size).map(|(_, machine)| shown(machine)).collect();
        let mut list = json!({ "value": value });
        if let Some((next, _)) = rest.next() {
            let (host, path) = (request.header("host"), request.path.join("/"));
            list["nextLink"] =
                json!(format!("http://{host}/{path}?api-version=1&$expand=instanceView&$skiptoken={next}"));
        }
        (200, list)
    }

    pub(super) fn loses_answer(&mut self, request: &HttpRequest) -> bool {
        if request.method != "PUT" || self.rules.lose_answer == 0 {
            return false;
        }
        self.rules.lose_answer -= 1;
        true
    }
}

impl fmt::Debug for Machines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machines").field("all", &self.all).finish_non_exhaustive()
    }
}

fn missing() -> Answer {
    refusal(404, "ResourceNotFound", "The resource was not found.")
}
