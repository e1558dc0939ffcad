//! `drover explain`: why a task is not running, and what became of a delivery.

use std::{fmt::Write, path::PathBuf};

use base::Secret;
use chrono::TimeDelta;
use clap::Args;
use protocol::{
    explain::{Cause, Explanation, Required, WorkerPool},
    id::TaskId,
    state::TaskState,
    status::RunStatus,
    time,
};

use crate::{
    client::ServerArgs,
    exit::{CliError, Exit},
    explain_delivery,
    global::{Global, revealed},
    hook_command::{self, hook_path},
    ids::{self, Given},
    output::Output,
    system_context::SystemContext,
};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  drover explain $TASK_ID
  drover explain https://ci.example.com/tasks/$TASK_ID
  drover explain task $TASK_ID -o json
  drover explain delivery 72d3162e-cc78-11e3-81ab-4c9367dc0958
  drover explain hook project-a/nightly --at 2026-12-01T00:00:00Z

It says what the task waits for, who could run it, and what would help; of a hook, why it fires or does not. About a delivery of
GitHub it reads the database: without a URL, the one that `drover dev` keeps in the data folder.")]
pub(crate) struct ExplainArgs {
    /// The task, by its id, the first 6 or more letters of it, or the address of its page; the word `task` may stand before it. Or the
    /// word `hook`, and the hook as GROUP/HOOK. Or `delivery` and the id that GitHub lists.
    #[arg(value_name = "TASK_ID", required = true, num_args = 1..=2)]
    task: Vec<String>,
    /// Of a hook: why it did not fire at this time.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// For a delivery: the database, as the setting `database.url`.
    #[arg(long, value_name = "URL")]
    database_url: Option<Secret>,
    /// For a delivery: the folder that keeps the database of `drover dev`, as the setting `data_dir`.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) async fn run(
    args: ExplainArgs,
    global: &Global,
    system: &SystemContext,
    output: &Output,
) -> Result<Exit, CliError> {
    if let [kind, id] = &*args.task
        && kind == "delivery"
    {
        let data_dir = args.data_dir.map(|dir| dir.display().to_string());
        let settings =
            global.load(&[("database.url", revealed(args.database_url.as_ref())), ("data_dir", data_dir)])?;
        return explain_delivery::run(id, &settings, system, output).await;
    }
    if let [kind, hook] = args.task.as_slice()
        && kind == "hook"
    {
        let hook = hook_path(hook).map_err(|message| CliError::new(Exit::Usage, message))?;
        hook_command::explain(&args.server.connect(system)?, &hook, args.at.as_deref(), *output).await?;
        return Ok(Exit::Ok);
    }
    let task_id = task_id(&args.task).map_err(|message| CliError::new(Exit::Usage, message))?;
    let server = args.server.connect(system)?;
    let explanation = server.explain(task_id.task(&server).await?).await?;
    output.either(&explanation, &describe(&explanation));
    Ok(Exit::Ok)
}

/// Hooks and deliveries have been seen to by then.
fn task_id(arguments: &[String]) -> Result<Given<TaskId>, String> {
    match arguments {
        [id] => ids::task_id(id),
        [kind, id] if kind == "task" => ids::task_id(id),
        [kind, ..] => {
            Err(format!("`{kind}` cannot be explained, only a task, a hook or a delivery: drover explain TASK_ID"))
        }
        [] => Err("say which task: drover explain TASK_ID".to_owned()),
    }
}

