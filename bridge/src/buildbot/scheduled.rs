//! What the master's own schedulers start. The REST API has only their names; `DroverScheduler` reports the rest, and without
//! it, it is derived from the latest builds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{BuildbotMaster, scheduler, wire::WireProperties};
use crate::driver::DriverResult;

/// How many of the latest builds are read.
const LATEST: usize = 500;

/// One scheduler of the master.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduled {
    pub name: String,
    /// The name of its class, like `Nightly`; empty if unknown.
    pub kind: String,
    /// The builders it starts.
    pub builders: Vec<String>,
    /// The branch it builds, if it is a fixed one.
    #[serde(default)]
    pub branch: Option<String>,
    /// The properties it gives every build.
    #[serde(default)]
    pub properties: Map<String, Value>,
    /// For those that start at certain times, the fields `minute`, `hour` and so on.
    #[serde(default)]
    pub when: Map<String, Value>,
}

/// Where a list of schedulers was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ScheduleSource {
    /// The configuration of the master.
    Master,
    /// The latest builds; a builder without recent builds is missing.
    Builds,
}

pub(super) async fn list(master: &BuildbotMaster) -> DriverResult<(Vec<Scheduled>, ScheduleSource)> {
    let form = scheduler::read(master).await?.map(|scheduler| scheduler.form);
    match form {
        Some(form) if form.collapsing.is_some() => Ok((form.others, ScheduleSource::Master)),
        _ => Ok((from_builds(master).await?, ScheduleSource::Builds)),
    }
}

async fn from_builds(master: &BuildbotMaster) -> DriverResult<Vec<Scheduled>> {
    #[derive(Deserialize)]
    struct Page {
        builds: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        #[serde(default)]
        properties: Option<WireProperties>,
    }
    let fields = "property=scheduler&property=buildername&property=branch";
    let path = format!("api/v2/builds?order=-buildid&limit={LATEST}&{fields}");
    let page: Page = master.http.get(&path).await?;
    let rows = page.builds.into_iter().filter_map(|row| row.properties);
    Ok(group(rows))
}

fn group(builds: impl Iterator<Item = WireProperties>) -> Vec<Scheduled> {
    let mut found: BTreeMap<String, Scheduled> = BTreeMap::new();
    for build in builds {
        let text = |name: &str| build.get(name).and_then(|(value, _)| value.as_str()).map(str::to_owned);
        let (Some(name), Some(builder)) = (text("scheduler"), text("buildername")) else { continue };
        let one = found.entry(name.clone()).or_insert_with(|| Scheduled {
            name,
            kind: String::new(),
            builders: Vec::new(),
            branch: text("branch").filter(|branch| !branch.is_empty()),
            properties: Map::new(),
            when: Map::new(),
        });
        if !one.builders.contains(&builder) {
            one.builders.push(builder);
            one.builders.sort();
        }
    }
    found.into_values().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn schedulers_are_derived_from_builds() {
        let build = |scheduler: &str, builder: &str| -> WireProperties {
            let fields = [("scheduler", scheduler), ("buildername", builder), ("branch", "main")];
            fields.into_iter().map(|(name, value)| (name.to_owned(), (json!(value), "Build".to_owned()))).collect()
        };
        let builds = [build("nightly", "test"), build("nightly", "build"), build("nightly", "test"), build("trg", "x")];
        let found = group(builds.into_iter());
        let names: Vec<_> = found.iter().map(|one| (one.name.as_str(), one.builders.join(","))).collect();
        assert_eq!(names, [("nightly", "build,test".to_owned()), ("trg", "x".to_owned())]);
        assert_eq!(found[0].branch.as_deref(), Some("main"));
    }
}
