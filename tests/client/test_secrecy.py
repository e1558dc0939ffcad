"""Many secrets, and a Drover that logs everything: none of them is found in a log, on a terminal or in an error.

The server is one that runs with `telemetry.log=trace`, a worker of its own and the data folder DROVER_TEST_DATA; DROVER_TEST_LOG
is what it logs. A worker that is a process of its own joins in. Both send their traces to the collector DROVER_TEST_OTLP_URL,
which keeps them in DROVER_TEST_TRACES; DROVER_TEST_SECRETS are words that the settings of the server hold.
"""
import base64
import json
import os
import re
import signal
import subprocess
import time
import uuid
from pathlib import Path

import pytest
import requests
import taskcluster
from conftest import definition
from test_attack import CURRENT, ID, JSON, ROOT, TOKEN, hawk, signed_url, temporary

pytestmark = pytest.mark.skipif("DROVER_TEST_LOG" not in os.environ, reason="needs a server that logs at level trace")
# Patterns of secrets, for those that a worker gets and a test never sees.
SHAPES = {
    "a mac": r'mac=\\?"[A-Za-z0-9+/]{43}=',
    "an access token": r'access_?[tT]oken\\?"?: ?(?:Some\()?\\?"[A-Za-z0-9_-]{22,}',
    "a signature of a certificate": r'signature\\?": ?\\?"[A-Za-z0-9+/]{43}=',
    "a bewit": r"bewit=[A-Za-z0-9_-]{60,}",
}
WORKER = {"workerGroup": "client-tests", "workerId": "w1", "tasks": 1}
PASSWORD = "hunter2-of-the-database"


class Life:
    """Sends requests, and keeps every secret and every error that it receives."""

    def __init__(self):
        self.secrets, self.refusals = {}, []
        self.drover = os.environ.get("DROVER_TEST_BIN", f"{os.environ.get('CARGO_TARGET_DIR', 'target')}/debug/drover")

    def secret(self, what, text):
        assert text, what
        self.secrets[text] = what
        return text

    def credentials(self, what, it):
        self.secret(f"access token of {what}", it["accessToken"])
        if it.get("certificate"):
            certificate = json.loads(it["certificate"]) if isinstance(it["certificate"], str) else it["certificate"]
            self.secret(f"signature of the certificate of {what}", certificate["signature"])
        return it

    def ask(self, method, path, body=None, credentials=None, url=None, **more):
        url, body = url or f"{ROOT}/api/{path}", None if body is None else json.dumps(body).encode()
        credentials = credentials or {"clientId": ID, "accessToken": TOKEN}
        ext = None
        if credentials.get("certificate"):
            text = credentials["certificate"]
            certificate = json.loads(text) if isinstance(text, str) else text
            ext = self.secret("ext", base64.b64encode(json.dumps({"certificate": certificate}).encode()).decode())
        header = hawk(method, url, body or b"", JSON if body else "", credentials["clientId"], credentials["accessToken"], ext)
        self.secret(f"mac of {method} {path}", header.split('mac="')[1].split('"')[0])
        return self.send(method, url, body, {"Authorization": header, **({"Content-Type": JSON} if body else {})}, **more)

    def send(self, method, url, body=None, headers=None, **more):
        answer = requests.request(method, url, data=body, headers=headers, timeout=30, allow_redirects=False, **more)
        if answer.status_code >= 400:
            self.refusals.append((f"the answer to {method} {url[:70]}", f"{answer.headers} {answer.text}"))
        return answer

    def good(self, *args, **more):
        answer = self.ask(*args, **more)
        assert answer.status_code < 400, answer.text
        return answer.json() if answer.content else None

    def command(self, *args, ok=True, credentials=None, **env):
        """Runs `drover` and keeps what it says."""
        credentials = credentials or {"clientId": ID, "accessToken": TOKEN}
        who = {"TASKCLUSTER_ROOT_URL": ROOT, "TASKCLUSTER_CLIENT_ID": credentials["clientId"],
               "TASKCLUSTER_ACCESS_TOKEN": credentials["accessToken"], "TASKCLUSTER_CERTIFICATE": credentials.get("certificate") or ""}
        if not who["TASKCLUSTER_CERTIFICATE"]:
            del who["TASKCLUSTER_CERTIFICATE"]
        done = subprocess.run([self.drover, "--set", "telemetry.log=trace", *args], capture_output=True, text=True, timeout=60,
                              env={**{name: value for name, value in os.environ.items() if "CERTIFICATE" not in name}, **who, **env})
        assert (done.returncode == 0) == ok, (args, done.returncode, done.stdout, done.stderr)
        self.refusals.append((f"drover {args[0]} {args[1]}", done.stdout + done.stderr))


