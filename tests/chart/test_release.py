"""The chart in the hands of Helm itself and of kubectl, against a small API server of ours (api_server.py)."""
import base64
import os
import subprocess
import sys
from pathlib import Path

import helm_python as helm
import pytest
import yaml

import api_server
from chart import CHART, VALUES, deployments, documents, render

KUBECTL = Path(sys.executable).parent / "kubectl"
KEYS = ["database-url", "bus-amqp-url", "auth-root-credentials", "auth-queue-access-token", "auth-sealing-keys"]
ALL = {name.removeprefix("ci-") for name in deployments(render())}
SECRET = {"apiVersion": "v1", "kind": "Secret"}


class Operator:
    """Somebody with Helm, kubectl and one namespace of a cluster."""

    def __init__(self, cluster, url):
        self.cluster = cluster
        entry = lambda name, **it: [{"name": "test", name: it}]
        self.kubeconfig = yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "test", "users": entry("user"),
            "clusters": entry("cluster", server=url), "contexts": entry("context", cluster="test", user="test", namespace="ci"),
        })
        # The real server keeps releases in Secrets, in a format that ours does not read.
        self.helm = helm.Config(kubeconfig_content=self.kubeconfig, namespace="ci", storage_driver="memory", burst_limit=1000, qps=1000)

    def secret(self, name="drover", keys=KEYS, value="value"):
        data = {key: base64.b64encode(value.encode()).decode() for key in keys}
        self.cluster.put("secrets", "ci", {"metadata": {"name": name}, "data": data}, SECRET)

    def install(self, name="drover", **values):
        return self.happened(self.helm.install, name, values)

    def upgrade(self, name="drover", **values):
        return self.happened(self.helm.upgrade, name, values)

    def happened(self, action, name, values):
        """What the action did in the cluster, in order."""
        self.cluster.happened.clear()
        action(str(CHART), name, values, timeout=60, wait="hookOnly")
        return list(self.cluster.happened)


@pytest.fixture
def operator():
    cluster = api_server.Cluster()
    server, url = api_server.start(cluster)
    yield Operator(cluster, url)
    server.shutdown()
    server.server_close()


def changed(happened, plural="deployments"):
    return {name.removeprefix("drover-") for what, kind, name in happened if kind == plural and what == "changed"}


def test_an_install_without_the_secret_is_refused_in_words(operator):
    with pytest.raises(helm.HelmError, match="there is no Secret `drover` in the namespace `ci`"):
        operator.install()
    assert operator.cluster.happened == []


@pytest.mark.parametrize("missing", KEYS)
def test_an_install_with_a_key_missing_is_refused_in_words(operator, missing):
    operator.secret(keys=[it for it in KEYS if it != missing])
    with pytest.raises(helm.HelmError, match=f"the Secret `drover` in the namespace `ci` lacks the key `{missing}`"):
        operator.install()
    assert not operator.cluster.names("deployments") | operator.cluster.names("jobs")


def test_one_process_needs_no_broker_and_a_bucket_needs_its_keys(operator):
    operator.secret(keys=[it for it in KEYS if it != "bus-amqp-url"])
    operator.install(singleProcess={"enabled": True})
    with pytest.raises(helm.HelmError, match="lacks the key `object-s3-access-key-id`"):
        operator.upgrade(singleProcess={"enabled": True}, artifacts={"s3": {"bucket": "drover"}})


def test_the_database_is_upgraded_before_anything_else_is_there(operator):
    operator.secret()
    happened = operator.install()
    assert happened[:2] == [("created", "jobs", "drover-db-upgrade"), ("deleted", "jobs", "drover-db-upgrade")]
    assert operator.cluster.names("deployments") == {f"drover-{it}" for it in ALL}
    (online,) = operator.cluster.names("jobs")
    assert online.startswith("drover-db-online-")


def test_nothing_is_changed_where_the_database_cannot_be_upgraded(operator):
    """So it is while an online migration of the installed release is not complete."""
    operator.secret()
    operator.install()
    operator.cluster.failing_jobs.add("db-upgrade")
    with pytest.raises(helm.HelmError, match="drover-db-upgrade"):
        operator.upgrade(image={"tag": "2"})
    touched = {name for what, _, name in operator.cluster.happened if what != "kept"}
    assert touched == {"drover-db-upgrade"}, "the Job stays, for its log"
    operator.cluster.failing_jobs.clear()
    assert changed(operator.upgrade(image={"tag": "2"})) == ALL


def test_an_upgrade_changes_what_changed(operator):
    operator.secret()
    operator.install()
    assert changed(operator.upgrade()) == set()
    assert changed(operator.upgrade(deployments={"index": {"settings": {"DROVER__TELEMETRY__LOG": "debug"}}})) == {"index"}
    happened = operator.upgrade(image={"tag": "2"})
    online = [what for what, kind, name in happened if kind == "jobs" and "online" in name]
    assert online == ["created", "deleted"], "its template cannot be changed"


