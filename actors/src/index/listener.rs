//! Hears of completed tasks and puts them into the index.
//!
//! It reads what the world reads, since there a broker sorts by route: tasks that want no place in the index never come
//! here. A letter is settled after its entries are written, and writing them again changes nothing.

use std::{sync::Arc, time::Duration};

use base::{Backoff, Rng};
use bus::{Bus, Exchange, Message, Subscription};
use protocol::{
    event::EventKind,
    exchanges::{self, ExchangeNames},
    id::TaskId,
    state::TaskState,
};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use serde::Deserialize;
use tracing::Instrument;

use super::{Answer, Index, NewEntry, task::entries_of};
use crate::{
    kit::{Child, HintInbox, Inbox, Letter, Restart, Tick},
    parking::Parking,
};

const NAME: &str = "index/listener";
pub const QUEUE: &str = "drover/index/task-completed";
const ROUTES: &str = "route.index.#";
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Index {
    /// The listener, to be supervised. Several processes may run one. On a bus in memory it must be started before the
    /// relay, which drops what nobody listens to.
    pub fn listener(&self, bus: Arc<dyn Bus>, names: &ExchangeNames, rng: Rng) -> Child {
        let exchange = names.name(exchanges::of(EventKind::TaskCompleted));
        let index = self.clone();
        let make = move || {
            let (index, bus, exchange, rng) = (index.clone(), bus.clone(), exchange.clone(), rng.clone());
            let parking = Parking::new(index.db.clone(), index.clock.clone(), QUEUE);
            (Listener { index, bus, exchange, rng, parking }, ())
        };
        Child::new(NAME, Restart::Always, make).0
    }
}

struct Listener {
    index: Index,
    bus: Arc<dyn Bus>,
    exchange: String,
    rng: Rng,
    parking: Parking,
}

enum Heard {
    Letter(Option<Letter>),
    /// Work on all letters that have come.
    Work,
}

struct Desk {
    _inbox: Inbox,
    letters: Vec<Letter>,
    hints: HintInbox,
    tick: Tick,
    backoff: Backoff,
}

impl Actor for Listener {
    type Msg = Heard;
    type State = Desk;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Heard>, (): ()) -> Result<Desk, ActorProcessingErr> {
        self.bus.declare(Exchange::topic(&self.exchange)).await?;
        let subscription = Subscription::durable(QUEUE).bind(&self.exchange, ROUTES).settled_first();
        Ok(Desk {
            _inbox: Inbox::open(&*self.bus, subscription, myself, Heard::Letter).await?,
            letters: Vec::new(),
            hints: HintInbox::default(),
            tick: Tick::new(NAME),
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE, self.rng.clone()),
        })
    }

    async fn handle(&self, myself: ActorRef<Heard>, heard: Heard, desk: &mut Desk) -> Result<(), ActorProcessingErr> {
        match heard {
            // All that wait in the mailbox by now are worked on together.
            Heard::Letter(letter) => {
                if let Some(letter) = letter {
                    self.take(letter, desk).await;
                }
                desk.hints.again(&myself, Heard::Work);
            }
            Heard::Work => {
                desk.hints.taken();
                let span = desk.tick.root_span();
                self.work(&myself, desk).instrument(span).await;
            }
        }
        Ok(())
    }
}

impl Listener {
    /// Puts a letter on the desk, unless it can be seen to be of no use.
    async fn take(&self, letter: Letter, desk: &mut Desk) {
        if let Err(error) = read(letter.message()) {
            self.parking.park(letter, &format!("it cannot be read: {error}")).await;
        } else if letter.failures() >= Parking::RETURNS {
            let words = format!("it was handed out {} times and never settled", letter.failures());
            self.parking.park(letter, &words).await;
        } else {
            desk.letters.push(letter);
        }
    }

    /// Letters stay on the desk while the database is away.
    async fn work(&self, myself: &ActorRef<Heard>, desk: &mut Desk) {
        match self.index_all(&desk.letters).await {
            Ok(()) => desk.letters.drain(..).for_each(Letter::ack),
            Err(error) if error.is_lasting() => self.one_by_one(desk).await,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "completed tasks wait for the index");
            }
        }
        if desk.letters.is_empty() {
            desk.backoff.reset();
        } else {
            desk.tick.again(myself, desk.backoff.next_wait(), || Heard::Work);
        }
    }

    /// One of several is refused by the database: it must not hold up the others for ever.
    async fn one_by_one(&self, desk: &mut Desk) {
        for mut letter in std::mem::take(&mut desk.letters) {
            match self.index_all(std::slice::from_ref(&letter)).await {
                Ok(()) => letter.ack(),
                Err(error) if error.is_lasting() && letter.failed() >= Parking::TRIES => {
                    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
                    self.parking.park(letter, &format!("the index refuses it: {error}{cause}")).await;
                }
                Err(_) => desk.letters.push(letter),
            }
        }
    }

    /// Where a task stands in the index is said by what is stored of it, whatever the message says: others than the relay may
    /// publish too.
    async fn index_all(&self, letters: &[Letter]) -> Answer<()> {
        let told: Vec<TaskId> = letters.iter().filter_map(|letter| read(letter.message()).ok()).collect();
        // A task that has expired meanwhile needs no entry any more.
        let rows = self.index.db.tasks(&told, true).await?;
        let completed = rows.iter().filter(|row| row.status.state == TaskState::Completed);
        let entries: Vec<NewEntry> =
            completed.flat_map(|row| entries_of(row.status.task_id, row.status.expires, &row.definition)).collect();
        if entries.is_empty() {
            return Ok(());
        }
        tracing::debug!(tasks = told.len(), entries = entries.len(), "completed tasks are put into the index");
        self.index.insert_all(entries).await.map(drop)
    }
}

/// The task a message tells of.
fn read(message: &Message) -> Result<TaskId, serde_json::Error> {
    #[derive(Deserialize)]
    struct Body {
        status: Status,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Status {
        task_id: TaskId,
    }
    serde_json::from_slice(&message.body).map(|Body { status }| status.task_id)
}
