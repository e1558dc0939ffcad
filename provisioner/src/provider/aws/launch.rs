//! `RunInstances`: all machines of a launch or none, however often it is asked.

use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    client::{AwsClient, Fields},
    error::config_error,
    parameters,
    xml::{self, Instance, Reservation},
};
use crate::provider::{Launch, Launched, Machine, ProviderError, ProviderResult, UserData};

/// EC2's limit, for what is sent.
const MAX_USER_DATA: usize = 16_384;

/// The parts of a launch config that concern the request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Configuration {
    launch_config: Map<String, Value>,
}

pub(super) async fn launch(client: &AwsClient, launch: &Launch) -> ProviderResult<Launched> {
    let fields = request(launch)?;
    let left = (launch.deadline - client.clock.now()).to_std().unwrap_or(Duration::ZERO);
    if left.is_zero() {
        return Err(ProviderError::unanswered("the deadline of the launch had passed before it was sent"));
    }
    let answer = client.ec2(&launch.region, "RunInstances", &fields, client.timeout().min(left)).await?;
    let reservation: Reservation = xml::parse(&answer)?;
    Ok(Launched { machines: machines(&launch.region, &reservation) })
}

pub(super) fn machines(region: &str, reservation: &Reservation) -> Vec<Machine> {
    let machine = |instance: &Instance| Machine {
        group: region.to_owned(),
        id: instance.instance_id.clone(),
        data: identity(region, &reservation.owner_id, instance),
    };
    reservation.instances_set.item.iter().map(machine).collect()
}

/// What the signed identity document of the instance must say, in its words.
fn identity(region: &str, account: &str, instance: &Instance) -> Value {
    json!({
        "accountId": account,
        "architecture": instance.architecture,
        "availabilityZone": instance.placement.availability_zone,
        "imageId": instance.image_id,
        "instanceId": instance.instance_id,
        "instanceType": instance.instance_type,
        "privateIp": instance.private_ip_address,
        "region": region,
    })
}

fn request(launch: &Launch) -> ProviderResult<Fields> {
    let invalid = |why: String| config_error("InvalidLaunchConfig", why);
    let Configuration { launch_config: mut parameters } = serde_json::from_value(launch.configuration.clone())
        .map_err(|error| {
            invalid(format!("`launchConfig` must be an object with the parameters of RunInstances: {error}"))
        })?;
    if !parameters.get("ImageId").is_some_and(Value::is_string) {
        return Err(invalid(
            "`launchConfig.ImageId` must name an image of the region, like `ami-0123456789abcdef0`".to_owned(),
        ));
    }
    let tags = tag_specifications(parameters.remove("TagSpecifications"), launch)?;
    let own = json!({
        "ClientToken": launch.id.to_string(),
        "MinCount": launch.instances,
        "MaxCount": launch.instances,
        "UserData": user_data(&launch.user_data)?,
        "TagSpecifications": tags,
    });
    if let Value::Object(own) = own {
        parameters.extend(own);
    }
    parameters::flatten(&parameters)
}

fn user_data(data: &UserData) -> ProviderResult<String> {
    let text = serde_json::to_string(data).map_err(|error| config_error("InvalidUserData", error.to_string()))?;
    let encoded = BASE64_STANDARD.encode(text);
    if encoded.len() > MAX_USER_DATA {
        let message = format!(
            "User Data is too long: {} bytes, {MAX_USER_DATA} are allowed. Remove some of `workerConfig`, or put it in a secret",
            encoded.len()
        );
        return Err(config_error("InvalidUserData.Malformed", message));
    }
    Ok(encoded)
}

/// The owner's, with our tags on instances; ours win, as EC2 refuses a key that is there twice.
fn tag_specifications(given: Option<Value>, launch: &Launch) -> ProviderResult<Vec<Value>> {
    let given = match given {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(given)) => given,
        Some(_) => {
            return Err(config_error("InvalidLaunchConfig", "`launchConfig.TagSpecifications` must be a list"));
        }
    };
    let is_of_instances = |it: &Value| it["ResourceType"] == "instance";
    let (of_instances, mut others): (Vec<_>, Vec<_>) = given.into_iter().partition(is_of_instances);
    let is_free = |tag: &&Value| tag["Key"].as_str().is_none_or(|key| !launch.tags.contains_key(key));
    let theirs = of_instances.iter().filter_map(|it| it["Tags"].as_array()).flatten().filter(is_free).cloned();
    let ours = launch.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
    let tags: Vec<Value> = theirs.chain(ours).collect();
    others.push(json!({ "ResourceType": "instance", "Tags": tags }));
    Ok(others)
}
