"""Corners of the wire that clients run into now and then: what is answered, and which check comes first."""
import json

import requests
import taskcluster
from conftest import definition
from test_attack import AUTH, JSON, ROOT, hawk, send
from test_references import Client

CALL = Client()


def ask(name, *args, payload=None, query=None):
    return CALL.send(name, args, None if payload is None else json.dumps(payload).encode(), query)


def anonymous(method, path, payload=None):
    return requests.request(method, f"{ROOT}/api/{path}", json=payload, allow_redirects=False, timeout=30)


def error_of(answer):
    return answer.status_code, answer.json().get("code")


def create(queue_id, **more):
    task_id = taskcluster.slugId()
    CALL("queue.createTask", task_id, payload=definition(queue_id, **more))
    return task_id


def test_ids_of_a_batch_may_be_repeated_and_need_not_exist(queue_id):
    one, other = create(queue_id), create(queue_id)
    ids = [one, other, one, "no-slug", taskcluster.slugId(), other]
    for method, key in [("queue.tasks", "tasks"), ("queue.statuses", "statuses")]:
        assert sorted(entry["taskId"] for entry in CALL(method, payload={"taskIds": ids})[key]) == sorted([one, other])
        page = CALL(method, payload={"taskIds": ids}, query={"limit": 1})
        rest = CALL(method, payload={"taskIds": ids}, query={"limit": 1, "continuationToken": page["continuationToken"]})
        assert sorted(entry["taskId"] for entry in page[key] + rest[key]) == sorted([one, other])


def test_an_unsigned_trial_lacks_scopes_as_any_unsigned_request_does():
    body = {"clientScopes": ["test:*"], "requiredScopes": ["test:x"]}
    assert error_of(anonymous("POST", "auth/v1/test-authenticate", body)) == (403, "InsufficientScopes")
    assert error_of(anonymous("GET", "auth/v1/test-authenticate-get/")) == (403, "InsufficientScopes")
    assert error_of(anonymous("POST", "auth/v1/test-authenticate", {**body, "requiredScopes": []})) == (401, "AuthenticationFailed")
    url, text = f"{AUTH}/test-authenticate", json.dumps(body).encode()
    assert send("POST", url, hawk("POST", url, text, JSON, "tester", "no-secret"), text, JSON).json()["clientId"] == "tester"


def test_a_claim_by_name_looks_for_the_run_before_it_checks_scopes(queue_id):
    worker, task_id = {"workerGroup": "g", "workerId": "w"}, create(queue_id)
    assert error_of(anonymous("POST", f"queue/v1/task/{task_id}/runs/1/claim", worker)) == (404, "ResourceNotFound")
    assert error_of(anonymous("POST", f"queue/v1/task/{taskcluster.slugId()}/runs/0/claim", worker)) == (404, "ResourceNotFound")
    assert error_of(anonymous("POST", f"queue/v1/task/{task_id}/runs/0/claim", worker)) == (403, "InsufficientScopes")


def faults(answer):
    assert answer.status_code == 400, answer.text
    return [fault["pointer"] for fault in answer.json()["details"]["faults"]]


def test_a_fault_in_a_graph_has_a_pointer(queue_id):
    group, one, other = (taskcluster.slugId() for _ in range(3))

    def graph(*tasks):
        tasks = [{"taskId": task_id, "task": definition(queue_id, **more)} for task_id, more in tasks]
        return ask("drover.createGraph", payload={"submitKey": taskcluster.slugId(), "taskGroupId": group, "tasks": tasks})

    assert faults(graph()) == ["/payload/tasks"]
    assert faults(graph((one, {}), (one, {}))) == [f"/payload/tasks/{one}"]
    assert faults(graph((one, {"dependencies": [other]}), (other, {"dependencies": [one]}))) == [f"/payload/tasks/{one}/dependencies"]
    assert faults(graph((one, {"dependencies": [other]}))) == [f"/payload/tasks/{one}/dependencies"]
    assert graph((one, {"taskGroupId": group}), (other, {"dependencies": [one]})).json()["taskGroupId"] == group


def test_a_hash_that_is_no_text_has_a_pointer():
    body = {"projectId": "p", "uploadId": taskcluster.slugId(), "hashes": {"a/b": 7}}
    assert faults(ask("object.finishUpload", "client-tests/nothing", payload=body)) == ["/payload/hashes/a~1b"]


def test_a_refused_report_names_the_state_of_the_run(queue_id):
    run = create(queue_id), "0"
    refused = ask("queue.reportCompleted", *run)
    assert refused.status_code == 409 and "is pending, so it cannot be reported as completed; only" in refused.json()["message"]
    CALL("queue.cancelTask", run[0])
    refused = ask("queue.reclaimTask", *run)
    assert refused.status_code == 409 and "is exception (canceled), not running; stop working on it" in refused.json()["message"]
