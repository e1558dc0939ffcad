"""Content of any size and under any name, on the local disk, and in the bucket of the S3 server that DROVER_TEST_S3_URL names."""
import base64
import gzip
import hashlib
import os
import re
import socket
import time
import uuid
from pathlib import Path
from urllib.parse import urlparse

import boto3
import pytest
import requests
import taskcluster
from taskcluster.exceptions import TaskclusterRestFailure
from test_artifacts import BINARY, run  # noqa: F401 (a fixture)

NAMES = {
    "up and out": "../../etc/passwd",
    "absolute": "/etc/passwd",
    "deep below": "public/../../../../../../etc/passwd",
    "doubled": "public//a///b",
    "dots": "public/..",
    "dot": "./.",
    "encoded": "public/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "encoded twice": "public/%252e%252e%252f",
    "backslashes": "..\\..\\windows",
    "spaces": " public/ a ",
    "long": "public/" + "x" * 900,
}
STORED = re.compile(r"[0-9a-f]{2}/[0-9a-f]{32}")


def bucket():
    return boto3.client("s3", endpoint_url=os.environ["DROVER_TEST_S3_URL"], region_name="us-east-1",
                        aws_access_key_id="id", aws_secret_access_key="secret")


def stored():
    """The names of everything in the store."""
    if "DROVER_TEST_S3_URL" in os.environ:
        return {it["Key"] for page in bucket().get_paginator("list_objects_v2").paginate(Bucket="drover") for it in page.get("Contents", [])}
    objects = Path(os.environ["DROVER_TEST_DATA"]) / "objects"
    return {str(path.relative_to(objects)) for path in objects.rglob("*") if path.is_file()}


def s3_upload(run, name, data, **headers):
    made = run.create(name, "s3")
    return requests.put(made["putUrl"], data=data, headers={"Content-Type": BINARY, **headers})


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
@pytest.mark.parametrize("storage_type", ["object", "s3"])
def test_no_name_leads_out_of_the_store(run, storage_type, name):
    data = os.urandom(9000)
    before = stored()
    if storage_type == "s3":
        s3_upload(run, name, data).raise_for_status()
    else:
        run.finished(name, data)
    got = requests.get(run.url(name))
    assert got.content == data
    (new,) = stored() - before
    assert STORED.fullmatch(new), new
    # Not even the URL has anything of a name that could be taken for a path.
    assert ".." not in urlparse(got.url).path.split("/") and name not in got.url


@pytest.mark.parametrize("name", ["public/nul\0byte", "public/zeile\numbruch", "public/\u2028", "public/gr\u00fcn", "\u202e"])
@pytest.mark.parametrize("storage_type", ["object", "s3"])
def test_a_name_that_is_not_plain_text_is_refused_or_kept_as_it_is(run, storage_type, name):
    before = stored()
    try:
        run.create(name, storage_type)
    except TaskclusterRestFailure as error:
        assert 400 <= error.status_code < 500
    else:
        assert name in [it["name"] for it in run.queue.listArtifacts(run.task_id, "0")["artifacts"]]
    assert stored() == before