/// The verdict first, then only what is not empty.
fn describe(it: &Explanation) -> String {
    let mut text = format!("{} `{}` is {}.\n{}", it.task_id, it.name, it.status.state, it.verdict);
    for advice in &it.advice {
        let _ = write!(text, "\n  -> {advice}");
    }
    let mut line = |label: &str, value: String| _ = write!(text, "\n{label:<13} {value}");
    if it.dependencies.total > 0 {
        let (satisfied, total) = (it.dependencies.satisfied, it.dependencies.total);
        line("dependencies", format!("{satisfied} of {total} satisfied ({})", it.dependencies.requires));
    }
    for required in &it.dependencies.blocking {
        line("  waits for", dependency(required));
    }
    for required in it.dependencies.roots.iter().filter(|root| !it.dependencies.blocking.contains(root)) {
        line("  in the end", dependency(required));
    }
    if let Some(position) = &it.position {
        let more = if position.or_more { " or more" } else { "" };
        let (ahead, higher, pending) = (position.ahead, position.ahead_of_higher_priority, position.pending);
        line("queue", format!("{ahead}{more} ahead ({higher} of higher priority), {pending}{more} pending"));
    }
    if !it.status.state.is_resolved() && it.cause != Cause::WaitsElsewhere {
        workers(it, &mut line);
    }
    if let Some(pool) = it.pool.as_ref().filter(|_| !it.status.state.is_resolved()) {
        let WorkerPool { running, booting, stopping, max_capacity, provider_id, .. } = pool;
        let capacity = format!("{running} running, {booting} booting, {stopping} stopping, at most {max_capacity}");
        line("pool", format!("{capacity}, of provider {provider_id}"));
    }
    if let Some(claim) = &it.claim {
        let until = time::format(claim.taken_until);
        line("claim", format!("run {} by {}/{} until {until}", claim.run_id, claim.worker_group, claim.worker_id));
    }
    let (runs, left, allowed) = (it.retries.runs, it.retries.left, it.retries.allowed);
    line("runs", format!("{runs} so far, {left} of {allowed} retries left"));
    for run in it.status.runs.iter().filter(|run| run.resolved.is_some()) {
        line("  resolved", resolved(run));
    }
    let deadline = TimeDelta::seconds(it.deadline.seconds_left);
    let when = if deadline < TimeDelta::zero() { "passed" } else { "ahead" };
    line("deadline", format!("{} ({} min {when})", time::format(it.deadline.deadline), deadline.num_minutes().abs()));
    if !it.scopes.held.is_empty() {
        line("scopes", it.scopes.held.join(", "));
    }
    for event in &it.events.undelivered {
        line("unpublished", format!("{} of {}", event.kind, time::format(event.at)));
    }
    for note in &it.notes {
        line(&note.source, format!("{} (since {})", note.words, time::format(note.at)));
    }
    text
}

fn workers(it: &Explanation, line: &mut impl FnMut(&str, String)) {
    let seen = &it.workers;
    let (queue, known, alive, quarantined) = (&seen.task_queue_id, seen.known, seen.alive, seen.quarantined);
    line("workers", format!("{known} known on {queue}, {alive} alive, {quarantined} in quarantine"));
    for worker in &seen.latest {
        let busy = if worker.busy { ", busy" } else { "" };
        let info = worker.quarantine_info.as_ref().map(|info| format!(": {info}")).unwrap_or_default();
        let until = worker.quarantine_until.map(|at| format!(", in quarantine until {}{info}", time::format(at)));
        let seen = time::format(worker.last_seen);
        let name = format!("{}/{}", worker.worker_group, worker.worker_id);
        line("  worker", format!("{name}, seen {seen}{busy}{}", until.unwrap_or_default()));
    }
}

fn resolved(run: &RunStatus) -> String {
    let reason = run.reason_resolved.filter(|reason| reason.as_str() != run.state.as_str());
    let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    let worker = match (&run.worker_group, &run.worker_id) {
        (Some(group), Some(id)) => format!(" at {group}/{id}"),
        _ => String::new(),
    };
    format!("run {} {}{reason}{worker}", run.run_id, run.state)
}

fn dependency(required: &Required) -> String {
    let state = required.state.map_or("no longer exists", TaskState::as_str);
    let note = if required.satisfiable { "" } else { ", which cannot satisfy" };
    let name = required.name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default();
    format!("{}{name} {state}{note}", required.task_id)
}
