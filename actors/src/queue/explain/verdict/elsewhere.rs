//! Pending tasks that no worker of the queue will claim: they are builds of a Buildbot master, and the bridge notes what they
//! wait for there.

use protocol::explain::{Cause, Explanation, Note, Workers};

use super::Judgement;

/// Who leaves the note.
const BRIDGE: &str = "buildbot";
/// The kind of a note about a run that waits for its build.
const WAITS: &str = "waits";

/// `None`: the bridge has said nothing about this task.
pub(super) fn judge(it: &Explanation) -> Option<Judgement> {
    let note = it.notes.iter().find(|note| note.source == BRIDGE)?;
    let advice = "`drover bridge builders` and `drover bridge check` tell how the master and its builders stand.";
    Some((Cause::WaitsElsewhere, verdict(note), vec![advice.to_owned()]))
}

fn verdict(note: &Note) -> String {
    if note.kind == WAITS {
        return format!("It is ready, and {}.", note.words);
    }
    // Of an earlier run: the bridge has not come to this one yet.
    format!("It is ready, and about to be asked for at its Buildbot master; of the run before: it {}.", note.words)
}

/// The bridge claims when a build has begun, in the name of the master's worker. So nobody serves the queue, and there is no
/// place in it.
pub(super) fn tidied(it: Explanation) -> Explanation {
    if it.cause != Cause::WaitsElsewhere {
        return it;
    }
    let task_queue_id = it.workers.task_queue_id.clone();
    let workers =
        Workers { task_queue_id, known: 0, alive: 0, quarantined: 0, ready: 0, last_seen: None, latest: Vec::new() };
    Explanation { position: None, workers, ..it }
}
