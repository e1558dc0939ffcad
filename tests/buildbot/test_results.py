"""How builds end, and what they leave behind."""
import json

import pytest
from master import wait_for

ENDS = {
    "SUCCESS": ("completed", [("completed", "completed")]),
    "WARNINGS": ("failed", [("failed", "failed")]),
    "FAILURE": ("failed", [("failed", "failed")]),
    "SKIPPED": ("completed", [("completed", "completed")]),
    "EXCEPTION": ("exception", [("exception", "internal-error")]),
    "RETRY": ("completed", [("exception", "worker-shutdown"), ("completed", "completed")]),
    "CANCELLED": ("exception", [("exception", "canceled")]),
}


@pytest.fixture(scope="module")
def tasks(drover):
    """One task for each result, all at once."""
    return {want: drover.build("result", properties={"want": want}) for want in ENDS}


@pytest.mark.parametrize("want", ENDS)
def test_every_result_of_a_build_is_an_end_of_its_task(drover, master, tasks, want):
    state, runs = ENDS[want]
    assert drover.ended(tasks[want]) == state
    assert drover.runs(tasks[want]) == runs
    # RETRY is the same request for both runs.
    assert len(master.requests_of(tasks[want])) == 1
    last = drover.status(tasks[want])["runs"][-1]
    assert (last["workerGroup"], last["workerId"]) == ("main", "steady")


def test_warnings_may_count_as_completed(drover):
    task_id = drover.build("result", properties={"want": "WARNINGS"}, warnings="completed")
    assert drover.ended(task_id) == "completed"


def test_logs_and_properties_are_published_without_secrets(drover):
    task_id = drover.build("shell", sourcestamp={"branch": "main"}, properties={"product": {"a": [1, None]}})
    assert drover.ended(task_id) == "completed"
    names = drover.artifacts(task_id)
    assert {"public/build.json", "public/properties.json", "public/logs/live.log", "public/logs/live_backing.log",
            "public/logs/say_hello-stdio.log"} <= names
    for name in ["public/logs/live.log", "public/logs/live_backing.log", "public/logs/say_hello-stdio.log"]:
        log = drover.artifact(task_id, name)
        assert "hello\n" in log and "worse\n" in log, log
        assert "PASSWORD_OF_THE_WORKER" not in log and "PATH=" not in log
    assert "Started say hello (results: 0" in drover.artifact(task_id, "public/logs/live.log")

    properties = json.loads(drover.artifact(task_id, "public/properties.json"))
    assert properties["branch"] == "main" and properties["drover_task"] == f"{task_id}/0"
    assert "path_of_worker" not in properties
    build = json.loads(drover.artifact(task_id, "public/build.json"))
    assert [step["name"] for step in build["steps"]][1:] == ["say hello", "mark"]


def test_any_json_becomes_properties(drover, master):
    task_id = drover.build("result", properties={"want": "SUCCESS", "deep": {"list": [1, "ä", None]}}, priority=7)
    drover.ended(task_id)
    (request,) = master.requests_of(task_id)
    properties = master.get(f"buildsets/{request['buildsetid']}/properties")["properties"][0]
    assert properties["deep"][0] == {"list": [1, "ä", None]}
    assert request["priority"] == 7


def test_a_log_can_be_read_while_the_build_runs(drover):
    task_id = drover.build("slow")
    drover.running(task_id)
    log = wait_for("a live log", lambda: "line 1\n" in (drover.artifact(task_id, "public/logs/live.log") or ""))
    assert log and drover.state(task_id) == "running", "it ended too early for this test"
    assert drover.ended(task_id) == "completed"
    log = drover.artifact(task_id, "public/logs/live.log")
    assert "line 8\n" in log and log.endswith("=========\n") and "done\n" in log


@pytest.mark.parametrize("builder, scopes, payload, words", [
    ("nowhere", None, {}, "nowhere"),
    ("not-for-tasks", None, {}, "not-for-tasks"),
    ("result", [], {}, "buildbot:build:main/result"),
    ("result", None, {"properties": [1]}, "properties"),
    ("result", None, {"properties": {"drover_task": "mine"}}, "drover_task"),
    ("result", None, {"command": "make"}, "command"),
])
def test_what_cannot_be_built_is_explained_in_the_log(drover, master, builder, scopes, payload, words):
    task_id = drover.build(builder, scopes=scopes, **payload)
    assert drover.ended(task_id) == "exception"
    assert drover.runs(task_id) == [("exception", "malformed-payload")]
    assert words in drover.artifact(task_id, "public/logs/live.log")
    assert master.requests_of(task_id) == []


def test_a_stock_scheduler_will_do(drover, master):
    tasks = [drover.build("result", master="stock", properties={"want": want}) for want in ("SUCCESS", "FAILURE")]
    assert [drover.ended(task_id) for task_id in tasks] == ["completed", "failed"]
    assert [len(master.requests_of(task_id)) for task_id in tasks] == [1, 1]
    undeclared = drover.build("result", master="stock", properties={"other": "x"})
    assert drover.ended(undeclared) == "exception"
    assert drover.runs(undeclared) == [("exception", "malformed-payload")]
    assert "`other`" in drover.artifact(undeclared, "public/logs/live.log")


def test_a_collapsed_request_ends_its_task(drover):
    first, second = drover.build("collapsing"), drover.build("collapsing")
    collapsed, other = wait_for("a collapsed request", lambda: [
        pair for pair in ((first, second), (second, first)) if drover.state(pair[0]) == "exception"
    ])[0]
    assert drover.runs(collapsed)[0] == ("exception", "resource-unavailable")
    assert "collapse" in drover.artifact(collapsed, "public/logs/live.log")
    drover.queue.cancelTask(other)
