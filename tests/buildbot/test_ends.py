"""Builds that are ended from outside: by cancels, deadlines, and workers and masters that die."""
import subprocess

from master import wait_for


def request_ends_as(master, task_id, result):
    (request,) = master.requests_of(task_id)
    path = f"buildrequests/{request['buildrequestid']}"
    ended = wait_for("an end of the request", lambda: [
        one for one in master.get(path)["buildrequests"] if one["complete"]])
    assert ended[0]["results"] == result
    return request


def has_request(master, task_id):
    return wait_for("a request", lambda: master.requests_of(task_id))


def test_cancelling_a_pending_task_cancels_its_request(drover, master):
    task_id = drover.build("waiting")
    has_request(master, task_id)
    assert drover.state(task_id) == "pending"
    drover.queue.cancelTask(task_id)
    request_ends_as(master, task_id, 6)
    assert drover.runs(task_id) == [("exception", "canceled")]


def test_cancelling_a_running_task_stops_its_build(drover, master):
    task_id = drover.build("slow")
    drover.running(task_id)
    drover.queue.cancelTask(task_id)
    request_ends_as(master, task_id, 6)
    (build,) = master.builds_of(task_id)
    assert build["results"] == 6
    assert drover.runs(task_id) == [("exception", "canceled")]


def test_cancelling_a_request_at_the_master_cancels_its_task(drover, master):
    waiting, running = drover.build("waiting"), drover.build("slow")
    drover.running(running)
    for task_id in (waiting, running):
        (request,) = has_request(master, task_id)
        master.call(f"buildrequests/{request['buildrequestid']}", "cancel", reason="by hand")
    for task_id in (waiting, running):
        assert drover.ended(task_id) == "exception"
        assert drover.runs(task_id) == [("exception", "canceled")]


def test_cancelling_what_has_ended_changes_nothing_on_either_side(drover, master):
    task_id = drover.build("result")
    assert drover.ended(task_id) == "completed"
    drover.queue.cancelTask(task_id)
    (request,) = master.requests_of(task_id)
    master.call(f"buildrequests/{request['buildrequestid']}", "cancel", reason="too late")
    assert drover.state(task_id) == "completed"
    assert master.get(f"buildrequests/{request['buildrequestid']}")["buildrequests"][0]["results"] == 0


def test_a_deadline_ends_task_and_request(drover, master):
    task_id = drover.build("waiting", deadline="4 seconds")
    has_request(master, task_id)
    assert drover.ended(task_id) == "exception"
    assert drover.runs(task_id) == [("exception", "deadline-exceeded")]
    request_ends_as(master, task_id, 6)


def test_a_deadline_stops_a_build_that_runs(drover, master):
    task_id = drover.build("slow", deadline="4 seconds")
    drover.running(task_id)
    assert drover.ended(task_id) == "exception"
    assert drover.runs(task_id) == [("exception", "deadline-exceeded")]
    request_ends_as(master, task_id, 6)
    (build,) = master.builds_of(task_id)
    assert build["results"] == 6


def test_a_lost_worker_is_another_run_of_the_same_request(drover, master):
    master.start_worker("fragile")
    task_id = drover.build("fragile")
    drover.running(task_id)
    wait_for("the step", lambda: (master.folder / "fragile" / "fragile" / "build" / "survived").exists())
    master.kill_worker("fragile")
    wait_for("another run", lambda: len(drover.runs(task_id)) == 2)
    master.start_worker("fragile")
    assert drover.ended(task_id) == "completed"
    assert drover.runs(task_id) == [("exception", "worker-shutdown"), ("completed", "completed")]
    assert len(master.requests_of(task_id)) == 1


def test_a_master_that_is_down_holds_up_only_its_own_tasks(drover):
    held = drover.build("result", master="down")
    assert drover.ended(drover.build("result")) == "completed"
    assert drover.state(held) == "pending"
    words = drover.explained(held)
    assert "waits until Buildbot master down" in words and "it cannot go on just now: " in words, words
    drover.queue.cancelTask(held)
    assert drover.runs(held) == [("exception", "canceled")]


def test_a_master_that_is_killed_loses_no_task(drover, master):
    running = [drover.build(name) for name in ("slow", "slow-b", "slow-c")]
    for task_id in running:
        drover.running(task_id)
    waiting = drover.build("waiting")
    has_request(master, waiting)
    master.kill()
    asked_while_down = drover.build("result")
    wait_for("a word about the master", lambda: "it cannot go on just now: " in drover.explained(running[0]))
    assert "is built at Buildbot master main, builder slow, request " in drover.explained(running[0])
    master.start()
    for task_id in [*running, asked_while_down]:
        assert drover.ended(task_id, 90) == "completed"
        assert len(master.requests_of(task_id)) == 1
    assert drover.runs(running[0]) == [("exception", "worker-shutdown"), ("completed", "completed")]
    assert drover.state(waiting) == "pending"
    drover.queue.cancelTask(waiting)
    request_ends_as(master, waiting, 6)


def test_a_repeated_order_is_one_build_also_after_a_restart_of_the_master(drover, master):
    order = {"builderNames": ["waiting"], "drover_task": "a-task/0", "reason": "by hand"}
    first = master.call("forceschedulers/drover", "force", **order)
    assert master.call("forceschedulers/drover", "force", **order) == first
    subprocess.run(["kill", "-TERM", str(master.process.pid)], check=True)
    master.process.wait()
    master.start()
    assert master.call("forceschedulers/drover", "force", **order) == first
    assert master.call("forceschedulers/drover", "force", **{**order, "drover_task": "a-task/1"}) != first
