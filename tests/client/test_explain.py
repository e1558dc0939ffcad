"""Why a task is not running, over HTTP and as `drover explain task` tells people and programs."""
import json
import os
import subprocess
import time

import pytest
import taskcluster
from conftest import definition
from test_references import Client

DROVER = os.environ.get("DROVER_TEST_BIN", f"{os.environ.get('CARGO_TARGET_DIR', 'target')}/debug/drover")


class House:
    """A task queue of its own, and what happens to its tasks."""

    def __init__(self, queue_id):
        self.queue_id, self.client = queue_id, Client()

    def task(self, name="a task", **more):
        task_id, task = taskcluster.slugId(), definition(self.queue_id, **more)
        task["metadata"]["name"] = name
        self.client("queue.createTask", task_id, payload=task)
        return task_id

    def claim(self, worker="w"):
        (claim,) = self.client("queue.claimWork", self.queue_id, payload={"workerGroup": "g", "workerId": worker, "tasks": 1})["tasks"]
        return claim["status"]["taskId"], claim["runId"]

    def end(self, report="reportCompleted", payload=None):
        task_id, run_id = self.claim()
        self.client(f"queue.{report}", task_id, run_id, payload=payload)
        return task_id

    def quarantine(self, worker, until):
        until = {"quarantineUntil": taskcluster.fromNowJSON(until), "quarantineInfo": "disk is full"}
        self.client("queue.quarantineWorker", *self.queue_id.split("/"), "g", worker, payload=until)

    def explain(self, task_id):
        """What the endpoint says, and how the command says it to people; to programs it says the same as the endpoint."""
        told, again = self.explain_twice(task_id)
        assert again.keys() == told.keys() and (again["cause"], again["advice"]) == (told["cause"], told["advice"])
        text = command(task_id)
        assert text.startswith(f"{task_id} `{told['name']}` is {told['status']['state']}.\n"), text
        return told, text

    def explain_twice(self, task_id):
        """By the endpoint and by the command, with nothing new between: a deadline may pass while one asks."""
        told = self.client("drover.explainTask", task_id)
        while True:
            again, before = json.loads(command(task_id, "-o", "json")), told
            told = self.client("drover.explainTask", task_id)
            if (told["cause"], told["advice"]) == (before["cause"], before["advice"]):
                return told, again


@pytest.fixture
def house(queue_id):
    return House(queue_id)


def command(task_id, *flags, code=0, **env):
    done = subprocess.run([DROVER, *flags, "explain", "task", task_id], capture_output=True, text=True, timeout=60, env={**os.environ, **env})
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stderr


def test_a_task_that_nobody_created_is_not_there(house):
    task_id = taskcluster.slugId()
    answer = house.client.send("drover.explainTask", [task_id])
    assert (answer.status_code, answer.json()["code"]) == (404, "ResourceNotFound")
    words = command(task_id, code=4)
    assert "404 ResourceNotFound" in words and task_id in words
    assert house.client.send("drover.explainTask", ["no-task"]).status_code == 400
    assert "`no-task` is no task id" in command("no-task", code=2)


def test_who_may_not_read_a_task_is_told_nothing_of_it(house):
    task_id = house.task(name="hidden")
    words = command(task_id, code=4, TASKCLUSTER_CLIENT_ID="nobody", TASKCLUSTER_ACCESS_TOKEN="x" * 22)
    assert "401 AuthenticationFailed" in words and "hidden" not in words


def test_an_unscheduled_task_names_what_it_waits_for(house):
    first = house.task(name="first")
    middle = house.task(name="middle", dependencies=[first])
    last = house.task(name="last", dependencies=[middle])
    told, text = house.explain(middle)
    assert (told["cause"], told["dependencies"]["satisfied"], told["dependencies"]["total"]) == ("waits-for-dependencies", 0, 1)
    assert f"Its only dependency is not satisfied yet; first of all {first} `first` (pending)." in text
    told, text = house.explain(last)
    assert [task["taskId"] for task in told["dependencies"]["blocking"]] == [middle]
    assert [task["taskId"] for task in told["dependencies"]["roots"]] == [first]
    assert f"waits for   {middle} `middle` unscheduled" in text and f"in the end  {first} `first` pending" in text


def test_failures_come_first_wherever_they_stand(house):
    failed = house.task(name="failed one")
    house.end("reportFailed")
    ready = [house.task(name=f"ready {n}") for n in range(3)]
    blocked = house.task(name="blocked", dependencies=[*ready, failed])
    told, text = house.explain(blocked)
    assert told["cause"] == "blocked-by-failure"
    assert [(task["taskId"], task["satisfiable"]) for task in told["dependencies"]["blocking"]][0] == (failed, False)
    assert f"4 of its 4 dependencies are not satisfied, and {failed} `failed one` (failed) cannot satisfy any more" in text
    assert f"-> Rerun {failed}, or schedule this task regardless" in text and "failed, which cannot satisfy" in text
    behind = house.task(name="behind", dependencies=[blocked])
    told, text = house.explain(behind)
    assert told["cause"] == "blocked-by-failure" and f"{failed} `failed one` (failed) further back cannot satisfy any more" in text
    house.client("queue.rerunTask", failed)
    assert house.explain(behind)[0]["cause"] == "waits-for-dependencies"


def test_every_failure_that_must_be_rerun_is_named(house):
    failed = [house.task(name=f"failed {n}") for n in range(2)]
    for _ in failed:
        house.end("reportFailed")
    told, text = house.explain(house.task(name="blocked", dependencies=failed))
    first, other = [task["taskId"] for task in told["dependencies"]["blocking"]]
    assert "(failed) and one other cannot satisfy any more" in text
    assert f"-> Rerun {first}, {other}, each of them, or schedule this task regardless" in text
    house.client("queue.rerunTask", first)
    assert f"-> Rerun {other}, or schedule" in house.explain(told["taskId"])[1]


