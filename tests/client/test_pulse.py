"""Consumers of the Pulse exchanges as other projects write them, with pika and with kombu: queues of their own names, bound by
patterns and by routes. They need a Drover that publishes events to the RabbitMQ of DROVER_TEST_AMQP_URL; tests/steps/client.sh
starts one for them.
"""
import json
import os
import time
import uuid

import jsonschema
import kombu
import pika
import pytest
import requests
import taskcluster
from conftest import definition

BROKER = os.environ.get("DROVER_TEST_AMQP_URL") if os.environ.get("DROVER_TEST_TREEHERDER") else None
pytestmark = pytest.mark.skipif(not BROKER, reason="this Drover publishes to no broker")
ROOT = os.environ["TASKCLUSTER_ROOT_URL"]
OWN = "drover/v1/task-event"
WITHIN = 30


def exchange(kind):
    return f"exchange/taskcluster-queue/v1/{kind}"


class Message:
    def __init__(self, where, key, headers, content_type, delivery_mode, body):
        self.kind, self.key, self.headers = where.rsplit("/", 1)[1], key, headers or {}
        self.content_type, self.delivery_mode, self.body = content_type, delivery_mode, body

    @property
    def json(self):
        return json.loads(self.body)


class Pika:
    """A durable queue `queue/<user>/<name>`; the exchanges are looked up and never declared."""

    def __init__(self, name, bindings):
        self.connection = pika.BlockingConnection(pika.URLParameters(BROKER))
        self.channel, self.name = self.connection.channel(), name
        self.channel.queue_declare(name, durable=True, auto_delete=False)
        for where, key in bindings:
            self.channel.exchange_declare(where, "topic", passive=True)
            self.channel.queue_bind(name, where, key)

    def receive(self):
        """The messages in the queue now."""
        received = []
        while True:
            method, properties, body = self.channel.basic_get(self.name, auto_ack=True)
            if method is None:
                return received
            received.append(Message(method.exchange, method.routing_key, properties.headers, properties.content_type,
                                 properties.delivery_mode, body))

    def close(self):
        self.channel.queue_delete(self.name)
        self.connection.close()


class Kombu:
    """The same with kombu, which most consumers of Pulse are built on."""

    def __init__(self, name, bindings):
        self.connection = kombu.Connection(BROKER.replace("amqp://", "pyamqp://"))
        channel = self.connection.channel()
        bound = [kombu.binding(kombu.Exchange(where, "topic", passive=True, channel=channel), key) for where, key in bindings]
        self.queue = kombu.Queue(name, bindings=bound, durable=True, channel=channel)
        self.queue.declare()

    def receive(self):
        received = []
        while message := self.queue.get(no_ack=True, accept=["json"]):
            info, properties = message.delivery_info, message.properties
            received.append(Message(info["exchange"], info["routing_key"], message.headers, message.content_type,
                                 properties["delivery_mode"], message.body))
        return received

    def close(self):
        self.queue.delete()
        self.connection.release()


@pytest.fixture(params=[Pika, Kombu], ids=["pika", "kombu"])
def consumer(request):
    """Makes consumers; one without a queue of its own name gets a new one."""
    made = []

    def make(*bindings, way=request.param):
        made.append(way(f"queue/client-tests/{uuid.uuid4().hex}", bindings))
        return made[-1]

    yield make
    for consumer in made:
        consumer.close()


@pytest.fixture
def queue():
    return taskcluster.Queue({**taskcluster.optionsFromEnvironment(), "maxRetries": 0})


def until(consumer, done):
    """All that came, up to the time when `done` of it holds."""
    received, deadline = [], time.monotonic() + WITHIN
    while not done(received):
        assert time.monotonic() < deadline, [(message.kind, message.key) for message in received]
        received += consumer.receive()
        consumer.connection.sleep(0.05) if isinstance(consumer, Pika) else time.sleep(0.05)
    return received


def kinds(received):
    return [message.kind for message in received]


def live(queue, queue_id, **more):
    """A task's whole life, with an artifact and one try in vain."""
    task_id = taskcluster.slugId()
    queue.createTask(task_id, definition(queue_id, taskGroupId=task_id, retries=1, **more))
    for run_id in ("0", "1"):
        (claim,) = queue.claimWork(queue_id, {"workerGroup": "g", "workerId": "w", "tasks": 1})["tasks"]
        assert str(claim["runId"]) == run_id
        if run_id == "0":
            queue.reportException(task_id, run_id, {"reason": "worker-shutdown"})
    queue.createArtifact(task_id, "1", "public/x", {
        "storageType": "reference", "contentType": "text/plain", "url": "https://a.test/x", "expires": taskcluster.fromNowJSON("30 minutes")})
    queue.reportCompleted(task_id, "1")
    return task_id


