//! `DescribeInstances`, by the tags that launches set.

use serde::Deserialize;

use super::{
    client::{AwsClient, Fields},
    launch::machines,
    xml::{self, Instance, Items, Reservation},
};
use crate::provider::{LaunchId, Machine, MachineState, Page, PageToken, ProviderError, ProviderResult, Seen};

const PAGE: &str = "1000";
/// A launch has one page, by far.
const MAX_PAGES: usize = 20;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    reservation_set: Items<Reservation>,
    next_token: Option<String>,
}

pub(super) async fn list(
    client: &AwsClient,
    deployment: &str,
    region: &str,
    page: Option<&PageToken>,
) -> ProviderResult<Page<Seen>> {
    let fields = Fields::default().filter(1, "tag:drover-deployment", deployment);
    let answer = describe(client, region, fields, page).await?;
    let instances = answer.reservation_set.item.iter().flat_map(|it| &it.instances_set.item);
    Ok(Page { items: instances.map(seen).collect(), next: answer.next_token.filter(|token| !token.is_empty()) })
}

pub(super) async fn find_launch(client: &AwsClient, region: &str, launch: LaunchId) -> ProviderResult<Vec<Machine>> {
    let fields = Fields::default().filter(1, "tag:drover-launch", &launch.to_string());
    let (mut found, mut page) = (Vec::new(), None);
    for _ in 0..MAX_PAGES {
        let answer = describe(client, region, fields.clone(), page.as_ref()).await?;
        found.extend(answer.reservation_set.item.iter().flat_map(|it| machines(region, it)));
        page = answer.next_token.filter(|token| !token.is_empty());
        if page.is_none() {
            return Ok(found);
        }
    }
    Err(ProviderError::unanswered(format!("more than {MAX_PAGES} pages of instances for one launch")))
}

async fn describe(
    client: &AwsClient,
    region: &str,
    fields: Fields,
    page: Option<&PageToken>,
) -> ProviderResult<Answer> {
    let mut fields = fields.with("MaxResults", PAGE);
    if let Some(page) = page {
        fields.set("NextToken", page.as_str());
    }
    xml::parse(&client.ec2_read(region, "DescribeInstances", &fields).await?)
}

fn seen(instance: &Instance) -> Seen {
    Seen {
        id: instance.instance_id.clone(),
        state: state(&instance.instance_state.name),
        created: instance.launch_time,
        launch: instance.tag("drover-launch").and_then(|id| id.parse().ok()),
        deployment: instance.tag("drover-deployment").map(str::to_owned),
    }
}

/// A state that nobody knows yet is of a machine that exists.
fn state(name: &str) -> MachineState {
    match name {
        "stopped" | "terminated" => MachineState::Ended,
        "shutting-down" | "stopping" => MachineState::Stopping,
        _ => MachineState::Running,
    }
}
