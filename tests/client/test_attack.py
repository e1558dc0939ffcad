"""Replayed signatures, missing scopes and made-up tokens are refused with the documented messages."""
import base64
import hmac
import json
import os
import random
import time
import uuid
from urllib.parse import quote, urlsplit

import mohawk
import pytest
import requests
import taskcluster
from conftest import definition
from test_references import Client

ROOT = os.environ["TASKCLUSTER_ROOT_URL"]
ID, TOKEN = os.environ["TASKCLUSTER_CLIENT_ID"], os.environ["TASKCLUSTER_ACCESS_TOKEN"]
AUTH, QUEUE = f"{ROOT}/api/auth/v1", f"{ROOT}/api/queue/v1"
CURRENT = f"{AUTH}/scopes/current"
JSON = "application/json"
MINUTE, DAY = 60_000, 86_400_000
# Body and content type with which each method would be carried out on a client, if it were believed.
BODY = json.dumps({"description": "", "expires": taskcluster.fromNowJSON("1 hour"), "scopes": []}).encode(), JSON
A_CLIENT = {"GET": (None, None), "DELETE": (None, None), "POST": BODY, "PUT": BODY}


def hawk(method, url, body=b"", content_type="", client_id=ID, token=TOKEN, ext=None, **more):
    credentials = {"id": client_id, "key": token, "algorithm": "sha256"}
    sender = mohawk.Sender(credentials, url, method, content=body, content_type=content_type, ext=ext, **more)
    return sender.request_header


def send(method, url, authorization=None, body=None, content_type=None, **headers):
    headers = {**headers, "Authorization": authorization, "Content-Type": content_type}
    headers = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
    return requests.request(method, url, data=body, headers=headers, timeout=30, allow_redirects=False)


def refused(answer, words):
    assert answer.status_code == 401, (answer.status_code, answer.text)
    error = answer.json()
    assert error["code"] == "AuthenticationFailed" and answer.headers["www-authenticate"] == "hawk"
    assert error["message"].startswith(words), error["message"]


def bad_mac(answer):
    refused(answer, "Unauthorized: Bad mac")


@pytest.fixture(scope="module")
def issuer():
    """A client that holds a little, and may give a name below its own."""
    auth, name = taskcluster.Auth({"rootUrl": ROOT, "credentials": {"clientId": ID, "accessToken": TOKEN}}), f"client-tests/{uuid.uuid4().hex[:12]}"
    made = auth.createClient(name, {"description": "", "expires": taskcluster.fromNowJSON("1 hour"),
                                    "scopes": ["auth:current-scopes", "conf:a*", f"auth:create-client:{name}/*"]})
    yield name, made["accessToken"]
    auth.deleteClient(name)


# ---- a signature that was seen

def test_a_signed_request_is_good_for_itself_alone(issuer):
    url = f"{AUTH}/clients/?limit=1&prefix=a"
    seen = hawk("GET", url)
    assert send("GET", url, seen).status_code == 200
    for other in [CURRENT, f"{AUTH}/clients/", f"{AUTH}/clients/?limit=1&prefix=b", f"{AUTH}/clients/?prefix=a&limit=1",
                  f"{AUTH}/clients/?limit=1&prefix=%2F", f"{AUTH}/clients?limit=1&prefix=a"]:
        bad_mac(send("GET", other, seen))
    address = urlsplit(ROOT).netloc
    for headers in [{"Host": "other.example"}, {"Host": address.split(":")[0]}, {"X_Forwarded_Port": "443"}, {"X_Forwarded_Proto": "https"}]:
        bad_mac(send("GET", url, seen, **headers))
    client = f"{AUTH}/clients/{quote(issuer[0], safe='')}"
    for method, other in [("GET", "DELETE"), ("DELETE", "GET"), ("DELETE", "POST"), ("POST", "PUT")]:
        bad_mac(send(other, client, hawk(method, client), *A_CLIENT[other]))


