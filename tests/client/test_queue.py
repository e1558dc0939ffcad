"""What a new user tries with the `taskcluster` package: create, claim, reclaim, report, cancel, rerun, dependencies, groups."""
import pytest
import taskcluster
from conftest import definition
from taskcluster.exceptions import TaskclusterAuthFailure, TaskclusterRestFailure

WORKER = {"workerGroup": "client-tests", "workerId": "w1"}


def create(call, queue_id, **more):
    task_id = taskcluster.slugId()
    status = call("createTask", task_id, definition(queue_id, **more))["status"]
    assert status["taskId"] == task_id
    return task_id


def state(call, task_id):
    return call("status", task_id)["status"]["state"]


def claim(call, queue_id):
    """Claims one task; answers the claim and a client with the credentials of its run."""
    (claimed,) = call("claimWork", queue_id, {**WORKER, "tasks": 1})["tasks"]
    return claimed, call.with_credentials(claimed["credentials"])


def finish(call, queue_id, report="reportCompleted"):
    claimed, as_run = claim(call, queue_id)
    as_run(report, claimed["status"]["taskId"], str(claimed["runId"]))
    return claimed["status"]["taskId"]


def refused(status_code, call, *args):
    with pytest.raises((TaskclusterRestFailure, TaskclusterAuthFailure)) as caught:
        call(*args)
    assert caught.value.status_code == status_code, caught.value.body
    return caught.value.body


def test_the_server_answers_a_ping(call):
    assert call("ping")["alive"] is True


def test_a_created_task_can_be_read_back(call, queue_id):
    task_id = create(call, queue_id, tags={"kind": "test"}, priority="high")
    task = call("task", task_id)
    assert (task["taskQueueId"], task["tags"], task["priority"]) == (queue_id, {"kind": "test"}, "high")
    assert state(call, task_id) == "pending"


def test_creating_twice_is_one_task_and_other_content_is_refused(call, queue_id):
    task_id, task = taskcluster.slugId(), definition(queue_id)
    first = call("createTask", task_id, task)
    assert call("createTask", task_id, task) == first
    assert refused(409, call, "createTask", task_id, {**task, "payload": {"other": 1}})["code"] == "RequestConflict"


def test_a_claimed_run_can_be_reclaimed_and_completed(call, queue_id):
    task_id = create(call, queue_id)
    claimed, as_run = claim(call, queue_id)
    assert claimed["status"]["taskId"] == task_id and state(call, task_id) == "running"

    again = as_run("reclaimTask", task_id, "0")
    assert again["takenUntil"] >= claimed["takenUntil"]
    as_run = call.with_credentials(again["credentials"])
    assert as_run("reportCompleted", task_id, "0")["status"]["state"] == "completed"
    assert as_run("reportCompleted", task_id, "0")["status"]["state"] == "completed"
    refused(409, as_run, "reportFailed", task_id, "0")


def test_the_credentials_of_a_run_are_good_for_that_run_only(call, queue_id):
    create(call, queue_id)
    other = create(call, queue_id)
    _, as_run = claim(call, queue_id)
    claim(call, queue_id)
    assert refused(403, as_run, "reclaimTask", other, "0")["code"] == "InsufficientScopes"


def test_a_failed_task_can_be_rerun(call, queue_id):
    task_id = create(call, queue_id)
    assert finish(call, queue_id, "reportFailed") == task_id
    assert state(call, task_id) == "failed"

    runs = call("rerunTask", task_id)["status"]["runs"]
    assert [(run["state"], run["reasonCreated"]) for run in runs] == [("failed", "scheduled"), ("pending", "rerun")]
    finish(call, queue_id)
    assert state(call, task_id) == "completed"


def test_a_worker_that_stops_gives_its_task_back(call, queue_id):
    task_id = create(call, queue_id)
    claimed, as_run = claim(call, queue_id)
    status = as_run("reportException", task_id, "0", {"reason": "worker-shutdown"})["status"]
    assert [run["state"] for run in status["runs"]] == ["exception", "pending"]
    assert status["retriesLeft"] == claimed["status"]["retriesLeft"] - 1


def test_a_canceled_task_stays_canceled(call, queue_id):
    task_id = create(call, queue_id)
    status = call("cancelTask", task_id)["status"]
    assert (status["state"], status["runs"][0]["reasonResolved"]) == ("exception", "canceled")
    assert call("cancelTask", task_id)["status"] == status


def test_a_dependent_waits_for_its_dependencies(call, queue_id):
    first, second = create(call, queue_id), create(call, queue_id)
    last = create(call, queue_id, dependencies=[first, second])
    assert state(call, last) == "unscheduled"

    done = [finish(call, queue_id) for _ in range(2)]
    assert sorted(done) == sorted([first, second])
    assert finish(call, queue_id) == last


def test_a_dependent_of_a_failed_task_waits_unless_it_takes_any_end(call, queue_id):
    required = create(call, queue_id)
    strict = create(call, queue_id, dependencies=[required])
    lenient = create(call, queue_id, dependencies=[required], requires="all-resolved")
    finish(call, queue_id, "reportFailed")

    assert finish(call, queue_id) == lenient
    assert state(call, strict) == "unscheduled"
    listed = call("listDependentTasks", required)["tasks"]
    assert sorted(one["status"]["taskId"] for one in listed) == sorted([strict, lenient])


def test_a_missing_dependency_is_named(call, queue_id):
    nobody = taskcluster.slugId()
    body = refused(400, call, "createTask", taskcluster.slugId(), definition(queue_id, dependencies=[nobody]))
    assert body["code"] == "InputError" and nobody in body["message"]


def test_a_group_is_listed_sealed_and_canceled(call, queue_id):
    group = taskcluster.slugId()
    members = sorted(create(call, queue_id, taskGroupId=group) for _ in range(3))
    listed = call("listTaskGroup", group, query={"limit": 2})
    rest = call("listTaskGroup", group, query={"limit": 2, "continuationToken": listed["continuationToken"]})
    assert sorted(one["status"]["taskId"] for one in listed["tasks"] + rest["tasks"]) == members

    refused(409, call, "cancelTaskGroup", group)
    assert call("sealTaskGroup", group)["sealed"]
    refused(409, call, "createTask", taskcluster.slugId(), definition(queue_id, taskGroupId=group))
    assert sorted(call("cancelTaskGroup", group)["taskIds"]) == members
    assert {state(call, one) for one in members} == {"exception"}


def test_counts_follow_the_tasks(call, queue_id):
    for _ in range(3):
        create(call, queue_id)
    claim(call, queue_id)
    counts = call("taskQueueCounts", queue_id)
    assert (counts["pendingTasks"], counts["claimedTasks"]) == (2, 1)


def test_an_unknown_task_is_not_found(call):
    assert refused(404, call, "status", taskcluster.slugId())["code"] == "ResourceNotFound"


def test_a_wrong_token_is_refused(call):
    other_client = call.with_credentials({"clientId": "static/taskcluster/root", "accessToken": "not-the-token-at-all-00"})
    assert refused(401, other_client, "status", taskcluster.slugId())["code"] == "AuthenticationFailed"
