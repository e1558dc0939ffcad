//! The machines of a launch: all of them or none.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::Value;

use super::{
    AzureClient, CALLS,
    deployment::{self, Deployment},
    error,
    vm::{self, VirtualMachine},
};
use crate::provider::{Launch, Launched, Machine, ProviderError, ProviderResult};

/// A machine has its id some seconds after its deployment began, and is ready minutes later: it is not waited for.
const POLL: Duration = Duration::from_secs(2);

pub(super) async fn launch(client: &AzureClient, launch: &Launch) -> ProviderResult<Launched> {
    let names: Vec<String> = (0..launch.instances).map(|number| vm::name(&client.prefix, launch, number)).collect();
    let bodies: Vec<Value> = names
        .iter()
        .map(|name| deployment::body(launch, name, &client.settings.resource_group))
        .collect::<Result<_, _>>()?;
    let calls: Vec<_> = names.iter().zip(&bodies).map(|(name, body)| create(client, launch, name, body)).collect();
    let left = (launch.deadline - client.clock.now()).to_std().unwrap_or_default();
    let all = stream::iter(calls).buffered(CALLS).collect::<Vec<ProviderResult<Machine>>>();
    let Ok(made) = tokio::time::timeout(left, all).await else {
        return Err(ProviderError::unanswered("the machines have no ids yet"));
    };
    // One of which nothing is known makes the whole launch one: a repeat finds what was made.
    let is_lost = |error: &&ProviderError| matches!(error, ProviderError::Unanswered { .. });
    if let Some(lost) = made.iter().find_map(|it| it.as_ref().err().filter(is_lost)) {
        return Err(lost.clone());
    }
    match made.iter().find_map(|it| it.as_ref().err()).cloned() {
        None => Ok(Launched { machines: made.into_iter().flatten().collect() }),
        Some(refused) => Err(undo(client, &names, refused).await),
    }
}

/// Writing a deployment again that runs, or has succeeded, changes nothing.
async fn create(client: &AzureClient, launch: &Launch, name: &str, body: &Value) -> ProviderResult<Machine> {
    let deployment = client.deployment_url(name)?;
    let put = client.bearer.call::<Deployment>(Method::PUT, deployment.clone(), Some(body), client.timeout()).await;
    match put {
        Ok(_) => {}
        // It runs: the first call's answer was lost.
        Err(ProviderError::Refused { code, .. }) if code == "DeploymentActive" => {}
        Err(error) => return Err(error),
    }
    loop {
        let found = client.read::<VirtualMachine>(client.vm_url(&[name], &[])?).await;
        match found {
            Ok(found) => {
                if let Some(machine) = found.machine(&launch.region) {
                    return Ok(machine);
                }
            }
            Err(error) if error::is_missing(&error) => {}
            Err(error) => return Err(ProviderError::unanswered(error.to_string())),
        }
        let Deployment { properties } = client
            .read(deployment.clone())
            .await
            .map_err(|error| ProviderError::unanswered(format!("the deployment cannot be read: {error}")))?;
        if ["Failed", "Canceled"].contains(&properties.provisioning_state.as_str()) {
            return Err(error::of_deployment(&properties.error.unwrap_or_default(), 0));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Refused in the middle: a launch is all or none. What cannot be deleted makes the launch one of unknown outcome.
async fn undo(client: &AzureClient, names: &[String], refused: ProviderError) -> ProviderError {
    for name in names {
        if let Err(problem) = client.delete(name).await {
            return ProviderError::unanswered(format!("{refused}; and {name} was not deleted: {problem}"));
        }
    }
    refused
}
