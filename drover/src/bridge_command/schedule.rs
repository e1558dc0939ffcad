//! `drover bridge schedule`: what a scheduler of the master starts, as a graph of tasks.

use bridge::buildbot::{ScheduleSource, Scheduled};
use clap::Args;
use serde_json::{Map, Value, json};

use super::masters::{Master, MasterArgs};
use crate::{
    exit::{CliError, Exit},
    global::Global,
    output::Output,
    system_context::SystemContext,
};

#[derive(Debug, Args)]
#[command(after_help = "\
The graph goes to standard output, as YAML that `drover run` takes; with -o json as JSON, which it takes too.

Examples:
  drover bridge schedule --master main                              the schedulers of the master
  drover bridge schedule --master main --from-buildbot nightly > nightly.yml
  drover run nightly.yml")]
pub(crate) struct ScheduleArgs {
    /// The scheduler of the master, for example a Nightly or a Triggerable. Without it, they are listed.
    #[arg(long, value_name = "SCHEDULER")]
    from_buildbot: Option<String>,
    #[command(flatten)]
    master: MasterArgs,
}

pub(super) async fn run(
    args: &ScheduleArgs,
    global: &Global,
    system: &SystemContext,
    output: Output,
) -> Result<Exit, CliError> {
    let masters = args.master.masters(global)?;
    let [master] = masters.as_slice() else {
        let names: Vec<String> = masters.iter().map(Master::shown).collect();
        return Err(CliError::new(Exit::Usage, format!("say which master with --master: {}", names.join(", "))));
    };
    let (all, source) = master.connect_rest(system)?.scheduled().await.map_err(|error| master.failed(&error))?;
    let Some(name) = &args.from_buildbot else {
        list(&all, source, output);
        return Ok(Exit::Ok);
    };
    let found = all.iter().find(|one| one.name == *name).filter(|one| !one.builders.is_empty());
    let scheduled = found.ok_or_else(|| missing(name, &all, source))?;
    if output.is_json() {
        output.json(&json!({ "tasks": tasks(scheduled, master) }));
    } else {
        output.line(&yaml(scheduled, master, source));
    }
    Ok(Exit::Ok)
}

fn list(all: &[Scheduled], source: ScheduleSource, output: Output) {
    let line = |one: &Scheduled| {
        let kind = if one.kind.is_empty() { String::new() } else { format!(" ({})", one.kind) };
        format!("{}{kind}: {}", one.name, one.builders.join(", "))
    };
    let lines: Vec<String> = all.iter().map(line).collect();
    output.either(&json!({ "schedulers": all, "source": source }), &lines.join("\n"));
}

fn missing(name: &str, all: &[Scheduled], source: ScheduleSource) -> CliError {
    let known: Vec<&str> = all.iter().filter(|one| !one.builders.is_empty()).map(|one| one.name.as_str()).collect();
    let note = match source {
        ScheduleSource::Master => "",
        ScheduleSource::Builds => "; only what was built lately is known, until the master has a DroverScheduler",
    };
    CliError::new(
        Exit::Usage,
        format!("the master has no scheduler `{name}` that starts builders{note}; it has: {}", known.join(", ")),
    )
}

fn tasks(scheduled: &Scheduled, master: &Master) -> Value {
    let each = scheduled.builders.iter().map(|builder| (builder.clone(), task(scheduled, builder, master)));
    Value::Object(each.collect())
}

fn task(scheduled: &Scheduled, builder: &str, master: &Master) -> Value {
    let name = if master.0.name.is_empty() { "main" } else { &master.0.name };
    let queue = master.0.task_queue_id();
    let queue = if master.0.name.is_empty() { "buildbot/main" } else { &queue };
    let mut payload = Map::new();
    payload.insert("builderName".to_owned(), builder.into());
    if let Some(branch) = scheduled.branch.as_ref().filter(|branch| !branch.is_empty()) {
        payload.insert("sourcestamp".to_owned(), json!({ "branch": branch }));
    }
    if !scheduled.properties.is_empty() {
        payload.insert("properties".to_owned(), Value::Object(scheduled.properties.clone()));
    }
    json!({
        "taskQueueId": queue,
        "scopes": [format!("buildbot:build:{name}/{builder}")],
        "metadata": { "name": builder, "description": format!("As the scheduler {} of Buildbot starts it.", scheduled.name) },
        "payload": payload,
    })
}

/// JSON is YAML, so only the outer levels are formatted.
fn yaml(scheduled: &Scheduled, master: &Master, source: ScheduleSource) -> String {
    let mut lines = remarks(scheduled, master, source);
    lines.push("tasks:".to_owned());
    let Value::Object(tasks) = tasks(scheduled, master) else { return lines.join("\n") };
    for (name, task) in &tasks {
        lines.push(format!("  {}:", json!(name)));
        for (field, value) in task.as_object().into_iter().flatten() {
            let Some(fields) = value.as_object().filter(|fields| !fields.is_empty()) else {
                lines.push(format!("    {field}: {value}"));
                continue;
            };
            lines.push(format!("    {field}:"));
            lines.extend(fields.iter().map(|(name, value)| format!("      {name}: {value}")));
        }
    }
    lines.join("\n")
}

