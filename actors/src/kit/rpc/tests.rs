//! Calls on a bus in memory; the bus's own contract says that RabbitMQ does the same.

use std::{sync::Arc, time::Duration};

use base::{Clock, Rng, SystemClock, TestClock};
use bus::{Bus, Consumer, MemoryBus, Received, Subscription};
use futures_util::future::join_all;
use prost::Message as _;
use protocol::proto::{CancelCall, RpcRequest, RpcResponse, TaskRef, rpc_response::Outcome};
use tokio::sync::{Notify, mpsc};

use super::{CANCEL_EXCHANGE, Client, Handler, Server};
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
        assert!(request.method != "panic");
        if request.method == "wait" {
            self.gate.notified().await;
        }
        RpcResponse { outcome: Some(Outcome::Body(request.body)), ..RpcResponse::default() }
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
            max_messages: 10,
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

fn echo(request: RpcRequest) -> RpcResponse {
    RpcResponse { outcome: Some(Outcome::Body(request.body)), more: request.more.into_iter().map(echo).collect() }
}

/// Answers as many messages as this, then gives the number of calls in each.
async fn answer(
    bus: &dyn Bus,
    served: &mut Consumer,
    calls: usize,
    answer: fn(RpcRequest) -> RpcResponse,
) -> Vec<usize> {
    let mut sizes = Vec::new();
    while sizes.iter().sum::<usize>() < calls {
        let Some(Received::Delivery(message)) = served.next().await else { panic!("a message was due") };
        let request = RpcRequest::decode(message.message.body.clone()).unwrap();
        sizes.push(1 + request.more.len());
        bus.reply(message.reply_to.as_ref().unwrap(), answer(request).encode_to_vec().into()).await.unwrap();
        message.ack();
    }
    sizes
}

#[tokio::test]
async fn calls_that_come_while_others_are_under_way_travel_together() {
    let env = TestEnv::new();
    let mut served = env.bus.subscribe(Subscription::inbox(QUEUE)).await.unwrap();
    let client = env.client(1000);
    let asked = join_all((0..300).map(async |number| {
        let answered = call_with(&client, &number.to_string()).await;
        assert_eq!(answered.as_deref(), Ok(&*number.to_string()));
    }));
    let (_, sizes) = tokio::join!(asked, answer(&*env.bus, &mut served, 300, echo));
    assert_eq!(sizes[..2], [1, 1], "nothing waits while there is room");
    assert!(sizes.len() < 20, "{sizes:?}");
}

#[tokio::test]
async fn a_message_without_a_response_holds_up_no_other_call() {
    let env = TestEnv::new();
    let mut served = env.bus.subscribe(Subscription::inbox(QUEUE)).await.unwrap();
    let client = env.client(1000);
    let calls = |numbers: std::ops::Range<u32>| {
        join_all(numbers.map(async |it| call_with(&client, &it.to_string()).await.is_ok()))
    };
    let frozen = async {
        // As many as make others wait.
        for _ in 0..2 {
            let Some(Received::Delivery(_)) = served.next().await else { panic!("a message was due") };
        }
        tokio::join!(calls(0..50), answer(&*env.bus, &mut served, 50, echo)).0
    };
    let answered = tokio::select! {
        answered = frozen => answered,
        _ = calls(100..102) => panic!("nobody answers these"),
    };
    assert_eq!(answered, [true; 50]);
}

#[tokio::test]
async fn a_server_of_an_older_version_answers_the_calls_of_a_message_one_by_one() {
    let env = TestEnv::new();
    let mut served = env.bus.subscribe(Subscription::inbox(QUEUE)).await.unwrap();
    let client = env.client(1000);
    let asked = join_all((0..20).map(async |number| call_with(&client, &number.to_string()).await.unwrap()));
    let old = async {
        for _ in 0..20 {
            answer(&*env.bus, &mut served, 1, |request| echo(RpcRequest { more: Vec::new(), ..request })).await;
        }
    };
    let (answers, ()) = tokio::join!(asked, old);
    assert_eq!(answers, (0..20).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn one_call_of_a_message_is_cancelled_late_or_panics_without_the_others() {
    let mut env = TestEnv::new();
    let served = env.serve(Arc::new(SystemClock)).await;
    assert_eq!(call(&env.client(1), "echo", SOON).await.as_deref(), Ok("echo"));
    assert_eq!(env.begun.recv().await, Some("begun"));
    let deadline = SystemClock.now().timestamp_millis() + 60_000;
    let request = |number, method: &str, deadline_ms| RpcRequest {
        method: method.to_owned(),
        body: method.as_bytes().to_vec().into(),
        deadline_ms,
        number,
        ..RpcRequest::default()
    };
    let mut message = request(1, "wait", deadline);
    message.more = vec![request(2, "echo", deadline), request(3, "echo", 0), request(4, "panic", deadline)];
    let cancelled = async {
        for _ in 0..3 {
            assert_eq!(env.begun.recv().await, Some("begun"));
        }
        let cancel = CancelCall { caller: 0, number: 1 };
        env.bus.notify(CANCEL_EXCHANGE, cancel.encode_to_vec().into());
    };
    let (response, ()) = tokio::join!(env.bus.call(QUEUE, message.encode_to_vec().into(), SOON), cancelled);
    let response = RpcResponse::decode(response.unwrap()).unwrap();
    let outcomes: Vec<_> = response.more.iter().map(|it| it.outcome.clone()).collect();
    assert_eq!((response.outcome, outcomes), (None, vec![Some(Outcome::Body("echo".into())), None, None]));
    served.stop(SOON).await;
}

/// With this as the request, which comes back.
async fn call_with(client: &Client, text: &str) -> Result<String, CallError> {
    let request = TaskRef { task_id: text.to_owned() }.encode_to_vec();
    let response = client.call::<TaskRef>("echo", request.into(), SOON).await?;
    Ok(response.expect("no error comes from here").task_id)
}
