//! The proxy: judges each request by the rules, passes it on, and changes the answer.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, StatusCode, body::Incoming, header, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{net::TcpListener, sync::Mutex as AsyncMutex, task::JoinSet};

use super::{
    answers,
    moto_client::{Answer, MotoClient},
    request::Ec2Request,
    rules::{Rules, Verdict},
};

/// Listens until it is dropped.
#[derive(Debug)]
pub struct Ec2Proxy {
    url: String,
    shared: Arc<Shared>,
    _accepting: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    moto: MotoClient,
    rules: Mutex<Rules>,
    /// Answers of launches by region and token. Held during a launch: of two with one token the second waits for the first.
    launches: AsyncMutex<BTreeMap<(String, String), Launched>>,
}

#[derive(Debug, Clone)]
struct Launched {
    body: String,
    answer: String,
}

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the answer was lost")]
struct Lost;

impl Ec2Proxy {
    pub async fn start(moto: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            moto: MotoClient::new(moto, "us-east-1"),
            rules: Mutex::default(),
            launches: AsyncMutex::default(),
        });
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, shared.clone()));
        Self { url, shared, _accepting: accepting }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn change(&self, change: impl FnOnce(&mut Rules)) {
        change(&mut self.shared.rules());
    }

    /// All requests of this action so far.
    pub fn requests(&self, action: &str) -> Vec<Ec2Request> {
        self.shared.rules().requests.iter().filter(|it| it.action() == action).cloned().collect()
    }

    /// The cloud takes a spot machine back: it warns by the queue, and ends the machine.
    pub async fn interrupt(&self, region: &str, machine: &str, queue_url: &str) {
        self.notify(region, machine, "EC2 Spot Instance Interruption Warning", queue_url).await;
        self.shared.moto.in_region(region).ec2("TerminateInstances", &[("InstanceId.1", machine)]).await;
        self.notify(region, machine, "EC2 Instance State-change Notification", queue_url).await;
    }

    /// A message as `EventBridge` sends it.
    pub async fn notify(&self, region: &str, machine: &str, detail_type: &str, queue_url: &str) {
        let event = json!({
            "version": "0", "id": "1", "detail-type": detail_type, "source": "aws.ec2", "account": "123456789012",
            "time": "2026-11-27T12:00:00Z", "region": region, "resources": [],
            "detail": { "instance-id": machine, "instance-action": "terminate", "state": "terminated" },
        });
        self.send_message(&event.to_string(), queue_url).await;
    }

    pub async fn send_message(&self, text: &str, queue_url: &str) {
        self.sqs("SendMessage", &json!({ "QueueUrl": queue_url, "MessageBody": text })).await;
    }

    /// A call of SQS, which moto carries out.
    pub async fn sqs(&self, action: &str, body: &serde_json::Value) -> serde_json::Value {
        let target = format!("AmazonSQS.{action}");
        let headers = [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", target.as_str())];
        let answer = self.shared.moto.post("sqs", &headers, body.to_string()).await;
        assert!(answer.status.is_success(), "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap_or_default()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| answer(shared.clone(), request));
            // An error is an answer that was lost on purpose, or a client that went away.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Lost> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Lost)?.to_bytes();
    let body = String::from_utf8_lossy(&body).into_owned();
    let text = |name: header::HeaderName| {
        head.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned()
    };
    let authorization = text(header::AUTHORIZATION);
    let answer = match Ec2Request::parse(&authorization, &body) {
        Some(request) if request.service == "ec2" => shared.ec2(&request).await?,
        _ => {
            let target = head.headers.get("x-amz-target").and_then(|it| it.to_str().ok()).unwrap_or_default();
            let headers = [
                ("authorization", authorization.as_str()),
                ("content-type", &text(header::CONTENT_TYPE)),
                ("x-amz-target", target),
            ];
            shared.moto.send(&headers, body).await
        }
    };
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = answer.status;
    Ok(response)
}

impl Shared {
    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ec2(&self, request: &Ec2Request) -> Result<Answer, Lost> {
        record(request);
        let verdict = self.rules().judge(request);
        match verdict {
            Verdict::Hang => std::future::pending::<Result<Answer, Lost>>().await,
            Verdict::Refuse { status, code, message } => Ok(refusal(status, code, &message)),
            Verdict::ForwardAndLoseAnswer => {
                self.carry_out(request).await;
                Err(Lost)
            }
            Verdict::Forward => Ok(self.carry_out(request).await),
        }
    }

    async fn carry_out(&self, request: &Ec2Request) -> Answer {
        match request.action() {
            "RunInstances" => self.run_instances(request).await,
            "DescribeInstances" => {
                let all = self.forward(request, &["NextToken", "MaxResults"]).await;
                let body = answers::page(&all.body, request.get("NextToken"), &self.rules());
                Answer { body, ..all }
            }
            _ => self.forward(request, &[]).await,
        }
    }

    /// One token makes machines once, and never two different launches.
    async fn run_instances(&self, request: &Ec2Request) -> Answer {
        let Some(token) = request.get("ClientToken") else { return self.forward(request, &[]).await };
        let key = (request.region.clone(), token.to_owned());
        let body = request.body_without(&[]);
        let mut launches = self.launches.lock().await;
        if let Some(first) = launches.get(&key) {
            return if first.body == body {
                Answer { status: StatusCode::OK, body: first.answer.clone() }
            } else {
                refusal(400, "IdempotentParameterMismatch", "The client token was used with other parameters.")
            };
        }
        let answer = self.forward(request, &[]).await;
        if answer.status.is_success() {
            for machine in answers::machines(&answer.body) {
                self.rules().launched(&machine);
            }
            launches.insert(key, Launched { body, answer: answer.body.clone() });
        }
        answer
    }

    async fn forward(&self, request: &Ec2Request, left_out: &[&str]) -> Answer {
        let moto = self.moto.in_region(&request.region);
        moto.form(&request.service, request.body_without(left_out)).await
    }
}

fn refusal(status: u16, code: &str, message: &str) -> Answer {
    Answer { status: StatusCode::from_u16(status).unwrap(), body: answers::error(code, message) }
}

/// For `tests/client/test_ec2_model.py`, which compares what was sent with the model of AWS's own client.
fn record(request: &Ec2Request) {
    let Ok(path) = std::env::var("DROVER_TEST_EC2_REQUESTS") else { return };
    let line = format!("{}\n", serde_json::to_string(request).unwrap());
    let mut file = File::options().create(true).append(true).open(path).unwrap();
    file.write_all(line.as_bytes()).unwrap();
}
