"""Artifacts and their content: with the upload and download helpers of the `taskcluster` package, and as a browser or curl would."""
import gzip
import os
import socket
import uuid
from urllib.parse import urlparse

import pytest
import requests
import taskcluster
from conftest import definition
from taskcluster import download, upload
from taskcluster.exceptions import TaskclusterRestFailure

BINARY = "application/octet-stream"


class Run:
    """A claimed run and the clients that work on it."""

    def __init__(self):
        self.options = {**taskcluster.optionsFromEnvironment(), "maxRetries": 0}
        self.queue = taskcluster.Queue(self.options)
        queue_id = f"client-tests/a-{uuid.uuid4().hex[:12]}"
        self.task_id = taskcluster.slugId()
        self.queue.createTask(self.task_id, definition(queue_id))
        (claim,) = self.queue.claimWork(queue_id, {"workerGroup": "client-tests", "workerId": "w1", "tasks": 1})["tasks"]
        self.as_run = self.client(taskcluster.Queue, claim["credentials"])

    def client(self, service, credentials):
        return service({"rootUrl": self.options["rootUrl"], "credentials": dict(credentials), "maxRetries": 0})

    def create(self, name, storage_type, content_type=BINARY, **more):
        expires = taskcluster.fromNowJSON("1 hour")
        body = {"storageType": storage_type, "expires": expires, "contentType": content_type, **more}
        return self.as_run.createArtifact(self.task_id, "0", name, body)

    def upload(self, name, data):
        """Uploads an object artifact, up to what is left for `finishArtifact`."""
        made = self.create(name, "object", contentLength=len(data))
        upload.uploadFromBuf(
            data=data, projectId=made["projectId"], name=made["name"], contentType=BINARY, contentLength=len(data),
            uploadId=made["uploadId"], expires=made["expires"], maxRetries=0,
            objectService=self.client(taskcluster.Object, made["credentials"]))
        return made

    def finished(self, name, data):
        made = self.upload(name, data)
        self.as_run.finishArtifact(self.task_id, "0", name, {"uploadId": made["uploadId"]})
        return made

    def url(self, name):
        return self.queue.getArtifact(self.task_id, "0", name)["url"]


@pytest.fixture
def run():
    return Run()


def refused(call, *args):
    with pytest.raises(TaskclusterRestFailure) as caught:
        call(*args)
    return caught.value.status_code


@pytest.mark.parametrize("size", [0, 8192, 8193, 3_000_000])
def test_what_a_worker_uploads_is_what_a_client_downloads(run, size):
    data, name = os.urandom(size), "public/data.bin"
    made = run.upload(name, data)
    assert refused(run.queue.getArtifact, run.task_id, "0", name) == 404
    for _ in range(2):
        run.as_run.finishArtifact(run.task_id, "0", name, {"uploadId": made["uploadId"]})
    got, content_type = download.downloadArtifactToBuf(
        taskId=run.task_id, runId="0", name=name, queueService=run.queue, maxRetries=0)
    assert (bytes(got), content_type) == (data, BINARY)
    assert run.queue.artifactInfo(run.task_id, "0", name)["contentLength"] == size


def test_content_is_served_whole_in_part_and_as_headers(run):
    data = os.urandom(1000)
    run.finished("public/data.bin", data)
    url = run.url("public/data.bin")
    whole = requests.get(url)
    assert whole.content == data and whole.headers["Content-Length"] == "1000"
    assert whole.headers["Content-Type"] == BINARY and whole.headers["Accept-Ranges"] == "bytes"
    head = requests.head(url)
    assert head.content == b"" and head.headers["Content-Length"] == "1000"
    part = requests.get(url, headers={"Range": "bytes=990-"})
    assert (part.status_code, part.content, part.headers["Content-Range"]) == (206, data[990:], "bytes 990-999/1000")
    outside = requests.get(url, headers={"Range": "bytes=1000-"})
    assert (outside.status_code, outside.headers["Content-Range"]) == (416, "bytes */1000")
    known = requests.get(url, headers={"If-None-Match": whole.headers["ETag"]})
    assert (known.status_code, known.content) == (304, b"")


def test_urls_are_good_only_as_they_were_given(run):
    run.finished("public/data.bin", b"data")
    url = run.url("public/data.bin")
    assert requests.get(url.replace("/download/", "/download/x")).status_code == 401
    assert requests.put(url.replace("/download/", "/upload/").rsplit("/", 1)[0], data=b"x").status_code == 401


def test_an_s3_artifact_keeps_its_encoding(run):
    made = run.create("public/log.txt", "s3", "text/plain")
    packed = gzip.compress(b"a line\n" * 1000)
    sent = requests.put(made["putUrl"], data=packed, headers={"Content-Type": "text/plain", "Content-Encoding": "gzip"})
    assert sent.status_code == 200, sent.text
    got = requests.get(run.url("public/log.txt"))
    assert got.content == b"a line\n" * 1000 and got.headers["Content-Encoding"] == "gzip"
    assert got.headers["Content-Length"] == str(len(packed))
    other = requests.put(made["putUrl"], data=packed, headers={"Content-Type": "text/html"})
    assert other.status_code == 400 and "Content-Type" in other.json()["message"]


def test_an_upload_that_breaks_off_changes_nothing(run):
    made = run.create("public/log.txt", "s3", "text/plain")
    requests.put(made["putUrl"], data=b"whole", headers={"Content-Type": "text/plain"}).raise_for_status()
    url = urlparse(made["putUrl"])
    with socket.create_connection((url.hostname, url.port)) as half:
        head = f"PUT {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\n"
        half.sendall(head.encode() + b"only a part")
        half.shutdown(socket.SHUT_WR)
        answer = half.recv(4096)
    assert answer.startswith(b"HTTP/1.1 400") or answer == b""
    assert requests.get(run.url("public/log.txt")).content == b"whole"


def test_an_object_with_another_hash_than_promised_is_refused(run):
    made = run.create("public/data.bin", "object")
    service = run.client(taskcluster.Object, made["credentials"])
    upload_of = {"projectId": made["projectId"], "uploadId": made["uploadId"]}
    proposed = {"dataInline": {"contentType": BINARY, "objectData": "ZGF0YQ=="}}
    hashes = {"sha256": "0" * 64}
    begin = {**upload_of, "expires": made["expires"], "proposedUploadMethods": proposed}
    assert refused(service.createUpload, made["name"], {**begin, "hashes": hashes}) == 400
    assert refused(service.finishUpload, made["name"], upload_of) == 409
    assert refused(run.as_run.finishArtifact, run.task_id, "0", "public/data.bin", {"uploadId": made["uploadId"]}) == 400
