//! Routes of tasks that ask for notifications: `notify.<type>.<address>.on-<event>`.

use super::NotificationKind;
use crate::{
    event::{TaskChange, TaskEvent},
    state::{ReasonResolved, TaskState},
};

/// What a route asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifyRoute<'a> {
    pub kind: NotificationKind,
    pub address: &'a str,
    /// The word after `on-`.
    event: &'a str,
}

/// What routes of this kind begin with.
const ROUTE_PREFIX: &str = "notify.";

impl<'a> NotifyRoute<'a> {
    /// `None` for a route of somebody else, and for one that asks for something that does not exist.
    pub fn read(route: &'a str) -> Option<Self> {
        let (kind, rest) = route.strip_prefix(ROUTE_PREFIX)?.split_once('.')?;
        let (address, event) = rest.rsplit_once(".on-")?;
        (!address.is_empty()).then_some(())?;
        Some(Self { kind: kind.parse().ok()?, address, event })
    }

    /// Whether the event is one of those that the route asks for.
    pub fn is_about(&self, event: &TaskEvent) -> bool {
        let Some(state) = transition(event) else { return false };
        match self.event {
            "transition" => true,
            "resolved" | "any" => matches!(state, "completed" | "failed" | "exception"),
            word => word == state,
        }
    }
}

/// The state that the event is about, as routes name it. An exception whose run is retried is none, since the task goes on;
/// cancelling a task, or letting its deadline pass, is what somebody wanted.
pub fn transition(event: &TaskEvent) -> Option<&'static str> {
    match event.change {
        TaskChange::Defined => Some("defined"),
        TaskChange::Pending { .. } => Some("pending"),
        TaskChange::Running { .. } => Some("running"),
        TaskChange::Completed { .. } => Some("completed"),
        TaskChange::Failed { .. } => Some("failed"),
        TaskChange::Exception { run_id } => {
            let reason = event.status.run(run_id).and_then(|run| run.reason_resolved);
            let is_wanted = matches!(reason, Some(ReasonResolved::Canceled | ReasonResolved::DeadlineExceeded));
            (event.status.state == TaskState::Exception && !is_wanted).then_some("exception")
        }
        TaskChange::ArtifactCreated { .. } | TaskChange::PriorityChanged { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_everything_between() {
        let read = |route| NotifyRoute::read(route).map(|it| (it.kind, it.address, it.event));
        let email = (NotificationKind::Email, "a.b@example.com", "failed");
        assert_eq!(read("notify.email.a.b@example.com.on-failed"), Some(email));
        let room = (NotificationKind::MatrixRoom, "!a:on-call.example.com", "any");
        assert_eq!(read("notify.matrix-room.!a:on-call.example.com.on-any"), Some(room));
        let odd = (NotificationKind::Pulse, "x.on-failed", "completed");
        assert_eq!(read("notify.pulse.x.on-failed.on-completed"), Some(odd));
        for other in [
            "index.a.b",
            "notify.email.on-failed",
            "notify.fax.a.on-failed",
            "notify.email..on-failed",
            "notify.email.a@b",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
