//! Hooks and their fires.

mod discard;
mod due;
mod fire;
mod queue;
mod read;
#[cfg(test)]
mod tests;
mod write;

use base::SealedText;
pub use discard::DiscardRow;
pub use fire::{FireHook, FireOutcome};
use protocol::{id::TaskId, state::TaskState, time::Timestamp};
pub use queue::{HookListener, HookQueue};
use sqlx::{FromRow, types::Json};
pub use write::{HookCreated, NewHook};

/// A hook as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookRow {
    pub hook_group_id: String,
    pub hook_id: String,
    /// Metadata, task, schedule and triggerSchema, as canonical JSON text.
    pub definition: String,
    /// A JSON list.
    pub bindings: String,
    /// Another one with each change.
    pub generation: i64,
    pub trigger_token: SealedText,
    /// The id of the task of the next date.
    pub next_task_id: SealedText,
    pub next_scheduled_at: Option<Timestamp>,
    /// Until then one process has it in hand, or it waits to be tried again.
    pub leased_until: Option<Timestamp>,
    /// Tries of this date that failed.
    pub attempts: i32,
    pub paused: bool,
}

/// What caused a fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FiredBy {
    Schedule,
    TriggerHook,
    TriggerHookWithToken,
    PulseMessage,
}

/// What a fire came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FireResult {
    Success,
    Error,
    /// The template yields none.
    NoTask,
    /// Dates that were missed and are not made up for.
    Skipped,
}

/// A fire in the history of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FireRow {
    pub fire_id: i64,
    pub fired_by: FiredBy,
    pub fired: Timestamp,
    pub scheduled_at: Option<Timestamp>,
    pub task_id: TaskId,
    pub result: FireResult,
    /// Empty where there is none.
    pub error: String,
    /// `None`: there is no such task.
    pub task_state: Option<TaskState>,
}

impl FiredBy {
    pub const ALL: [Self; 4] = [Self::Schedule, Self::TriggerHook, Self::TriggerHookWithToken, Self::PulseMessage];

    pub const fn code(self) -> i16 {
        self as i16
    }

    /// As the wire calls it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::TriggerHook => "triggerHook",
            Self::TriggerHookWithToken => "triggerHookWithToken",
            Self::PulseMessage => "pulseMessage",
        }
    }
}

impl FireResult {
    pub const ALL: [Self; 4] = [Self::Success, Self::Error, Self::NoTask, Self::Skipped];

    pub const fn code(self) -> i16 {
        self as i16
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::NoTask => "no-task",
            Self::Skipped => "skipped",
        }
    }
}

#[derive(FromRow)]
struct StoredHook {
    hook_group_id: String,
    hook_id: String,
    definition: String,
    bindings: String,
    generation: i64,
    trigger_token: Json<SealedText>,
    next_task_id: Json<SealedText>,
    next_scheduled_at: Option<Timestamp>,
    leased_until: Option<Timestamp>,
    attempts: i32,
    paused: bool,
}

impl From<StoredHook> for HookRow {
    fn from(row: StoredHook) -> Self {
        Self {
            hook_group_id: row.hook_group_id,
            hook_id: row.hook_id,
            definition: row.definition,
            bindings: row.bindings,
            generation: row.generation,
            trigger_token: row.trigger_token.0,
            next_task_id: row.next_task_id.0,
            next_scheduled_at: row.next_scheduled_at,
            leased_until: row.leased_until,
            attempts: row.attempts,
            paused: row.paused,
        }
    }
}
