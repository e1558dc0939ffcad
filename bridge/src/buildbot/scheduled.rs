//! What the master's own schedulers start. REST tells only their names; `DroverScheduler` tells the rest, and where it is
//! not there, the latest builds do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{BuildbotMaster, scheduler, wire::WireProperties};
use crate::driver::Answer;

/// How many of the latest builds are looked at.
const LATEST: usize = 500;

/// One scheduler of the master.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scheduled {
    pub name: String,
    /// The name of its class, like `Nightly`; empty if that is not known.
    pub kind: String,
    /// The builders it starts.
    pub builders: Vec<String>,
    /// The branch it builds, if it is a fixed one.
    #[serde(default)]
    pub branch: Option<String>,
    /// The properties it gives every build.
    #[serde(default)]
    pub properties: Map<String, Value>,
    /// For those that go by the clock, the fields `minute`, `hour` and so on.
    #[serde(default)]
    pub when: Map<String, Value>,
}

/// How well it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ToldBy {
    /// The configuration of the master.
    Master,
    /// The latest builds; a builder that was not built lately is missing.
    Builds,
}

pub(super) async fn list(master: &BuildbotMaster) -> Answer<(Vec<Scheduled>, ToldBy)> {
    let told = scheduler::look(master).await?.map(|scheduler| scheduler.form);
    match told {
        Some(form) if form.collapsing.is_some() => Ok((form.others, ToldBy::Master)),
        _ => Ok((from_builds(master).await?, ToldBy::Builds)),
    }
}

async fn from_builds(master: &BuildbotMaster) -> Answer<Vec<Scheduled>> {
    #[derive(Deserialize)]
    struct Page {
        builds: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        #[serde(default)]
        properties: Option<WireProperties>,
    }
    let wanted = "property=scheduler&property=buildername&property=branch";
    let path = format!("api/v2/builds?order=-buildid&limit={LATEST}&{wanted}");
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
    fn builds_tell_what_their_schedulers_start() {
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
