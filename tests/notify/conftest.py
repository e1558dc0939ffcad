"""Drovers that send mail to aiosmtpd and messages to Synapse: real servers, started here on free ports."""
import asyncio
import base64
import email
import email.policy
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import pg8000.native
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
    """Takes every mail, unless the test has an answer for its recipient, or holds it there."""

    def __init__(self):
        self.mails = []
        self.answers = {}
        self.attempts = []
        self.users = {}
        self.held = {}

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.attempts.append(address)
        await self.hold(address, "recipient")
        answers = self.answers.get(address, [])
        if answers:
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if answer:
                return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        to = envelope.rcpt_tos[0]
        self.mails.append((to, mail, time.time()))
        self.users.setdefault(to, []).append(session.auth_data.login.decode())
        await self.hold(to, "content")
        return "250 taken"

    async def hold(self, address, stage):
        """The first time it stays without an answer, until its client is gone."""
        if self.held.get(address) == stage:
            self.held[address] = "held"
            await asyncio.sleep(3600)

    def to(self, address):
        return [mail for to, mail, _ in self.mails if to == address]


@pytest.fixture(scope="session")
def mailbox():
    box = Mailbox()
    accept = lambda server, session, envelope, mechanism, data: AuthResult(  # noqa: E731
        success=data.login.startswith(b"drover") and data.password == b"secret", auth_data=data)
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
        text += "rc_message: {per_second: 1, burst_count: 10}\n"
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
        """The response. A user who sent much, as the tests of limits do, is refused for a while, and waits."""
        return wait(lambda: self.tried(method, path, token, body, prefix))["response"]

    def tried(self, method, path, token, body, prefix):
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
        request = urllib.request.Request(self.url + prefix + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request) as response:
                return {"response": json.load(response)}
        except urllib.error.HTTPError as refused:
            if refused.code != 429:
                raise
            time.sleep(json.load(refused)["retry_after_ms"] / 1000)

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


class Database:
    """A database of its own, and what operators see of it."""

    def __init__(self):
        self.server = urllib.parse.urlsplit(os.environ["DROVER_TEST_DATABASE_URL"])
        self.name = f"notify_{uuid.uuid4().hex[:12]}"
        self.url = urllib.parse.urlunsplit(self.server._replace(path=f"/{self.name}"))
        self.query(f"create database {self.name}", database="postgres")

    def query(self, sql, database=None):
        options = dict(urllib.parse.parse_qsl(self.server.query))
        place = {"host": self.server.hostname, "port": self.server.port}
        if "host" in options:
            place = {"unix_sock": f"{options['host']}/.s.PGSQL.{options['port']}"}
        user = options.get("user") or self.server.username
        connection = pg8000.native.Connection(user, password=self.server.password, database=database or self.name,
                                              ssl_context=False, **place)
        try:
            return connection.run(sql)
        finally:
            connection.close()

    def listed(self, address):
        """What `drover notify list` says, the oldest first."""
        command = [os.environ["DROVER"], "notify", "list", "--address", address, "-o", "json"]
        found = subprocess.run(command, env={**os.environ, "DROVER__DATABASE__URL": self.url}, check=True, capture_output=True)
        return [json.loads(line) for line in found.stdout.splitlines()][::-1]

    def drop(self):
        self.query(f"drop database {self.name} with (force)", database="postgres")


class Process:
    """A process of Drover, and its log."""

    def __init__(self, folder, database, settings, *arguments):
        self.log = folder / f"{uuid.uuid4().hex[:8]}.log"
        variables = {f"DROVER__{name}": value for name, value in settings.items()}
        environment = {**os.environ, **variables, "DROVER__DATABASE__URL": database.url}
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen([os.environ["DROVER"], *arguments, "--listen", "127.0.0.1:0"],
                                            env=environment, stdout=out, stderr=out)

    def said(self, pattern):
        return wait(lambda: re.search(pattern, self.log.read_text()))

    def kill(self):
        self.process.kill()
        self.process.wait(30)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def dev(folder, database, settings):
    """All roles in one process, and how clients reach it."""
    process = Process(folder, database, settings, "dev", "--ephemeral", "--workers", "0")
    ready = process.said(r"TASKCLUSTER_ROOT_URL=(\S+) TASKCLUSTER_CLIENT_ID=(\S+) TASKCLUSTER_ACCESS_TOKEN=(\S+)")
    root_url, client_id, token = ready.groups()
    return process, {"rootUrl": root_url, "credentials": {"clientId": client_id, "accessToken": token}, "maxRetries": 0}


def sender(folder, database, mailbox, user):
    """A process that only sends; the mail server knows it by its user."""
    token = uuid.uuid4().hex
    settings = {
        **mail_settings(mailbox, user), "AUTH__ROOT_CREDENTIALS": f"static/taskcluster/root:{token}",
        "AUTH__QUEUE_ACCESS_TOKEN": token,
        "AUTH__SEALING_KEYS": json.dumps([{"id": "test", "key": base64.b64encode(os.urandom(32)).decode()}]),
    }
    process = Process(folder, database, settings, "serve", "--roles", "notify")
    process.said("Drover serves notify")
    return process


def mail_settings(mailbox, user="drover"):
    return {
        "NOTIFY__EMAIL__HOST": "127.0.0.1", "NOTIFY__EMAIL__PORT": str(mailbox.port), "NOTIFY__EMAIL__TLS": "none",
        "NOTIFY__EMAIL__USER": user, "NOTIFY__EMAIL__PASSWORD": "secret", "NOTIFY__EMAIL__FROM": "drover@ci.example",
    }


@pytest.fixture(scope="module")
def database():
    made = Database()
    yield made
    made.drop()


@pytest.fixture(scope="module")
def drover(mailbox, matrix, database, tmp_path_factory):
    settings = {
        **mail_settings(mailbox), "NOTIFY__MATRIX__URL": matrix.url, "NOTIFY__MATRIX__ACCESS_TOKEN": matrix.bot,
    }
    process, client = dev(tmp_path_factory.mktemp("drover"), database, settings)
    yield client
    process.stop()


@pytest.fixture
def notify(drover):
    return taskcluster.Notify(drover)


@pytest.fixture
def queue(drover):
    return taskcluster.Queue(drover)
