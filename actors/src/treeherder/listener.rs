//! Hears of tasks with Treeherder routes, and tells.

use std::time::Duration;

use base::Backoff;
use bus::{BusError, Exchange, Message, Subscription};
use db::DbError;
use protocol::{
    status::TaskStatus,
    treeherder::{Happening, ReplayPush},
};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tracing::Instrument;

use super::{
    REPLAY_EXCHANGE, Reporter,
    heard::{self, Heard},
    pushes,
    telling::{Event, Telling},
};
use crate::{
    kit::{Child, HintInbox, Inbox, Letter, Restart, Tick},
    parking::Parking,
};

const NAME: &str = "treeherder/listener";
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Reporter {
    /// The listener, to be supervised. On a bus in memory it must be started before the relay, which drops what nobody
    /// listens to.
    pub fn listener(self) -> Child {
        Child::new(NAME, Restart::Always, move || (Listener::new(self.clone()), ())).0
    }

    fn subscription(&self) -> Subscription {
        let mut subscription = Subscription::durable(&self.queue()).one_at_a_time().settled_first().signed();
        for prefix in &self.settings.route_prefixes {
            subscription = subscription.bind(&self.events, &format!("route.{prefix}.#"));
        }
        subscription.bind(REPLAY_EXCHANGE, "#").prefetch(self.settings.prefetch)
    }

    fn queue(&self) -> String {
        format!("drover/treeherder/{}", self.settings.name)
    }

    /// Also declares what it hears on: it may be there before the relay.
    async fn declare(&self) -> Result<(), BusError> {
        let told_on = self.settings.exchanges(&self.names).into_iter().map(|(_, exchange)| exchange);
        for exchange in told_on.chain([self.events.clone(), REPLAY_EXCHANGE.to_owned()]) {
            self.bus.declare(Exchange::topic(&exchange)).await?;
        }
        Ok(())
    }
}

struct Listener {
    reporter: Reporter,
    parking: Parking,
}

/// A letter and what it says.
struct Waiting {
    letter: Letter,
    heard: Heard,
}

enum Told {
    Letter(Option<Letter>),
    /// Work on all letters that have come.
    Work,
}

struct Desk {
    _inbox: Inbox,
    letters: Vec<Waiting>,
    telling: Telling,
    hints: HintInbox,
    tick: Tick,
    backoff: Backoff,
}

/// Why letters stay on the desk.
#[derive(Debug, thiserror::Error)]
enum NotTold {
    #[error("the database cannot be asked")]
    Db(#[from] DbError),
    #[error("the messages were not confirmed")]
    Bus(#[from] BusError),
}

impl Actor for Listener {
    type Msg = Told;
    type State = Desk;
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Told>, (): ()) -> Result<Desk, ActorProcessingErr> {
        let Reporter { bus, rng, .. } = &self.reporter;
        self.reporter.declare().await?;
        Ok(Desk {
            _inbox: Inbox::open(&**bus, self.reporter.subscription(), myself, Told::Letter).await?,
            letters: Vec::new(),
            telling: Telling::new(&self.reporter),
            hints: HintInbox::default(),
            tick: Tick::new(NAME),
            backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE, rng.clone()),
        })
    }

    async fn handle(&self, myself: ActorRef<Told>, told: Told, desk: &mut Desk) -> Result<(), ActorProcessingErr> {
        match told {
            // All that wait in the mailbox by now are worked on together.
            Told::Letter(letter) => {
                if let Some(letter) = letter {
                    self.take(letter, desk).await;
                }
                desk.hints.again(&myself, Told::Work);
            }
            Told::Work => {
                desk.hints.taken();
                let span = desk.tick.root_span();
                self.work(&myself, desk).instrument(span).await;
            }
        }
        Ok(())
    }
}

impl Listener {
    fn new(reporter: Reporter) -> Self {
        let parking = Parking::new(reporter.db.clone(), reporter.clock.clone(), &reporter.queue());
        Self { reporter, parking }
    }

    /// Puts a letter on the desk, unless it can be seen to be of no use.
    async fn take(&self, letter: Letter, desk: &mut Desk) {
        match heard::read(letter.message()) {
            Err(words) => self.parking.park(letter, &format!("it cannot be read: {words}")).await,
            Ok(_) if letter.failures() >= Parking::RETURNS => {
                let words = format!("it was handed out {} times and never settled", letter.failures());
                self.parking.park(letter, &words).await;
            }
            Ok(None) => letter.ack(),
            Ok(Some(heard)) => desk.letters.push(Waiting { letter, heard }),
        }
    }