@pytest.mark.parametrize("path", ["../../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "%00", "//etc/passwd"])
def test_paths_that_nobody_signed_lead_nowhere(run, path):
    """As raw bytes: a client library would tidy them up."""
    url = urlparse(os.environ["TASKCLUSTER_ROOT_URL"])
    for prefix in ["/api/drover/v1/download/", "/api/object/v1/download/", f"/api/queue/v1/task/{run.task_id}/artifacts/"]:
        with socket.create_connection((url.hostname, url.port), timeout=10) as raw:
            raw.sendall(f"GET {prefix}{path} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: raw.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 4"), answer[:200]
        assert b"root:" not in answer


def test_large_content_comes_back_whole_and_in_parts(run):
    data = os.urandom(12_000_000)
    run.finished("public/large.bin", data)
    url = run.url("public/large.bin")
    whole = requests.get(url)
    assert hashlib.sha256(whole.content).digest() == hashlib.sha256(data).digest()
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    assert f"sha-256=:{digest}:" in whole.headers["Repr-Digest"]
    for first, last in [(0, 0), (5_242_879, 5_242_881), (11_999_990, 11_999_999)]:
        part = requests.get(url, headers={"Range": f"bytes={first}-{last}"})
        assert (part.status_code, part.content) == (206, data[first:last + 1])


def test_gzip_stays_gzip_and_nonsense_is_no_encoding(run):
    packed = gzip.compress(b"a line\n" * 100_000)
    s3_upload(run, "public/log.txt", packed, **{"Content-Encoding": "gzip"}).raise_for_status()
    url = run.url("public/log.txt")
    assert requests.get(url).content == b"a line\n" * 100_000
    part = requests.get(url, headers={"Range": "bytes=0-9", "Accept-Encoding": "identity"}, stream=True)
    assert part.raw.read(decode_content=False) == packed[:10]
    other = s3_upload(run, "public/other.txt", packed, **{"Content-Encoding": "gzjp"})
    assert other.status_code == 400 and "Content-Encoding" in other.json()["message"]


def test_content_that_is_not_its_digest_is_not_kept(run):
    data, before = os.urandom(6_000_000), stored()
    digest = base64.b64encode(hashlib.sha512(data).digest()).decode()
    sent = s3_upload(run, "public/a", data[:-1] + b"x" + data[-1:], **{"Content-Digest": f"sha-512=:{digest}:"})
    assert sent.status_code == 400 and "sha512" in sent.json()["message"]
    assert stored() == before
    assert s3_upload(run, "public/a", data, **{"Content-Digest": f"sha-512=:{digest}:"}).status_code == 200


@pytest.mark.parametrize("header, right, wrong", [
    ("x-amz-content-sha256", lambda data: hashlib.sha256(data).hexdigest(), "0" * 64),
    ("x-amz-content-sha256", lambda data: "UNSIGNED-PAYLOAD", "ABCDEF"),
    ("Content-MD5", lambda data: base64.b64encode(hashlib.md5(data).digest()).decode(), "AAAAAAAAAAAAAAAAAAAAAA=="),
    ("Content-MD5", lambda data: base64.b64encode(hashlib.md5(data).digest()).decode(), "no hash"),
])
def test_hashes_that_clients_of_s3_send_are_checked(run, header, right, wrong):
    data, before = os.urandom(70_000), stored()
    sent = s3_upload(run, "public/a", data, **{header: wrong})
    assert sent.status_code == 400 and sent.json()["code"] == "InputError", sent.text
    assert stored() == before
    assert s3_upload(run, "public/a", data, **{header: right(data)}).status_code == 200
    assert requests.get(run.url("public/a")).content == data


@pytest.mark.parametrize("report", ["reportCompleted", "reportFailed", "reportException"])
def test_content_is_final_once_the_run_is_resolved(run, report):
    made = run.create("public/log", "s3")
    for data in [b"first", b"second"]:
        requests.put(made["putUrl"], data=data, headers={"Content-Type": BINARY}).raise_for_status()
    before = stored()
    url = urlparse(made["putUrl"])
    with socket.create_connection((url.hostname, url.port), timeout=20) as slow:
        slow.sendall(f"PUT {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: {BINARY}\r\nContent-Length: 10\r\n\r\nunder".encode())
        getattr(run.as_run, report)(run.task_id, "0", *([{"reason": "malformed-payload"}] if report == "reportException" else []))
        slow.sendall(b" way.")
        assert slow.recv(4096).startswith(b"HTTP/1.1 409")
    late = requests.put(made["putUrl"], data=b"third", headers={"Content-Type": BINARY})
    assert late.status_code == 409 and "`public/log`" in late.json()["message"]
    again = requests.put(made["putUrl"], data=b"second", headers={"Content-Type": BINARY})
    assert again.status_code == 200, "a repeat whose first answer was lost"
    assert requests.get(run.url("public/log")).content == b"second"
    assert stored() <= before, "nothing of what came late is kept"


def test_a_run_is_completed_once_all_that_it_began_is_there(run):
    url = run.create("public/s3", "s3")["putUrl"]
    made = run.upload("public/object", b"data")
    run.create("public/reference", "reference", url="https://example.com")
    with pytest.raises(TaskclusterRestFailure) as refused:
        run.as_run.reportCompleted(run.task_id, "0")
    words = refused.value.body["message"]
    assert refused.value.status_code == 409 and "`public/object`, `public/s3`" in words and "reference" not in words, words
    requests.put(url, data=b"data", headers={"Content-Type": BINARY}).raise_for_status()
    run.as_run.finishArtifact(run.task_id, "0", "public/object", {"uploadId": made["uploadId"]})
    assert run.as_run.reportCompleted(run.task_id, "0")["status"]["state"] == "completed"


@pytest.mark.parametrize("content_type", [
    "text/html", "Text/HTML", "text/html;charset=utf-8", "text/html ; charset=utf-8", "text/plain,text/html", "image/svg+xml",
    "application/xhtml+xml", "text/xml", "APPLICATION/XML; charset=utf-8", "nonsense"])
def test_what_may_run_scripts_is_an_attachment_in_a_sandbox(run, content_type):
    page = b"<script xmlns='http://www.w3.org/1999/xhtml'>fetch('/api')</script>"
    made = run.create("public/page", "s3", content_type)
    requests.put(made["putUrl"], data=page, headers={"Content-Type": content_type}).raise_for_status()
    got = requests.get(run.url("public/page"))
    assert got.content == page and got.headers["Content-Type"] == content_type
    assert got.headers["Content-Disposition"] == "attachment"
    assert got.headers["Content-Security-Policy"].startswith("sandbox;") and got.headers["X-Content-Type-Options"] == "nosniff"


def test_what_is_shown_is_sandboxed_all_the_same(run):
    s3_upload(run, "public/log.txt", b"<script>")
    got = requests.get(run.url("public/log.txt"))
    assert "Content-Disposition" not in got.headers and got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Security-Policy"].startswith("sandbox;")


@pytest.mark.parametrize("content_type", ["a/b\r\nSet-Cookie: a=b", "a/b\n", "a/\0", "a/b\x7f", "a/\u00fc"])
@pytest.mark.parametrize("storage_type", ["s3", "object", "reference"])
def test_a_type_that_no_header_can_carry_is_refused(run, storage_type, content_type):
    more = {"url": "https://example.com"} if storage_type == "reference" else {}
    with pytest.raises(TaskclusterRestFailure) as refused:
        run.create("public/a", storage_type, content_type, **more)
    assert refused.value.status_code == 400
    service = taskcluster.Object(run.options)
    for method in [{"dataInline": {"contentType": content_type, "objectData": "ZGF0YQ=="}}, {"putUrl": {"contentType": content_type, "contentLength": 4}}]:
        with pytest.raises(TaskclusterRestFailure) as refused:
            service.createUpload(f"typed/{uuid.uuid4()}", {
                "projectId": "drover", "uploadId": taskcluster.slugId(), "expires": taskcluster.fromNowJSON("1 hour"), "proposedUploadMethods": method})
        assert refused.value.status_code == 400


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "ftp://example.com/", "javascript://example.com/%0aalert(1)"])
def test_references_lead_to_the_web_only(run, url):
    with pytest.raises(TaskclusterRestFailure) as refused:
        run.create("public/a", "reference", url=url)
    assert refused.value.status_code == 400


