"""A Buildbot master and its workers as processes of the tests, from the packages of requirements.txt."""
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).parent
BIN = pathlib.Path(sys.executable).parent
USER, PASSWORD = "drover", "drover-secret"


def free_ports(count):
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in taken]
    for one in taken:
        one.close()
    return ports


def wait_for(what, question, seconds=60, every=0.1):
    """Asks until the answer is something, and gives it back."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = question()
        if answer:
            return answer
        time.sleep(every)
    raise AssertionError(f"{seconds} s went by without {what}")


class Master:
    def __init__(self, folder):
        self.folder = folder
        self.port, self.worker_port = free_ports(2)
        self.url = f"http://127.0.0.1:{self.port}/"
        self.environment = {
            **os.environ,
            "MASTER_URL": self.url,
            "MASTER_PORT": str(self.port),
            "WORKER_PORT": str(self.worker_port),
            "DROVER_BRIDGE_FILES": str(HERE.parent.parent / "bridge" / "master"),
            "MASTER_MOMENTS": str(folder / "moments"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.process, self.workers, self.cookie = None, {}, None
        self.tool("buildbot", "create-master", "master")
        (folder / "master" / "master.cfg").write_text((HERE / "master.cfg").read_text())

    def tool(self, name, *arguments):
        subprocess.run([BIN / name, *arguments], cwd=self.folder, env=self.environment, check=True, capture_output=True)

    def start(self):
        log = open(self.folder / "master.out", "ab")
        command = [BIN / "buildbot", "start", "--nodaemon", "master"]
        self.process = subprocess.Popen(
            command, cwd=self.folder, env=self.environment, stdout=log, stderr=log, start_new_session=True)
        wait_for("an answer of the master", self.is_up)

    def is_up(self):
        assert self.process.poll() is None, (self.folder / "master" / "twistd.log").read_text()[-3000:]
        try:
            return bool(self.get("builders"))
        except (urllib.error.URLError, ConnectionError, http.client.HTTPException):
            return False

    def kill(self):
        end(self.process, signal.SIGKILL)

    def start_worker(self, name):
        if not (self.folder / name).exists():
            self.tool("buildbot-worker", "create-worker", "--maxdelay", "1", name, f"127.0.0.1:{self.worker_port}", name, "pass")
        log = open(self.folder / f"{name}.out", "ab")
        command = [BIN / "buildbot-worker", "start", "--nodaemon", name]
        environment = {**self.environment, "PASSWORD_OF_THE_WORKER": "secret"}
        self.workers[name] = subprocess.Popen(
            command, cwd=self.folder, env=environment, stdout=log, stderr=log, start_new_session=True)
        wait_for(f"the worker {name}", lambda: self.is_connected(name))

    def is_connected(self, name):
        try:
            workers = self.get("workers")["workers"]
        except http.client.IncompleteRead:
            # Seen once on a busy machine: a master that has just started broke an answer off.
            return False
        return any(one["name"] == name and one["connected_to"] for one in workers)

    def moment(self, what):
        """When the master wrote this down."""
        lines = (self.folder / "moments").read_text().splitlines()
        return next(float(time) for time, words in (line.split(" ", 1) for line in lines) if words == what)

    def kill_worker(self, name):
        end(self.workers[name], signal.SIGKILL)

    def stop(self):
        for one in [*self.workers.values(), self.process]:
            end(one, signal.SIGKILL)

    # ---- the API, as a person would use it

    def get(self, path):
        with urllib.request.urlopen(f"{self.url}api/v2/{path}", timeout=30) as answer:
            return json.load(answer)

    def call(self, path, method, **params):
        """A control call. The session outlives restarts of the master."""
        self.cookie = self.cookie or self.login()
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        headers = {"Content-Type": "application/json", "Cookie": self.cookie}
        request = urllib.request.Request(f"{self.url}api/v2/{path}", body, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["result"]

    def login(self):
        import base64
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        connection.request("GET", "/auth/login", headers={"Authorization": f"Basic {basic}"})
        cookies = connection.getresponse().headers.get_all("Set-Cookie")
        return cookies[-1].split(";")[0]

    def requests_of(self, task_id):
        """All build requests that were ever made for a task, the oldest first."""
        sets = self.get(f"buildsets?reason__contains={task_id}&field=bsid&field=reason")["buildsets"]
        found = [self.get(f"buildrequests?buildsetid={one['bsid']}")["buildrequests"] for one in sets]
        return sorted((request for some in found for request in some), key=lambda request: request["buildrequestid"])

    def builds_of(self, task_id):
        requests = self.requests_of(task_id)
        found = [self.get(f"buildrequests/{one['buildrequestid']}/builds")["builds"] for one in requests]
        return [build for some in found for build in some]


def end(process, how):
    """The whole group, for a worker's commands are its children."""
    if process is None:
        return
    try:
        os.killpg(process.pid, how)
    except ProcessLookupError:
        pass
    process.wait()
