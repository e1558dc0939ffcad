"""One Buildbot master with workers, and one Drover that bridges to it; also to a master that is always down."""
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import urllib.request

import pytest
import taskcluster
from around import Authority, Collector, TlsFront
from master import PASSWORD, USER, Master, end, free_ports, wait_for

DROVER = os.environ["DROVER"]
LAST = ("completed", "failed", "exception")


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    # Buildbot waits for the disk some twenty times in each build; these builds need not outlive the tests.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tmp_path_factory.mktemp("buildbot")
    with tempfile.TemporaryDirectory(prefix="drover-buildbot-", dir=memory, ignore_cleanup_errors=True) as folder:
        # The database's own user has to pass through.
        os.chmod(folder, 0o711)
        yield pathlib.Path(folder)


@pytest.fixture(scope="session")
def master(folder):
    master = Master(folder)
    try:
        master.start()
        master.start_worker("steady")
        yield master
    finally:
        master.stop()


SETTINGS = """
[telemetry]
otlp_endpoint = "{collector}"
metrics_every = "1s"
trace_ratio = 0.0

[queue]
deadline_delay = "1s"
sweep_interval = "1s"

[[bridge.masters]]
name = "main"
url = "{url}"
user = "{user}"
password = "{password}"
ignored_builders = ["of-another-bridge"]
allowed_builders = ["[a-z0-9-]*"]
check_interval_without_events = "2s"

[[bridge.masters]]
name = "stock"
url = "{url}"
user = "{user}"
password = "{password}"
scheduler = "stock"

[[bridge.masters]]
name = "over-tls"
url = "{tls_url}"
ca_file = "{ca_file}"
user = "{user}"
password = "{password}"

[[bridge.masters]]
name = "down"
url = "http://127.0.0.1:{nobody}/"
user = "{user}"
password = "{password}"
"""


class Drover:
    """Its port and its data outlive a kill, so that whoever speaks to it finds it again."""

    def __init__(self, folder, url):
        nobody, self.port = free_ports(2)
        self.folder = folder
        self.settings = folder / "drover.toml"
        self.authority, self.collector = Authority(folder, "private-authority"), Collector()
        front = TlsFront(url, self.authority)
        self.settings.write_text(SETTINGS.format(
            url=url, tls_url=front.url, ca_file=self.authority.file, user=USER, password=PASSWORD, nobody=nobody,
            collector=self.collector.url))
        self.log = folder / "drover.log"
        self.start()

    def start(self):
        command = [DROVER, "dev", "-o", "json", "--config", self.settings, "--data-dir", self.folder / "data",
                   "--listen", f"127.0.0.1:{self.port}", "--workers", "1"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        ready = self.process.stdout.readline()
        assert ready, self.log.read_text()[-3000:]
        ready = json.loads(ready)
        self.environment = {
            **os.environ,
            "TASKCLUSTER_ROOT_URL": ready["rootUrl"],
            "TASKCLUSTER_CLIENT_ID": ready["clientId"],
            "TASKCLUSTER_ACCESS_TOKEN": ready["accessToken"],
        }
        credentials = {"clientId": ready["clientId"], "accessToken": ready["accessToken"]}
        self.queue = taskcluster.Queue({"rootUrl": ready["rootUrl"], "credentials": credentials, "maxRetries": 2})

    def kill(self):
        """As a machine that fails: with its database, and without a word to the master."""
        end(self.process, signal.SIGKILL)

    def stop(self):
        end(self.process, signal.SIGTERM)

    def run(self, *arguments, **more):
        """The command line; answers exit code and what was printed on both ways."""
        command = [DROVER, *map(str, arguments)]
        environment = {**self.environment, "DROVER_BRIDGE_PASSWORD": PASSWORD}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, **more)
        return done.returncode, done.stdout, done.stderr

    # ---- tasks

    def build(self, builder, master="main", deadline="1 hour", scopes=None, **payload):
        """Creates a task that is a build of this builder."""
        task_id = taskcluster.slugId()
        self.queue.createTask(task_id, {
            "taskQueueId": f"buildbot/{master}",
            "created": taskcluster.fromNowJSON("0 seconds"),
            "deadline": taskcluster.fromNowJSON(deadline),
            "expires": taskcluster.fromNowJSON("2 hours"),
            "scopes": [f"buildbot:build:{master}/{builder}"] if scopes is None else scopes,
            "payload": {"builderName": builder, **payload},
            "metadata": {"name": builder, "description": "made by tests/buildbot", "owner": "nobody@example.com",
                         "source": "https://example.com/drover"},
        })
        return task_id

    def status(self, task_id):
        return self.queue.status(task_id)["status"]

    def state(self, task_id):
        return self.status(task_id)["state"]

    def runs(self, task_id):
        """State and reason of each run."""
        return [(run["state"], run.get("reasonResolved")) for run in self.status(task_id)["runs"]]

    def ended(self, task_id, seconds=60):
        """The state a task ends in."""
        return wait_for(f"an end of {task_id}: {self.status(task_id)}",
                        lambda: (state := self.state(task_id)) in LAST and state, seconds)

    def running(self, task_id):
        return wait_for(f"a start of {task_id}", lambda: self.state(task_id) == "running")

    def artifact(self, task_id, name):
        """Its text; nothing if it is not there."""
        try:
            place = self.queue.getLatestArtifact(task_id, name)["url"]
            with urllib.request.urlopen(place, timeout=30) as answer:
                return answer.read().decode()
        except taskcluster.exceptions.TaskclusterRestFailure as error:
            if error.status_code == 404:
                return None
            raise

    def explained(self, task_id):
        """What `drover explain task` says of its build."""
        code, out, err = self.run("explain", "task", task_id)
        assert code == 0, err
        return next((line for line in out.splitlines() if line.startswith("buildbot ")), "")

    def artifacts(self, task_id):
        return {one["name"] for one in self.queue.listLatestArtifacts(task_id)["artifacts"]}


@pytest.fixture(scope="session")
def drover(master, folder):
    drover = Drover(folder, master.url)
    yield drover
    drover.stop()
    report = os.environ.get("DROVER_BUILDBOT_LOG")
    if report:
        pathlib.Path(report).write_bytes(drover.log.read_bytes())
