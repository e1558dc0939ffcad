//! When runs begin, and how the actor ends.

use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::Instant,
};

use super::*;
use crate::kit::{Supervisor, SupervisorHandle};

const SOON: Duration = Duration::from_secs(10);
const NEVER: Duration = Duration::from_hours(1);

/// What a run does, as the test says.
enum Step {
    Next(Next),
    Fail,
}

struct Scripted {
    ran: UnboundedSender<Instant>,
    /// Each run takes one; without more it is idle.
    steps: UnboundedReceiver<Step>,
    stopped: UnboundedSender<()>,
}

#[derive(Debug, thiserror::Error)]
#[error("a run that fails")]
struct Failed;

impl Periodic for Scripted {
    type Error = Failed;

    async fn run(&mut self) -> Result<Next, Failed> {
        let _ = self.ran.send(Instant::now());
        match self.steps.recv().await {
            Some(Step::Next(next)) => Ok(next),
            Some(Step::Fail) => Err(Failed),
            None => Ok(Next::IDLE),
        }
    }

    async fn stop(&mut self) {
        let _ = self.stopped.send(());
    }
}

struct TestEnv {
    ran: UnboundedReceiver<Instant>,
    steps: UnboundedSender<Step>,
    stopped: UnboundedReceiver<()>,
    notifier: Notifier,
    actors: SupervisorHandle,
}

impl TestEnv {
    async fn start(interval: Duration) -> Self {
        let (ran, have_run) = unbounded_channel();
        let (steps, to_do) = unbounded_channel();
        let (stop, stopped) = unbounded_channel();
        let scripted = std::sync::Mutex::new(Some(Scripted { ran, steps: to_do, stopped: stop }));
        let schedule = Schedule::every(interval, Rng::seeded(1));
        let (child, notifier) = schedule.child("test/periodic", move |_| scripted.lock().unwrap().take().unwrap());
        let actors = Supervisor::start(vec![child], Rng::seeded(2)).await;
        Self { ran: have_run, steps, stopped, notifier, actors }
    }

    fn next(&self, next: Next) {
        self.steps.send(Step::Next(next)).unwrap();
    }

    async fn run(&mut self) -> Instant {
        timeout(SOON, self.ran.recv()).await.expect("no run began").unwrap()
    }

    /// Ends the actor and says how many more runs there were.
    async fn end(mut self) -> usize {
        drop(self.steps);
        self.actors.stop(SOON).await;
        assert_eq!(self.stopped.recv().await, Some(()), "the last work is done");
        std::iter::from_fn(|| self.ran.try_recv().ok()).count()
    }
}

#[tokio::test]
async fn notifications_during_a_run_cause_exactly_one_more() {
    let mut env = TestEnv::start(NEVER).await;
    env.run().await;
    for _ in 0..10 {
        env.notifier.notify();
    }
    env.next(Next::DONE);
    env.run().await;
    env.next(Next::IDLE);
    assert_eq!(env.end().await, 0);
}

#[tokio::test]
async fn without_notifications_the_interval_decides() {
    let mut env = TestEnv::start(Duration::from_millis(50)).await;
    let first = env.run().await;
    env.next(Next::IDLE);
    let second = env.run().await;
    assert!(second - first >= Duration::from_millis(40), "{:?}", second - first);
    env.next(Next::IDLE.within(NEVER));
    assert_eq!(env.end().await, 0);
}

#[tokio::test]
async fn a_notification_in_a_pause_is_kept_until_its_end() {
    let mut env = TestEnv::start(NEVER).await;
    let first = env.run().await;
    env.next(Next::DONE.pause(Duration::from_millis(50)).when_notified());
    tokio::task::yield_now().await;
    env.notifier.notify();
    let second = env.run().await;
    assert!(second - first >= Duration::from_millis(50), "{:?}", second - first);
    env.next(Next::IDLE);
    assert_eq!(env.end().await, 0);
}

#[tokio::test]
async fn a_run_that_fails_is_retried() {
    let mut env = TestEnv::start(NEVER).await;
    env.run().await;
    env.steps.send(Step::Fail).unwrap();
    env.run().await;
    env.next(Next::IDLE);
    assert_eq!(env.end().await, 0);
}

#[tokio::test]
async fn a_pause_does_not_hold_up_the_end_and_more_work_does_not_either() {
    let mut env = TestEnv::start(NEVER).await;
    env.run().await;
    env.next(Next::DONE.after(NEVER));
    let begun = Instant::now();
    env.end().await;
    assert!(begun.elapsed() < SOON);

    let mut env = TestEnv::start(NEVER).await;
    for _ in 0..10_000 {
        env.next(Next::AGAIN);
    }
    env.run().await;
    let begun = Instant::now();
    env.end().await;
    assert!(begun.elapsed() < SOON);
}
