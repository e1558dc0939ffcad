"""The chart as Helm renders it: Helm's own library, without a cluster."""
import copy
import functools
import json
from pathlib import Path

import helm_python as helm
import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm"
# Sets of values that are used somewhere: those of the tests, and the one that operators begin with.
SETS = [*sorted((Path(__file__).parent / "values").glob("*.yaml")), CHART / "examples" / "production.yaml"]
VALUES = {path.stem: yaml.safe_load(path.read_text()) for path in SETS}


LOADED = helm.Chart.load(str(CHART))


def manifests(values=None, name="ci"):
    """The text of each template."""
    return LOADED.render(copy.deepcopy(values or {}), name=name, namespace="default")


@functools.cache
def parsed(values, name):
    texts = (text for path, text in manifests(json.loads(values), name).items() if not path.endswith("NOTES.txt"))
    return [it for text in texts for it in yaml.load_all(text, yaml.CSafeLoader) if it]


def documents(values=None, name="ci"):
    """Everything that would be installed, hooks and tests included."""
    return copy.deepcopy(parsed(json.dumps(values or {}), name))


def render(**values):
    """The same, as (kind, name) -> document."""
    return {(it["kind"], it["metadata"]["name"]): it for it in documents(values)}


def refusal(**values):
    """What Helm says to values that are refused."""
    try:
        manifests(values)
    except helm.HelmError as error:
        return str(error)
    raise AssertionError(f"{values} are accepted")


def deployments(objects):
    """Those of Drover's own processes, by name."""
    is_ours = lambda it: it["metadata"]["labels"].get("app.kubernetes.io/component") != "collector"
    return {name: it for (kind, name), it in objects.items() if kind == "Deployment" and is_ours(it)}


def pod(workload):
    return workload["spec"]["template"]["spec"]


def container(workload):
    return pod(workload)["containers"][0]


def environment(workload):
    return {it["name"]: it.get("value") for it in container(workload)["env"]}