def test_a_pending_task_names_its_place_and_who_could_take_it(house):
    first = house.task()
    told, text = house.explain(first)
    assert (told["cause"], told["workers"]["known"]) == ("no-worker-ever-seen", 0)
    assert f"no worker was ever seen on the queue {house.queue_id}; it is the next to be claimed." in text
    assert f"queue:claim-work:{house.queue_id}" in text and told["scopes"]["toClaim"] == f"queue:claim-work:{house.queue_id}"
    second, urgent = house.task(), house.task(priority="highest")
    assert house.claim() == (urgent, 0)
    urgent = house.task(priority="highest")
    told, text = house.explain(second)
    assert (told["cause"], told["workers"]["ready"]) == ("waits-in-queue", 1)
    assert {key: told["position"][key] for key in ("ahead", "aheadOfHigherPriority", "pending", "orMore")} == {
        "ahead": 2, "aheadOfHigherPriority": 1, "pending": 3, "orMore": False}
    assert "where one worker serves it; 2 tasks are to be claimed before it." in text and "2 ahead (1 of higher priority), 3 pending" in text


def test_workers_in_quarantine_are_told_with_their_reason(house):
    house.task()
    house.end()
    task_id = house.task()
    house.quarantine("w", "1 hour")
    told, text = house.explain(task_id)
    assert (told["cause"], told["workers"]["quarantined"], told["workers"]["ready"]) == ("all-workers-quarantined", 1, 0)
    (worker,) = told["workers"]["latest"]
    assert (worker["workerId"], worker["quarantineInfo"]) == ("w", "disk is full")
    assert f"the only worker of the queue {house.queue_id} is in quarantine until {worker['quarantineUntil']}" in text
    assert f"in quarantine until {worker['quarantineUntil']}: disk is full" in text and "-> End a quarantine" in text
    # Another worker that is not, would do.
    assert house.claim("other") == (task_id, 0)
    task_id = house.task()
    told, text = house.explain(task_id)
    assert (told["cause"], told["workers"]["known"], told["workers"]["ready"]) == ("waits-in-queue", 2, 1)
    house.quarantine("w", "-1 minute")
    assert house.explain(task_id)[0]["workers"]["quarantined"] == 0


def test_a_running_task_names_its_worker_and_its_claim(house):
    task_id = house.task()
    house.claim()
    told, text = house.explain(task_id)
    assert (told["cause"], told["claim"]["workerId"], told["advice"]) == ("running", "w", [])
    assert 0 < told["claim"]["secondsLeft"] <= 20 * 60
    assert "It is running at worker g/w (run 0) for " in text and f"run 0 by g/w until {told['claim']['takenUntil']}" in text
    assert "position" not in told


def test_retries_and_their_reasons_are_told(house):
    task_id = house.task(retries=1)
    house.end("reportException", {"reason": "worker-shutdown"})
    told, text = house.explain(task_id)
    assert told["retries"] == {"runs": 2, "allowed": 1, "left": 0} and told["cause"] == "waits-in-queue"
    assert "2 so far, 0 of 1 retries left" in text and "ended       run 0 exception (worker-shutdown) at g/w" in text
    house.end("reportException", {"reason": "worker-shutdown"})
    told, text = house.explain(task_id)
    assert told["cause"] == "exception" and "its worker was shut down, and no retry was left (worker-shutdown) at worker g/w (run 1)" in text
    assert "`drover task rerun`" in text


def test_every_end_has_its_words(house):
    ends = {"reportCompleted": ("completed", "It has run and completed at worker g/w (run 0)"), "reportFailed": ("failed", "It has run and failed at")}
    for report, (cause, words) in ends.items():
        task_id = house.task()
        house.end(report)
        told, text = house.explain(task_id)
        assert told["cause"] == cause and words in text and bool(told["advice"]) == (cause == "failed")
    task_id = house.task()
    house.client("queue.cancelTask", task_id)
    told, text = house.explain(task_id)
    assert told["cause"] == "exception" and "It ended without a result: it was canceled (canceled)" in text


def test_a_deadline_that_is_near_or_over_is_told(house):
    near, over = house.task(deadline=taskcluster.fromNowJSON("10 minutes")), house.task(deadline=taskcluster.fromNowJSON("2 seconds"))
    told, text = house.explain(near)
    assert 500 < told["deadline"]["secondsLeft"] <= 600
    assert "-> Its deadline is in 9 min: what has not ended by then ends as deadline-exceeded." in text and "(9 min ahead)" in text
    assert not any("deadline" in words for words in house.explain(house.task())[0]["advice"])
    until = time.monotonic() + 30
    while (told := house.explain(over)[0])["cause"] not in ("deadline-passed", "exception") and time.monotonic() < until:
        time.sleep(0.2)
    assert told["cause"] == "deadline-passed" and told["deadline"]["secondsLeft"] <= 0
    assert "it is about to end as deadline-exceeded" in told["verdict"] and "a later deadline" in told["advice"][0]


def test_what_a_task_may_do_and_lacks_is_told(house):
    task_id = house.task(scopes=["conf:x"], payload={"mounts": [{"cacheName": "tools", "directory": "t"}]})
    told, text = house.explain(task_id)
    assert told["scopes"]["held"] == ["conf:x"] and told["scopes"]["missing"] == ["generic-worker:cache:tools"]
    assert "needs the scope `generic-worker:cache:tools`, which its `scopes` do not hold" in text and "scopes        conf:x" in text
