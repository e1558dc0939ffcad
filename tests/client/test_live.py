"""Live events over server-sent events, read with an independent parser: bindings, order, coming back, bad input."""
import base64
import json
import os

import mohawk
import pytest
import requests
import sseclient
import taskcluster
from conftest import definition

ROOT = os.environ["TASKCLUSTER_ROOT_URL"]
CONNECT = f"{ROOT}/api/events/v1/connect/"
LIFE = ["task-defined", "task-pending", "task-running", "task-completed"]
QUEUE = "exchange/taskcluster-queue/v1/"
WITHIN = 30


def signed(credentials=None):
    """How `requests` signs as the client of the environment, or as this one."""
    known = taskcluster.optionsFromEnvironment()["credentials"] if credentials is None else credentials
    known = {"id": known["clientId"], "key": known["accessToken"], "algorithm": "sha256", "certificate": known.get("certificate")}

    def sign(request):
        certificate = known["certificate"]
        ext = base64.b64encode(json.dumps({"certificate": json.loads(certificate)}).encode()).decode() if certificate else None
        sender = mohawk.Sender(known, request.url, "GET", always_hash_content=False, ext=ext)
        request.headers["Authorization"] = sender.request_header
        return request

    return sign


class Stream:
    """One connection; the answer's head, then its events."""

    def __init__(self, bindings=None, last=None, credentials=None, **more):
        params = {**({} if bindings is None else {"bindings": json.dumps(bindings)}), **more}
        headers = {} if last is None else {"Last-Event-ID": str(last)}
        self.answer = requests.get(CONNECT, params=params, headers=headers, auth=signed(credentials), stream=True, timeout=WITHIN)
        self.events = sseclient.SSEClient(self.answer).events() if self.answer.ok else None

    def receive(self, count):
        """The next messages; whatever else comes is passed over."""
        received = []
        while len(received) < count:
            event = next(self.events)
            if event.event == "message":
                received.append((int(event.id), json.loads(event.data)))
        return received

    def ready(self):
        event = next(self.events)
        assert event.event == "ready" and event.data == "{}", event
        return int(event.id)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.answer.close()


@pytest.fixture
def queue():
    return taskcluster.Queue({**taskcluster.optionsFromEnvironment(), "maxRetries": 0})


def live(queue, queue_id, **more):
    """A task from its creation to its end."""
    task_id = taskcluster.slugId()
    queue.createTask(task_id, definition(queue_id, **more))
    work = queue.claimWork(queue_id, {"workerGroup": "g", "workerId": "w", "tasks": 1})["tasks"]
    assert [task["status"]["taskId"] for task in work] == [task_id]
    queue.reportCompleted(task_id, 0)
    return task_id


def bound(queue_id):
    provisioner, worker_type = queue_id.split("/")
    pattern = f"primary.*.*.*.*.{provisioner}.{worker_type}.#"
    return {"bindings": [{"exchange": QUEUE + kind, "routingKeyPattern": pattern} for kind in LIFE]}


def kinds(received):
    return [data["exchange"].removeprefix(QUEUE) for _, data in received]


def test_events_arrive_in_order_and_as_on_pulse(queue, queue_id):
    with Stream(bound(queue_id)) as stream:
        assert stream.answer.headers["content-type"] == "text/event-stream"
        assert stream.answer.headers["access-control-allow-origin"] == "*"
        stream.ready()
        task_id = live(queue, queue_id, routes=["a.b.c"])
        received = stream.receive(4)
    assert kinds(received) == LIFE
    for _, data in received:
        assert data["payload"]["status"]["taskId"] == task_id
        assert data["routingKey"].startswith(f"primary.{task_id}.")
        assert data["routes"] == ["a.b.c"] and data["redelivered"] is False


def test_routes_can_be_bound_and_short_names_do(queue, queue_id):
    route = taskcluster.slugId().strip("-_")
    with Stream([{"exchange": "task-completed", "routingKeyPattern": f"route.tests.{route}.#"}]) as stream:
        stream.ready()
        live(queue, queue_id)
        task_id = live(queue, queue_id, routes=[f"tests.{route}.x"])
        assert [data["payload"]["status"]["taskId"] for _, data in stream.receive(1)] == [task_id]


def test_a_client_that_reconnects_misses_nothing_and_gets_nothing_twice(queue, queue_id):
    with Stream(bound(queue_id)) as stream:
        stream.ready()
        live(queue, queue_id)
        first = stream.receive(2)
    second = live(queue, queue_id)
    with Stream(bound(queue_id), last=first[-1][0]) as stream:
        rest = stream.receive(6)
        third = live(queue, queue_id)
        rest += stream.receive(4)
    assert kinds(first + rest) == LIFE * 3
    assert [data["payload"]["status"]["taskId"] for _, data in rest[2:]] == [second] * 4 + [third] * 4
    ids = [position for position, _ in first + rest]
    assert ids == sorted(set(ids))
    with Stream(bound(queue_id), lastEventId=ids[-2]) as stream:
        assert stream.receive(1)[0] == rest[-1], "the query does as well as the header"


