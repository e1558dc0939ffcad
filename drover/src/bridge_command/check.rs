//! `drover bridge check`.

use bridge::driver::{Builder, Checked, DriverError};
use serde_json::{Value, json};

use super::{Place, builders, masters::Way};
use crate::{
    exit::{CliError, Exit},
    output::Output,
    system_context::SystemContext,
};

/// What was found out about a master.
struct Found {
    checked: Result<Checked, DriverError>,
    builders: Vec<Builder>,
    faults: Vec<String>,
}

pub(super) async fn run(places: &[Place], system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    let mut worst = Exit::Ok;
    let mut all = Vec::new();
    for place in places {
        let found = look(place, system).await?;
        if !found.faults.is_empty() {
            worst = found.checked.as_ref().err().map_or(Exit::Failed, |error| place.failed(error).exit);
        }
        all.push(found.to_json(place));
        if !output.is_json() {
            found.lines(place).iter().for_each(|line| output.line(line));
        }
    }
    if output.is_json() {
        output.json(&all);
    }
    Ok(worst)
}

async fn look(place: &Place, system: &SystemContext) -> Result<Found, CliError> {
    let way = place.connect(system)?;
    let master = way.driver();
    let checked = master.check().await;
    let (mut builders, mut faults) = (Vec::new(), Vec::new());
    match &checked {
        Err(error) => faults.push(error.to_string()),
        Ok(checked) => {
            builders = master.builders().await.map_err(|error| place.failed(&error))?;
            faults = match &way {
                Way::Rest(_) => faults_of(checked, &builders, place),
                Way::Classic(master) => classic_faults(master.hitches().await, &builders),
            };
        }
    }
    Ok(Found { checked, builders, faults })
}

fn faults_of(checked: &Checked, builders: &[Builder], place: &Place) -> Vec<String> {
    let scheduler = &place.0.scheduler;
    let served: Vec<&Builder> = builders.iter().filter(|builder| !builder.schedulers.is_empty()).collect();
    let mut faults = Vec::new();
    if served.is_empty() {
        faults.push(format!(
            "no builder is served by a scheduler `{scheduler}`; `drover bridge init` tells how to add it"
        ));
    } else if !checked.creates_once {
        faults.push(format!(
            "the scheduler `{scheduler}` is a stock one: after a lost answer a build may be made twice; use DroverScheduler"
        ));
    }
    if checked.creates_once && checked.ends_hanging == Some(false) {
        faults.push(
            "its drover_scheduler.py is of an earlier Drover: a build that is cancelled in the moment it starts hangs, and \
             blocks a worker; copy that of `drover bridge scheduler` beside master.cfg, and restart the master"
                .to_owned(),
        );
    }
    for builder in builders.iter().filter(|it| it.schedulers.is_empty() && !it.hanging.is_empty()) {
        let hitches = builders::hitches(builder, scheduler).into_iter().skip(1);
        faults.extend(hitches.map(|hitch| format!("builder {}: {hitch}", builder.name)));
    }
    for builder in served.iter().filter(|builder| builder.active) {
        let hitches = builders::hitches(builder, scheduler).into_iter();
        faults.extend(hitches.map(|hitch| format!("builder {}: {hitch}", builder.name)));
    }
    faults
}

/// What a master of Buildbot 0.8 has in the way. Its builders tell nothing but their names.
fn classic_faults(mut faults: Vec<String>, builders: &[Builder]) -> Vec<String> {
    if builders.is_empty() {
        faults.push("no builder is known; set `classic.builders_url`".to_owned());
    }
    faults
}

impl Found {
    fn lines(&self, place: &Place) -> Vec<String> {
        let mut lines = Vec::new();
        if let Ok(checked) = &self.checked {
            let who = checked.user.as_deref().map_or("anonymous".to_owned(), |user| format!("user `{user}`"));
            let served = self.builders.iter().filter(|builder| !builder.schedulers.is_empty()).count();
            lines.push(format!("master {}: Buildbot {}, as {who}, {served} builders", place.shown(), checked.version));
        } else {
            lines.push(format!("master {}:", place.shown()));
        }
        let faults = self.faults.iter().map(|fault| format!("  fault: {fault}"));
        lines.extend(if self.faults.is_empty() { vec!["  ready".to_owned()] } else { faults.collect() });
        lines
    }

    fn to_json(&self, place: &Place) -> Value {
        json!({
            "master": place.0.name,
            "url": place.0.url,
            "ready": self.faults.is_empty(),
            "checked": self.checked.as_ref().ok(),
            "faults": self.faults,
        })
    }
}
