"""What the chart renders is what Kubernetes takes: its own schemas, kubectl's types, and the schemas of custom resources."""
import json
import os
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from chart import VALUES, documents

# The oldest that the chart allows (Chart.yaml) and the newest that is known.
VERSIONS = ["1.30", "1.37"]
NODE_TEST = os.environ.get("DROVER_CHART_NODE")
KUBECTL = Path(sys.executable).parent / "kubectl"


def is_custom(document):
    return document["apiVersion"].split("/")[0] in ("gateway.networking.k8s.io", "monitoring.coreos.com")


def test_there_are_at_least_fifteen_sets_of_values():
    assert len(VALUES) >= 15


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", VALUES)
def test_the_schemas_of_kubernetes_take_it(name, version):
    checked = [it for it in documents(VALUES[name]) if not is_custom(it)]
    for document in checked:
        kubernetes_validate.validate(document, version, strict=True)
    assert len(checked) > 5


def test_the_schemas_of_kubernetes_refuse_a_name_that_does_not_exist():
    document = next(it for it in documents() if it["kind"] == "Deployment")
    document["spec"]["template"]["spec"]["containers"][0]["live"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, VERSIONS[0], strict=True)


def kubectl(text):
    """A change that kubectl makes to a file without a server: it reads the objects with the types of Kubernetes itself."""
    command = [KUBECTL, "set", "env", "--local", "--dry-run=client", "-o", "name", "-f", "-", "READ_BY=kubectl"]
    nowhere = {**os.environ, "KUBECONFIG": os.devnull}
    return subprocess.run(command, input=text, text=True, capture_output=True, env=nowhere, timeout=60)


@pytest.mark.parametrize("name", VALUES)
def test_kubectl_reads_every_pod(name):
    workloads = [it for it in documents(VALUES[name]) if it["kind"] in ("Deployment", "Job", "Pod")]
    done = kubectl(yaml.safe_dump_all(workloads))
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(workloads)


def test_kubectl_refuses_a_text_for_a_number():
    document = next(it for it in documents() if it["kind"] == "Deployment")
    document["spec"]["replicas"] = "two"
    assert "cannot unmarshal string" in kubectl(yaml.safe_dump(document)).stderr


def custom_problems(resources):
    done = subprocess.run(["node", "check.js"], input=json.dumps(resources), text=True, capture_output=True, cwd=NODE_TEST, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.skipif(not NODE_TEST, reason="there is no Node.js for the schemas of custom resources")
def test_the_schemas_of_custom_resources_take_it():
    resources = [it for values in VALUES.values() for it in documents(values) if is_custom(it)]
    assert {it["kind"] for it in resources} == {"HTTPRoute", "Gateway", "ServiceMonitor", "PodMonitor", "PrometheusRule"}
    assert custom_problems(resources) == []
    broken = next(it for it in resources if it["kind"] == "HTTPRoute")
    broken["spec"]["hostnames"] = ["not a host"]
    assert "hostnames" in custom_problems([broken])[0]
