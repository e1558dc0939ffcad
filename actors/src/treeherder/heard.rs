//! What a letter says.

use bus::Message;
use protocol::{
    event::{Event, Fact},
    status::TaskStatus,
    treeherder::{Happening, ReplayPush},
};

use super::REPLAY_EXCHANGE;

/// What the reporter is to tell.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Heard {
    Task(Box<TaskStatus>, Happening),
    Replay(ReplayPush),
}

/// `None`: nothing is to be told. An error says in words why a letter cannot be read.
pub(super) fn read(message: &Message) -> Result<Option<Heard>, String> {
    if &*message.exchange == REPLAY_EXCHANGE {
        let push = ReplayPush::from_proto(&message.body);
        return push.map(|push| Some(Heard::Replay(push))).map_err(|error| error.to_string());
    }
    let event = Event::from_proto(&message.body).map_err(|error| error.to_string())?;
    let kind = event.kind();
    let Fact::Task(task) = event.fact else { return Ok(None) };
    let happening = Happening::of(kind, task.change.run_id());
    Ok(happening.map(|happening| Heard::Task(Box::new(task.status), happening)))
}
