//! Names of virtual machines, and what is read of them.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;

use crate::provider::{Launch, LaunchId, Machine, MachineState, Seen, launch_name};

/// Letters of `drover-deployment` in names.
const DEPLOYMENT_LETTERS: usize = 6;

#[derive(Debug, Deserialize)]
pub(super) struct VirtualMachine {
    pub(super) name: String,
    #[serde(default)]
    location: String,
    #[serde(default)]
    properties: Properties,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    #[serde(default)]
    vm_id: String,
    #[serde(default)]
    provisioning_state: String,
    time_created: Option<DateTime<Utc>>,
    #[serde(default)]
    instance_view: InstanceView,
}

#[derive(Debug, Default, Deserialize)]
struct InstanceView {
    #[serde(default)]
    statuses: Vec<Status>,
}

#[derive(Debug, Deserialize)]
struct Status {
    #[serde(default)]
    code: String,
}

pub(super) fn prefix(deployment: &str) -> String {
    let letters: String = deployment.chars().take(DEPLOYMENT_LETTERS).collect();
    format!("{letters}-")
}

pub(super) fn name(prefix: &str, launch: &Launch, number: u32) -> String {
    format!("{prefix}{}-{number}", launch_name::encode(launch.id))
}

/// What [`name`] put into the name.
pub(super) fn launch_of(name: &str) -> Option<LaunchId> {
    let mut parts = name.rsplit('-');
    parts.next()?;
    launch_name::decode(parts.next()?)
}

impl VirtualMachine {
    /// `None`: it has no id yet, with which its attested data is compared.
    pub(super) fn machine(self, region: &str) -> Option<Machine> {
        let data = json!({ "vmId": self.properties.vm_id });
        let has_id = !self.properties.vm_id.is_empty();
        has_id.then(|| Machine { group: region.to_owned(), id: self.name, data })
    }

    pub(super) fn is_in(&self, region: &str) -> bool {
        let plain = |text: &str| text.replace(' ', "").to_ascii_lowercase();
        plain(&self.location) == plain(region)
    }

    /// A machine whose name begins with the deployment's prefix is of this deployment.
    pub(super) fn seen(self, deployment: &str) -> Seen {
        let is_ours = self.name.starts_with(&prefix(deployment));
        Seen {
            state: self.state(),
            created: self.properties.time_created.unwrap_or(DateTime::<Utc>::UNIX_EPOCH),
            launch: launch_of(&self.name),
            deployment: is_ours.then(|| deployment.to_owned()),
            id: self.name,
        }
    }

    /// A state that nobody knows yet is of a machine that exists.
    fn state(&self) -> MachineState {
        let has = |code: &str| self.properties.instance_view.statuses.iter().any(|status| status.code == code);
        let Properties { provisioning_state, .. } = &self.properties;
        if provisioning_state == "Deleting" {
            MachineState::Stopping
        } else if provisioning_state == "Failed" || has("PowerState/stopped") || has("PowerState/deallocated") {
            MachineState::Ended
        } else if has("PowerState/stopping") || has("PowerState/deallocating") {
            MachineState::Stopping
        } else {
            MachineState::Running
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vm(provisioning: &str, power: &str) -> MachineState {
        let value = json!({ "name": "n", "properties": {
            "provisioningState": provisioning, "instanceView": { "statuses": [{ "code": power }] } } });
        serde_json::from_value::<VirtualMachine>(value).unwrap().state()
    }

    #[test]
    fn a_machine_that_was_stopped_from_inside_has_ended() {
        assert_eq!(vm("Succeeded", "PowerState/running"), MachineState::Running);
        assert_eq!(vm("Creating", ""), MachineState::Running);
        assert_eq!(vm("Succeeded", "PowerState/stopped"), MachineState::Ended);
        assert_eq!(vm("Succeeded", "PowerState/deallocating"), MachineState::Stopping);
        assert_eq!(vm("Failed", ""), MachineState::Ended);
        assert_eq!(vm("Deleting", "PowerState/stopped"), MachineState::Stopping);
    }

    #[test]
    fn a_name_says_whose_a_machine_is() {
        let id: LaunchId = "0f9b3c52-7e16-4c5b-9d54-4d3c9b0f3a11".parse().unwrap();
        assert_eq!(launch_of(&format!("{}{}-17", prefix("0f00d0f00d"), launch_name::encode(id))), Some(id));
        for name in ["", "vm", "0f00d0-nothing-1", "somebody-else"] {
            assert_eq!(launch_of(name), None, "{name}");
        }
    }
}