def test_a_signed_body_is_good_for_itself_alone():
    url = f"{AUTH}/scopes/expand"
    body, other = (json.dumps({"scopes": [scope]}).encode() for scope in "ab")
    seen = hawk("POST", url, body, JSON)
    assert send("POST", url, seen, body, JSON).json() == {"scopes": ["a"]}
    assert send("POST", url, seen, body, f"{JSON}; charset=utf-8").status_code == 200
    refused(send("POST", url, seen, other, JSON), "Unauthorized: Bad payload hash")
    # The order of checks matters: a body of another type is not read before its signature is verified.
    refused(send("POST", url, seen, body, "text/plain"), "Unauthorized: Bad payload hash")
    hash_of_other = hawk("POST", url, other, JSON).split('hash="')[1].split('"')[0]
    own_hash = seen.split('hash="')[1].split('"')[0]
    bad_mac(send("POST", url, seen.replace(own_hash, hash_of_other), other, JSON))
    bad_mac(send("POST", url, seen.replace(f', hash="{own_hash}"', ""), other, JSON))


@pytest.mark.parametrize("part", ["id", "ts", "nonce", "mac", "ext"])
def test_a_changed_part_of_a_signature_is_noticed(part):
    seen = hawk("GET", CURRENT, ext=base64.b64encode(json.dumps({"authorizedScopes": ["auth:current-scopes"]}).encode()).decode())
    assert send("GET", CURRENT, seen).json()["scopes"] == ["assume:anonymous", "auth:current-scopes"]
    value = seen.split(f'{part}="')[1].split('"')[0]
    other = {"id": "nobody", "ts": str(int(time.time()) - 5), "ext": base64.b64encode(b'{"authorizedScopes": ["*"]}').decode()}
    changed = send("GET", CURRENT, seen.replace(f'{part}="{value}"', f'{part}="{other.get(part, "A" * len(value))}"'))
    refused(changed, "Client with clientId 'nobody' not found" if part == "id" else "Unauthorized: Bad mac")


def test_an_old_signature_and_headers_that_are_none_are_refused():
    for off in (-16 * 60, 16 * 60):
        refused(send("GET", CURRENT, hawk("GET", CURRENT, _timestamp=int(time.time()) + off)), "Unauthorized: Stale timestamp")
    cases = {"Bearer abc": "Unauthorized: the Authorization header is not of the scheme Hawk", 'Hawk id="x"': "Bad Request: ",
             "Hawk ": "Bad Request: ", 'Hawk id="a", id="b"': "Bad Request: an attribute stands twice", "Hawk " + "x" * 70000: "Bad Request: Header length"}
    for header, words in cases.items():
        refused(send("GET", CURRENT, header), words)


def signed_url(url, seconds=60, ext="", client_id=ID, token=TOKEN):
    """As the rules say, since the packages refuse to sign what must be refused here."""
    place, expiry = urlsplit(url), str(int(time.time()) + seconds)
    resource = place.path + (f"?{place.query}" if place.query else "")
    lines = ["hawk.1.bewit", expiry, "", "GET", resource, place.hostname, str(place.port or 80), "", ext, ""]
    mac = base64.b64encode(hmac.digest(token.encode(), "\n".join(lines).encode(), "sha256")).decode()
    bewit = base64.urlsafe_b64encode("\\".join([client_id, expiry, mac, ext]).encode()).decode().rstrip("=")
    return f"{url}{'&' if place.query else '?'}bewit={bewit}"


def test_a_signed_url_is_good_for_itself_alone(issuer):
    url = signed_url(f"{AUTH}/clients/?limit=1")
    assert send("GET", url).status_code == 200 and send("HEAD", url).status_code == 200
    bewit = url.split("bewit=")[1]
    for other in [f"{CURRENT}?bewit={bewit}", f"{AUTH}/clients/?bewit={bewit}", f"{AUTH}/clients/?limit=2&bewit={bewit}",
                  f"{AUTH}/clients/?limit=1&prefix=a&bewit={bewit}"]:
        bad_mac(send("GET", other))
    bad_mac(send("GET", url, Host="other.example"))
    client = signed_url(f"{AUTH}/clients/{quote(issuer[0], safe='')}")
    assert send("GET", client).json()["clientId"] == issuer[0]
    for method in ["DELETE", "POST", "PUT"]:
        refused(send(method, client, None, *A_CLIENT[method]), "Unauthorized: a bewit is good for GET and HEAD only")
    refused(send("GET", signed_url(CURRENT, seconds=-1)), "Unauthorized: the signed URL has expired")
    refused(send("GET", url, hawk("GET", url)), "Bad Request: Authorization header and bewit cannot be used together")
    for text in ["", "!!", "AAAA", bewit[:-4]]:
        refused(send("GET", f"{CURRENT}?bewit={text}"), "Bad Request: ")
    refused(send("GET", f"{CURRENT}?bewit={bewit + 'A' * 20000}"), "ext is no base64 of a JSON object")
    assert send("GET", f"{CURRENT}?bewit={bewit + 'A' * 70000}").status_code == 414


