//! The pods of a launch: all of them or none.

use reqwest::Method;
use serde_json::Value;

use super::{
    client::KubernetesClient,
    error,
    pod::{self, Pod},
};
use crate::provider::{Launch, Launched, Machine, ProviderError, ProviderResult};

pub(super) async fn launch(client: &KubernetesClient, launch: &Launch) -> ProviderResult<Launched> {
    let manifests: Vec<Value> = (0..launch.instances)
        .map(|number| pod::manifest(launch, number, &client.settings))
        .collect::<Result<_, _>>()?;
    let mut machines = Vec::new();
    for (manifest, number) in manifests.iter().zip(0..) {
        match create(client, launch, manifest, number).await {
            Ok(machine) => machines.push(machine),
            // No answer: what was made stays, and a repeat finds it.
            Err(error @ ProviderError::Unanswered { .. }) => return Err(error),
            Err(error) => return Err(undo(client, &machines, error).await),
        }
    }
    Ok(Launched { machines })
}

async fn create(client: &KubernetesClient, launch: &Launch, manifest: &Value, number: u32) -> ProviderResult<Machine> {
    let created = client.call::<Pod>(Method::POST, "", &[], Some(manifest), client.timeout()).await;
    let pod = match created {
        Err(error) if error::is(&error, "AlreadyExists") => {
            let pod: Pod = client.read(&pod::name(launch, number), &[]).await?;
            if !pod.is_of(launch.id) {
                return Err(error);
            }
            pod
        }
        created => created?,
    };
    Ok(pod.machine(&launch.region))
}

/// Refused in the middle: a launch is all or none. What cannot be deleted makes the launch one of unknown outcome.
async fn undo(client: &KubernetesClient, machines: &[Machine], error: ProviderError) -> ProviderError {
    for machine in machines {
        let deleted = client.call::<Value>(Method::DELETE, &machine.id, &[], None, client.timeout()).await;
        if let Err(problem) = deleted
            && !error::is(&problem, "NotFound")
        {
            return ProviderError::unanswered(format!("{error}; and {} was not deleted: {problem}", machine.id));
        }
    }
    error
}