LIFE = ["task-defined", "task-pending", "task-running", "task-exception", "task-pending", "task-running",
        "artifact-created", "task-completed", "task-group-resolved"]
EXCHANGES = [exchange(kind) for kind in sorted(set(LIFE))]


def test_a_bound_queue_receives_all_events_of_a_task_in_order(consumer, queue, queue_id):
    provisioner, worker_type = queue_id.split("/")
    there = consumer(*((where, f"primary.*.*.*.*.{provisioner}.{worker_type}.#") for where in EXCHANGES),
                     (exchange("task-group-resolved"), "#"))
    task_id = live(queue, queue_id)
    mine = [message for message in until(there, lambda received: any(
        message.kind == "task-group-resolved" and message.json["taskGroupId"] == task_id for message in received))
        if task_id in message.key]
    assert kinds(mine) == LIFE
    for message in mine:
        assert (message.content_type, message.delivery_mode, message.headers["CC"]) == ("application/json", 2, [])
        suffix = "task-group-changed" if message.kind == "task-group-resolved" else message.kind
        schema = requests.get(f"{ROOT}/schemas/queue/v1/{suffix}-message.json", timeout=10).json()
        jsonschema.Draft7Validator(schema).validate(message.json)
    tail = f"{provisioner}.{worker_type}.-.{task_id}._"
    keys = [f"_._._.{tail}", f"0._._.{tail}", f"0.g.w.{tail}", f"0.g.w.{tail}", f"1._._.{tail}", f"1.g.w.{tail}", f"1.g.w.{tail}",
            f"1.g.w.{tail}"]
    assert [message.key for message in mine] == [*(f"primary.{task_id}.{key}" for key in keys), f"primary.{task_id}.-._"]


def test_routes_reach_their_bindings_and_no_queue_receives_twice(consumer, queue, queue_id):
    mark = uuid.uuid4().hex
    routes = [f"statuses.{mark}", f"notify.{mark}.on-any"]
    by_route = consumer((exchange("task-pending"), f"route.statuses.{mark}"))
    by_all = consumer((exchange("task-pending"), "#"), (exchange("task-pending"), f"route.*.{mark}.#"),
                      (exchange("task-pending"), "primary.#"))
    by_other = consumer((exchange("task-pending"), f"route.{mark}.#"), (exchange("task-completed"), f"route.statuses.{mark}"))
    task_id = live(queue, queue_id, routes=routes)

    received = until(by_other, lambda received: received)
    assert kinds(received) == ["task-completed"]
    for there in (by_route, by_all):
        mine = [message for message in until(there, lambda received: sum(task_id in message.key for message in received) >= 2)
                if task_id in message.key]
        assert [message.json["runId"] for message in mine] == [0, 1], "one copy of each, however many bindings fit"
        assert all(message.headers["CC"] == [f"route.{route}" for route in routes] for message in mine)
    assert by_route.receive() == []


def test_a_pattern_with_a_task_or_a_group_lets_nothing_else_through(consumer, queue, queue_id):
    group, task_id = taskcluster.slugId(), taskcluster.slugId()
    of_task = consumer((exchange("task-defined"), f"primary.{task_id}.#"))
    of_group = consumer((exchange("task-defined"), f"primary.*.*.*.*.*.*.*.{group}.#"))
    for one in (task_id, taskcluster.slugId()):
        queue.createTask(one, definition(queue_id, taskGroupId=group))
    queue.createTask(taskcluster.slugId(), definition(queue_id))
    assert len(until(of_group, lambda received: len(received) >= 2)) == 2
    (mine,) = until(of_task, lambda received: received)
    assert mine.json["status"]["taskId"] == task_id
    assert of_group.receive() == []


def test_every_transition_goes_out_in_both_forms(consumer, queue, queue_id):
    external = consumer(*((where, "#") for where in EXCHANGES), way=Pika)
    own = consumer((OWN, "#"), way=Pika)
    task_id = live(queue, queue_id)

    def mine(received):
        return [message for message in received if task_id in message.key]

    published = mine(until(external, lambda received: len(mine(received)) >= len(LIFE)))
    inside = mine(until(own, lambda received: len(mine(received)) >= len(LIFE)))
    assert kinds(published) == LIFE
    assert [message.key.split(".")[0] for message in inside] == LIFE
    assert {message.content_type for message in inside} == {"application/x-protobuf"}
    ids = [message.headers["x-drover-id"] for message in inside]
    assert len(set(ids)) == len(LIFE), "each has an id of its own, by which a repeat is known"
