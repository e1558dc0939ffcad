"""Treeherder's side: a plain AMQP consumer of job messages, and what Treeherder itself reads when it follows Drover directly.

Some need a Drover that publishes events to the RabbitMQ of DROVER_TEST_AMQP_URL; tests/steps/client.sh starts one for them.
"""
import base64
import json
import os
import pathlib
import time
import uuid

import jsonschema
import mohawk
import pika
import pytest
import requests
import taskcluster
from conftest import definition

BROKER = os.environ.get("DROVER_TEST_AMQP_URL") if os.environ.get("DROVER_TEST_TREEHERDER") else None
needs_broker = pytest.mark.skipif(not BROKER, reason="this Drover publishes to no broker")
JOBS = "exchange/taskcluster-treeherder/v1/jobs"
EVENTS = [f"exchange/taskcluster-queue/v1/task-{kind}" for kind in ("defined", "pending", "running", "completed", "failed", "exception")]
ORIGIN = "https://treeherder.example"
ROOT = os.environ["TASKCLUSTER_ROOT_URL"]
GOLDEN = pathlib.Path(__file__).parents[2] / "protocol/src/treeherder/tests"


def validator(name):
    schema = requests.get(f"{ROOT}/schemas/treeherder/v1/{name}.json", timeout=10).json()
    return jsonschema.Draft7Validator(schema)


@pytest.fixture
def public():
    """Treeherder reads without credentials: what anybody may do says the role `anonymous`."""
    auth = taskcluster.Auth({**taskcluster.optionsFromEnvironment(), "maxRetries": 0})
    scopes = ["queue:get-task:*", "queue:status:*", "queue:list-artifacts:*", "queue:get-artifact:public/*"]
    auth.createRole("anonymous", {"scopes": scopes, "description": "tests/client/test_treeherder.py"})
    yield
    auth.deleteRole("anonymous")


class Listener:
    """A consumer with a queue of its own, bound as Treeherder binds."""

    def __init__(self, exchanges, key="#"):
        self.connection = pika.BlockingConnection(pika.URLParameters(BROKER))
        self.channel = self.connection.channel()
        self.queue = self.channel.queue_declare("", exclusive=True).method.queue
        for exchange in exchanges:
            self.channel.exchange_declare(exchange, "topic", durable=True, passive=True)
            self.channel.queue_bind(self.queue, exchange, key)

    def until(self, done, within=30):
        """(method, properties, body) of every message, up to the one after which `done(all so far)` holds."""
        received, deadline = [], time.monotonic() + within
        for method, properties, body in self.channel.consume(self.queue, auto_ack=True, inactivity_timeout=1):
            if method is not None:
                received.append((method, properties, json.loads(body)))
                if done(received):
                    break
            assert time.monotonic() < deadline, f"after {within} s only these came: {[body for _, _, body in received]}"
        self.channel.cancel()
        return received

    def close(self):
        self.connection.close()


@pytest.fixture
def listen():
    made = []

    def make(*args, **kw):
        made.append(Listener(*args, **kw))
        return made[-1]

    yield make
    for listener in made:
        listener.close()


class Push:
    """Tasks of one push, on a task queue of their own."""

    def __init__(self):
        self.queue = taskcluster.Queue({**taskcluster.optionsFromEnvironment(), "maxRetries": 0})
        self.queue_id = f"client-tests/th-{uuid.uuid4().hex[:12]}"
        self.revision, self.group = (uuid.uuid4().hex * 2)[:40], taskcluster.slugId()
        self.tasks = {}

    @property
    def route(self):
        return f"tc-treeherder.v2.sample.{self.revision}.12"

    def task(self, symbol, **more):
        task_id = self.tasks[symbol] = taskcluster.slugId()
        more.setdefault("extra", {"treeherder": {"symbol": symbol, "machine": {"platform": "linux64"}, "jobKind": "test"}})
        self.queue.createTask(task_id, definition(
            self.queue_id, taskGroupId=self.group, routes=[self.route], retries=1, **more))
        return task_id

    def claim(self):
        (claim,) = self.queue.claimWork(self.queue_id, {"workerGroup": "th", "workerId": "w-1", "tasks": 1})["tasks"]
        run = taskcluster.Queue({"rootUrl": ROOT, "credentials": dict(claim["credentials"]), "maxRetries": 0})
        return run, claim["status"]["taskId"], str(claim["runId"])

    def link(self, run, task_id, run_id, name, url="https://example.com/x"):
        expires = taskcluster.fromNowJSON("30 minutes")
        body = {"storageType": "reference", "expires": expires, "contentType": "text/plain", "url": url}
        run.createArtifact(task_id, run_id, name, body)