/// The schedule of a periodic scheduler as a crontab entry. `None` where it has none, or one that crontab cannot express.
fn crontab(when: &Map<String, Value>) -> Option<String> {
    let fields = [("minute", "0"), ("hour", "*"), ("dayOfMonth", "*"), ("month", "*"), ("dayOfWeek", "*")];
    let field = |(name, missing): (&str, &str)| match when.get(name) {
        None => Some(missing.to_owned()),
        Some(value) => field(value, name == "dayOfWeek"),
    };
    let fields: Option<Vec<String>> = fields.into_iter().map(field).collect();
    fields.filter(|_| !when.is_empty()).map(|fields| fields.join(" "))
}

/// Buildbot counts the days of the week from Monday, cron from Sunday; ranges and names are the same in both.
fn field(value: &Value, is_weekday: bool) -> Option<String> {
    let moved = |text: &str| match text.parse::<u8>() {
        Ok(day) if is_weekday => ((u16::from(day) + 1) % 7).to_string(),
        _ => text.to_owned(),
    };
    match value {
        Value::Number(number) => Some(moved(&number.to_string())),
        Value::String(text) => Some(text.split(',').map(moved).collect::<Vec<_>>().join(",")),
        Value::Array(all) => {
            let each = all.iter().map(|one| field(one, is_weekday)).collect::<Option<Vec<_>>>()?;
            Some(each.join(",")).filter(|each| !each.is_empty())
        }
        _ => None,
    }
}

fn remarks(scheduled: &Scheduled, master: &Master, source: ScheduleSource) -> Vec<String> {
    let kind = if scheduled.kind.is_empty() { "a scheduler".to_owned() } else { format!("a {}", scheduled.kind) };
    let mut lines =
        vec![format!("# What `{}`, {kind} of the Buildbot master at {}, starts.", scheduled.name, master.0.url)];
    if let Some(line) = crontab(&scheduled.when) {
        lines.push("# The line for crontab, where the variables TASKCLUSTER_... lead to Drover:".to_owned());
        lines.push(format!("#   {line} drover run /path/of/this-file.yml"));
    } else if !scheduled.when.is_empty() {
        lines.push(format!("# It does so at {}, which crontab cannot express.", json!(scheduled.when)));
    }
    if source == ScheduleSource::Builds {
        lines.push("# Read from the latest builds, so builders that were not built lately are missing.".to_owned());
    }
    lines.push("# Dependencies may be added: `dependencies: [name of another task]`.".to_owned());
    lines
}

#[cfg(test)]
mod tests {
    use bridge::MasterSettings;

    use super::*;

    #[test]
    fn a_nightly_becomes_a_line_of_crontab() {
        let line = |when: Value| crontab(when.as_object().unwrap());
        assert_eq!(line(json!({})), None);
        let nightly = json!({"minute": 0, "hour": 3, "dayOfMonth": "*", "month": "*", "dayOfWeek": "*"});
        assert_eq!(line(nightly).as_deref(), Some("0 3 * * *"));
        let weekly = json!({"minute": [0, 30], "hour": "*/2", "dayOfWeek": [0, 6]});
        assert_eq!(line(weekly).as_deref(), Some("0,30 */2 * * 1,0"));
        assert_eq!(line(json!({"hour": 3, "dayOfWeek": "6,sun,mon-fri"})).as_deref(), Some("0 3 * * 0,sun,mon-fri"));
        assert_eq!(line(json!({"hour": []})), None);
    }

    #[test]
    fn a_scheduler_becomes_a_graph_that_reads_back() {
        let scheduled = Scheduled {
            name: "nightly".to_owned(),
            kind: "Nightly".to_owned(),
            builders: vec!["build: linux".to_owned(), "test".to_owned()],
            branch: Some("main".to_owned()),
            properties: json!({ "deep": [1] }).as_object().cloned().unwrap_or_default(),
            when: Map::new(),
        };
        let master = Master(MasterSettings { name: "bb".to_owned(), ..MasterSettings::default() });
        let text = yaml(&scheduled, &master, ScheduleSource::Master);
        let read: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(read, json!({ "tasks": tasks(&scheduled, &master) }), "{text}");
        let task = &read["tasks"]["build: linux"];
        assert_eq!(task["taskQueueId"], "buildbot/bb");
        assert_eq!(task["scopes"], json!(["buildbot:build:bb/build: linux"]));
        assert_eq!(task["payload"]["sourcestamp"]["branch"], "main");
    }
}
