//! Actors that fail, and what their callers notice.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use base::Rng;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::task::JoinSet;

use super::{CallError, Child, Handle, Progress, Reply, Restart, Supervisor, SupervisorHandle};

const SOON: Duration = Duration::from_secs(10);

/// An actor that counts its starts and fails on request.
struct Fragile {
    starts: Arc<AtomicU32>,
    /// How many starts fail before one succeeds.
    fails: u32,
    progress: Progress,
}

enum Msg {
    Starts(Reply<u32>),
    Panic,
    Fail,
    Freeze,
    Keep(Reply<u32>),
}

impl Actor for Fragile {
    type Msg = Msg;
    type State = Vec<Reply<u32>>;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Msg>, (): ()) -> Result<Vec<Reply<u32>>, ActorProcessingErr> {
        if self.starts.fetch_add(1, Ordering::SeqCst) < self.fails {
            return Err("not yet".into());
        }
        Ok(Vec::new())
    }

    async fn handle(
        &self,
        _: ActorRef<Msg>,
        message: Msg,
        kept: &mut Vec<Reply<u32>>,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Msg::Starts(reply) => reply.send(self.starts.load(Ordering::SeqCst))?,
            Msg::Panic => panic!("as requested"),
            Msg::Fail => return Err("as requested".into()),
            Msg::Freeze => {
                self.progress.due_within(Duration::from_millis(50));
                pending::<()>().await;
            }
            Msg::Keep(reply) => kept.push(reply),
        }
        Ok(())
    }
}

fn fragile(restart: Restart, fails: u32) -> (Child, Handle<Msg>) {
    let (starts, progress) = (Arc::new(AtomicU32::new(0)), Progress::default());
    let shared = progress.clone();
    let make = move || (Fragile { starts: starts.clone(), fails, progress: shared.clone() }, ());
    let (child, handle) = Child::new("test/fragile", restart, make);
    (child.watched(progress), handle)
}

async fn start(children: Vec<Child>) -> SupervisorHandle {
    Supervisor::start(children, Rng::seeded(1)).await
}

/// Calls until there is a reply, as a patient caller does.
async fn starts(handle: &Handle<Msg>) -> u32 {
    loop {
        match handle.call(SOON, Msg::Starts).await {
            Ok(starts) => return starts,
            Err(CallError::Down) => tokio::task::yield_now().await,
            Err(CallError::Late) => panic!("no reply in time"),
        }
    }
}

#[tokio::test]
async fn an_actor_that_panics_or_fails_is_restarted_and_its_handle_stays_good() {
    let (child, handle) = fragile(Restart::OnFailure, 0);
    let actors = start(vec![child]).await;

    handle.send(Msg::Panic).unwrap();
    assert_eq!(starts(&handle).await, 2);
    handle.send(Msg::Fail).unwrap();
    assert_eq!(starts(&handle).await, 3);
    actors.stop(SOON).await;
}

#[tokio::test]
async fn an_actor_that_is_frozen_is_restarted() {
    let (child, handle) = fragile(Restart::OnFailure, 0);
    let actors = start(vec![child]).await;

    handle.send(Msg::Freeze).unwrap();
    assert_eq!(handle.call(SOON, Msg::Keep).await, Err(CallError::Down), "its callers see that at once");
    assert_eq!(starts(&handle).await, 2);
    actors.stop(SOON).await;
}

#[tokio::test]
async fn an_actor_that_cannot_start_is_retried_and_holds_no_other_up() {
    let (broken, late) = fragile(Restart::Always, 3);
    let (sound, ready) = fragile(Restart::Always, 0);
    let actors = start(vec![broken, sound]).await;

    assert!(!late.is_up());
    assert_eq!(starts(&ready).await, 1);
    assert_eq!(starts(&late).await, 4);
    actors.stop(SOON).await;
}

#[tokio::test]
async fn a_call_without_a_reply_is_late_and_a_dropped_one_is_down() {
    let (child, handle) = fragile(Restart::OnFailure, 0);
    let actors = start(vec![child]).await;

    assert_eq!(handle.call(Duration::from_millis(10), Msg::Keep).await, Err(CallError::Late));

    let failing = async {
        starts(&handle).await;
        handle.send(Msg::Fail).unwrap();
    };
    let (waiting, ()) = tokio::join!(handle.call(SOON, Msg::Keep), failing);
    assert_eq!(waiting, Err(CallError::Down));

    actors.stop(SOON).await;
    assert_eq!(handle.call(SOON, Msg::Keep).await, Err(CallError::Down));
}

#[tokio::test]
async fn mailboxes_are_drained_before_the_end_even_in_a_group_of_a_group() {
    let (child, handle) = fragile(Restart::Always, 0);
    let actors = start(vec![Supervisor::group("test", vec![child], Rng::seeded(2))]).await;
    let mut calls = JoinSet::new();
    for _ in 0..100 {
        let handle = handle.clone();
        calls.spawn(async move { handle.call(SOON, Msg::Starts).await });
    }
    starts(&handle).await;

    actors.stop(SOON).await;
    assert!(calls.join_all().await.into_iter().all(|reply| reply == Ok(1)));
    assert!(!handle.is_up());
}
