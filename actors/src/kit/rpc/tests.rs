//! Calls on a bus in memory; the bus's own contract says that RabbitMQ does the same.

use std::{sync::Arc, time::Duration};

use base::{Clock, Rng, SystemClock, TestClock};
use bus::{Bus, MemoryBus};
use prost::Message as _;
use protocol::proto::{RpcRequest, RpcResponse, TaskRef, rpc_response::Outcome};
use tokio::sync::{Notify, mpsc};

use super::{Client, Handler, Server};
use crate::kit::{CallError, Supervisor, SupervisorHandle};

const SOON: Duration = Duration::from_secs(20);
const BRIEFLY: Duration = Duration::from_millis(200);
const QUEUE: &str = "test/queue";

/// Answers with the request; `wait` waits for the gate first.
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

impl Handler for Echo {
    async fn handle(&self, request: RpcRequest) -> RpcResponse {
        let _ends = Ends(self);
        let _ = self.begun.send("begun");
        if request.method == "wait" {
            self.gate.notified().await;
        }
        RpcResponse { outcome: Some(Outcome::Body(request.body)) }
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

    async fn serve(&self, clock: Arc<dyn Clock>) -> SupervisorHandle {
        let server = Server {
            bus: self.bus.clone(),
            clock,
            rng: Rng::seeded(1),
            name: "test/echo",
            queue: QUEUE,
            max_calls: 10,
            drain_timeout: BRIEFLY,
            handler: self.echo.clone(),
        };
        Supervisor::start(vec![server.child()], Rng::seeded(2)).await
    }

    fn client(&self, max_calls: usize) -> Client {
        Client::new(self.bus.clone(), Arc::new(SystemClock), &Rng::seeded(3), QUEUE, max_calls)
    }
}

async fn call(client: &Client, method: &str, timeout: Duration) -> Result<String, CallError> {
    let request = TaskRef { task_id: method.to_owned() }.encode_to_vec();
    let response = client.call::<TaskRef>(method, request.into(), timeout).await?;
    Ok(response.expect("no error comes from here").task_id)
}

#[tokio::test]
async fn a_service_that_nobody_runs_is_down_and_one_that_comes_soon_is_waited_for() {
    let env = TestEnv::new();
    let client = env.client(10);
    assert_eq!(call(&client, "echo", SOON).await, Err(CallError::Down));

    let (answered, served) = tokio::join!(call(&client, "echo", SOON), env.serve(Arc::new(SystemClock)));
    assert_eq!(answered.as_deref(), Ok("echo"));
    served.stop(SOON).await;
}

#[tokio::test]
async fn a_call_that_is_late_is_ended_where_it_was_begun() {
    let mut env = TestEnv::new();
    let served = env.serve(Arc::new(SystemClock)).await;
    let client = env.client(10);

    assert_eq!(call(&client, "wait", BRIEFLY).await, Err(CallError::Late));
    assert_eq!((env.begun.recv().await, env.ended.recv().await), (Some("begun"), Some("ended")));
    assert_eq!(call(&client, "echo", SOON).await.as_deref(), Ok("echo"), "it goes on for others");
    served.stop(SOON).await;
}

#[tokio::test]
async fn a_call_whose_time_is_over_is_not_begun() {
    let mut env = TestEnv::new();
    let later = TestClock::at(SystemClock.now() + chrono::TimeDelta::minutes(1));
    let served = env.serve(Arc::new(later)).await;

    assert_eq!(call(&env.client(10), "echo", BRIEFLY).await, Err(CallError::Late));
    assert!(env.begun.try_recv().is_err());
    served.stop(SOON).await;
}

#[tokio::test]
async fn more_calls_than_there_is_room_for_are_shed_at_once() {
    let mut env = TestEnv::new();
    let served = env.serve(Arc::new(SystemClock)).await;
    let client = env.client(1);

    let shed = async {
        env.begun.recv().await.unwrap();
        let shed = call(&client, "echo", SOON).await;
        env.echo.gate.notify_one();
        shed
    };
    let (first, shed) = tokio::join!(call(&client, "wait", SOON), shed);
    assert_eq!((first.as_deref(), shed), (Ok("wait"), Err(CallError::Down)));
    served.stop(SOON).await;
}

#[tokio::test]
async fn what_a_process_does_not_finish_before_it_ends_is_answered_by_another() {
    let mut env = TestEnv::new();
    let one = env.serve(Arc::new(SystemClock)).await;
    let client = env.client(10);
    assert_eq!(call(&client, "echo", SOON).await.as_deref(), Ok("echo"));
    env.begun.recv().await.unwrap();

    let handed_over = async {
        env.begun.recv().await.unwrap();
        let other = env.serve(Arc::new(SystemClock)).await;
        // Asked of both until the other one is known to answer, too.
        for _ in 0..20 {
            call(&client, "echo", SOON).await.unwrap();
        }
        one.stop(SOON).await;
        env.echo.gate.notify_one();
        other
    };
    let (answered, other) = tokio::join!(call(&client, "wait", SOON), handed_over);
    assert_eq!(answered.as_deref(), Ok("wait"));
    other.stop(SOON).await;
}