def test_pods_start_anew_when_the_secret_has_changed(operator):
    operator.secret()
    operator.install()
    assert changed(operator.upgrade()) == set()
    operator.secret(value="other")
    assert changed(operator.upgrade()) == ALL


def test_a_rollback_brings_the_release_before_back(operator):
    operator.secret()
    operator.install(image={"tag": "1"})
    operator.upgrade(image={"tag": "2"})
    operator.helm.rollback("drover", timeout=60, wait="hookOnly")
    containers = operator.cluster.get("deployments", "drover-api")["spec"]["template"]["spec"]["containers"]
    assert containers[0]["image"] == "drover:1"


def test_a_volume_that_is_there_keeps_its_access(operator):
    operator.secret()
    single = {"artifacts": {"accessModes": ["ReadWriteOnce"]}, "deployments": {"api": {"replicas": 1}}}
    operator.install(**single)
    with pytest.raises(helm.HelmError, match=r'is there with the access modes \["ReadWriteOnce"\], which cannot be changed'):
        operator.upgrade(publicRead=True)
    assert operator.cluster.happened == []
    operator.upgrade(**single)
    bucket = [*KEYS, "object-s3-access-key-id", "object-s3-secret-access-key"]
    operator.secret(keys=bucket)
    operator.upgrade(artifacts={"s3": {"bucket": "drover"}})
    assert "drover-artifacts" in operator.cluster.names("persistentvolumeclaims"), "what tasks have stored is kept"


def test_the_server_of_these_tests_refuses_what_cannot_be_changed(operator):
    operator.secret()
    operator.install()
    job = operator.cluster.get("jobs", next(iter(operator.cluster.names("jobs"))))
    other = {**job, "spec": {**job["spec"], "template": {}}}
    assert "is invalid" in operator.cluster.refusal("jobs", job, other)


def test_two_releases_live_beside_each_other(operator):
    for name in ("drover", "stage"):
        operator.secret(name)
        operator.install(name, **VALUES["monitoring"])
    before = operator.cluster.names("deployments")
    operator.helm.uninstall("stage", timeout=60, wait="hookOnly")
    after = operator.cluster.names("deployments")
    assert {it for it in before if it.startswith("drover-")} == after and len(after) == len(ALL) + 1, "with the collector"
    assert "stage-artifacts" in operator.cluster.names("persistentvolumeclaims"), "artifacts outlive a release"


def test_helm_test_runs(operator):
    operator.secret()
    operator.install()
    operator.helm.test("drover", timeout=60)
    assert operator.cluster.get("pods", "drover-test")


def kubectl(operator, folder, *arguments, text=""):
    config = folder / "kubeconfig"
    config.write_text(operator.kubeconfig)
    path = f"{KUBECTL.parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "KUBECONFIG": str(config), "HOME": str(folder), "PATH": path}
    return subprocess.run(arguments, input=text, capture_output=True, text=True, env=env, timeout=120)


def test_kubectl_would_create_all_of_every_set_of_values(operator, tmp_path):
    objects = [it for name, values in VALUES.items() for it in documents(values, name)]
    text = yaml.safe_dump_all(objects)
    done = kubectl(operator, tmp_path, KUBECTL, "create", "--dry-run=client", "-o", "name", "-f", "-", text=text)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(objects)


def test_the_example_makes_a_secret_of_those_of_the_operators_once(operator, tmp_path):
    script = ("sh", str(CHART / "examples" / "secret.sh"), "ci", "drover")
    assert kubectl(operator, tmp_path, *script).returncode != 0, "nothing is printed before both servers are there"
    of_postgresql = {"uri": "postgresql://drover:pw@drover-db-rw.ci:5432/drover"}
    of_rabbitmq = {"username": "default_user", "password": "pw", "host": "drover-mq.ci.svc"}
    for name, values in (("drover-db-app", of_postgresql), ("drover-mq-default-user", of_rabbitmq)):
        data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        operator.cluster.put("secrets", "ci", {"metadata": {"name": name}, "data": data}, SECRET)
    made = kubectl(operator, tmp_path, *script)
    secret = yaml.safe_load(made.stdout)
    assert sorted(secret["stringData"]) == sorted(KEYS), made.stderr
    assert secret["stringData"]["bus-amqp-url"] == "amqp://default_user:pw@drover-mq.ci.svc:5672/drover"
    assert secret["stringData"]["database-url"] == of_postgresql["uri"]
    operator.secret()
    again = kubectl(operator, tmp_path, *script)
    assert again.returncode == 1 and again.stdout == "" and "is left as it is" in again.stderr
