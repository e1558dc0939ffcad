"""Whole graphs, many builds at once, and the command line."""
import json
import time

import pytest
from master import wait_for

GRAPH = """
defaults:
  metadata: { description: made by tests/buildbot }
tasks:
  prepare:
    payload: { maxRunTime: 60, command: [[sh, -c, "echo prepared"]] }
  legacy:
    taskQueueId: buildbot/main
    scopes: ["buildbot:build:main/shell"]
    dependencies: [prepare]
    payload: { builderName: shell }
  report:
    dependencies: [legacy]
    payload: { maxRunTime: 60, command: [[sh, -c, "echo reported"]] }
"""


def test_a_graph_may_mix_builds_and_native_tasks(drover, tmp_path):
    graph = tmp_path / "graph.yml"
    graph.write_text(GRAPH)
    code, out, err = drover.run("run", graph, "-o", "json")
    assert code == 0, (out[-2000:], err)


@pytest.mark.timeout(400)
def test_two_hundred_builds_at_once_and_the_bridge_is_killed_among_them(drover, master):
    waiting, slow = drover.build("waiting"), drover.build("slow")
    drover.running(slow)
    begin = time.monotonic()
    # Order of creation, so that what is asked about is what ends next.
    tasks = [drover.build(f"many-{number % 8}") for number in range(200)]
    created = time.monotonic() - begin
    # From here on some are only pending, some asked for, some built and some resolved.
    drover.ended(tasks[20], 100)
    drover.kill()
    drover.start()
    for task_id in [slow, *tasks]:
        assert drover.ended(task_id, 250) == "completed"
        assert drover.runs(task_id) == [("completed", "completed")]
    print(f"\n200 builds: created in {created:.1f} s, all resolved after {time.monotonic() - begin:.1f} s")
    made = orders(master)
    builds = [build["buildrequestid"] for build in master.get("builds?field=buildrequestid")["builds"]]
    assert all(len(made[f"{task_id}/0"]) == 1 for task_id in [waiting, slow, *tasks])
    assert all(builds.count(made[f"{task_id}/0"][0]) == 1 for task_id in [slow, *tasks])
    # Those who looked at a log while it grew find it whole.
    assert "line 8\n" in drover.artifact(slow, "public/logs/live.log")
    assert drover.state(waiting) == "pending"
    drover.queue.cancelTask(waiting)


def orders(master):
    """The build requests that were made for each key."""
    keys = {one["bsid"]: one["external_idstring"] for one in master.get("buildsets")["buildsets"]}
    made = {}
    for request in master.get("buildrequests?field=buildrequestid&field=buildsetid")["buildrequests"]:
        made.setdefault(keys[request["buildsetid"]], []).append(request["buildrequestid"])
    return made


def test_the_command_line_shows_the_state_of_a_master(drover, master, tmp_path):
    there = ["--config", drover.settings]
    code, out, _ = drover.run("bridge", "init", "--master", master.url, "--user", "drover", "--builder", "shell")
    assert code == 0 and 'DroverScheduler(builderNames=["shell"])' in out and "[[bridge.masters]]" in out
    code, out, _ = drover.run("bridge", "scheduler")
    assert code == 0
    compile(out, "drover_scheduler.py", "exec")

    code, out, _ = drover.run("bridge", "check", "--master", "main", *there, "-o", "json")
    (reported,) = json.loads(out)
    assert code == 1 and reported["checked"]["version"] == "4.3.0" and reported["checked"]["creates_idempotently"]
    assert reported["checked"]["ends_hanging"] is True
    problems = " ".join(reported["problems"])
    assert "builder collapsing: it collapses" in problems and "builder waiting: no worker" in problems
    assert "builder shell" not in problems
    code, out, err = drover.run("bridge", "check", "--master", master.url)
    assert code == 4 and "you need to have role 'drover'" in out
    code, out, err = drover.run("bridge", "check", "--master", "down", *there)
    assert code == 3 and "did not answer" in out

    code, out, _ = drover.run("bridge", "builders", "--master", "main", *there)
    lines = {line.split()[0]: line for line in out.splitlines()[1:]}
    assert lines["shell"].endswith("ready") and "does not serve it" in lines["not-for-tasks"]
    code, _, err = drover.run("bridge", "check", "--master", "nobody", *there)
    assert code == 2 and "main, stock, over-tls, down" in err


def test_a_scheduler_of_the_master_becomes_a_graph_that_runs(drover, tmp_path):
    there = ["--master", "main", "--config", drover.settings]
    code, out, _ = drover.run("bridge", "schedule", *there)
    assert code == 0 and "nightly (Nightly): result, shell" in out and "after (Triggerable): shell" in out
    code, out, _ = drover.run("bridge", "schedule", *there, "--from-buildbot", "nightly")
    assert code == 0 and '"branch":"main"' in out
    graph = tmp_path / "nightly.yml"
    graph.write_text(out)
    code, out, err = drover.run("run", graph, "-o", "json")
    assert code == 0, (out[-2000:], err)
    code, _, err = drover.run("bridge", "schedule", *there, "--from-buildbot", "weekly")
    assert code == 2 and "weekly" in err


def test_explain_says_where_a_build_waits_and_why(drover, master):
    waiting, running = drover.build("waiting"), drover.build("slow")
    drover.running(running)
    for task_id, words in ((waiting, "waits at Buildbot master main, builder waiting"),
                           (running, "is built at Buildbot master main, builder slow")):
        (request,) = master.requests_of(task_id)
        place = f"{words}, request {request['buildrequestid']}"
        wait_for(place, lambda: place in drover.explained(task_id), 10)
    (build,) = master.builds_of(running)
    assert f", build {build['number']} " in drover.explained(running)
    for task_id in (waiting, running):
        drover.queue.cancelTask(task_id)
    wait_for("the last word", lambda: "needs nothing more at Buildbot master main" in drover.explained(running), 20)
