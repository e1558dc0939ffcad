"""What `drover worker` signs, verified with the code of `scriptworker` from PyPI."""
import json
import os
import subprocess
import time
import uuid

import pytest
import taskcluster
from conftest import definition, tool

DROVER = os.environ.get("DROVER_TEST_BIN", f"{os.environ.get('CARGO_TARGET_DIR', 'target')}/debug/drover")
VERIFY = os.path.join(os.path.dirname(__file__), "verify_chain.py")

pytestmark = [
    pytest.mark.skipif("DROVER_TEST_PUBLIC" not in os.environ, reason="scriptworker reads public artifacts without credentials"),
    pytest.mark.skipif(os.geteuid() != 0, reason="tasks are certified where each has a user of its own, which takes root"),
]


@pytest.fixture(scope="module")
def queue():
    return taskcluster.Queue({**taskcluster.optionsFromEnvironment(), "maxRetries": 0})


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    """A task queue with one worker, and the public key of the latter."""
    folder, queue_id = tmp_path_factory.mktemp("worker"), f"client-tests/t-{uuid.uuid4().hex[:12]}"
    key = folder / "key"
    public = subprocess.run([DROVER, "worker", "new-ed25519-key", key], check=True, capture_output=True, text=True).stdout.strip()
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen([
            DROVER, "worker", "--task-queue-id", queue_id, "--worker-id", "trusted", "--ed25519-key-file", key,
            "--work-dir", folder / "work", "--allow-powerful-credentials",
        ], stderr=log)
    yield queue_id, public
    process.terminate()
    code = process.wait(timeout=30)
    print((folder / "log").read_text())
    assert code == 0


def certified(queue, task_id, task, script, artifacts):
    """Runs a task to its end."""
    task["tags"] = {"worker-implementation": "generic-worker"}
    task["extra"] = {"note": "kept"}
    task["payload"] = {
        "command": [["sh", "-ec", script]], "maxRunTime": 60, "features": {"chainOfTrust": True},
        "artifacts": [{"type": "file", "path": os.path.basename(name), "name": name} for name in artifacts],
    }
    queue.createTask(task_id, task)
    until = time.monotonic() + 60
    while (status := queue.status(task_id)["status"])["state"] in ("pending", "running") and time.monotonic() < until:
        time.sleep(0.1)
    assert status["state"] == "completed", status
    return task


@pytest.fixture(scope="module")
def chain(queue, worker):
    """A decision task, a build of it, and a task that is to sign what the build made."""
    queue_id, _ = worker
    group, build, signing = taskcluster.slugId(), taskcluster.slugId(), taskcluster.slugId()
    common = {"taskGroupId": group, "schedulerId": "client-tests"}
    order = definition(queue_id, **common, dependencies=[group])
    graph = json.dumps({build: {"task": {"metadata": order["metadata"], "dependencies": []}}})
    script = f"echo '{graph}' >task-graph.json; echo [] >actions.json; echo {{}} >parameters.yml"
    names = ["public/task-graph.json", "public/actions.json", "public/parameters.yml"]
    certified(queue, group, definition(queue_id, **common), script, names)
    script = "head -c 200000 /dev/urandom >target.zip; echo '{\"built\": 1}' >chain-of-trust-additional-data.json"
    certified(queue, build, order, script, ["public/build/target.zip"])
    paths = ["public/build/target.zip", "public/logs/certified.log"]
    upstream = [{"taskId": build, "taskType": "build", "paths": paths}]
    task = definition("scriptworker-k8s/signing", **common, dependencies=[build], payload={"upstreamArtifacts": upstream})
    queue.createTask(signing, {**task, "extra": {}})
    return build, signing


def verify(signing, key, folder):
    return subprocess.run([tool("python"), VERIFY, signing, key, folder], capture_output=True, text=True, timeout=60)


def test_scriptworker_takes_the_chain(worker, chain, tmp_path):
    build, signing = chain
    done = verify(signing, worker[1], tmp_path)
    assert done.returncode == 0, done.stderr
    for name in ("build/target.zip", "logs/certified.log"):
        assert f"{tmp_path}/cot/{build}/public/{name}\n" in done.stdout


def test_scriptworker_refuses_the_key_of_another_worker(chain, tmp_path):
    made = subprocess.run([DROVER, "worker", "new-ed25519-key", tmp_path / "key"], check=True, capture_output=True, text=True)
    done = verify(chain[1], made.stdout.strip(), tmp_path)
    assert done.returncode == 1 and "cot signature doesn" in done.stderr, done.stderr


def test_what_the_task_adds_is_in_the_certificate(chain, worker, tmp_path):
    assert verify(chain[1], worker[1], tmp_path).returncode == 0
    certificate = json.loads((tmp_path / "cot" / chain[0] / "public/chain-of-trust.json").read_text())
    assert certificate["built"] == 1 and certificate["task"]["extra"] == {"note": "kept"}
    assert certificate["workerId"] == "trusted" and certificate["environment"]["privateIpAddress"] == "127.0.0.1"
