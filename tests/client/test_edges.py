"""Values that a schema allows and few people send: the last date, the longest text, letters of several bytes, `5.0`. A server may
refuse them with a message. What it takes, it must be able to return: no list, claim or event breaks over it.
"""
import itertools
import json
import os
import random
import time

import pytest
import taskcluster
from conftest import definition
from test_references import Client

NEVER, BEYOND = "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999-12:00"
DATES = [NEVER, BEYOND, "9999-12-31 23:59:59.999", "9999-12-31T23:59:60Z", "0001-01-01T00:00:00Z", "0000-06-01T00:00:00Z",
         "1969-12-31T23:59:59.999Z", "2016-12-31T23:59:60.5Z", "2031-01-01T00:00:00.123456789012345Z", "2031-01-01t00:00:00+23:59"]
LETTERS = ["x", "\u00e9", "\u6f22", "\U0001f600"]
# Texts of the declared patterns, as wide as they may be.
PATTERNS = {"{1,38}$": "w" * 38, "[a-z]([-a-z0-9]": "p/w", "^(https?://": "https://x/" + "s" * 4086, "^[a-z0-9]{64}$": "0" * 64,
            "^[a-z0-9]{128}$": "0" * 128, "[AQgw]$": None}
CALLS, SECONDS = 6, 90


@pytest.fixture(scope="module")
def client():
    return Client()


def edge(client, service, schema, chance, document=None):
    """A value that the schema allows, at an edge of what it allows."""
    document = document or schema
    if "$ref" in schema:
        file, _, pointer = schema["$ref"].partition("#")
        document = client.schema(service, file) if file else document
        target = document
        for word in filter(None, pointer.split("/")):
            target = target[word]
        return edge(client, service, target, chance, document)
    for alternatives in ("oneOf", "anyOf"):
        if alternatives in schema:
            return edge(client, service, chance.choice(schema[alternatives]), chance, document)
    if "enum" in schema:
        return chance.choice(schema["enum"])
    kind = schema.get("type", "object")
    kind = chance.choice(kind) if isinstance(kind, list) else kind
    if kind == "string":
        return text(schema, chance)
    if kind == "integer":
        return float(chance.choice([schema.get("minimum", 0), schema.get("maximum", 7)]))
    if kind == "number":
        return chance.choice([0.0, -1e300, 1e300])
    if kind == "boolean":
        return chance.choice([True, False])
    if kind == "array":
        items = [edge(client, service, schema.get("items", {"type": "string"}), chance, document) for _ in range(chance.choice([1, 3]))]
        return [item for place, item in enumerate(items) if item not in items[:place]]
    if kind == "object":
        known = schema.get("properties", {})
        chosen = [name for name in known if name in schema.get("required", []) or chance.random() < 0.5]
        return {name: edge(client, service, known[name], chance, document) for name in chosen}
    return None


def text(schema, chance):
    if schema.get("format") == "date-time":
        return chance.choice(DATES)
    pattern = schema.get("pattern")
    if pattern:
        return next((sample or taskcluster.slugId() for part, sample in PATTERNS.items() if part in pattern), "a" * schema.get("maxLength", 40))
    return chance.choice(LETTERS) * chance.choice([schema.get("minLength", 1), schema.get("maxLength", 3000)])


def arguments(entry, known, chance):
    """Words for the path: of what there is, where there must be something, or as long as nobody expects."""
    words = {"taskId": known["task"], "taskGroupId": known["task"], "runId": "0", "taskQueueId": known["queue"],
             "workerPoolId": known["queue"], "provisionerId": known["queue"].split("/")[0], "workerType": known["queue"].split("/")[1],
             "workerGroup": "g" * 38, "workerId": "w" * 38, "namespace": "client-tests." + "n" * chance.choice([5, 242, 300]),
             "indexPath": "client-tests.a"}
    long = "client-tests/" + "".join(chance.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(chance.choice([9, 1100, 2000, 3000])))
    return [words.get(name, long) for name in entry["args"]]


def fix(name, body, chance):
    """What no edge may be, or the call is refused before anything else is looked at."""
    if not isinstance(body, dict):
        return body
    if name == "queue.createTask":
        whole = definition(body.get("taskQueueId", "p/w"))
        kept = {key: body[key] for key in ("expires", "routes", "metadata", "tags", "retries", "schedulerId", "projectId") if key in body}
        return {**whole, **kept}
    if name == "queue.createArtifact" and chance.random() < 0.7:
        body["expires"] = taskcluster.fromNowJSON("30 minutes")
    if name in ("secrets.set", "auth.createClient", "object.createUpload") and chance.random() < 0.5:
        body["expires"] = NEVER
    return body


