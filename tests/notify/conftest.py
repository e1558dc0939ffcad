"""A Drover that sends mail to aiosmtpd and messages to Synapse: real servers, started here on free ports."""
import email
import email.policy
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
import taskcluster
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait(what, seconds=60):
    """The first result that is not false; waits for another process, which gives no other sign."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"nothing after {seconds} s")


class Mailbox:
    """Takes every mail, unless the test has an answer for its recipient."""

    def __init__(self):
        self.mails = []
        self.answers = {}
        self.attempts = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.attempts.append(address)
        answers = self.answers.get(address, [])
        if answers:
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if answer:
                return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope.rcpt_tos[0], mail, time.time()))
        return "250 taken"

    def to(self, address):
        return [mail for to, mail, _ in self.mails if to == address]


@pytest.fixture(scope="session")
def mailbox():
    box = Mailbox()
    accept = lambda server, session, envelope, mechanism, data: AuthResult(  # noqa: E731
        success=(data.login, data.password) == (b"drover", b"secret"))
    controller = Controller(box, hostname="127.0.0.1", port=free_port(), authenticator=accept, auth_require_tls=False,
                            auth_required=True, enable_SMTPUTF8=True)
    controller.start()
    box.port = controller.port
    yield box
    controller.stop()


class Matrix:
    """A homeserver with two users."""

    def __init__(self, folder):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        config = folder / "homeserver.yaml"
        command = [sys.executable, "-m", "synapse.app.homeserver", "--config-path", str(config)]
        subprocess.run([*command, "--generate-config", "--server-name", "matrix.example", "--report-stats", "no"],
                       cwd=folder, check=True, capture_output=True)
        text = re.sub(r"port: 8008", f"port: {self.port}", config.read_text())
        text += "\nenable_registration: true\nenable_registration_without_verification: true\n"
        config.write_text(text)
        self.log = open(folder / "out.log", "wb")
        self.process = subprocess.Popen(command, cwd=folder, stdout=self.log, stderr=self.log)
        wait(self.is_up)
        self.owner = self.register("owner")
        self.bot = self.register("drover")

    def is_up(self):
        try:
            return self.call("GET", "versions", None, prefix="/_matrix/client/")
        except OSError:
            return None

    def call(self, method, path, token, body=None, prefix="/_matrix/client/v3/"):
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
        request = urllib.request.Request(self.url + prefix + path, data, headers, method=method)
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    def register(self, name):
        body = {"username": name, "password": name, "auth": {"type": "m.login.dummy"}}
        return self.call("POST", "register", None, body)["access_token"]

    def room(self, joined=True):
        room = self.call("POST", "createRoom", self.owner, {"preset": "public_chat"})["room_id"]
        if joined:
            self.call("POST", f"join/{urllib.request.quote(room)}", self.bot, {})
        return room

    def messages(self, room):
        found = self.call("GET", f"rooms/{urllib.request.quote(room)}/messages?dir=b&limit=50", self.owner)
        return [event["content"] for event in found["chunk"] if event["type"] == "m.room.message"][::-1]


@pytest.fixture(scope="session")
def matrix(tmp_path_factory):
    server = Matrix(tmp_path_factory.mktemp("synapse"))
    yield server
    server.process.terminate()
    server.process.wait(20)


@pytest.fixture(scope="session")
def drover(mailbox, matrix, tmp_path_factory):
    folder = tmp_path_factory.mktemp("drover")
    settings = {
        "EMAIL__HOST": "127.0.0.1", "EMAIL__PORT": str(mailbox.port), "EMAIL__TLS": "none", "EMAIL__USER": "drover",
        "EMAIL__PASSWORD": "secret", "EMAIL__FROM": "drover@ci.example", "MATRIX__URL": matrix.url,
        "MATRIX__ACCESS_TOKEN": matrix.bot,
    }
    environment = {**os.environ, **{f"DROVER__NOTIFY__{name}": value for name, value in settings.items()}}
    log = folder / "out.log"
    with open(log, "wb") as out:
        process = subprocess.Popen([os.environ["DROVER"], "dev", "--ephemeral", "--listen", "127.0.0.1:0", "--workers", "0"],
                                   env=environment, stdout=out, stderr=out)
    line = wait(lambda: re.search(r"TASKCLUSTER_ROOT_URL=(\S+) TASKCLUSTER_CLIENT_ID=(\S+) TASKCLUSTER_ACCESS_TOKEN=(\S+)",
                                  log.read_text()))
    root_url, client_id, token = line.groups()
    yield {"rootUrl": root_url, "credentials": {"clientId": client_id, "accessToken": token}, "maxRetries": 0}
    process.terminate()
    process.wait(30)


@pytest.fixture
def notify(drover):
    return taskcluster.Notify(drover)


@pytest.fixture
def queue(drover):
    return taskcluster.Queue(drover)