def clients(life, name):
    body = {"description": "", "expires": taskcluster.fromNowJSON("1 hour"), "scopes": ["auth:current-scopes", "conf:*"]}
    client = {"clientId": name, **life.good("PUT", f"auth/v1/clients/{name.replace('/', '%2F')}", body)}
    life.credentials("a client", client)
    life.good("GET", "auth/v1/scopes/current", credentials=client)
    life.ask("PUT", f"auth/v1/clients/{name.replace('/', '%2F')}", {**body, "scopes": ["other"]})
    client.update(life.good("POST", f"auth/v1/clients/{name.replace('/', '%2F')}/reset"))
    life.credentials("a client, after its reset", client)
    return client


def made_up_credentials(life, client):
    for scopes, change, code in [(["auth:current-scopes"], None, 200), (["queue:*"], None, 401), (["conf:x"], lambda it: it.update(expiry=1), 401)]:
        client_id, key, ext = temporary(client["clientId"], client["accessToken"], scopes, change)
        it = life.credentials("temporary credentials", {"clientId": client_id, "accessToken": key, **ext})
        assert life.ask("GET", "auth/v1/scopes/current", credentials=it).status_code == code
    wrong = life.secret("a wrong access token", "the-wrong-token-of-somebody-else-0001")
    wrong = {"clientId": client["clientId"], "accessToken": wrong}
    assert life.ask("PUT", f"queue/v1/task/{taskcluster.slugId()}", definition("client-tests/nobody"), wrong).status_code == 401
    header = hawk("GET", CURRENT)
    life.secret("mac sent to authenticateHawk", header.split('mac="')[1].split('"')[0])
    place = {"method": "get", "resource": "/api/auth/v1/scopes/current", "host": "other.example", "port": 80}
    for body in [{**place, "authorization": header}, {**place, "authorization": header, "sourceIp": "no address"}]:
        life.send("POST", f"{ROOT}/api/auth/v1/authenticate-hawk", json.dumps(body).encode(), {"Content-Type": JSON})


def signed_urls(life, client):
    for url, code in [(CURRENT, 200), (f"{ROOT}/api/auth/v1/roles/", 403), (f"{ROOT}/api/queue/v1/task/x", 403), (f"{ROOT}/nothing", 404)]:
        signed = signed_url(url, client_id=client["clientId"], token=client["accessToken"])
        life.secret(f"bewit for {url}", signed.split("bewit=")[1])
        assert life.send("GET", signed).status_code == code
        life.send("POST", signed, b"{}", {"Content-Type": JSON})
        life.send("GET", signed.replace("bewit=", "x=1&bewit="))


def secrets_of_the_service(life, name):
    value = life.secret("a stored secret", f"treasure-{uuid.uuid4().hex}")
    path, good = f"secrets/v1/secret/{name}", {"secret": {"key": value}, "expires": taskcluster.fromNowJSON("1 hour")}
    life.good("PUT", path, good)
    assert life.good("GET", path)["secret"] == {"key": value}
    for bad in [{**good, "expires": value}, {**good, "more": value}, {"secret": value, "expires": good["expires"]}, [value]]:
        assert life.ask("PUT", path, bad).status_code == 400
    broken = json.dumps(good).encode()[:-2]
    assert life.send("PUT", f"{ROOT}/api/{path}", broken, {"Content-Type": JSON}).status_code == 400
    nobody = {"clientId": "nobody", "accessToken": "nothing"}
    assert life.ask("PUT", path, good, nobody).status_code == 401


def a_run(life, tmp_path):
    queue_id, task_id = f"client-tests/s-{uuid.uuid4().hex[:12]}", taskcluster.slugId()
    life.good("PUT", f"queue/v1/task/{task_id}", definition(queue_id, scopes=["conf:x"]))
    (claim,) = life.good("POST", f"queue/v1/claim-work/{queue_id}", WORKER)["tasks"]
    run = life.credentials("a run", claim["credentials"])
    run = life.credentials("a run, reclaimed", life.good("POST", f"queue/v1/task/{task_id}/runs/0/reclaim", credentials=run)["credentials"])
    artifacts(life, task_id, run, tmp_path)
    life.good("POST", f"queue/v1/task/{task_id}/runs/0/completed", credentials=run)
    life.ask("POST", f"queue/v1/task/{task_id}/runs/0/failed", credentials=run)
    life.command("explain", "task", task_id)


