"""A client that knows nothing but `/references/manifest.json`: it is made from the documents listed there, lives a task's life,
and then calls every method with hostile input. The server refuses it and never breaks.
"""
import itertools
import json
import os
import random
import re
import time
from urllib.parse import quote, urlencode

import mohawk
import pytest
import requests
import taskcluster
from conftest import definition

ROOT = os.environ["TASKCLUSTER_ROOT_URL"]
CREDENTIALS = {"id": os.environ["TASKCLUSTER_CLIENT_ID"], "key": os.environ["TASKCLUSTER_ACCESS_TOKEN"], "algorithm": "sha256"}
# Calls of one method with hostile input, and how long all of them may take.
CALLS, SECONDS = 12, 60
WORDS = ["", "-", "..", "%", "%00", "a/b", "a" * 300, "\u0000", "ü", "0", "-1", "99999999999999999999", "null", "{}", "*", "a b",
         "static/taskcluster/x", "<..>", "' or 1=1 --", taskcluster.slugId()]
VALUES = [None, True, 0, -1, 1e308, 2**63, "", "\u0000", "x" * 5000, [], {}, [None], [[]], {"": ""}, {"a": {"a": {"a": []}}}]


class Client:
    """All methods of all services, as `service.method`."""

    def __init__(self):
        self.session = requests.Session()
        manifest = self.session.get(f"{ROOT}/references/manifest.json", timeout=10).json()
        self.methods, self.schemas = {}, {}
        for where in manifest["references"]:
            reference = self.session.get(where, timeout=10).json()
            if "api" in reference["$schema"] and "entries" in reference and "serviceName" in reference:
                for entry in reference["entries"]:
                    if entry["type"] == "function":
                        self.methods[f"{reference['serviceName']}.{entry['name']}"] = (reference, entry)

    def __call__(self, name, *args, payload=None, query=None):
        answer = self.send(name, args, None if payload is None else json.dumps(payload).encode(), query)
        assert answer.status_code < 300, (name, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def schema(self, service, name):
        """A schema by its file name, as references and other schemas of the service give it."""
        file = name.removeprefix("./").removeprefix("v1/").rstrip("#").removesuffix(".json")
        if (service, file) not in self.schemas:
            self.schemas[service, file] = self.session.get(f"{ROOT}/schemas/{service}/v1/{file}.json", timeout=10).json()
        return self.schemas[service, file]

    def send(self, name, args, body=None, query=None, content_type="application/json"):
        reference, entry = self.methods[name]
        places = iter(args)
        path = re.sub("<[^>]+>", lambda _: quote(str(next(places)), safe=""), entry["route"])
        url = f"{ROOT}/api/{reference['serviceName']}/{reference['apiVersion']}{path}" + (f"?{urlencode(query)}" if query else "")
        request = requests.Request(entry["method"].upper(), url, data=body)
        headers = {"Content-Type": content_type} if body is not None else {}
        prepared = self.session.prepare_request(request)
        sign = mohawk.Sender(CREDENTIALS, prepared.url, prepared.method, always_hash_content=False)
        prepared.headers.update({**headers, "Authorization": sign.request_header})
        return self.session.send(prepared, timeout=30, allow_redirects=False)


@pytest.fixture(scope="module")
def client():
    return Client()


def test_a_generated_client_lives_the_life_of_a_task(client, queue_id):
    task_id = taskcluster.slugId()
    client("queue.createTask", task_id, payload=definition(queue_id, routes=[f"index.{task_id.replace('-', 'x')}.latest"]))
    (claim,) = client("queue.claimWork", queue_id, payload={"workerGroup": "g", "workerId": "w", "tasks": 1})["tasks"]
    run = (task_id, claim["runId"])
    client("queue.createArtifact", *run, "public/a b", payload={
        "storageType": "link", "contentType": "text/plain", "artifact": "public/c", "expires": taskcluster.fromNowJSON("30 minutes")})
    assert client("queue.reportCompleted", *run)["status"]["state"] == "completed"
    assert client("queue.status", task_id)["status"]["runs"][0]["state"] == "completed"
    page = client("queue.listTaskGroup", claim["status"]["taskGroupId"], query={"limit": "1"})
    assert page["tasks"][0]["task"]["taskQueueId"] == queue_id
    secret = f"client-tests/{task_id}"
    client("secrets.set", secret, payload={"secret": {"a": 1}, "expires": taskcluster.fromNowJSON("1 hour")})
    assert client("secrets.get", secret)["secret"] == {"a": 1}
    client("secrets.remove", secret)


def test_hostile_input_never_breaks_the_server(client):
    seed = int(os.environ.get("DROVER_TEST_SEED", random.randrange(1 << 32)))
    print(f"DROVER_TEST_SEED={seed} repeats this run")
    chance, begun, codes = random.Random(seed), time.monotonic(), {}
    # What would end the test itself, or stop all others: it works on everything at once.
    spared = {"auth.resetAccessToken", "auth.disableClient"}
    names = sorted(set(client.methods) - spared)
    for _, name in itertools.product(range(CALLS), names):
        if time.monotonic() - begun > SECONDS:
            break
        answer = client.send(name, *hostile(client, name, chance))
        codes.setdefault(answer.status_code, set()).add(name)
        said = (name, answer.status_code, answer.request.url, answer.request.body, answer.text[:500])
        assert answer.status_code < 500 or answer.status_code == 501, said
        if answer.status_code >= 400:
            error = answer.json()
            # The second is said of a path that is none of ours, as some of these words make it.
            assert (error.get("code") and error.get("message")) or error["error"] == "Not found", said
    assert len(codes.get(400, ())) > 50, codes


def hostile(client, name, chance):
    """Arguments, body, query and content type, each wrong in its own way or, now and then, right."""
    _, entry = client.methods[name]
    args = [chance.choice(WORDS) or "x" for _ in entry["args"]]
    body = None
    if entry["method"] in ("post", "put"):
        keys = ["taskQueueId", "workerGroup", "tasks", "expires", "scopes", "payload", "runId", "url", "secret", "x"]
        whole = {key: chance.choice(VALUES) for key in chance.sample(keys, 3)}
        body = json.dumps(chance.choice([whole, whole, *VALUES])).encode()
        body = chance.choice([body, body, body, body[:-1], b"\xff\xfe", b"[" * 5000, b""])
    query = {chance.choice(["limit", "continuationToken", *entry.get("query", [])]): chance.choice(WORDS)} if chance.random() < 0.4 else None
    return args, body, query, chance.choice(["application/json"] * 5 + ["text/plain", "application/json; charset=\u00fc".encode()])


def test_the_character_that_no_text_of_the_database_holds_is_refused_or_kept(client, queue_id):
    soon, task_id = taskcluster.fromNowJSON("1 hour"), taskcluster.slugId()
    nul = "a\u0000b"
    refused = {
        "/payload/description": ("auth.createRole", ["client-tests/nul"], {"description": nul, "scopes": []}),
        "/params/name": ("secrets.get", [nul], None),
        "/query/prefix": ("auth.listClients", [], None, {"prefix": nul}),
    }
    for pointer, (name, args, payload, *query) in refused.items():
        answer = client.send(name, args, None if payload is None else json.dumps(payload).encode(), *query)
        assert answer.status_code == 400, answer.text
        assert [fault["pointer"] for fault in answer.json()["details"]["faults"]] == [pointer]
    payload = {nul: [nul]}
    client("queue.createTask", task_id, payload=definition(queue_id, payload=payload))
    assert client("queue.task", task_id)["payload"] == payload
    client("secrets.set", "client-tests/nul", payload={"secret": payload, "expires": soon})
    assert client("secrets.get", "client-tests/nul")["secret"] == payload