def guid(task_id, run_id=0):
    return f"{uuid.UUID(bytes=base64.urlsafe_b64decode(task_id + '=='))}/{run_id}"


def words(jobs):
    """The messages of each job, in order."""
    published = {}
    for job in jobs:
        retried = "+" if job["isRetried"] else ""
        published.setdefault(job["taskId"], []).append(f"{job['state']}/{job['result']}{retried}")
    return published


@needs_broker
def test_a_plain_consumer_sees_the_whole_life_of_a_graph(listen, public):
    push, jobs = Push(), listen([JOBS])
    first = push.task("1")
    then = push.task("2", dependencies=[first])
    run, task_id, run_id = push.claim()
    push.link(run, task_id, run_id, "public/logs/live_backing.log")
    push.link(run, task_id, run_id, "public/a/target.zip")
    run.reportCompleted(task_id, run_id)
    run, task_id, run_id = push.claim()
    run.reportException(task_id, run_id, {"reason": "worker-shutdown"})
    run, task_id, run_id = push.claim()
    run.reportFailed(task_id, run_id)
    push.queue.rerunTask(then)
    push.queue.cancelTask(then)

    def last(received):
        return received[-1][2]["taskId"] == guid(then, 2) and received[-1][2]["state"] == "completed"

    received = [(method, properties, job) for method, properties, job in jobs.until(last) if job["origin"]["revision"] == push.revision]
    check = validator("job-message")
    for method, properties, job in received:
        check.validate(job)
        assert (method.routing_key, properties.content_type) == ("tc-treeherder.sample._", "application/json")
        assert job["origin"] == {"project": "sample", "revision": push.revision, "id": 12}
    assert words(job for _, _, job in received) == {
        guid(first): ["unscheduled/unknown", "pending/unknown", "running/unknown", "completed/success"],
        guid(then): ["unscheduled/unknown", "pending/unknown", "running/unknown", "completed/exception+"],
        guid(then, 1): ["pending/unknown", "running/unknown", "completed/fail"],
        guid(then, 2): ["pending/unknown", "completed/canceled"],
    }
    (ended,) = [job for _, _, job in received if job["taskId"] == guid(first) and job["state"] == "completed"]
    assert [link["linkText"] for link in ended["jobInfo"]["links"]] == ["target.zip", "live_backing.log"]
    for link in [*ended["jobInfo"]["links"], *ended["logs"]]:
        assert requests.get(link["url"], allow_redirects=False, timeout=10).status_code == 303


@needs_broker
def test_a_push_is_shown_and_published_again(listen):
    push, jobs = Push(), listen([JOBS])
    push.task("1")
    jobs.until(lambda received: received[-1][2]["state"] == "pending" and received[-1][2]["origin"]["revision"] == push.revision)
    own = f"{ROOT}/api/drover/v1/push/sample/{push.revision}"
    assert requests.get(own, timeout=10).status_code == 403
    row = requests.get(own, headers=hawk("GET", own), timeout=10).json()
    assert row["counts"] == {"pending": 1} and row["platforms"][0]["platform"] == "linux64"
    answer = requests.post(f"{own}/replay", headers=hawk("POST", f"{own}/replay"), timeout=10)
    assert answer.status_code == 200, answer.text
    again = jobs.until(lambda received: received[-1][2]["origin"]["revision"] == push.revision)
    assert again[-1][2]["state"] == "pending"


def hawk(method, url):
    credentials = taskcluster.optionsFromEnvironment()["credentials"]
    key = {"id": credentials["clientId"], "key": credentials["accessToken"], "algorithm": "sha256"}
    return {"Authorization": mohawk.Sender(key, url, method, content="", content_type="").request_header}