def test_values_at_the_limits_of_a_schema_are_refused_or_returned(client, queue_id):
    seed = int(os.environ.get("DROVER_TEST_SEED", random.randrange(1 << 32)))
    print(f"DROVER_TEST_SEED={seed} repeats this run")
    chance, begun, taken = random.Random(seed), time.monotonic(), set()
    spared = {"auth.resetAccessToken", "auth.disableClient", "auth.deleteClient"}
    writes = sorted(name for name, (_, entry) in client.methods.items() if entry.get("input") and entry["method"] in ("post", "put"))
    reads = sorted(name for name, (_, entry) in client.methods.items() if entry["method"] == "get" and entry.get("output") != "blob")
    for number, name in itertools.product(range(CALLS), [name for name in writes if name not in spared]):
        if time.monotonic() - begun > SECONDS:
            break
        known = {"task": claimed(client, queue_id), "queue": queue_id} if number == 0 or chance.random() < 0.1 else known
        reference, entry = client.methods[name]
        body = fix(name, edge(client, reference["serviceName"], client.schema(reference["serviceName"], entry["input"]), chance), chance)
        if isinstance(body, dict) and "taskQueueId" in body:
            body["taskQueueId"] = queue_id
        answer = client.send(name, arguments(entry, known, chance), json.dumps(body).encode())
        said = (name, answer.status_code, answer.request.url[:200], answer.request.body[:500], answer.text[:500])
        assert answer.status_code < 500 or answer.status_code == 501, said
        if answer.status_code < 300:
            taken.add(name)
        for read in chance.sample(reads, 6):
            seen = client.send(read, arguments(client.methods[read][1], known, chance))
            assert seen.status_code < 500 or seen.status_code == 501, (read, seen.status_code, seen.request.url[:200], seen.text[:300], said)
    assert len(taken) >= 10, taken
    for read in [read for read in reads if not client.methods[read][1]["args"]]:
        seen = client.send(read, [])
        assert seen.status_code < 500 or seen.status_code == 501, (read, seen.status_code, seen.text[:300])


def claimed(client, queue_id):
    task_id = taskcluster.slugId()
    client("queue.createTask", task_id, payload=definition(queue_id))
    assert client.send("queue.claimTask", [task_id, 0], json.dumps({"workerGroup": "g", "workerId": "w"}).encode()).status_code == 200
    return task_id


def faults(answer):
    assert answer.status_code == 400, answer.text
    return {fault["pointer"]: fault["expected"] for fault in answer.json()["details"]["faults"]}


def test_a_task_that_never_expires_and_its_neighbours_are_claimed_and_published(client, queue_id):
    group, ids = taskcluster.slugId(), [taskcluster.slugId() for _ in range(3)]
    for task_id, expires in zip(ids, [None, NEVER, "9999-12-31T11:59:59.999-12:00"]):
        whole = definition(queue_id, taskGroupId=group, **({"expires": expires} if expires else {}))
        client("queue.createTask", task_id, payload=whole)
    claims = client("queue.claimWork", queue_id, payload={"workerGroup": "g", "workerId": "w", "tasks": 3.0})["tasks"]
    assert {claim["status"]["taskId"] for claim in claims} == set(ids)
    for claim in claims:
        client("queue.reportCompleted", claim["status"]["taskId"], claim["runId"])
    assert client("queue.sealTaskGroup", group)["expires"] == NEVER
    assert len(client("queue.listTaskGroup", group)["tasks"]) == 3
    later = client.send("queue.createTask", [taskcluster.slugId()], json.dumps(definition(queue_id, expires=BEYOND)).encode())
    assert list(faults(later)) == ["/payload/expires"]


def test_routes_count_in_bytes(client, queue_id):
    body = lambda route: json.dumps(definition(queue_id, routes=[route])).encode()
    for route in ["\u00e9" * 125, "\u6f22" * 84, "x" * 249 + "\u00e9"]:
        problems = faults(client.send("queue.createTask", [taskcluster.slugId()], body(route)))
        assert "249" in problems["/payload/routes/0"], problems
    for route in ["\u00e9" * 124 + "x", "x" * 249]:
        assert client.send("queue.createTask", [taskcluster.slugId()], body(route)).status_code == 200


def test_scopes_that_no_header_holds_are_refused_and_others_can_be_reported(client, queue_id):
    many = [f"secrets:get:project/x/{number:05}" for number in range(3000)]
    refused = client.send("queue.createTask", [taskcluster.slugId()], json.dumps(definition(queue_id, scopes=many)).encode())
    assert list(faults(refused)) == ["/payload/scopes"] and "header" in refused.json()["message"]
    task_id = taskcluster.slugId()
    client("queue.createTask", task_id, payload=definition(queue_id, scopes=many[:1100]))
    (claim,) = client("queue.claimWork", queue_id, payload={"workerGroup": "g", "workerId": "w", "tasks": 1})["tasks"]
    worker = taskcluster.Queue({"rootUrl": os.environ["TASKCLUSTER_ROOT_URL"], "credentials": claim["credentials"]})
    assert worker.reportCompleted(task_id, 0)["status"]["state"] == "completed"


@pytest.mark.parametrize("name, payload", [
    ("secrets.set", {"secret": {}, "expires": NEVER}), ("auth.createClient", {"expires": NEVER, "description": "", "scopes": []}),
    ("auth.createRole", {"description": "", "scopes": []}),
])
def test_long_names_are_refused_or_kept(client, name, payload):
    chance = random.Random(1)
    for length, good in [(2048, True), (2049, False), (9000, False)]:
        word = "".join(chance.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(length))
        answer = client.send(name, [word], json.dumps(payload).encode())
        if good:
            assert answer.status_code < 300, answer.text
        else:
            assert [pointer.split("/")[1] for pointer in faults(answer)] == ["params"]


def test_whole_numbers_may_be_written_as_floats_and_free_json_stays_as_it_came(client, queue_id):
    task_id, whole = taskcluster.slugId(), definition(queue_id, payload={"n": 1.0}, extra={"m": 2.0})
    answer = client.send("queue.createTask", [task_id], json.dumps({**whole, "retries": 3.0}).encode())
    assert answer.status_code == 200 and '"retriesLeft":3,' in answer.text.replace(" ", "")
    stored = client.send("queue.task", [task_id]).text
    assert '"n":1.0' in stored and '"m":2.0' in stored and '"retries":3,' in stored
    assert client.send("queue.createTask", [task_id], json.dumps({**whole, "retries": 3}).encode()).status_code == 200