def test_an_upload_is_finished_by_its_project_only(run):
    service, name = taskcluster.Object(run.options), f"projects/{uuid.uuid4()}"
    upload = {"projectId": "drover", "uploadId": taskcluster.slugId()}
    proposed = {"dataInline": {"contentType": BINARY, "objectData": "ZGF0YQ=="}}
    service.createUpload(name, {**upload, "expires": taskcluster.fromNowJSON("1 hour"), "proposedUploadMethods": proposed})
    with pytest.raises(TaskclusterRestFailure) as refused:
        service.finishUpload(name, {**upload, "projectId": "another"})
    assert refused.value.status_code == 400 and refused.value.body["code"] == "InputError"
    service.finishUpload(name, upload)
    late = {**upload, "expires": taskcluster.fromNowJSON("1 hour"), "proposedUploadMethods": {"putUrl": {"contentType": BINARY, "contentLength": 4}}}
    with pytest.raises(TaskclusterRestFailure) as refused:
        service.createUpload(name, late)
    assert refused.value.status_code == 409


@pytest.mark.skipif("DROVER_TEST_S3_URL" not in os.environ, reason="of the bucket alone")
def test_what_was_given_up_leaves_no_parts_in_the_bucket(run):
    made, before = run.create("public/half", "s3"), stored()
    url = urlparse(made["putUrl"])
    with socket.create_connection((url.hostname, url.port)) as half:
        half.sendall(f"PUT {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: {BINARY}\r\nContent-Length: 20000000\r\n\r\n".encode())
        half.sendall(os.urandom(11_000_000))
        half.shutdown(socket.SHUT_WR)
        half.recv(4096)
    assert stored() == before


def test_what_has_expired_is_not_there(run):
    service = taskcluster.Object(run.options)
    name, until = f"expiring/{uuid.uuid4()}", time.time() + 2
    upload = {"projectId": "drover", "uploadId": taskcluster.slugId()}
    proposed = {"dataInline": {"contentType": BINARY, "objectData": "ZGF0YQ=="}}
    service.createUpload(name, {**upload, "expires": taskcluster.fromNowJSON("2 seconds"), "proposedUploadMethods": proposed})
    service.finishUpload(name, upload)
    assert requests.get(service.startDownload(name, {"acceptDownloadMethods": {"simple": True}})["url"]).content == b"data"
    while time.time() < until + 5:
        try:
            service.object(name)
        except TaskclusterRestFailure as gone:
            assert gone.status_code == 404 and time.time() >= until - 1
            return
        time.sleep(0.2)
    pytest.fail("the object outlived its expiry")
