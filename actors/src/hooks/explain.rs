//! Why a hook fires or does not: every reason that is known, the gravest first.

use chrono::TimeDelta;
use db::hooks::{DiscardRow, HookQueue, HookRow};
use protocol::{
    state::TaskState,
    time::{self, Timestamp},
};
use serde_json::Value;

use super::{DryRunRequest, FireResult, FireRow, Hook, HookName, Hooks, Result};

/// What is known about a hook.
#[derive(Debug, Clone)]
pub struct HookExplanation {
    pub name: HookName,
    /// In words for its owner.
    pub reasons: Vec<String>,
    pub paused: bool,
    pub next_scheduled_at: Option<Timestamp>,
    /// The latest fires, those without a task included.
    pub fires: Vec<FireRow>,
    /// Messages that fired nothing.
    pub discards: Vec<DiscardRow>,
    pub queue: Option<HookQueue>,
}

/// Fires that are looked at.
const FIRES: i32 = 20;
/// A fire so long before or after a time counts as the one that was due then.
const AROUND: TimeDelta = TimeDelta::seconds(60);

impl Hooks {
    /// `at`: why it did not fire then; otherwise what holds now.
    pub async fn explain(&self, name: &HookName, at: Option<Timestamp>) -> Result<HookExplanation> {
        let inner = &self.0;
        let row = inner.hook(name).await?;
        let hook = Hook::try_from(&row)?;
        let before = at.map(|at| at + AROUND);
        let fires = inner.db.hook_fires_all(name.parts(), before, FIRES).await?.readable;
        let discards = inner.db.hook_discards(name.parts()).await?;
        let queue = inner.db.hook_queue(name.parts()).await?;
        let now = inner.clock.now();
        let mut reasons = Vec::new();
        if let Some(at) = at {
            reasons.extend(at_that_time(&hook, at, &fires));
        }
        reasons.extend(of_definition(&hook, &row, now));
        reasons.extend(of_bindings(&hook, queue.as_ref()));
        reasons.extend(self.of_role(name, &hook).await?);
        reasons.extend(fires.first().map(of_fire));
        reasons.extend(discards.iter().map(of_discard));
        let (paused, next_scheduled_at) = (row.paused, row.next_scheduled_at);
        Ok(HookExplanation { name: name.clone(), reasons, paused, next_scheduled_at, fires, discards, queue })
    }

    /// A template that takes a payload is rendered without one, and may fail for that: only what the role lacks counts.
    async fn of_role(&self, name: &HookName, hook: &Hook) -> Result<Option<String>> {
        let payload = hook.definition.schedule.is_empty().then(|| Value::Object(serde_json::Map::new()));
        let request = DryRunRequest { payload, ..DryRunRequest::default() };
        let dry = self.dry_run(name, request, "explain").await?;
        Ok(dry.missing_scopes.and(dry.error))
    }
}

fn at_that_time(hook: &Hook, at: Timestamp, fires: &[FireRow]) -> Option<String> {
    let near = |date: Timestamp| (date - at).abs() <= AROUND;
    let fire = fires.iter().find(|fire| near(fire.scheduled_at.unwrap_or(fire.fired)));
    if let Some(fire) = fire {
        return Some(format!("at {}: {}", time::format(at), of_fire(fire)));
    }
    let schedule = hook.definition.schedule_of(&hook.name).ok()?;
    let next = schedule.next_after(at - AROUND);
    let at = time::format(at);
    Some(match next {
        Some(next) if near(next) => {
            format!(
                "at {at} a date of the present schedule came, and there is no trace of it: the schedule was another one then, the \
                     hook was paused or did not exist, or its history has expired"
            )
        }
        Some(next) => {
            format!("the present schedule has no date at {at}; the next one after it is {}", time::format(next))
        }
        None => format!("at {at} no schedule was to fire it, and nothing else did"),
    })
}

fn of_definition(hook: &Hook, row: &HookRow, now: Timestamp) -> Vec<String> {
    let mut reasons = Vec::new();
    if row.paused {
        reasons.push("it is paused: dates and messages fire nothing until it is resumed".to_owned());
    }
    if let Err(error) = hook.definition.schedule_of(&hook.name) {
        reasons.push(format!("its schedule is not valid for this version: {error}"));
    }
    if let Err(error) = hook.definition.schema() {
        reasons.push(format!("its triggerSchema is not valid for this version: {error}"));
    }
    match row.next_scheduled_at {
        None if hook.definition.schedule.is_empty() && hook.bindings.is_empty() => {
            reasons.push("it has neither a schedule nor bindings: it fires on demand only".to_owned());
        }
        Some(next) if next > now => reasons.push(format!("its next date is {}", time::format(next))),
        Some(next) => reasons.push(overdue(row, next, now)),
        None => {}
    }
    reasons
}

fn overdue(row: &HookRow, next: Timestamp, now: Timestamp) -> String {
    let next = time::format(next);
    match row.leased_until.filter(|until| *until > now) {
        Some(until) if row.attempts > 0 => {
            let (until, attempts) = (time::format(until), row.attempts);
            format!("its date {next} has come; {attempts} attempts failed, and the next is at {until}")
        }
        Some(until) => format!("its date {next} has come; a process has it in hand until {}", time::format(until)),
        None => format!("its date {next} has come; it waits for a process with the role `hooks`"),
    }
}

fn of_bindings(hook: &Hook, queue: Option<&HookQueue>) -> Vec<String> {
    if hook.bindings.is_empty() {
        return Vec::new();
    }
    let Some(queue) = queue.filter(|queue| queue.checked.is_some()) else {
        return vec!["its bindings are not at the broker yet: it waits for a process with the role `hooks`".to_owned()];
    };
    let refused: Vec<Value> = serde_json::from_str(&queue.refused).unwrap_or_default();
    let text = |it: &Value, field: &str| it[field].as_str().unwrap_or_default().to_owned();
    let words =
        |it: &Value| format!("its binding to `{}` is not in place: {}", text(it, "exchange"), text(it, "reason"));
    refused.iter().map(words).collect()
}

fn of_fire(fire: &FireRow) -> String {
    let (by, when) = (fire.fired_by.as_str(), time::format(fire.fired));
    match fire.result {
        FireResult::Error => format!("its fire by {by} at {when} failed: {}", fire.error),
        FireResult::NoTask => format!("its fire by {by} at {when} yielded no task: the template gave none"),
        FireResult::Skipped => format!("dates were left out at {when}: {}", fire.error),
        FireResult::Success => {
            let state = fire.task_state.map_or("which is gone", TaskState::as_str);
            format!("its fire by {by} at {when} created the task {}, {state}", fire.task_id)
        }
    }
}

fn of_discard(row: &DiscardRow) -> String {
    let (messages, last) = (row.messages, time::format(row.last_seen));
    format!("{messages} messages fired nothing, the last at {last}: {}", row.reason)
}
