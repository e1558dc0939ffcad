//! Looks whether the database still is at the version that this program needs, and says so when that changes.
//!
//! Owns: nothing. Woken by: its timer. Tells: the log. A process that is no longer ready says so itself to those who ask
//! (`/__heartbeat__`); it goes on, and is ready again once the database was upgraded.

use std::time::Duration;

use db::Db;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tracing::Instrument;

use crate::kit::{Child, Restart, Tick};

const EVERY: Duration = Duration::from_secs(2);
const NAME: &str = "database-version";

/// The part, to be supervised in every process.
pub fn part(db: Db) -> Child {
    Child::new(NAME, Restart::Always, move || (Watch(db.clone()), ())).0
}

struct Watch(Db);

/// The only thing it is told.
struct Timer;

struct State {
    tick: Tick,
    behind: bool,
}

impl Watch {
    /// A database that cannot be asked says nothing about its version; others tell of that.
    async fn look(&self, behind: &mut bool) {
        match self.0.check_version().await {
            Err(error) if error.is_behind() && !*behind => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "not ready: the database went below the version that this program needs");
                *behind = true;
            }
            Ok(()) if *behind => {
                tracing::info!("ready again: the database is at the version that this program needs");
                *behind = false;
            }
            Ok(()) | Err(_) => {}
        }
    }
}

impl Actor for Watch {
    type Msg = Timer;
    type State = State;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Timer>, (): ()) -> Result<State, ActorProcessingErr> {
        let mut tick = Tick::new(NAME);
        tick.again(&myself, EVERY, || Timer);
        Ok(State { tick, behind: false })
    }

    async fn handle(&self, myself: ActorRef<Timer>, Timer: Timer, state: &mut State) -> Result<(), ActorProcessingErr> {
        self.look(&mut state.behind).instrument(state.tick.root_span()).await;
        state.tick.again(&myself, EVERY, || Timer);
        Ok(())
    }
}
