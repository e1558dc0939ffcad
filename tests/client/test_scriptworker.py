"""`scriptworker` from PyPI, as a process of its own: it claims, runs its script, uploads what the script made, and resolves."""
import json
import os
import subprocess
import time
import uuid

import pytest
import requests
import taskcluster
from conftest import definition, tool

SCRIPT = """
import json, os, pathlib, sys
task = json.loads(pathlib.Path(os.environ["WORK"], "task.json").read_text())
print("hello from", task["metadata"]["name"], flush=True)
made = pathlib.Path(os.environ["ARTIFACTS"], "public")
made.mkdir(parents=True, exist_ok=True)
made.joinpath("answer.json").write_text(json.dumps({"got": task["payload"]["say"]}))
made.joinpath("data.bin").write_bytes(bytes(range(256)) * 100)
sys.exit(task["payload"]["exit"])
"""


@pytest.fixture(scope="module")
def queue():
    return taskcluster.Queue({**taskcluster.optionsFromEnvironment(), "maxRetries": 0})


@pytest.fixture(scope="module")
def queue_id(tmp_path_factory):
    """A task queue on which one scriptworker works."""
    folder, worker_type = tmp_path_factory.mktemp("scriptworker"), f"s-{uuid.uuid4().hex[:12]}"
    artifacts = folder / "artifacts"
    script, config = folder / "script.py", folder / "scriptworker.yaml"
    script.write_text(SCRIPT)
    config.write_text(json.dumps({
        "taskcluster_root_url": os.environ["TASKCLUSTER_ROOT_URL"],
        "provisioner_id": "client-tests", "worker_type": worker_type, "worker_group": "client-tests", "worker_id": "script",
        "poll_interval": 1, "reclaim_interval": 2, "task_max_timeout": 60,
        "sign_chain_of_trust": False, "verify_chain_of_trust": False, "ed25519_private_key_path": "none",
        "work_dir": str(folder / "work"), "log_dir": str(folder / "log"), "artifact_dir": str(artifacts),
        "task_log_dir": str(artifacts / "public/logs"), "task_script": [tool("python"), str(script)], "verbose": True,
    }))
    environment = {**os.environ, "ARTIFACTS": str(artifacts), "WORK": str(folder / "work")}
    with open(folder / "output", "wb") as output:
        worker = subprocess.Popen([tool("scriptworker"), str(config)], cwd=folder, env=environment, stdout=output, stderr=output)
    yield f"client-tests/{worker_type}"
    worker.terminate()
    code = worker.wait(timeout=30)
    said = (folder / "output").read_text()
    print(said)
    assert code == 0 and "Traceback" not in said


def finished(queue, queue_id, **payload):
    """A task with this payload, once the worker is done with it."""
    task_id = taskcluster.slugId()
    queue.createTask(task_id, definition(queue_id, payload={"maxRunTime": 30, **payload}))
    until = time.monotonic() + 60
    while (status := queue.status(task_id)["status"])["state"] in ("pending", "running") and time.monotonic() < until:
        time.sleep(0.1)
    return task_id, status


def content(queue, task_id, name):
    return requests.get(queue.getLatestArtifact(task_id, name)["url"])


def test_a_task_is_run_and_what_it_made_is_kept(queue, queue_id):
    task_id, status = finished(queue, queue_id, say="Grüße", exit=0)
    assert status["state"] == "completed" and len(status["runs"]) == 1
    assert status["runs"][0]["workerId"] == "script"
    assert content(queue, task_id, "public/answer.json").json() == {"got": "Grüße"}
    assert content(queue, task_id, "public/data.bin").content == bytes(range(256)) * 100
    assert "hello from client test" in content(queue, task_id, "public/logs/live_backing.log").text


def test_a_script_that_fails_fails_its_task(queue, queue_id):
    _, status = finished(queue, queue_id, say="no", exit=1)
    assert (status["state"], status["runs"][0]["reasonResolved"]) == ("failed", "failed")


def test_a_script_may_end_its_task_as_an_exception(queue, queue_id):
    _, status = finished(queue, queue_id, say="none left", exit=4)
    assert (status["state"], status["runs"][0]["reasonResolved"]) == ("exception", "resource-unavailable")