def artifacts(life, task_id, run, tmp_path):
    soon, path = taskcluster.fromNowJSON("1 hour"), f"queue/v1/task/{task_id}/runs/0/artifacts"
    for name, kind in [("private/o", "object"), ("private/s", "s3")]:
        body = {"storageType": kind, "contentType": "text/plain", "expires": soon}
        made = life.good("POST", f"{path}/{name}", body, credentials=run)
        if kind == "s3":
            url = made["putUrl"]
        else:
            upload = life.credentials("an upload", made["credentials"])
            offer = {"putUrl": {"contentType": "text/plain", "contentLength": 5}}
            plan = {"expires": soon, "uploadId": made["uploadId"], "projectId": made["projectId"], "proposedUploadMethods": offer}
            url = life.good("PUT", f"object/v1/upload/{made['name'].replace('/', '%2F')}", plan, credentials=upload)["uploadMethod"]["putUrl"]["url"]
        life.secret(f"upload URL of {name}", url.split("/upload/")[1])
        assert life.send("PUT", url, b"too many bytes to be stored" if kind == "object" else b"x", {"Content-Type": "image/png"}).status_code >= 400
        assert life.send("PUT", url, b"hello", {"Content-Type": "text/plain"}).status_code < 300
        life.send("PUT", url[:-3] + "AAA", b"hello", {"Content-Type": "text/plain"})
        if kind == "object":
            finish = {"uploadId": made["uploadId"], "projectId": made["projectId"], "hashes": {}}
            life.good("POST", f"object/v1/finish-upload/{made['name'].replace('/', '%2F')}", finish, credentials=upload)
            life.good("PUT", f"{path}/{name}", {"uploadId": made["uploadId"]}, credentials=run)
        answer = life.ask("GET", f"{path}/{name}")
        url = answer.headers["Location"]
        life.secret(f"download URL of {name}", url.split("/download/")[1].split("/")[0])
        assert life.send("GET", url).content == b"hello"
        life.send("GET", url, headers={"Range": "bytes=9-10"})
        life.send("GET", url.replace("/download/", "/download/A"))
    (tmp_path / "sent").write_bytes(os.urandom(100_000))
    life.command("artifact", "upload", task_id, "private/c", str(tmp_path / "sent"), "--run", "0", "--expires", soon, credentials=run)
    life.command("artifact", "download", task_id, "private/c", str(tmp_path / "got"))
    life.command("artifact", "upload", task_id, "private/d", str(tmp_path / "sent"), "--run", "0", "--expires", soon, ok=False,
                 credentials={**run, "accessToken": TOKEN[::-1]})


def a_task_of_our_own_worker(life, tmp_path):
    payload = {"maxRunTime": 60, "features": {"taskclusterProxy": True}, "command": [["sh", "-c", "echo it ran; echo log > out"]],
               "artifacts": [{"type": "file", "path": "out", "name": "public/out"}]}
    graph = {"tasks": {"one": {"metadata": {"name": "one", "description": ""}, "scopes": ["queue:get-artifact:*"], "payload": payload}}}
    (tmp_path / "graph.yml").write_text(json.dumps(graph))
    life.command("run", str(tmp_path / "graph.yml"))


def a_task_of_a_worker_apart(life, tmp_path):
    """The log of a worker that is no part of the server's process."""
    queue_id, task_id = f"client-tests/s-{uuid.uuid4().hex[:12]}", taskcluster.slugId()
    collector = ["--set", f"telemetry.otlp_endpoint={os.environ['DROVER_TEST_OTLP_URL']}"]
    who = {"TASKCLUSTER_ROOT_URL": ROOT, "TASKCLUSTER_CLIENT_ID": ID, "TASKCLUSTER_ACCESS_TOKEN": TOKEN}
    (tmp_path / "worker.log").touch()
    with open(tmp_path / "worker.log", "wb") as log:
        worker = subprocess.Popen(
            [life.drover, "--set", "telemetry.log=trace", *collector, "worker", "--task-queue-id", queue_id, "--work-dir", str(tmp_path / "work"),
             # The test's folder is closed to other users, and its client is the one that may do everything.
             "--isolation", "none", "--allow-powerful-credentials"],
            stdout=log, stderr=log, env={**os.environ, **who})
    payload = {"maxRunTime": 60, "features": {"taskclusterProxy": True}, "command": [["sh", "-c", "echo it ran; echo log > out"]],
               "artifacts": [{"type": "file", "path": "out", "name": "public/out"}]}
    life.good("PUT", f"queue/v1/task/{task_id}", definition(queue_id, scopes=["queue:get-artifact:*"], payload=payload))
    life.command("task", "log", task_id)
    until(lambda: life.good("GET", f"queue/v1/task/{task_id}/status")["status"]["state"] == "completed")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=60) == 0
    return (tmp_path / "worker.log").read_text(errors="replace")


