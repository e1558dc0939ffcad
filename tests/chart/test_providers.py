"""Providers of workers: who reads their secrets, and who does not."""
import json

import pytest

from chart import VALUES, container, deployments, pod, refusal, render

NAME = "DROVER__WORKER_MANAGER__PROVIDERS"
SECRETS = ("aws-secret", "azure-secret", "AKIA0")


def sources(objects):
    """By deployment that reads the list: from which key of which Secret."""
    found = {}
    for name, deployment in deployments(objects).items():
        for variable in container(deployment)["env"]:
            if variable["name"] == NAME:
                source = variable["valueFrom"]["secretKeyRef"]
                found[name.removeprefix("ci-")] = (source["name"], source["key"])
    return found


def test_without_providers_nobody_reads_any():
    objects = render()
    assert sources(objects) == {} and ("Secret", "ci-providers") not in objects


def test_the_provisioner_has_the_credentials_and_api_has_none():
    objects = render(**VALUES["providers"])
    assert sources(objects) == {
        "provisioner": ("ci-providers", "worker-manager-providers"),
        "api": ("ci-providers", "worker-manager-providers-of-api"),
    }
    stored = objects["Secret", "ci-providers"]["stringData"]
    full, of_api = json.loads(stored["worker-manager-providers"]), json.loads(stored["worker-manager-providers-of-api"])
    given = VALUES["providers"]["workerManager"]["providers"]
    assert full == given
    assert not any(secret in stored["worker-manager-providers-of-api"] for secret in SECRETS)
    assert [it["id"] for it in of_api] == [it["id"] for it in given]
    assert of_api[1]["identity_keys"] == given[1]["identity_keys"] and of_api[2] == given[2]
    assert of_api[1]["aws"] == {"notice_queue_url": "https://sqs.example.com/1/notices"}
    assert {"subscription_id", "client_id"} <= of_api[3]["azure"].keys()
    for name, deployment in deployments(objects).items():
        assert not any(secret in json.dumps(deployment) for secret in SECRETS), name


def test_files_of_providers_are_where_the_provisioner_is():
    for name, deployment in deployments(render(**VALUES["providers"])).items():
        volumes = {it["name"]: it for it in pod(deployment)["volumes"]}
        mounts = {it["name"]: it for it in container(deployment)["volumeMounts"]}
        is_provisioner = name == "ci-provisioner"
        assert ("providers" in volumes) == ("providers" in mounts) == is_provisioner, name
        if is_provisioner:
            assert volumes["providers"]["secret"] == {"secretName": "provider-files"}
            assert mounts["providers"] == {"name": "providers", "mountPath": "/etc/drover/providers", "readOnly": True}


def test_an_existing_secret_is_read_by_both_and_none_is_made():
    objects = render(**VALUES["providers-secret"])
    key = ("worker-providers", "worker-manager-providers")
    assert sources(objects) == {"provisioner": key, "api": key}
    assert ("Secret", "ci-providers") not in objects


def test_one_process_reads_all():
    values = {**VALUES["providers"], "singleProcess": {"enabled": True}}
    assert sources(render(**values)) == {"all": ("ci-providers", "worker-manager-providers")}


@pytest.mark.parametrize("values, words", [
    ({"workerManager": {"providers": [{"provider_type": "aws"}]}}, ["/workerManager/providers/0", "'id'"]),
    ({"workerManager": {"providers": [{"id": "a/b"}]}}, ["/workerManager/providers/0/id", "pattern"]),
    ({"workerManager": {"providers": [{"id": "a", "provider_type": "gcp"}]}}, ["/workerManager/providers/0/provider_type", "google"]),
    ({"settings": {NAME: []}, "workerManager": {"providers": [{"id": "static"}]}}, ["keep workerManager"]),
])
def test_bad_providers_are_refused(values, words):
    message = refusal(**values)
    assert all(word in message for word in words), message
