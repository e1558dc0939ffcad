"""The chart as Helm renders it: Helm's own library, without a cluster.

Run by `./dev test chart`.
"""
import json
import re
from pathlib import Path

import helm_python as helm
import pytest
import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm"
SETTING = re.compile(r"DROVER__[A-Z0-9_]+")
# Lists whose items are tables have no variable of their own in the manual.
KNOWN = set(SETTING.findall((ROOT / "drover" / "SETTINGS.md").read_text()))


def render(**values):
    """Everything that would be installed, as (kind, name) -> document."""
    with helm.Chart.load(str(CHART)) as chart:
        manifests = chart.render(values, name="ci", namespace="default")
    documents = [it for text in manifests.values() for it in yaml.safe_load_all(text) if it]
    return {(it["kind"], it["metadata"]["name"]): it for it in documents}


def deployments(objects):
    return {name: it for (kind, name), it in objects.items() if kind == "Deployment"}


def container(deployment):
    return deployment["spec"]["template"]["spec"]["containers"][0]


def environment(deployment):
    return {it["name"]: it.get("value") for it in container(deployment)["env"]}


def test_lint():
    assert helm.lint(str(CHART))["errors"] == []


def test_each_group_of_roles_is_a_deployment_and_the_bridge_only_with_masters():
    names = set(deployments(render()))
    declared = yaml.safe_load((CHART / "values.yaml").read_text())["deployments"]
    assert names == {f"ci-{it}" for it in declared if it != "bridge"}
    masters = [{"name": "main", "url": "https://buildbot.example.com/", "user": "drover", "password": "secret"}]
    objects = render(bridge={"masters": masters})
    assert set(deployments(objects)) == names | {"ci-bridge"}
    assert json.loads(objects["Secret", "ci-bridge"]["stringData"]["bridge-masters"]) == masters


def test_one_process_is_one_switch():
    objects = render(singleProcess={"enabled": True})
    (name, deployment), = deployments(objects).items()
    assert name == "ci-all"
    assert container(deployment)["args"][:3] == ["serve", "--roles", "all"]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    selector = objects["Service", "ci"]["spec"]["selector"]
    assert selector.items() <= labels.items(), "the service leads to it"


@pytest.mark.parametrize("value, expected", [
    (67108864, "67108864"),
    (12345678901234, "12345678901234"),
    (-1, "-1"),
    (0.25, "0.25"),
    (True, "true"),
    ("20m", "20m"),
    ("", ""),
    (["autoland", "try"], '["autoland","try"]'),
    ({"local/worker": 3}, '{"local/worker":3}'),
    ('a "quoted" \\ text', 'a "quoted" \\ text'),
])
def test_settings_reach_the_program_as_written(value, expected):
    settings = {"DROVER__QUEUE__CLAIM_TIMEOUT": value}
    everywhere = render(settings=settings)
    assert environment(deployments(everywhere)["ci-api"])["DROVER__QUEUE__CLAIM_TIMEOUT"] == expected
    one = render(deployments={"stage": {"roles": ["index"], "replicas": 1, "settings": settings}})
    assert environment(deployments(one)["ci-stage"])["DROVER__QUEUE__CLAIM_TIMEOUT"] == expected


def test_numbers_of_values_keep_their_digits():
    with helm.Chart.load(str(CHART)) as chart:
        values = {"terminationGracePeriodSeconds": 30000000, "image": {"tag": 20261127}, "deployments": {"api": {"replicas": 1000000}}}
        texts = chart.render(values, name="ci")
    assert not [text for text in texts.values() if re.search(r"\de\+\d", text)]


def test_every_setting_that_is_named_exists():
    bucket = {"s3": {"bucket": "drover"}}
    rendered = [name for it in deployments(render(artifacts=bucket)).values() for name in environment(it)]
    named = SETTING.findall((CHART / "values.yaml").read_text() + (CHART / "README.md").read_text())
    unknown = {it for it in rendered + named if it.startswith("DROVER__")} - KNOWN - {"DROVER__SECTION__FIELD"}
    assert not unknown, f"`drover config explain` does not know {sorted(unknown)}"