def until(it_is_so):
    end = time.monotonic() + 60
    while not it_is_so():
        assert time.monotonic() < end, "this never came"
        time.sleep(0.1)


def databases_and_brokers(life, tmp_path):
    life.secret("a database's password", PASSWORD)
    for url in [f"postgresql://drover:{PASSWORD}@127.0.0.1:1/drover", f"postgresql://drover:{PASSWORD}@127.0.0.1:x/drover",
                f"postgresql://drover@127.0.0.1:1/drover?password={PASSWORD}&sslmode=maybe", f"mysql://drover:{PASSWORD}@h/d"]:
        life.command("db", "status", "--database-url", url, ok=False)
        life.command("dev", "--data-dir", str(tmp_path / "d"), "--listen", "127.0.0.1:0", "--database-url", url, ok=False)
    for url in [f"amqp://drover:{PASSWORD}@127.0.0.1:x/v", f"http://drover:{PASSWORD}@h/v"]:
        life.command("dev", "--data-dir", str(tmp_path / "e"), "--listen", "127.0.0.1:0", "--amqp-url", url, ok=False)
    life.command("config", "show", DROVER__DATABASE__URL=f"postgresql://drover:{PASSWORD}@h/d", DROVER__BUS__AMQP_URL=f"amqp://drover:{PASSWORD}@h/v",
                 DROVER__AUTH__ROOT_CREDENTIALS=f"static/taskcluster/root:{PASSWORD}")


def traces(*words):
    """All that was sent to the collector, which is behind: spans and metrics come in batches of their own."""
    file = Path(os.environ["DROVER_TEST_TRACES"])
    until(lambda: file.exists() and all(word in file.read_bytes() for word in words))
    return file.read_bytes().decode(errors="replace")


def logs():
    """All that the server wrote, and what its database wrote."""
    data = Path(os.environ["DROVER_TEST_DATA"])
    files = [Path(os.environ["DROVER_TEST_LOG"]), *(path for path in data.rglob("*") if path.is_file() and "log" in path.suffix + path.name)]
    return {str(path): path.read_text(errors="replace") for path in files if "pg_wal" not in str(path)}


def test_no_secret_is_disclosed(tmp_path):
    life, name = Life(), f"client-tests/{uuid.uuid4().hex[:12]}"
    kept = json.loads((Path(os.environ["DROVER_TEST_DATA"]) / "credentials.json").read_text())
    for what in ["accessToken", "queueAccessToken", "sealingKey"]:
        life.secret(f"{what} of the installation", kept[what])
    for number, word in enumerate(os.environ.get("DROVER_TEST_SECRETS", "").split()):
        life.secret(f"word {number} of the settings", word)
    client = clients(life, name)
    made_up_credentials(life, client)
    signed_urls(life, client)
    secrets_of_the_service(life, name)
    a_run(life, tmp_path)
    a_task_of_our_own_worker(life, tmp_path)
    apart = a_task_of_a_worker_apart(life, tmp_path)
    databases_and_brokers(life, tmp_path)
    life.good("DELETE", f"auth/v1/clients/{name.replace('/', '%2F')}")

    written = {**logs(), "the log of the worker apart": apart, "the traces": traces(b"createClient", b"createArtifact", b"finishUpload", b"deleteClient", b"/v1/metrics")}
    for server in [written[os.environ["DROVER_TEST_LOG"]], apart]:
        assert " TRACE " in server and " DEBUG " in server, "the server and the worker log all they can"
    assert len(life.secrets) > 40 and len(life.refusals) > 30
    found = {}
    for where, text in [*written.items(), *life.refusals]:
        for secret, what in life.secrets.items():
            if secret in text:
                place = text.index(secret)
                found.setdefault(f"{what} in {where}", text[max(0, place - 200):place + len(secret) + 40])
        for what, shape in SHAPES.items():
            if hit := re.search(shape, text):
                found.setdefault(f"{what} in {where}", text[max(0, hit.start() - 200):hit.end() + 40])
    assert not found, json.dumps(found, indent=1)
