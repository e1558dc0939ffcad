//! Parts that fail, and what those who speak to them notice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use base::Rng;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::{sync::Notify, task::JoinSet};

use super::{CallError, Child, Handle, Hint, HintInbox, Reply, Restart, Supervised, Supervisor};

const SOON: Duration = Duration::from_secs(10);

/// A part that counts its starts and does as it is told.
struct Part {
    starts: Arc<AtomicU32>,
    /// How many starts fail before one succeeds.
    fails: u32,
}

enum Msg {
    Starts(Reply<u32>),
    Panic,
    Fail,
    Keep(Reply<u32>),
    Look,
}

#[derive(Default)]
struct Memory {
    kept: Vec<Reply<u32>>,
    looks: u32,
}

impl Actor for Part {
    type Msg = Msg;
    type State = Memory;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Msg>, (): ()) -> Result<Memory, ActorProcessingErr> {
        if self.starts.fetch_add(1, Ordering::SeqCst) < self.fails {
            return Err("not yet".into());
        }
        Ok(Memory::default())
    }

    async fn handle(&self, _: ActorRef<Msg>, message: Msg, memory: &mut Memory) -> Result<(), ActorProcessingErr> {
        match message {
            Msg::Starts(reply) => reply.send(self.starts.load(Ordering::SeqCst))?,
            Msg::Panic => panic!("told to"),
            Msg::Fail => return Err("told to".into()),
            Msg::Keep(reply) => memory.kept.push(reply),
            Msg::Look => memory.looks += 1,
        }
        Ok(())
    }
}

fn part(restart: Restart, fails: u32) -> (Child, Handle<Msg>) {
    let starts = Arc::new(AtomicU32::new(0));
    Child::new("test/part", restart, move || (Part { starts: starts.clone(), fails }, ()))
}

async fn env(children: Vec<Child>) -> Supervised {
    Supervisor::start(children, Rng::seeded(1)).await
}

/// Asks until somebody answers, as a patient caller does.
async fn starts(handle: &Handle<Msg>) -> u32 {
    loop {
        match handle.call(SOON, Msg::Starts).await {
            Ok(starts) => return starts,
            Err(CallError::Down) => tokio::task::yield_now().await,
            Err(CallError::Late) => panic!("nobody answered in time"),
        }
    }
}

#[tokio::test]
async fn a_part_that_panics_or_fails_is_started_again_and_its_handle_stays_good() {
    let (child, handle) = part(Restart::OnFailure, 0);
    let env = env(vec![child]).await;

    handle.tell(Msg::Panic).unwrap();
    assert_eq!(starts(&handle).await, 2);
    handle.tell(Msg::Fail).unwrap();
    assert_eq!(starts(&handle).await, 3);
    env.stop(SOON).await;
}

#[tokio::test]
async fn a_part_that_cannot_start_is_tried_again_and_holds_nobody_up() {
    let (broken, late) = part(Restart::Always, 3);
    let (sound, ready) = part(Restart::Always, 0);
    let env = env(vec![broken, sound]).await;

    assert!(!late.is_up());
    assert_eq!(starts(&ready).await, 1);
    assert_eq!(starts(&late).await, 4);
    env.stop(SOON).await;
}

#[tokio::test]
async fn a_call_without_an_answer_is_late_and_a_dropped_one_is_down() {
    let (child, handle) = part(Restart::OnFailure, 0);
    let env = env(vec![child]).await;

    assert_eq!(handle.call(Duration::from_millis(10), Msg::Keep).await, Err(CallError::Late));

    let failing = async {
        starts(&handle).await;
        handle.tell(Msg::Fail).unwrap();
    };
    let (waiting, ()) = tokio::join!(handle.call(SOON, Msg::Keep), failing);
    assert_eq!(waiting, Err(CallError::Down));

    env.stop(SOON).await;
    assert_eq!(handle.call(SOON, Msg::Keep).await, Err(CallError::Down));
}

#[tokio::test]
async fn what_waits_in_a_mailbox_is_answered_before_the_end_even_in_a_group_of_a_group() {
    let (child, handle) = part(Restart::Always, 0);
    let env = env(vec![Supervisor::group("test", vec![child], Rng::seeded(2))]).await;
    let mut asked = JoinSet::new();
    for _ in 0..100 {
        let handle = handle.clone();
        asked.spawn(async move { handle.call(SOON, Msg::Starts).await });
    }
    starts(&handle).await;

    env.stop(SOON).await;
    assert!(asked.join_all().await.into_iter().all(|answer| answer == Ok(1)));
    assert!(!handle.is_up());
}

/// Looks when hinted, and waits in each look until told to go on.
struct Looker {
    inbox: HintInbox,
    looking: Arc<Notify>,
    go_on: Arc<Notify>,
    looks: Arc<AtomicU32>,
}

impl Actor for Looker {
    type Msg = Msg;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Msg>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(&self, _: ActorRef<Msg>, _: Msg, (): &mut ()) -> Result<(), ActorProcessingErr> {
        self.inbox.taken();
        self.looks.fetch_add(1, Ordering::SeqCst);
        self.looking.notify_one();
        self.go_on.notified().await;
        Ok(())
    }
}

#[tokio::test]
async fn hints_given_during_a_look_cause_exactly_one_more() {
    let inbox = HintInbox::default();
    let (looking, go_on, looks) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(AtomicU32::new(0)));
    let make = {
        let (inbox, looking, go_on, looks) = (inbox.clone(), looking.clone(), go_on.clone(), looks.clone());
        move || {
            let looker =
                Looker { inbox: inbox.clone(), looking: looking.clone(), go_on: go_on.clone(), looks: looks.clone() };
            (looker, ())
        }
    };
    let (child, handle) = Child::new("test/looker", Restart::Always, make);
    let env = env(vec![child]).await;
    let hint = Hint::new(handle, &inbox, || Msg::Look);

    hint.give();
    looking.notified().await;
    for _ in 0..10 {
        hint.give();
    }
    go_on.notify_one();
    looking.notified().await;
    go_on.notify_one();
    env.stop(SOON).await;

    assert_eq!(looks.load(Ordering::SeqCst), 2);
}
