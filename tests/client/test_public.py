"""Without credentials: what public deployments let everybody read, with the clients from PyPI and with taskgraph."""
import os
import subprocess
import uuid

import pytest
import requests
import taskcluster
from conftest import definition, tool

pytestmark = pytest.mark.skipif(not os.environ.get("DROVER_TEST_PUBLIC"), reason="this Drover is closed to those without credentials")
ROOT = os.environ["TASKCLUSTER_ROOT_URL"]
UNSIGNED = {"rootUrl": ROOT, "maxRetries": 0}
SIGNED = {**taskcluster.optionsFromEnvironment(), "maxRetries": 0}


@pytest.fixture(scope="module")
def task():
    """(task id, index path) of a completed task with a public and a private artifact."""
    queue, task_id, name = taskcluster.Queue(SIGNED), taskcluster.slugId(), f"t{uuid.uuid4().hex[:12]}"
    queue.createTask(task_id, definition(f"client-tests/{name}", taskGroupId=task_id, routes=[f"index.{name}.latest"]))
    queue.claimWork(f"client-tests/{name}", {"workerGroup": "g", "workerId": "w", "tasks": 1})
    for path in ("public/label.txt", "private/label.txt"):
        queue.createArtifact(task_id, "0", path, {
            "storageType": "reference", "contentType": "text/plain", "url": f"{ROOT}/robots.txt",
            "expires": taskcluster.fromNowJSON("30 minutes")})
    queue.reportCompleted(task_id, "0")
    taskcluster.Index(SIGNED).insertTask(f"{name}.latest", {
        "taskId": task_id, "rank": 1, "data": {}, "expires": taskcluster.fromNowJSON("1 hour")})
    return task_id, f"{name}.latest"


def test_the_clients_read_without_credentials(task):
    (task_id, path), queue, index = task, taskcluster.Queue(UNSIGNED), taskcluster.Index(UNSIGNED)
    assert index.findTask(path)["taskId"] == task_id
    assert index.listTasks(path.split(".")[0])["tasks"][0]["taskId"] == task_id
    assert queue.status(task_id)["status"]["state"] == "completed"
    assert queue.task(task_id)["taskGroupId"] == task_id
    assert len(queue.listTaskGroup(task_id)["tasks"]) == 1
    assert "public/label.txt" in [it["name"] for it in queue.listLatestArtifacts(task_id)["artifacts"]]
    assert requests.get(queue.buildUrl("getLatestArtifact", task_id, "public/label.txt"), timeout=10).status_code == 200
    assert queue.listTaskQueues()["taskQueues"]


def test_nothing_private_and_no_change(task):
    task_id, queue = task[0], taskcluster.Queue(UNSIGNED)
    calls = [
        lambda: queue.getLatestArtifact(task_id, "private/label.txt"),
        lambda: queue.rerunTask(task_id),
        lambda: queue.createTask(taskcluster.slugId(), definition("client-tests/none")),
        lambda: taskcluster.Secrets(UNSIGNED).list(),
        lambda: taskcluster.Auth(UNSIGNED).listClients(),
    ]
    for call in calls:
        with pytest.raises(taskcluster.exceptions.TaskclusterRestFailure) as refused:
            call()
        assert refused.value.status_code == 403


TASKGRAPH = """
import sys
from taskgraph.util import taskcluster as tc
task_id, path = sys.argv[1:]
assert tc.find_task_id(path) == task_id
assert tc.get_task_definition(task_id)["taskGroupId"] == task_id
assert tc.status_task(task_id)["state"] == "completed"
assert "public/label.txt" in [it["name"] for it in tc.list_artifacts(task_id)]
tc.get_artifact(task_id, "public/label.txt")
"""


def test_taskgraph_reads_without_credentials(task):
    bare = {name: value for name, value in os.environ.items() if not name.startswith("TASKCLUSTER_")}
    python = os.path.join(os.path.dirname(tool("taskgraph")), "python")
    done = subprocess.run(
        [python, "-c", TASKGRAPH, *task], env={**bare, "TASKCLUSTER_ROOT_URL": ROOT}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
