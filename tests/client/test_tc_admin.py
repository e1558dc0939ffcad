"""`tc-admin` from PyPI brings a deployment to what a configuration repository says, and then finds nothing left to do."""
import os
import pathlib
import subprocess
import uuid

import pytest
import taskcluster
from conftest import tool

REPOSITORY = pathlib.Path(__file__).parent / "tc_admin"


class Deployment:
    """Runs tc-admin with a part of the server that nobody else manages."""

    def __init__(self):
        self.prefix = f"client-tests-admin-{uuid.uuid4().hex[:12]}"
        options = {**taskcluster.optionsFromEnvironment(), "maxRetries": 0}
        self.auth, self.secrets = taskcluster.Auth(options), taskcluster.Secrets(options)
        self.worker_manager = taskcluster.WorkerManager(options)

    def admin(self, command, file):
        environment = {**os.environ, "CONFIGURED_PREFIX": self.prefix, "CONFIGURED_FILE": file}
        return subprocess.run(
            [tool("tc-admin"), command],
            cwd=REPOSITORY, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)

    def apply(self, file):
        done = self.admin("apply", file)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def diff(self, file):
        """What `diff` says would change; nothing once it was applied."""
        done = self.admin("diff", file)
        assert "Traceback" not in done.stdout, done.stdout
        return done.stdout.strip()

    def secret(self, name):
        return self.secrets.get(f"{self.prefix}/{name}")["secret"]

    def pool(self, name):
        return self.worker_manager.workerPool(f"{self.prefix}/{name}")

    def client_ids(self):
        return [one["clientId"] for one in self.auth.listClients(query={"prefix": self.prefix})["clients"]]


@pytest.fixture
def deployment():
    deployment = Deployment()
    yield deployment
    deployment.apply(os.devnull)


def test_a_repository_is_applied_once_and_again_after_each_change(deployment):
    prefix = deployment.prefix
    wanted = deployment.diff("first.yml")
    assert f"Client={prefix}/builder" in wanted and f"Role={prefix}/build" in wanted and f"Secret={prefix}/token" in wanted

    assert f"Creating Role {prefix}/build" in deployment.apply("first.yml").replace("=", " ")
    assert deployment.diff("first.yml") == ""
    assert deployment.secret("token") == {"password": "first", "nested": {"list": [1, 2, {"deep": True}]}}
    assert deployment.secret("with/a/path") == {"word": "Grüße, 世界"}
    allowed = deployment.auth.expandScopes({"scopes": [f"assume:{prefix}/repo:example.com/x"]})["scopes"]
    assert "queue:route:index.x" in allowed and f"secrets:get:{prefix}/token" in allowed

    assert deployment.pool("linux")["config"]["workerConfig"] == {"size": 1, "ratio": 0.5}

    assert "second day" in deployment.diff("second.yml")
    deployment.apply("second.yml")
    assert deployment.diff("second.yml") == ""
    assert deployment.client_ids() == [f"{prefix}/builder"]
    assert deployment.secret("token") == {"password": "second"}
    assert deployment.pool("linux")["config"]["workerConfig"]["size"] == 2


def test_what_was_applied_can_be_used(deployment):
    deployment.apply("first.yml")
    client_id = f"{deployment.prefix}/builder"
    token = deployment.auth.resetAccessToken(client_id)["accessToken"]
    as_builder = taskcluster.Secrets({
        "rootUrl": deployment.auth.options["rootUrl"], "credentials": {"clientId": client_id, "accessToken": token}, "maxRetries": 0})
    assert as_builder.get(f"{deployment.prefix}/token")["secret"]["password"] == "first"
