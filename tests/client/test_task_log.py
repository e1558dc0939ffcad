"""`drover task log` of a task that has no log yet: it says what it waits for, and prints the log as soon as there is one."""
import os
import subprocess

import requests
import taskcluster
from conftest import definition
from test_references import Client

DROVER = os.environ.get("DROVER_TEST_BIN", f"{os.environ.get('CARGO_TARGET_DIR', 'target')}/debug/drover")
CALL = Client()
WORKER = {"workerGroup": "client-tests", "workerId": "w1", "tasks": 1}
LOG = "public/logs/live.log"


def log_of(task_id, *more):
    return subprocess.Popen([DROVER, "task", "log", task_id, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process):
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def create(queue_id, **more):
    task_id = taskcluster.slugId()
    CALL("queue.createTask", task_id, payload=definition(queue_id, **more))
    return task_id


def claim(queue_id):
    (claimed,) = CALL("queue.claimWork", queue_id, payload=WORKER)["tasks"]
    return claimed["status"]["taskId"], claimed["runId"]


def test_a_log_is_waited_for_from_before_the_task_runs(queue_id):
    first = create(queue_id)
    second = create(queue_id, dependencies=[first])
    with log_of(second) as waiting:
        assert "waits for its dependencies" in waiting.stderr.readline()
        CALL("queue.reportCompleted", *claim(queue_id))
        assert f"waits for a worker of {queue_id}" in waiting.stderr.readline()
        run = claim(queue_id)
        assert f"runs on w1; waiting for its artifact {LOG}" in waiting.stderr.readline()
        made = CALL("queue.createArtifact", *run, LOG, payload={
            "storageType": "s3", "contentType": "text/plain", "expires": taskcluster.fromNowJSON("30 minutes")})
        requests.put(made["putUrl"], data=b"it ran\n", headers={"Content-Type": "text/plain"}, timeout=30).raise_for_status()
        assert ended(waiting) == (0, "it ran\n", "")
    assert ended(log_of(second, "--follow")) == (0, "it ran\n", "")


def test_with_no_wait_the_command_ends_at_once(queue_id):
    code, out, err = ended(log_of(create(queue_id), "--no-wait"))
    assert (code, out) == (4, "") and "ResourceNotFound" in err, err
    code, _, err = ended(log_of(create(queue_id), "--no-wait", "--follow"))
    assert code == 2 and "cannot be used with" in err


def test_a_task_that_is_over_without_a_log_is_not_waited_for(queue_id):
    task_id = create(queue_id)
    with log_of(task_id) as waiting:
        assert "waits for a worker" in waiting.stderr.readline()
        CALL("queue.cancelTask", task_id)
        code, out, err = ended(waiting)
    assert (code, out) == (4, "") and f"task {task_id} is over, exception (canceled), and its last run left no artifact {LOG}" in err, err
    code, _, err = ended(log_of(taskcluster.slugId()))
    assert code == 4 and "there is no task" in err, err
