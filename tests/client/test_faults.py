"""A 400 names the value at fault for programs: a JSON pointer, what was expected, and what came."""
import uuid

import pytest
import taskcluster
from conftest import definition
from taskcluster.exceptions import TaskclusterRestFailure

OPTIONS = {**taskcluster.optionsFromEnvironment(), "maxRetries": 0}


def soon(words="1 hour"):
    return taskcluster.fromNowJSON(words)


@pytest.fixture
def service():
    """The services, each with credentials of its own, because the package changes those it is given."""
    return lambda name: getattr(taskcluster, name)({**OPTIONS, "credentials": dict(OPTIONS["credentials"])})


@pytest.fixture
def claimed(service, queue_id):
    """A task with a running run."""
    queue, task_id = service("Queue"), taskcluster.slugId()
    queue.createTask(task_id, definition(queue_id))
    work = queue.claimWork(queue_id, {"workerGroup": "g", "workerId": "w", "tasks": 1})["tasks"]
    assert [task["status"]["taskId"] for task in work] == [task_id]
    return task_id


def faults(call, *args):
    with pytest.raises(TaskclusterRestFailure) as caught:
        call(*args)
    assert caught.value.status_code == 400, caught.value.body
    found = caught.value.body["details"]["faults"]
    for fault in found:
        assert fault["expected"] and fault["got"], fault
        assert fault["got"] not in ("`None`", "``"), fault
    return [fault["pointer"] for fault in found]


def reference(expires):
    return {"storageType": "reference", "contentType": "text/plain", "url": "https://a.test/x", "expires": expires}


def test_artifacts(service, queue_id, claimed):
    queue = service("Queue")
    create = queue.createArtifact
    assert faults(create, claimed, 0, "public/x", reference(soon("-1 hour"))) == ["/payload/expires"]
    assert faults(create, claimed, 0, "public/x", reference(soon("90 years"))) == ["/payload/expires"]
    assert faults(create, taskcluster.slugId(), 0, "public/x", reference(soon())) == ["/params/taskId"]
    assert faults(create, claimed, 7, "public/x", reference(soon())) == ["/params/runId"]
    unclaimed = taskcluster.slugId()
    queue.createTask(unclaimed, definition(queue_id))
    assert faults(create, unclaimed, 0, "public/x", reference(soon())) == ["/params/runId"]

    create(claimed, 0, "public/x", reference(soon()))
    other = {"uploadId": taskcluster.slugId()}
    assert faults(queue.finishArtifact, claimed, 0, "public/x", other) == ["/params/name"]
    create(claimed, 0, "public/o", {"storageType": "object", "contentType": "text/plain", "expires": soon()})
    assert faults(queue.finishArtifact, claimed, 0, "public/o", other) == ["/payload/uploadId"]

    for name, target in [("public/a", "public/b"), ("public/b", "public/a")]:
        link = {"storageType": "link", "contentType": "text/plain", "artifact": target, "expires": soon()}
        create(claimed, 0, name, link)
    assert faults(queue.artifact, claimed, 0, "public/a") == ["/params/name"]


def test_objects(service):
    objects, name = service("Object"), f"client-tests/{uuid.uuid4().hex}"
    for data in ["no base64!", "A" * 4 * 2731]:
        upload = {
            "projectId": "client-tests",
            "uploadId": taskcluster.slugId(),
            "expires": soon(),
            "proposedUploadMethods": {"dataInline": {"contentType": "text/plain", "objectData": data}},
        }
        pointers = faults(objects.createUpload, name, upload)
        assert pointers == ["/payload/proposedUploadMethods/dataInline/objectData"]


def test_auth(service):
    auth, name = service("Auth"), f"client-tests/{uuid.uuid4().hex}"

    def client(*scopes):
        return {"description": "", "expires": soon(), "scopes": list(scopes)}

    def role(*scopes):
        return {"description": "", "scopes": list(scopes)}

    assert faults(auth.createClient, f"static/{name}", client()) == ["/params/clientId"]
    assert faults(auth.createClient, name, client("a**")) == ["/payload/scopes"]
    for scopes in [["a**"], ["a:<..>:<..>"], ["a*<..>"], [f"assume:{name}:again:<..>"]]:
        assert faults(auth.createRole, f"{name}:*", role(*scopes)) == ["/payload/scopes"], scopes


def test_index_and_schemas(service):
    index = service("Index")
    assert faults(index.findTask, "a..b") == ["/params/indexPath"]
    assert faults(service("Secrets").set, "client-tests/x", {"secret": {}, "expires": 5}) == ["/payload/expires"]
