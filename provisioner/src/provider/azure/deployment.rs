//! The deployment of one machine, from `armDeployment` of the launch config.

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{ArmError, config_error};
use crate::{
    decision::Market,
    provider::{Launch, OfferingKey, ProviderResult},
};

/// Azure's limit for custom data, before it is encoded.
const MAX_USER_DATA: usize = 64_000;

#[derive(Debug, Deserialize)]
pub(super) struct Deployment {
    #[serde(default)]
    pub(super) properties: DeploymentProperties,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeploymentProperties {
    #[serde(default)]
    pub(super) provisioning_state: String,
    pub(super) error: Option<ArmError>,
}

/// The template gets the name of the machine as `vmName` and its user data, in base64, as `customData`, as with Taskcluster;
/// also as `userData` where the template stands in the launch config and has such a parameter.
pub(super) fn body(launch: &Launch, name: &str, resource_group: &str) -> ProviderResult<Value> {
    let invalid = |why: &str| config_error("InvalidLaunchConfig", why);
    let configuration = &launch.configuration;
    let Some(mut properties) = configuration["armDeployment"].as_object().cloned() else {
        return Err(invalid("`armDeployment` must be an object: machines without a template are not made yet"));
    };
    let group = configuration["armDeploymentResourceGroup"].as_str().unwrap_or(resource_group);
    if !group.eq_ignore_ascii_case(resource_group) {
        return Err(invalid("`armDeploymentResourceGroup` must be the `resource_group` of the provider's settings"));
    }
    let user_data = serde_json::to_string(&launch.user_data).map_err(|error| invalid(&error.to_string()))?;
    if user_data.len() > MAX_USER_DATA {
        return Err(invalid("User Data is too long: remove some of `workerConfig`, or put it in a secret"));
    }
    let user_data = json!({ "value": BASE64_STANDARD.encode(user_data) });
    let has_user_data = configuration.pointer("/armDeployment/template/parameters/userData").is_some();
    let parameters = properties.entry("parameters").or_insert_with(|| json!({}));
    let parameters =
        parameters.as_object_mut().ok_or_else(|| invalid("`armDeployment.parameters` must be an object"))?;
    parameters.insert("vmName".to_owned(), json!({ "value": name }));
    if has_user_data {
        parameters.insert("userData".to_owned(), user_data.clone());
    }
    parameters.insert("customData".to_owned(), user_data);
    // `Complete` would delete all other machines of the resource group.
    properties.insert("mode".to_owned(), json!("Incremental"));
    Ok(json!({ "properties": properties, "tags": launch.tags }))
}

pub(super) fn offering(configuration: &Value) -> OfferingKey {
    let parameter = |name: &str| {
        let value = configuration.pointer(&format!("/armDeployment/parameters/{name}/value")).and_then(Value::as_str);
        value.unwrap_or_default().chars().filter(|letter| !letter.is_whitespace()).take(50).collect::<String>()
    };
    let key = OfferingKey::of_launch_config(configuration);
    let or = |text: String, other: String| if text.is_empty() { other } else { text };
    let is_spot = parameter("priority").eq_ignore_ascii_case("spot");
    OfferingKey {
        region: or(parameter("location"), key.region),
        instance_type: or(parameter("vmSize"), key.instance_type),
        market: if is_spot { Market::Spot } else { key.market },
    }
}