@needs_broker
def test_treeherder_itself_finds_in_the_events_what_it_reads(listen):
    """Binding, content type and fields of direct ingestion; a message otherwise would be lost there without a word."""
    push, events = Push(), listen(EVENTS, "#.#")
    task_id = push.task("1")
    run, _, run_id = push.claim()
    run.reportException(task_id, run_id, {"reason": "worker-shutdown"})
    run, _, run_id = push.claim()
    run.reportFailed(task_id, run_id)
    never = push.task("2", dependencies=[push.task("3")])
    push.queue.cancelTask(never)

    def last(received):
        return received[-1][2]["status"]["taskId"] == never and received[-1][2]["status"]["state"] == "exception"

    received = [(method, properties, body) for method, properties, body in events.until(last)
             if body["status"]["taskGroupId"] == push.group]
    for method, properties, body in received:
        assert properties.content_type == "application/json"
        assert f"route.{push.route}" in properties.headers["CC"]
        defined = method.exchange.endswith("task-defined")
        assert ("runId" in body) == (not defined), method.exchange
        for published in body["status"]["runs"]:
            assert {"runId", "state", "reasonCreated"} <= published.keys()
    mine = [(method.exchange.rsplit("-", 1)[1], body.get("runId"), body["status"]["runs"]) for method, _, body in received
            if body["status"]["taskId"] == task_id]
    assert [(kind, number) for kind, number, _ in mine] == [
        ("defined", None), ("pending", 0), ("running", 0), ("exception", 0), ("pending", 1), ("running", 1), ("failed", 1)]
    # Whether a run is retried is read from the event of that run, so the next one must stand in it already.
    _, _, runs = mine[3]
    assert [published["reasonCreated"] for published in runs] == ["scheduled", "retry"]
    assert {"reasonResolved", "workerId", "started", "resolved"} <= runs[0].keys()


def test_treeherder_itself_reads_what_it_needs_over_http(public):
    push = Push()
    task_id = push.task("D", metadata={
        "name": "Gecko Decision Task", "description": "d", "owner": "o@example.com", "source": "https://example.com"})
    run, _, run_id = push.claim()
    for number in range(120):
        push.link(run, task_id, run_id, f"public/many/{number:03}.txt")
    for name in ("public/actions.json", "public/logs/live_backing.log", "public/z_errorsummary.log", "public/z/perfherder-data.json"):
        push.link(run, task_id, run_id, name)
    run.reportCompleted(task_id, run_id)

    anyone = {"headers": {"Origin": ORIGIN}, "timeout": 10, "allow_redirects": False}
    task = requests.get(f"{ROOT}/api/queue/v1/task/{task_id}", **anyone)
    fields = {"routes", "extra", "metadata", "created", "workerType", "taskQueueId", "payload", "taskGroupId"}
    assert task.status_code == 200 and fields <= task.json().keys()
    assert {"name", "description", "owner"} <= task.json()["metadata"].keys()
    # Only the first page of a listing is looked at, so everything stands on it.
    listing = requests.get(f"{ROOT}/api/queue/v1/task/{task_id}/runs/0/artifacts", **anyone)
    names = [artifact["name"] for artifact in listing.json()["artifacts"]]
    assert len(names) == 124 and "continuationToken" not in listing.json()
    status = requests.get(f"{ROOT}/api/queue/v1/task/{task_id}/status", **anyone)
    assert status.json()["status"]["state"] == "completed"
    log = requests.get(f"{ROOT}/api/queue/v1/task/{task_id}/runs/0/artifacts/public/logs/live_backing.log", **anyone)
    assert (log.status_code, log.headers["Location"]) == (303, "https://example.com/x")
    missing = requests.get(f"{ROOT}/api/queue/v1/task/{task_id}/runs/0/artifacts/public/logs/none.log", **anyone)
    assert missing.status_code in (403, 404), "it retries any other answer"
    actions = requests.get(f"{ROOT}/api/queue/v1/task/{task_id}/artifacts/public/actions.json", **anyone)
    assert actions.status_code == 303
    for answer in (task, listing, status, log, missing, actions):
        assert answer.headers["Access-Control-Allow-Origin"] == "*", answer.url
    preflight = requests.options(f"{ROOT}/api/queue/v1/task/{task_id}", timeout=10, headers={
        "Origin": ORIGIN, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization,content-type"})
    assert preflight.ok and preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "authorization" in preflight.headers["Access-Control-Allow-Headers"].lower()


@pytest.mark.parametrize("file, schema", [("push.jsonl", "job-message"), ("push-2019.jsonl", "job-message-2019")])
def test_the_messages_of_a_whole_push_pass_the_schema_in_python_too(file, schema):
    check = validator(schema)
    lines = (GOLDEN / file).read_text().splitlines()
    assert len(lines) > 200
    for line in lines:
        check.validate(json.loads(line))
