//! Calls on a bus in memory; the bus's own contract says that RabbitMQ does the same.

use std::{sync::Arc, time::Duration};

use base::{Clock, Rng, SystemClock, TestClock};
use bus::{Bus, MemoryBus};
use prost::Message as _;
use protocol::proto::{Request, Response, TaskRef, response::Outcome};
use tokio::sync::{Notify, mpsc};

use super::{Answer, Remote, Service};
use crate::kit::{CallError, Supervised, Supervisor};

const SOON: Duration = Duration::from_secs(20);
const BRIEFLY: Duration = Duration::from_millis(200);
const INBOX: &str = "test/inbox";

/// Answers with the question; `wait` waits for the gate first.
struct Echo {
    begun: mpsc::UnboundedSender<&'static str>,
    ended: mpsc::UnboundedSender<&'static str>,
    gate: Notify,
}

/// Says when a call ends, answered or not.
struct Ends<'e>(&'e Echo);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        let _ = self.0.ended.send("ended");
    }
}

impl Answer for Echo {
    async fn answer(&self, request: Request) -> Response {
        let _ends = Ends(self);
        let _ = self.begun.send("begun");
        if request.method == "wait" {
            self.gate.notified().await;
        }
        Response { outcome: Some(Outcome::Answer(request.question)) }
    }
}

struct TestEnv {
    bus: Arc<dyn Bus>,
    echo: Arc<Echo>,
    begun: mpsc::UnboundedReceiver<&'static str>,
    ended: mpsc::UnboundedReceiver<&'static str>,
}

impl TestEnv {
    fn new() -> Self {
        let ((tell_begun, begun), (tell_ended, ended)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        let echo = Arc::new(Echo { begun: tell_begun, ended: tell_ended, gate: Notify::new() });
        Self { bus: Arc::new(MemoryBus::default()), echo, begun, ended }
    }

    async fn serve(&self, clock: Arc<dyn Clock>) -> Supervised {
        let service = Service {
            bus: self.bus.clone(),
            clock,
            rng: Rng::seeded(1),
            name: "test/echo",
            inbox: INBOX,
            most: 10,
            finish_within: BRIEFLY,
            answer: self.echo.clone(),
        };
        Supervisor::start(vec![service.part()], Rng::seeded(2)).await
    }

    fn remote(&self, most: usize) -> Remote {
        Remote::new(self.bus.clone(), Arc::new(SystemClock), &Rng::seeded(3), INBOX, most)
    }
}

async fn ask(remote: &Remote, method: &str, deadline: Duration) -> Result<String, CallError> {
    let question = TaskRef { task_id: method.to_owned() }.encode_to_vec();
    let answer = remote.ask::<TaskRef>(method, question, deadline).await?;
    Ok(answer.expect("nobody refuses here").task_id)
}

#[tokio::test]
async fn a_service_that_nobody_runs_is_down_and_one_that_comes_soon_is_waited_for() {
    let env = TestEnv::new();
    let remote = env.remote(10);
    assert_eq!(ask(&remote, "echo", SOON).await, Err(CallError::Down));

    let (answered, served) = tokio::join!(ask(&remote, "echo", SOON), env.serve(Arc::new(SystemClock)));
    assert_eq!(answered.as_deref(), Ok("echo"));
    served.stop(SOON).await;
}

#[tokio::test]
async fn a_call_that_is_late_is_ended_where_it_was_begun() {
    let mut env = TestEnv::new();
    let served = env.serve(Arc::new(SystemClock)).await;
    let remote = env.remote(10);

    assert_eq!(ask(&remote, "wait", BRIEFLY).await, Err(CallError::Late));
    assert_eq!((env.begun.recv().await, env.ended.recv().await), (Some("begun"), Some("ended")));
    assert_eq!(ask(&remote, "echo", SOON).await.as_deref(), Ok("echo"), "it goes on for others");
    served.stop(SOON).await;
}

#[tokio::test]
async fn a_call_whose_time_is_over_is_not_begun() {
    let mut env = TestEnv::new();
    let later = TestClock::at(SystemClock.now() + chrono::TimeDelta::minutes(1));
    let served = env.serve(Arc::new(later)).await;

    assert_eq!(ask(&env.remote(10), "echo", BRIEFLY).await, Err(CallError::Late));
    assert!(env.begun.try_recv().is_err());
    served.stop(SOON).await;
}

#[tokio::test]
async fn more_calls_than_there_is_room_for_are_shed_at_once() {
    let mut env = TestEnv::new();
    let served = env.serve(Arc::new(SystemClock)).await;
    let remote = env.remote(1);

    let shed = async {
        env.begun.recv().await.unwrap();
        let shed = ask(&remote, "echo", SOON).await;
        env.echo.gate.notify_one();
        shed
    };
    let (first, shed) = tokio::join!(ask(&remote, "wait", SOON), shed);
    assert_eq!((first.as_deref(), shed), (Ok("wait"), Err(CallError::Down)));
    served.stop(SOON).await;
}

#[tokio::test]
async fn what_a_process_does_not_finish_before_it_ends_is_answered_by_another() {
    let mut env = TestEnv::new();
    let one = env.serve(Arc::new(SystemClock)).await;
    let remote = env.remote(10);
    assert_eq!(ask(&remote, "echo", SOON).await.as_deref(), Ok("echo"));
    env.begun.recv().await.unwrap();

    let handed_over = async {
        env.begun.recv().await.unwrap();
        let other = env.serve(Arc::new(SystemClock)).await;
        // Asked of both until the other one is known to answer, too.
        for _ in 0..20 {
            ask(&remote, "echo", SOON).await.unwrap();
        }
        one.stop(SOON).await;
        env.echo.gate.notify_one();
        other
    };
    let (answered, other) = tokio::join!(ask(&remote, "wait", SOON), handed_over);
    assert_eq!(answered.as_deref(), Ok("wait"));
    other.stop(SOON).await;
}