    /// Letters stay on the desk, and in order, while the database or the bus is away.
    async fn work(&self, myself: &ActorRef<Told>, desk: &mut Desk) {
        let Desk { letters, telling, .. } = desk;
        let told = self.tell_all(telling, letters).await;
        match told {
            Ok(()) => letters.drain(..).for_each(|waiting| waiting.letter.ack()),
            Err(error) if error.is_lasting() => self.one_by_one(telling, letters).await,
            Err(error) => self.wait(&error, letters.len()).await,
        }
        if desk.letters.is_empty() {
            desk.backoff.reset();
        } else {
            desk.tick.again(myself, desk.backoff.next_wait(), || Told::Work);
        }
    }

    /// A broker that lost an exchange refuses everything until it has it again.
    async fn wait(&self, error: &NotTold, letters: usize) {
        if let NotTold::Bus(BusError::Refused(_)) = error
            && let Err(error) = self.reporter.declare().await
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "the exchanges of the reporter are not there");
        }
        tracing::warn!(error = error as &dyn std::error::Error, letters, "events wait for the Treeherder reporter");
    }

    /// One of several is refused by the database: it must not hold up the others for ever. Those behind one that is
    /// tried again wait for it.
    async fn one_by_one(&self, telling: &mut Telling, letters: &mut Vec<Waiting>) {
        while !letters.is_empty() {
            match self.tell_all(telling, &letters[..1]).await {
                Ok(()) => letters.remove(0).letter.ack(),
                Err(error) if error.is_lasting() && letters[0].letter.failed() >= Parking::TRIES => {
                    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
                    self.parking.park(letters.remove(0).letter, &format!("it cannot be told: {error}{cause}")).await;
                }
                Err(_) => return,
            }
        }
    }

    /// Tells of these, in order, and returns once all messages are confirmed.
    async fn tell_all(&self, telling: &mut Telling, letters: &[Waiting]) -> Result<(), NotTold> {
        let mut events: Vec<Event> = Vec::with_capacity(letters.len());
        for Waiting { heard, .. } in letters {
            match heard {
                Heard::Task(status, happening) => events.push((TaskStatus::clone(status), *happening)),
                Heard::Replay(push) => {
                    self.tell(telling, &std::mem::take(&mut events)).await?;
                    self.tell_push(telling, push).await?;
                }
            }
        }
        self.tell(telling, &events).await
    }

    async fn tell_push(&self, telling: &mut Telling, push: &ReplayPush) -> Result<(), NotTold> {
        let (db, mut after, mut tasks) = (&self.reporter.db, None, 0);
        loop {
            let ids = pushes::page(db, &push.project, &push.revision, after).await?;
            let Some(last) = ids.last() else { break };
            after = Some(*last);
            tasks += ids.len();
            let rows = db.tasks(&ids, false).await?;
            let events: Vec<Event> = rows
                .into_iter()
                .flat_map(|row| {
                    let happenings = Happening::all_of(&row.status);
                    happenings.into_iter().map(move |happening| (row.status.clone(), happening))
                })
                .collect();
            self.tell(telling, &events).await?;
        }
        tracing::info!(project = push.project, revision = push.revision, tasks, "a push was told once more");
        Ok(())
    }

    async fn tell(&self, telling: &mut Telling, events: &[Event]) -> Result<(), NotTold> {
        if events.is_empty() {
            return Ok(());
        }
        let Reporter { bus, settings, .. } = &self.reporter;
        let mut messages: Vec<Message> = telling.messages(&self.reporter, events).await?;
        messages.retain(|message| bus.may_be_heard(&message.exchange, first_word(&message.routing_key)));
        if !messages.is_empty() {
            bus.publish(&messages, settings.confirm_within.duration()).await?;
        }
        tracing::debug!(events = events.len(), messages = messages.len(), "jobs were told");
        Ok(())
    }
}

fn first_word(key: &str) -> &str {
    key.split('.').next().unwrap_or(key)
}

impl NotTold {
    /// It is about what was to be written, and the same again would be refused again.
    fn is_lasting(&self) -> bool {
        match self {
            Self::Db(error) => error.is_permanent(),
            Self::Bus(error) => matches!(error, BusError::Unsendable(_)),
        }
    }
}