# ---- credentials that were made up

def temporary(issuer, token, scopes, change=None, name=None, start=-MINUTE, expiry=10 * MINUTE):
    """Temporary credentials as the rules say, so that those which break one can be made too; `change` is done after signing."""
    now = int(time.time() * 1000)
    it = {"version": 1, "scopes": list(scopes), "start": now + start, "expiry": now + expiry, "seed": taskcluster.slugId() + taskcluster.slugId()}
    named = [f"clientId:{name}", f"issuer:{issuer}"] if name else []
    lines = ["version:1", *named, f"seed:{it['seed']}", f"start:{it['start']}", f"expiry:{it['expiry']}", "scopes:", *scopes]

    def mac(text):
        return hmac.digest(token.encode(), text.encode(), "sha256")
    it["signature"] = base64.b64encode(mac("\n".join(lines))).decode()
    if name:
        it["issuer"] = issuer
    key = base64.urlsafe_b64encode(mac(it["seed"])).decode().rstrip("=")
    (change or (lambda it: None))(it)
    return name or issuer, key, {"certificate": it}


def judged(credentials, url=CURRENT):
    client_id, key, ext = credentials
    return send("GET", url, hawk("GET", url, client_id=client_id, token=key, ext=base64.b64encode(json.dumps(ext).encode()).decode()))


HELD = ["auth:current-scopes", "conf:ab"]
TIMES = {
    "not yet": ({"start": 6 * MINUTE, "expiry": 7 * MINUTE}, "ext.certificate.start > now"),
    "expired": ({"start": -DAY, "expiry": -6 * MINUTE}, "ext.certificate.expiry < now"),
    "too long": ({"expiry": 31 * DAY}, "ext.certificate cannot last longer than 31 days"),
}
SIGNATURE = "ext.certificate.signature is not valid, or wrong clientId provided"
CHANGES = {
    "version": (lambda it: it.update(version=2), "ext.certificate.version must be 1"),
    "short seed": (lambda it: it.update(seed=it["seed"][:-1]), "ext.certificate.seed must be 44 characters"),
    "seed": (lambda it: it.update(seed=it["seed"][::-1]), SIGNATURE),
    "start": (lambda it: it.update(start=it["start"] + 1), SIGNATURE),
    "expiry": (lambda it: it.update(expiry=it["expiry"] + 1), SIGNATURE),
    "one scope more": (lambda it: it["scopes"].append("conf:ac"), SIGNATURE),
    "one scope less": (lambda it: it["scopes"].pop(), SIGNATURE),
    "another order": (lambda it: it["scopes"].reverse(), SIGNATURE),
    "a bad scope": (lambda it: it["scopes"].append("ü"), "ext.certificate.scopes must be printable ASCII"),
    "signature": (lambda it: it.update(signature=base64.b64encode(bytes(32)).decode()), SIGNATURE),
    "no base64": (lambda it: it.update(signature="?"), SIGNATURE),
    "a client id": (lambda it: it.update(clientId="x"), "ext.certificate.clientId must only be used with ext.certificate.issuer"),
    "a number": (lambda it: it.update(seed=7), "ext is no base64 of a JSON object"),
    "no signature": (lambda it: it.pop("signature"), "ext is no base64 of a JSON object"),
}


def test_good_temporary_credentials_are_believed(issuer):
    client_id, token = issuer
    for name in (None, f"{client_id}/x"):
        answer = judged(temporary(client_id, token, HELD, name=name))
        assert set(answer.json()["scopes"]) == {"assume:anonymous", *HELD}


@pytest.mark.parametrize("times, words", TIMES.values(), ids=TIMES.keys())
def test_times_are_looked_at(issuer, times, words):
    refused(judged(temporary(*issuer, HELD, **times)), words)


@pytest.mark.parametrize("change, words", CHANGES.values(), ids=CHANGES.keys())
def test_a_tampered_certificate_is_refused(issuer, change, words):
    refused(judged(temporary(*issuer, HELD, change)), words)


