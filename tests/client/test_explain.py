"""Why a task is not running, over HTTP and as `drover explain task` shows it to people and programs."""
import json
import os
import subprocess
import time

import pytest
import taskcluster
from conftest import definition
from test_references import Client

DROVER = os.environ.get("DROVER_TEST_BIN", f"{os.environ.get('CARGO_TARGET_DIR', 'target')}/debug/drover")


class Environment:
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
        """What the endpoint says, and the text of the command; its JSON is that of the endpoint."""
        explanation, again = self.explain_twice(task_id)
        assert again.keys() == explanation.keys() and (again["cause"], again["advice"]) == (explanation["cause"], explanation["advice"])
        text = command(task_id)
        assert text.startswith(f"{task_id} `{explanation['name']}` is {explanation['status']['state']}.\n"), text
        return explanation, text

    def explain_twice(self, task_id):
        """By the endpoint and by the command, with nothing new between: a deadline may pass while one asks."""
        explanation = self.client("drover.explainTask", task_id)
        while True:
            again, before = json.loads(command(task_id, "-o", "json")), explanation
            explanation = self.client("drover.explainTask", task_id)
            if (explanation["cause"], explanation["advice"]) == (before["cause"], before["advice"]):
                return explanation, again


@pytest.fixture
def env(queue_id):
    return Environment(queue_id)


def command(task_id, *flags, code=0, **env):
    done = subprocess.run([DROVER, *flags, "explain", "task", task_id], capture_output=True, text=True, timeout=60, env={**os.environ, **env})
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stderr


def test_a_task_that_nobody_created_is_not_there(env):
    task_id = taskcluster.slugId()
    answer = env.client.send("drover.explainTask", [task_id])
    assert (answer.status_code, answer.json()["code"]) == (404, "ResourceNotFound")
    words = command(task_id, code=4)
    assert "404 ResourceNotFound" in words and task_id in words
    assert env.client.send("drover.explainTask", ["no-task"]).status_code == 400
    assert "`no.task` is neither a task id" in command("no.task", code=2)
    assert "no task has an id that begins with `no-task`" in command("no-task", code=4)


def test_who_may_not_read_a_task_gets_nothing_of_it(env):
    task_id = env.task(name="hidden")
    words = command(task_id, code=4, TASKCLUSTER_CLIENT_ID="nobody", TASKCLUSTER_ACCESS_TOKEN="x" * 22)
    assert "401 AuthenticationFailed" in words and "hidden" not in words


def test_an_unscheduled_task_names_what_it_waits_for(env):
    first = env.task(name="first")
    middle = env.task(name="middle", dependencies=[first])
    last = env.task(name="last", dependencies=[middle])
    explanation, text = env.explain(middle)
    assert (explanation["cause"], explanation["dependencies"]["satisfied"], explanation["dependencies"]["total"]) == ("waits-for-dependencies", 0, 1)
    assert f"Its only dependency is not satisfied yet; first of all {first} `first` (pending)." in text
    explanation, text = env.explain(last)
    assert [task["taskId"] for task in explanation["dependencies"]["blocking"]] == [middle]
    assert [task["taskId"] for task in explanation["dependencies"]["roots"]] == [first]
    assert f"waits for   {middle} `middle` unscheduled" in text and f"in the end  {first} `first` pending" in text


def test_failures_come_first_wherever_they_stand(env):
    failed = env.task(name="failed one")
    env.end("reportFailed")
    ready = [env.task(name=f"ready {n}") for n in range(3)]
    blocked = env.task(name="blocked", dependencies=[*ready, failed])
    explanation, text = env.explain(blocked)
    assert explanation["cause"] == "blocked-by-failure"
    assert [(task["taskId"], task["satisfiable"]) for task in explanation["dependencies"]["blocking"]][0] == (failed, False)
    assert f"4 of its 4 dependencies are not satisfied, and {failed} `failed one` (failed) cannot satisfy any more" in text
    assert f"-> Rerun {failed}, or schedule this task regardless" in text and "failed, which cannot satisfy" in text
    behind = env.task(name="behind", dependencies=[blocked])
    explanation, text = env.explain(behind)
    assert explanation["cause"] == "blocked-by-failure" and f"{failed} `failed one` (failed) further back cannot satisfy any more" in text
    env.client("queue.rerunTask", failed)
    assert env.explain(behind)[0]["cause"] == "waits-for-dependencies"


def test_every_failure_that_must_be_rerun_is_named(env):
    failed = [env.task(name=f"failed {n}") for n in range(2)]
    for _ in failed:
        env.end("reportFailed")
    explanation, text = env.explain(env.task(name="blocked", dependencies=failed))
    first, other = [task["taskId"] for task in explanation["dependencies"]["blocking"]]
    assert "(failed) and one other cannot satisfy any more" in text
    assert f"-> Rerun {first}, {other}, each of them, or schedule this task regardless" in text
    env.client("queue.rerunTask", first)
    assert f"-> Rerun {other}, or schedule" in env.explain(explanation["taskId"])[1]