def test_without_bindings_all_events_are_streamed(queue, queue_id):
    with Stream() as stream:
        stream.ready()
        task_id = live(queue, queue_id)
        received = []
        while len(received) < 4:
            received += [data for _, data in stream.receive(1) if data["payload"].get("status", {}).get("taskId") == task_id]


def test_many_events_arrive_whole_live_and_from_the_log(queue, queue_id):
    with Stream(bound(queue_id)) as stream:
        position = stream.ready()
        tasks = [live(queue, queue_id) for _ in range(100)]
        streamed = stream.receive(400)
        with Stream(bound(queue_id), last=position) as again:
            assert again.receive(400) == streamed
    by_task = {}
    for _, data in streamed:
        by_task.setdefault(data["payload"]["status"]["taskId"], []).append(data["exchange"].removeprefix(QUEUE))
    assert by_task == {task: LIFE for task in tasks}


@pytest.mark.parametrize("params, pointer", [
    ({"bindings": "["}, "/query/bindings"),
    ({"bindings": "7"}, "/query/bindings"),
    ({"bindings": "[]"}, "/query/bindings"),
    ({"bindings": '{"bindings": [{"exchange": "task-pending", "routingKey": "#"}]}'}, "/query/bindings"),
    ({"bindings": '[{"exchange": "task-pending"}, {"exchange": "nowhere"}]'}, "/query/bindings/1/exchange"),
    ({"bindings": json.dumps([{"exchange": "task-pending", "routingKeyPattern": "é" * 128}])},
     "/query/bindings/0/routingKeyPattern"),
    ({"bindings": json.dumps([{"exchange": "task-pending"}] * 101)}, "/query/bindings"),
    ({"lastEventId": "x"}, "/query/lastEventId"),
    ({"lastEventId": "9" * 40}, "/query/lastEventId"),
    ({"binding": "[]"}, "/query/binding"),
])
def test_bad_input_is_named(params, pointer):
    answer = requests.get(CONNECT, params=params, auth=signed(), stream=True, timeout=WITHIN)
    assert answer.status_code == 400, answer.text
    assert [fault["pointer"] for fault in answer.json()["details"]["faults"]] == [pointer]


def test_a_position_outside_the_log_is_refused():
    future = requests.get(CONNECT, headers={"Last-Event-ID": str(2**62)}, auth=signed(), timeout=WITHIN)
    assert future.status_code == 400 and "the newest has the id" in future.json()["message"]
    word = requests.get(CONNECT, headers={"Last-Event-ID": "-1"}, auth=signed(), timeout=WITHIN)
    assert word.json()["details"]["faults"][0]["pointer"] == "/headers/last-event-id"


def issued(*scopes):
    """Temporary credentials with these scopes."""
    known = taskcluster.optionsFromEnvironment()["credentials"]
    start, end = taskcluster.fromNow("-1 minute"), taskcluster.fromNow("10 minutes")
    made = taskcluster.createTemporaryCredentials(known["clientId"], known["accessToken"], start, end, list(scopes))
    return {"clientId": made["clientId"], "accessToken": made["accessToken"], "certificate": made["certificate"]}


def test_who_follows_holds_a_scope():
    nobody = requests.get(CONNECT, params={"bindings": '[{"exchange": "task-pending"}]'}, auth=signed(issued("queue:*")), timeout=WITHIN)
    assert nobody.status_code == 403 and "web:read-pulse" in nobody.json()["message"]
    with Stream(credentials=issued("web:read-pulse")) as stream:
        stream.ready()


def test_names_of_private_artifacts_are_sent_to_who_may_read_or_list_them(queue, queue_id):
    task_id = taskcluster.slugId()
    bindings = [{"exchange": "artifact-created", "routingKeyPattern": f"primary.{task_id}.#"}]
    readers = {
        issue: Stream(bindings, credentials=issued("web:read-pulse", *scopes))
        for issue, scopes in {
            "none": [], "other": ["queue:get-artifact:private/b", "queue:list-artifacts:" + taskcluster.slugId()],
            "reads": ["queue:get-artifact:private/a*"], "lists": [f"queue:list-artifacts:{task_id}"],
            "run": [f"queue:list-artifacts:{task_id}:0"],
        }.items()
    }
    for reader in readers.values():
        reader.ready()
    queue.createTask(task_id, definition(queue_id))
    queue.claimWork(queue_id, {"workerGroup": "g", "workerId": "w", "tasks": 1})
    for name in ["private/a", "public/end"]:
        body = {"storageType": "reference", "url": "https://example.com", "contentType": "a/b", "expires": taskcluster.fromNowJSON("1 hour")}
        queue.createArtifact(task_id, "0", name, body)
    names = {}
    for reader, stream in readers.items():
        names[reader] = []
        while "public/end" not in names[reader]:
            names[reader] += [data["payload"]["artifact"]["name"] for _, data in stream.receive(1)]
        stream.answer.close()
    both, public = ["private/a", "public/end"], ["public/end"]
    assert names == {"none": public, "other": public, "reads": both, "lists": both, "run": both}