def test_nobody_gives_more_than_they_hold(issuer):
    client_id, token = issuer
    for scope in ["conf:*", "*", "conf:b", "auth:create-client:*"]:
        refused(judged(temporary(*issuer, [*HELD, scope])), f"ext.certificate issuer `{client_id}` doesn't have the scope `{scope}` to give")
    refused(judged(temporary(*issuer, HELD, name="static/taskcluster/queue")),
            f"ext.certificate issuer `{client_id}` doesn't have the scope `auth:create-client:static/taskcluster/queue` to give")
    refused(judged(temporary(*issuer, HELD, lambda it: it.update(issuer=client_id))), "ext.certificate.issuer must differ")
    refused(judged(temporary(*issuer, HELD, lambda it: it.update(issuer=ID))), SIGNATURE)
    refused(judged(temporary(client_id, "not-the-token-of-this-client", HELD)), SIGNATURE)
    # What was given cannot be given on.
    given, key, _ = temporary(*issuer, HELD, name=f"{client_id}/x")
    refused(judged(temporary(given, key, HELD)), f"Client with clientId '{given}' not found")
    client_id, key, ext = temporary(*issuer, HELD)
    bad_mac(judged((client_id, token, ext)))
    refused(judged((client_id, key, {**ext, "authorizedScopes": ["conf:ac"]})), "ext.authorizedScopes must be printable ASCII, and held by the client")


def test_a_name_with_line_breaks_is_none(issuer):
    """Through authenticateHawk and signed URLs a client id may hold any letter: none may pass for a line of the signed text."""
    client_id, token = issuer
    now, seed = int(time.time() * 1000), taskcluster.slugId() * 2
    smuggled = [f"issuer:{client_id}", f"seed:{seed}", f"start:{now}", f"expiry:{now + MINUTE}", "scopes:", "conf:ab"]
    _, _, ext = temporary(client_id, token, smuggled, name=f"{client_id}/x")
    own = ext["certificate"]
    name = "\n".join([f"{client_id}/x", f"issuer:{client_id}", f"seed:{own['seed']}", f"start:{own['start']}", f"expiry:{own['expiry']}", "scopes:"])
    own.update(seed=seed, start=now, expiry=now + MINUTE, scopes=["conf:ab"])
    key = base64.urlsafe_b64encode(hmac.digest(token.encode(), seed.encode(), "sha256")).decode().rstrip("=")
    url = signed_url(CURRENT, ext=base64.b64encode(json.dumps(ext).encode()).decode(), client_id=name, token=key)
    refused(send("GET", url), "the client id, ext.certificate.issuer and ext.certificate.seed must be printable ASCII")


# ---- continuation tokens that were made up

@pytest.fixture(scope="module")
def lists():
    """Every method that answers in pages, with arguments for which there is something to list, and its body."""
    client, queue_id = Client(), f"client-tests/q-{uuid.uuid4().hex[:12]}"
    parent, task_id = taskcluster.slugId(), taskcluster.slugId()
    client("queue.createTask", parent, payload=definition(queue_id, taskGroupId=parent))
    client("queue.createTask", task_id, payload=definition(queue_id, taskGroupId=parent, dependencies=[parent]))
    provisioner, worker_type = queue_id.split("/")
    hook = ["client-tests", f"h-{uuid.uuid4().hex[:12]}"]
    made_at_hook(client, hook)
    pool = {"providerId": "static", "description": "", "owner": "nobody@example.com", "emailOnError": False, "config": {}}
    client("worker-manager.createWorkerPool", queue_id, payload=pool)
    words = {"hookGroupId": hook[0], "hookId": hook[1], "workerPoolId": queue_id, "workerGroup": "g", "taskGroupId": parent, "taskId": parent, "runId": "0", "taskQueueId": queue_id, "provisionerId": provisioner, "workerType": worker_type,
             "namespace": "client-tests", "entityType": "client", "entityId": ID, "clientId": ID}
    bodies = {"queue.tasks": {"taskIds": [parent]}, "queue.statuses": {"taskIds": [parent]}, "index.findTasksAtIndex": {"indexes": ["client-tests.x"]}}
    methods = {name: entry for name, (_, entry) in client.methods.items() if "azure" not in name}
    paged = {name: entry for name, entry in methods.items() if "continuationToken" in entry.get("query", [])}
    return client, {name: ([words[arg] for arg in entry["args"]], bodies.get(name)) for name, entry in paged.items()}