def test_a_pending_task_names_its_place_and_who_could_take_it(env):
    first = env.task()
    explanation, text = env.explain(first)
    assert (explanation["cause"], explanation["workers"]["known"]) == ("no-worker-ever-seen", 0)
    assert f"no worker was ever seen on the queue {env.queue_id}; it is the next to be claimed." in text
    assert f"queue:claim-work:{env.queue_id}" in text and explanation["scopes"]["toClaim"] == f"queue:claim-work:{env.queue_id}"
    second, urgent = env.task(), env.task(priority="highest")
    assert env.claim() == (urgent, 0)
    urgent = env.task(priority="highest")
    explanation, text = env.explain(second)
    assert (explanation["cause"], explanation["workers"]["ready"]) == ("waits-in-queue", 1)
    assert {key: explanation["position"][key] for key in ("ahead", "aheadOfHigherPriority", "pending", "orMore")} == {
        "ahead": 2, "aheadOfHigherPriority": 1, "pending": 3, "orMore": False}
    assert "where one worker serves it; 2 tasks are to be claimed before it." in text and "2 ahead (1 of higher priority), 3 pending" in text


def test_workers_in_quarantine_are_shown_with_their_reason(env):
    env.task()
    env.end()
    task_id = env.task()
    env.quarantine("w", "1 hour")
    explanation, text = env.explain(task_id)
    assert (explanation["cause"], explanation["workers"]["quarantined"], explanation["workers"]["ready"]) == ("all-workers-quarantined", 1, 0)
    (worker,) = explanation["workers"]["latest"]
    assert (worker["workerId"], worker["quarantineInfo"]) == ("w", "disk is full")
    assert f"the only worker of the queue {env.queue_id} is in quarantine until {worker['quarantineUntil']}" in text
    assert f"in quarantine until {worker['quarantineUntil']}: disk is full" in text and "-> End a quarantine" in text
    # Another worker that is not, would do.
    assert env.claim("other") == (task_id, 0)
    task_id = env.task()
    explanation, text = env.explain(task_id)
    assert (explanation["cause"], explanation["workers"]["known"], explanation["workers"]["ready"]) == ("waits-in-queue", 2, 1)
    env.quarantine("w", "-1 minute")
    assert env.explain(task_id)[0]["workers"]["quarantined"] == 0


def test_a_running_task_names_its_worker_and_its_claim(env):
    task_id = env.task()
    env.claim()
    explanation, text = env.explain(task_id)
    assert (explanation["cause"], explanation["claim"]["workerId"], explanation["advice"]) == ("running", "w", [])
    assert 0 < explanation["claim"]["secondsLeft"] <= 20 * 60
    assert "It is running at worker g/w (run 0) for " in text and f"run 0 by g/w until {explanation['claim']['takenUntil']}" in text
    assert "position" not in explanation


def test_retries_and_their_reasons_are_shown(env):
    task_id = env.task(retries=1)
    env.end("reportException", {"reason": "worker-shutdown"})
    explanation, text = env.explain(task_id)
    assert explanation["retries"] == {"runs": 2, "allowed": 1, "left": 0} and explanation["cause"] == "waits-in-queue"
    assert "2 so far, 0 of 1 retries left" in text and "resolved    run 0 exception (worker-shutdown) at g/w" in text
    env.end("reportException", {"reason": "worker-shutdown"})
    explanation, text = env.explain(task_id)
    assert explanation["cause"] == "exception" and "its worker was shut down, and no retry was left (worker-shutdown) at worker g/w (run 1)" in text
    assert "`drover task rerun`" in text


def test_every_resolution_is_described(env):
    ends = {"reportCompleted": ("completed", "It has run and completed at worker g/w (run 0)"), "reportFailed": ("failed", "It has run and failed at")}
    for report, (cause, words) in ends.items():
        task_id = env.task()
        env.end(report)
        explanation, text = env.explain(task_id)
        assert explanation["cause"] == cause and words in text and bool(explanation["advice"]) == (cause == "failed")
    task_id = env.task()
    env.client("queue.cancelTask", task_id)
    explanation, text = env.explain(task_id)
    assert explanation["cause"] == "exception" and "It ended without a result: it was canceled (canceled)" in text


def test_a_deadline_that_is_near_or_over_is_shown(env):
    near, over = env.task(deadline=taskcluster.fromNowJSON("10 minutes")), env.task(deadline=taskcluster.fromNowJSON("2 seconds"))
    explanation, text = env.explain(near)
    assert 500 < explanation["deadline"]["secondsLeft"] <= 600
    assert "-> Its deadline is in 9 min: what has not ended by then ends as deadline-exceeded." in text and "(9 min ahead)" in text
    assert not any("deadline" in words for words in env.explain(env.task())[0]["advice"])
    until = time.monotonic() + 30
    while (explanation := env.explain(over)[0])["cause"] not in ("deadline-passed", "exception") and time.monotonic() < until:
        time.sleep(0.2)
    assert explanation["cause"] == "deadline-passed" and explanation["deadline"]["secondsLeft"] <= 0
    assert "it is about to end as deadline-exceeded" in explanation["verdict"] and "a later deadline" in explanation["advice"][0]


def test_what_a_task_may_do_and_lacks_is_shown(env):
    task_id = env.task(scopes=["conf:x"], payload={"mounts": [{"cacheName": "tools", "directory": "t"}]})
    explanation, text = env.explain(task_id)
    assert explanation["scopes"]["held"] == ["conf:x"] and explanation["scopes"]["missing"] == ["generic-worker:cache:tools"]
    assert "needs the scope `generic-worker:cache:tools`, which its `scopes` do not hold" in text and "scopes        conf:x" in text
