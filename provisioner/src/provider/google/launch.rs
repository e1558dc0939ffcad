//! The instances of a launch: all of them or none.

use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::Value;

use super::{
    CALLS, GoogleClient, error,
    instance::{self, Instance},
    operation::{self, Operation},
};
use crate::provider::{Launch, Launched, Machine, ProviderError, ProviderResult};

pub(super) async fn launch(client: &GoogleClient, launch: &Launch) -> ProviderResult<Launched> {
    let bodies: Vec<Value> = (0..launch.instances)
        .map(|number| instance::body(launch, number, &client.settings))
        .collect::<Result<_, _>>()?;
    let calls: Vec<_> = bodies.iter().zip(0..).map(|(body, number)| create(client, launch, body, number)).collect();
    let left = (launch.deadline - client.clock.now()).to_std().unwrap_or_default();
    let all = stream::iter(calls).buffered(CALLS).collect::<Vec<ProviderResult<Machine>>>();
    let Ok(made) = tokio::time::timeout(left, all).await else {
        return Err(ProviderError::unanswered("the instances were not made in time"));
    };
    // One of which nothing is known makes the whole launch one: a repeat finds what was made.
    if let Some(lost) = made.iter().find_map(|it| it.as_ref().err().filter(|error| is_unanswered(error))) {
        return Err(lost.clone());
    }
    match made.iter().find_map(|it| it.as_ref().err()).cloned() {
        None => Ok(Launched { machines: made.into_iter().flatten().collect() }),
        Some(refused) => Err(undo(client, launch, made.into_iter().flatten().collect(), refused).await),
    }
}

const fn is_unanswered(error: &ProviderError) -> bool {
    matches!(error, ProviderError::Unanswered { .. })
}

async fn create(client: &GoogleClient, launch: &Launch, body: &Value, number: u32) -> ProviderResult<Machine> {
    let (zone, id) = (&launch.region, instance::request_id(launch, number));
    let url = client.url(zone, &["instances"], &[("requestId", &id)])?;
    let operation = match client.bearer.call::<Operation>(Method::POST, url, Some(body), client.timeout()).await {
        Err(error) if error::is(&error, error::ALREADY_EXISTS) => return existing(client, launch, number, error).await,
        operation => operation?,
    };
    let operation = operation::finished(client, zone, operation).await?;
    Ok(instance::machine(zone, operation.target_id))
}

/// The instance of this name, if it is of this launch.
async fn existing(
    client: &GoogleClient,
    launch: &Launch,
    number: u32,
    refused: ProviderError,
) -> ProviderResult<Machine> {
    let url = client.url(&launch.region, &["instances", &instance::name(launch, number)], &[])?;
    let instance: Instance = client.read(url).await?;
    if instance.is_of(launch.id) { Ok(instance.machine(&launch.region)) } else { Err(refused) }
}

/// Refused in the middle: a launch is all or none. What cannot be deleted makes the launch one of unknown outcome.
async fn undo(client: &GoogleClient, launch: &Launch, made: Vec<Machine>, refused: ProviderError) -> ProviderError {
    for machine in made {
        if let Err(problem) = client.delete(&launch.region, &machine.id).await {
            return ProviderError::unanswered(format!("{refused}; and {} was not deleted: {problem}", machine.id));
        }
    }
    refused
}
