"""Which pods start anew: only those whose own values changed. A pod template that is the same is the same pod."""
import json

import pytest

from chart import VALUES, deployments, render

MASTER = {"name": "main", "url": "https://buildbot.example.com/", "user": "drover", "password": "secret"}


def providers(**aws):
    return {"workerManager": {"providers": [{"id": "aws", "provider_type": "aws", "aws": {"secret_access_key": "s", **aws}}]}}


def templates(**values):
    return {name: it["spec"]["template"] for name, it in deployments(render(**values)).items()}


def changed(before, after):
    old, new = templates(**before), templates(**after)
    assert old.keys() == new.keys()
    return {name.removeprefix("ci-") for name in old if old[name] != new[name]}


@pytest.mark.parametrize("before, after, expected", [
    ({}, {}, set()),
    ({}, {"deployments": {"queue": {"replicas": 5}}}, set()),
    ({}, {"service": {"port": 8080}, "networkPolicy": {"enabled": True}, "podDisruptionBudget": {"enabled": False}}, set()),
    ({}, {"monitoring": {"prometheusRule": {"enabled": True}, "dashboards": {"enabled": True}}}, set()),
    ({}, {"migration": {"deadlineSeconds": 3600}, "rollout": {"maxSurge": 2}}, set()),
    ({}, {"deployments": {"index": {"settings": {"DROVER__TELEMETRY__LOG": "debug"}}}}, {"index"}),
    ({}, {"deployments": {"queue": {"resources": {"limits": {"memory": "2Gi"}}}}}, {"queue"}),
    ({}, {"deployments": {"relay": {"nodeSelector": {"disk": "fast"}}}}, {"relay"}),
    ({}, {"preStopSeconds": 6}, {"api"}),
    ({"bridge": {"masters": [MASTER]}}, {"bridge": {"masters": [{**MASTER, "password": "other"}]}}, {"bridge"}),
    # `api` does not have what changed.
    (providers(), providers(secret_access_key="other"), {"provisioner"}),
    (providers(), providers(notice_queue_url="https://sqs.example.com/1/n"), {"provisioner", "api"}),
])
def test_only_what_changed_starts_anew(before, after, expected):
    assert changed(before, after) == expected


@pytest.mark.parametrize("after", [
    {"settings": {"DROVER__TELEMETRY__LOG": "debug"}},
    {"image": {"tag": "2"}},
    {"secretRevision": "2026-11-27"},
    {"podAnnotations": {"restarted": "now"}},
])
def test_what_concerns_all_starts_all_anew(after):
    assert changed({}, after) == {name.removeprefix("ci-") for name in templates()}


def test_a_change_of_version_alone_starts_nothing_anew():
    """With `image.tag` set, the version of the chart must not be in the pods."""
    for template in templates(image={"tag": "1"}).values():
        assert "app.kubernetes.io/version" not in json.dumps(template)


def test_the_old_pods_go_first_only_where_the_volume_cannot_be_shared():
    for name, values in VALUES.items():
        for deployment, it in deployments(render(**values)).items():
            is_single = name in ("read-write-once", "single-process") and deployment in ("ci-api", "ci-all")
            expected = "Recreate" if is_single else "RollingUpdate"
            assert it["spec"]["strategy"]["type"] == expected, (name, deployment)
            if not is_single:
                assert it["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
