"""A task with the payload that `taskcluster-taskgraph` from PyPI makes for docker-worker, and its `run-task` inside, in a container of
a real `drover worker`. The image is made here, of a static busybox and the machine's Python.
"""
import glob
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import time
import uuid

import pytest
import taskcluster
from conftest import definition, tool

DROVER = os.environ.get("DROVER_TEST_BIN", f"{os.environ.get('CARGO_TARGET_DIR', 'target')}/debug/drover")
BUSYBOX = "/bin/busybox"
PAYLOAD = os.path.join(os.path.dirname(__file__), "taskgraph_payload.py")
OPTIONS = {**taskcluster.optionsFromEnvironment(), "maxRetries": 0}
WORKER = {"workerGroup": "client-tests", "workerId": "images"}
PYTHON = ("python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib")

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("podman") or not os.path.exists(BUSYBOX) or not os.path.exists("/usr/bin/python3.11"),
    reason="containers need root, podman and a static busybox; the image is made of Debian's Python 3.11")


@pytest.fixture(scope="module")
def queue():
    return taskcluster.Queue(OPTIONS)


@pytest.fixture(scope="module")
def queue_id(tmp_path_factory):
    """With a worker that runs containers."""
    folder, name = tmp_path_factory.mktemp("worker"), f"client-tests/c-{uuid.uuid4().hex[:12]}"
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen([
            DROVER, "worker", "--task-queue-id", name, "--worker-id", "containers", "--isolation", "container",
            "--work-dir", folder / "work", "--allow-powerful-credentials",
        ], stderr=log)
    yield name
    process.terminate()
    code = process.wait(timeout=30)
    print((folder / "log").read_text())
    assert code == 0


def files():
    """What the image has, by its path: bytes, or the target of a link."""
    found = {"bin/busybox": open(BUSYBOX, "rb").read()}
    found |= {f"bin/{name}": "busybox" for name in ("sh", "cat", "id", "ls", "mkdir", "echo", "touch")}
    listed = subprocess.run(["dpkg", "-L", *PYTHON], check=True, capture_output=True, text=True).stdout.split("\n")
    paths = [path for path in listed if os.path.isfile(path) and not path.startswith("/usr/share")] + ["/usr/bin/env"]
    linked = subprocess.run(["ldd", *paths], capture_output=True, text=True).stdout.split()
    paths += {word for word in linked if word.startswith("/") and os.path.isfile(word)}
    found |= {path.lstrip("/"): open(path, "rb").read() for path in paths}
    tools = os.path.dirname(tool("python"))
    run_task, = glob.glob(f"{tools}/../lib/python*/site-packages/taskgraph/run-task/run-task")
    return found | {
        "usr/bin/python3": "python3.11",
        "usr/local/bin/run-task": open(run_task, "rb").read(),
        "etc/passwd": b"root:x:0:0::/root:/bin/sh\nworker:x:1000:1000::/builds/worker:/bin/sh\n",
        "etc/group": b"root:x:0:\nworker:x:1000:\n",
    }