def made_at_hook(client, hook):
    """A hook that has fired, in vain."""
    metadata = {"name": "h", "description": "", "owner": "nobody@example.com", "emailOnError": False}
    client("hooks.createHook", *hook, payload={"metadata": metadata, "task": {"payload": {"$eval": "payload.missing"}}})
    assert client.send("hooks.triggerHook", hook, b"{}").status_code == 400


def page(lists, name, token):
    client, paged = lists
    args, body = paged[name]
    return client.send(name, args, None if body is None else json.dumps(body).encode(), {"continuationToken": token})


def encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def no_token(answer):
    assert answer.status_code == 400, (answer.status_code, answer.request.url[:300], answer.text[:500])
    error = answer.json()
    assert error["code"] == "InputError" and error["details"]["faults"][0]["pointer"] == "/query/continuationToken", error


def test_all_lists_are_looked_at(lists):
    _, paged = lists
    assert len(paged) >= 18, sorted(paged)
    for name in paged:
        client, (args, body) = lists[0], paged[name]
        answer = client.send(name, args, None if body is None else json.dumps(body).encode(), {"limit": "1"})
        assert answer.status_code == 200, (name, answer.text)


def test_no_list_takes_what_is_no_token(lists):
    seed = int(os.environ.get("DROVER_TEST_SEED", random.randrange(1 << 32)))
    print(f"DROVER_TEST_SEED={seed} repeats this run")
    chance = random.Random(seed)
    for name in lists[1]:
        raw = chance.randbytes(chance.randrange(1, 60)).replace(b"\0", b"0")
        words = [raw.decode("latin-1"), base64.urlsafe_b64encode(raw).decode(), "A" * 8000, "0", "null", "%00", "[]", encoded(None), encoded([]),
                 encoded([name]), encoded("x" * 8000), base64.b64encode(b"[" * 3000).decode()]
        for word in words:
            no_token(page(lists, name, word))


def test_no_list_takes_the_token_of_another(lists):
    client, paged = lists
    for name in paged:
        method = name.split(".")[1]
        for other in ["listClients", "listTaskGroup", "listWorkers", "ping"]:
            if other != method:
                for key in [taskcluster.slugId(), 0, "x", ["a", "b"], {"workerGroup": "g", "workerId": "w"}]:
                    no_token(page(lists, name, encoded([other, key])))


NUL = [{"workerGroup": "\0", "workerId": "w"}, {"workerGroup": "g", "workerId": "a\0"}, ["\0", "a"], ["a", "\0"], "\0", "a\0b"]
HOSTILE = [None, True, 1.5, -1, 0, 2**63 - 1, -2**63, 2**63, 2**200, "", "ü", "' or 1=1 --", "x" * 5000, "\ud800", [], {}, [[]], ["a"], ["", ""],
           ["\U0010ffff", "a"], {"workerGroup": "g"}, {"workerGroup": "ü" * 900, "workerId": ""}, taskcluster.slugId()]


def test_no_key_breaks_a_list(lists):
    for name in lists[1]:
        method = name.split(".")[1]
        for key in NUL:
            no_token(page(lists, name, encoded([method, key])))
        # Of the kind that the list has, a key is believed: it only says where a page begins.
        codes = {page(lists, name, encoded([method, key])).status_code for key in HOSTILE}
        assert codes <= {200, 400} and 400 in codes, (name, codes)


def test_pages_asked_for_in_a_body_are_no_other(lists):
    for path, method in [("namespaces/client-tests", "listNamespaces"), ("tasks/client-tests", "listTasks")]:
        url = f"{ROOT}/api/index/v1/{path}"
        for token in ["!", "x" * 5000, encoded(["ping", "a"]), encoded([method, "\0"]), encoded([method, 7])]:
            body = json.dumps({"continuationToken": token}).encode()
            no_token(send("POST", url, hawk("POST", url, body, JSON), body, JSON))
    url = f"{ROOT}/api/index/v1/namespaces/{quote('a b', safe='')}"
    assert send("POST", url, hawk("POST", url, b"{}", JSON), b"{}", JSON).status_code == 400
