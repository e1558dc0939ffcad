"""Why builds wait, and builds that hang."""
import signal
import time

import pytest
from master import wait_for


def verdict(drover, task_id):
    code, out, err = drover.run("explain", "task", task_id)
    assert code == 0, err
    return out


def explains(drover, task_id, words, seconds=60):
    reported = []
    try:
        wait_for(words, lambda: words in (reported.append(verdict(drover, task_id)) or reported[-1]), seconds, 0.5)
    except AssertionError as error:
        raise AssertionError(f"{error}; but: {reported[-1]}") from error


def test_explain_shows_that_no_worker_is_connected(drover, master):
    task_id = drover.build("waiting")
    explains(drover, task_id, "no worker of the builder is connected")
    reported = verdict(drover, task_id)
    assert "It is ready, and waits at Buildbot master main, builder waiting, request " in reported
    assert "next to be claimed" not in reported and "known on buildbot/main" not in reported
    drover.queue.cancelTask(task_id)


def test_explain_shows_a_lock_that_another_build_holds(drover, master):
    holds = drover.build("locking")
    drover.running(holds)
    # It takes the lock some moments later.
    wait_for("the lock", lambda: [one for one in master.builds_of(holds) if one["state_string"] == "building"])
    waits = drover.build("locked")
    explains(drover, waits, "another build holds a lock that the builder needs")
    drover.queue.cancelTask(holds)
    assert drover.ended(waits) == "completed"


def test_a_builder_that_vanishes_is_reported_within_a_minute(drover, master):
    there = master.folder / "master" / "vanishing"
    reconfigured = lambda: master.process.send_signal(signal.SIGHUP)
    active = lambda: [one for one in master.get("builders")["builders"] if one["name"] == "vanishing" and one["masterids"]]
    there.write_text("")
    reconfigured()
    wait_for("the builder", active)
    task_id = drover.build("vanishing")
    wait_for("a request", lambda: master.requests_of(task_id))
    there.unlink()
    reconfigured()
    wait_for("the end of the builder", lambda: not active())
    explains(drover, task_id, "the master does not use the builder `vanishing` any more", 60)
    assert drover.state(task_id) == "pending"
    assert "the master does not use the builder `vanishing` any more" in drover.log.read_text()
    drover.queue.cancelTask(task_id)


def open_at_the_master(master):
    return [one["buildrequestid"] for one in master.get("buildrequests?complete=false")["buildrequests"]
            if builder_name(master, one["builderid"]).startswith(("many-", "late"))]


def builder_name(master, builderid):
    return master.get(f"builders/{builderid}")["builders"][0]["name"]


def test_a_cancel_in_the_moment_of_the_start_leaves_no_build_hanging(drover, master):
    """As a person would do it at the master: the bridge itself lets a request alone that was just taken."""
    order = {"builderNames": ["late"], "drover_task": "hangs/0", "reason": "by hand"}
    (request,) = master.call("forceschedulers/drover", "force", **order)[1].values()
    read = lambda: master.get(f"buildrequests/{request}")["buildrequests"][0]
    wait_for("a builder", lambda: read()["claimed"], every=0.05)
    assert not master.get(f"buildrequests/{request}/builds")["builds"], "its build is not made yet"
    master.call(f"buildrequests/{request}", "cancel", reason="by hand")
    wait_for("an end", lambda: read()["complete"], 20)
    (build,) = master.get(f"buildrequests/{request}/builds")["builds"]
    assert (read()["results"], build["results"], build["state_string"]) == (6, 6, "cancelled (by hand)")
    # The worker's place is free again.
    assert drover.ended(drover.build("late")) == "completed"


@pytest.mark.timeout(300)
def test_bursts_of_builds_that_are_cancelled_at_once_all_end(drover, master):
    for burst in range(4):
        tasks = [drover.build(f"many-{number % 8}") for number in range(10)]
        for number, task_id in enumerate(tasks):
            time.sleep(0.01 * (number + burst))
            drover.queue.cancelTask(task_id)
        wait_for("an end of all", lambda: not open_at_the_master(master), 60)
        assert all(drover.runs(task_id)[-1][0] in ("exception", "completed") for task_id in tasks)
    after = [drover.build(f"many-{number}") for number in range(8)]
    assert {drover.ended(task_id) for task_id in after} == {"completed"}


def test_a_build_that_takes_a_second_is_shown_while_it_runs(drover, master):
    task_id = drover.build("slow")
    drover.running(task_id)
    begun = time.monotonic()
    wait_for("a live log", lambda: drover.artifact(task_id, "public/logs/live.log"), 5, 0.1)
    assert time.monotonic() - begun < 2.5
    drover.queue.cancelTask(task_id)