def packed(entries):
    """A tar of these files and links, and of the directories that a task needs."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, mode, owner in (("tmp", 0o1777, 0), ("builds", 0o755, 0), ("builds/worker", 0o755, 1000)):
            entry = tarfile.TarInfo(path)
            entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, mode, owner, owner
            archive.addfile(entry)
        for path, what in entries.items():
            entry = tarfile.TarInfo(path)
            entry.mode = 0o755
            if isinstance(what, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, what
                archive.addfile(entry)
            else:
                entry.size = len(what)
                archive.addfile(entry, io.BytesIO(what))
    return content.getvalue()


def image():
    """As `docker save` writes it, packed as taskgraph does it."""
    layer = packed(files())
    digest = hashlib.sha256(layer).hexdigest()
    config = json.dumps({
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine], "os": "linux",
        "config": {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"], "WorkingDir": "/builds/worker"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]}, "history": [],
    }).encode()
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = json.dumps([{"Config": name, "RepoTags": ["sample:latest"], "Layers": [f"{digest}/layer.tar"]}]).encode()
    archive = packed({name: config, f"{digest}/layer.tar": layer, "manifest.json": manifest})
    return subprocess.run(["zstd", "-c"], input=archive, check=True, capture_output=True).stdout


@pytest.fixture(scope="module")
def image_task(queue, tmp_path_factory):
    """A task of which the index knows that it made the image; the namespace, and its id."""
    file, task_id = tmp_path_factory.mktemp("image") / "image.tar.zst", taskcluster.slugId()
    file.write_bytes(image())
    namespace = f"sample.images.i-{uuid.uuid4().hex[:12]}"
    name = f"client-tests/i-{uuid.uuid4().hex[:12]}"
    queue.createTask(task_id, definition(name, routes=[f"index.{namespace}"]))
    queue.claimTask(task_id, "0", WORKER)
    subprocess.run([DROVER, "artifact", "upload", task_id, "public/image.tar.zst", file], check=True)
    queue.reportCompleted(task_id, "0")
    index, until = taskcluster.Index(OPTIONS), time.monotonic() + 60
    while True:
        try:
            assert index.findTask(namespace)["taskId"] == task_id
            return namespace, task_id
        except taskcluster.exceptions.TaskclusterRestFailure:
            assert time.monotonic() < until
            time.sleep(0.1)


def made(worker):
    """Scopes and payload, by taskgraph."""
    given = json.dumps({"worker": worker, "expires": taskcluster.fromNowJSON("1 day")})
    return json.loads(subprocess.run([tool("python"), PAYLOAD], input=given, check=True, capture_output=True, text=True).stdout)


def run(queue, queue_id, task):
    """Its log and its state."""
    task_id = taskcluster.slugId()
    queue.createTask(task_id, definition(queue_id, expires=task["expires"], payload=task["payload"], scopes=task["scopes"]))
    until = time.monotonic() + 120
    while (status := queue.status(task_id)["status"])["state"] in ("pending", "running") and time.monotonic() < until:
        time.sleep(0.1)
    return task_id, status["state"], content(queue, task_id, "public/logs/live_backing.log")


def content(queue, task_id, name):
    file = f"/tmp/{uuid.uuid4().hex}"
    try:
        subprocess.run([DROVER, "artifact", "download", task_id, name, file], check=True, capture_output=True)
        return open(file).read()
    finally:
        if os.path.exists(file):
            os.remove(file)


def test_a_task_of_taskgraph_runs_in_the_image_of_an_indexed_task(queue, queue_id, image_task):
    namespace, image_id = image_task
    worker = {
        "docker-image": {"indexed": namespace}, "env": {"SAID": "hello"}, "volumes": [], "taskcluster-proxy": True,
        "caches": [{"type": "persistent", "name": "checkouts", "mount-point": "/builds/worker/checkouts"}],
        "artifacts": [{"type": "directory", "path": "/builds/worker/artifacts", "name": "public/build"}],
        "command": ["/usr/local/bin/run-task", "--", "/bin/sh", "-c",
                    "id; echo $SAID; touch checkouts/mark; ls checkouts; mkdir artifacts; echo made > artifacts/file"],
        "max-run-time": 600, "chain-of-trust": False,
    }
    task = made(worker)
    task["scopes"] += ["queue:get-artifact:public/*", f"index:find-task:{namespace}"]
    for state_of_cache in ("new", "used before"):
        task_id, state, log = run(queue, queue_id, task)
        assert state == "completed", log
        assert f"the index has task {image_id} as {namespace}" in log
        assert "uid=1000(worker) gid=1000(worker)" in log and "hello" in log and "mark" in log, log
        assert "checkouts-v3" in log and f"({state_of_cache})" in log, log
        assert content(queue, task_id, "public/build/file") == "made\n"


def test_what_taskgraph_can_ask_for_and_nobody_gets_is_refused_by_name(queue, queue_id, image_task):
    worker = {
        "docker-image": {"indexed": image_task[0]}, "env": {}, "volumes": [], "command": ["true"], "max-run-time": 60,
    }
    for more, field in (
        ({"allow-ptrace": True}, "payload.features.allowPtrace"), ({"loopback-video": True}, "payload.capabilities.devices.loopbackVideo"),
    ):
        task_id, state, log = run(queue, queue_id, made({**worker, **more}))
        assert state == "exception" and f"{field}:" in log, log
        assert queue.status(task_id)["status"]["runs"][0]["reasonResolved"] == "malformed-payload"
