//! `drover bridge check`: whether masters can be reached and used.

use bridge::driver::{Builder, Checked, DriverError};
use serde_json::{Value, json};

use super::{
    builders,
    masters::{Connection, Master},
};
use crate::{
    exit::{CliError, Exit},
    output::Output,
    system_context::SystemContext,
};

/// The result of the check of a master.
struct Report {
    checked: Result<Checked, DriverError>,
    builders: Vec<Builder>,
    problems: Vec<String>,
}

pub(super) async fn run(masters: &[Master], system: &SystemContext, output: Output) -> Result<Exit, CliError> {
    let mut worst = Exit::Ok;
    let mut all = Vec::new();
    for master in masters {
        let report = check(master, system).await?;
        if !report.problems.is_empty() {
            worst = report.checked.as_ref().err().map_or(Exit::Failed, |error| master.failed(error).exit);
        }
        all.push(report.to_json(master));
        if !output.is_json() {
            report.lines(master).iter().for_each(|line| output.line(line));
        }
    }
    if output.is_json() {
        output.json(&all);
    }
    Ok(worst)
}

async fn check(master: &Master, system: &SystemContext) -> Result<Report, CliError> {
    let connection = master.connect(system)?;
    let driver = connection.driver();
    let checked = driver.check().await;
    let (mut builders, mut problems) = (Vec::new(), Vec::new());
    match &checked {
        Err(error) => problems.push(error.to_string()),
        Ok(checked) => {
            builders = driver.builders().await.map_err(|error| master.failed(&error))?;
            problems = match &connection {
                Connection::Rest(_) => rest_problems(checked, &builders, master),
                Connection::Classic(classic) => classic_problems(classic.warnings().await, &builders),
            };
        }
    }
    Ok(Report { checked, builders, problems })
}

fn rest_problems(checked: &Checked, builders: &[Builder], master: &Master) -> Vec<String> {
    let scheduler = &master.0.scheduler;
    let served: Vec<&Builder> = builders.iter().filter(|builder| !builder.schedulers.is_empty()).collect();
    let mut problems = Vec::new();
    if served.is_empty() {
        problems.push(format!(
            "no builder is served by a scheduler `{scheduler}`; `drover bridge init` shows how to add it"
        ));
    } else if !checked.creates_idempotently {
        problems.push(format!(
            "the scheduler `{scheduler}` is a stock one: after a lost answer a build may be made twice; use DroverScheduler"
        ));
    }
    if checked.creates_idempotently && checked.ends_hanging == Some(false) {
        problems.push(
            "its drover_scheduler.py is of an earlier Drover: a build that is cancelled in the moment it starts hangs, and \
             blocks a worker; copy that of `drover bridge scheduler` beside master.cfg, and restart the master"
                .to_owned(),
        );
    }
    for builder in builders.iter().filter(|it| it.schedulers.is_empty() && !it.hanging.is_empty()) {
        let more = builders::problems(builder, scheduler).into_iter().skip(1);
        problems.extend(more.map(|problem| format!("builder {}: {problem}", builder.name)));
    }
    for builder in served.iter().filter(|builder| builder.active) {
        let more = builders::problems(builder, scheduler).into_iter();
        problems.extend(more.map(|problem| format!("builder {}: {problem}", builder.name)));
    }
    problems
}

/// Of a master of Buildbot 0.8. Of its builders only the names are known.
fn classic_problems(mut problems: Vec<String>, builders: &[Builder]) -> Vec<String> {
    if builders.is_empty() {
        problems.push("no builder is known; set `classic.builders_url`".to_owned());
    }
    problems
}

impl Report {
    fn lines(&self, master: &Master) -> Vec<String> {
        let mut lines = Vec::new();
        if let Ok(checked) = &self.checked {
            let who = checked.user.as_deref().map_or("anonymous".to_owned(), |user| format!("user `{user}`"));
            let served = self.builders.iter().filter(|builder| !builder.schedulers.is_empty()).count();
            lines.push(format!("master {}: Buildbot {}, as {who}, {served} builders", master.shown(), checked.version));
        } else {
            lines.push(format!("master {}:", master.shown()));
        }
        let problems = self.problems.iter().map(|problem| format!("  problem: {problem}"));
        lines.extend(if self.problems.is_empty() { vec!["  ready".to_owned()] } else { problems.collect() });
        lines
    }

    fn to_json(&self, master: &Master) -> Value {
        json!({
            "master": master.0.name,
            "url": master.0.url,
            "ready": self.problems.is_empty(),
            "checked": self.checked.as_ref().ok(),
            "problems": self.problems,
        })
    }
}
