"""What each value does. Run by `./dev test chart`."""
import json
import re

import helm_python as helm
import pytest
import yaml

from chart import CHART, ROOT, VALUES, container, deployments, environment, manifests, pod, render

SETTING = re.compile(r"DROVER__[A-Z0-9_]+")
# Lists whose items are tables have no variable of their own in the manual.
KNOWN = set(SETTING.findall((ROOT / "drover" / "SETTINGS.md").read_text()))


@pytest.mark.parametrize("name", VALUES)
def test_helm_lint_finds_nothing(name):
    report = helm.lint(str(CHART), VALUES[name], strict=True)
    assert report["errors"] == []
    assert [it for it in report["messages"] if it["severity"] > 1] == []


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
    values = {
        "terminationGracePeriodSeconds": 30000000,
        "image": {"tag": 20261127},
        "deployments": {"api": {"replicas": 1000000}},
        "migration": {"deadlineSeconds": 30000000},
    }
    assert not [text for text in manifests(values).values() if re.search(r"\de\+\d", text)]


def test_every_setting_that_is_named_exists():
    bucket = {"s3": {"bucket": "drover"}}
    everything = render(artifacts=bucket, rootUrl="https://ci.example.com", monitoring={"collector": {"enabled": True}})
    rendered = [name for it in deployments(everything).values() for name in environment(it)]
    named = SETTING.findall((CHART / "values.yaml").read_text() + (CHART / "README.md").read_text())
    unknown = {it for it in rendered + named if it.startswith("DROVER__")} - KNOWN - {"DROVER__SECTION__FIELD"}
    assert not unknown, f"`drover config explain` does not know {sorted(unknown)}"
