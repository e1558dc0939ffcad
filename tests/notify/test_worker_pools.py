"""Errors of worker pools reach their owners: a cloud that refuses every launch, and a real mail server."""
import http.server
import json
import threading
import uuid

import pytest
import taskcluster

from conftest import dev, mail_settings, wait

REFUSED = """<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>InvalidAMIID.NotFound</Code><Message>The image id '[ami-00000000]' does not exist</Message></Error></Errors>
<RequestID>00000000-0000-0000-0000-000000000000</RequestID></Response>"""


class Refusing(http.server.BaseHTTPRequestHandler):
    """EC2, as far as it refuses everything."""

    launches = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        if "Action=RunInstances" in body:
            self.launches.append(body)
        answer = REFUSED.encode()
        self.send_response(400)
        self.send_header("content-type", "text/xml")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def manager(mailbox, database, tmp_path_factory):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    aws = {"access_key_id": "key", "secret_access_key": "secret", "endpoint": f"http://127.0.0.1:{server.server_port}"}
    providers = [{"id": "static"}, {"id": "aws", "provider_type": "aws", "aws": aws}]
    settings = {**mail_settings(mailbox), "WORKER_MANAGER__PROVIDERS": json.dumps(providers)}
    process, client = dev(tmp_path_factory.mktemp("pools"), database, settings)
    yield taskcluster.WorkerManager(client)
    process.stop()
    server.shutdown()


def pool(owner, provider, email_on_error, config):
    return {"providerId": provider, "description": "", "owner": owner, "emailOnError": email_on_error, "config": config}


def owner():
    return f"{uuid.uuid4().hex[:12]}@example.com"


def launching(regions):
    """Machines are missing at once, of a launch config for each region."""
    configs = [{"region": region, "launchConfig": {"ImageId": "ami-00000000"}, "capacityPerInstance": 1} for region in regions]
    return {"minCapacity": 2 * len(regions), "maxCapacity": 2 * len(regions), "launchConfigs": configs}


def errors(manager, pool_id):
    return manager.listWorkerPoolErrors(pool_id)["workerPoolErrors"]


def test_a_launch_that_fails_sends_one_mail_to_the_owner(manager, mailbox):
    to, silent = owner(), owner()
    regions = ["us-east-1", "us-west-2"]
    manager.createWorkerPool("mail/silent", pool(silent, "aws", False, launching(regions)))
    manager.createWorkerPool("mail/broken", pool(to, "aws", True, launching(regions)))
    [mail] = wait(lambda: mailbox.to(to), 120)
    assert mail["subject"].startswith("Worker pool mail/broken: ")
    text = mail.get_body(("plain",)).get_content()
    assert "`mail/broken`" in text and "InvalidAMIID.NotFound" in text and "ami-00000000" in text
    # Each launch config fails by itself, in the same words.
    for name in ("mail/broken", "mail/silent"):
        assert len(wait(lambda: len(errors(manager, name)) >= 2 and errors(manager, name))) >= 2
    assert len(Refusing.launches) >= 4
    # Of another error, which comes after those.
    report(manager, "mail/broken", "another")
    wait(lambda: len(mailbox.to(to)) == 2)
    assert mailbox.to(silent) == []


def report(manager, pool_id, description):
    manager.reportWorkerError(pool_id, {
        "workerGroup": "g", "workerId": "w", "kind": "worker-error", "title": "a worker cannot work",
        "description": description, "extra": {},
    })


def test_errors_with_the_same_text_are_one_mail_and_others_are_not(manager, mailbox):
    to, other = owner(), owner()
    manager.createWorkerPool("mail/static", pool(to, "static", True, {}))
    manager.createWorkerPool("mail/other", pool(other, "static", True, {}))
    for _ in range(5):
        report(manager, "mail/static", "the disk is full")
    report(manager, "mail/other", "the disk is full")
    report(manager, "mail/static", "the disk is gone")
    wait(lambda: len(mailbox.to(to)) == 2 and len(mailbox.to(other)) == 1)
    texts = [mail.get_body(("plain",)).get_content() for mail in mailbox.to(to)]
    assert ["disk is full" in text for text in texts].count(True) == 1
