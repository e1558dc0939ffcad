"""What Drover sent to Compute Engine, beside Google's own description of its API.

`DROVER_TEST_GOOGLE_REQUESTS` names a file with the instances that the tests of `tests/tests/google` asked for, a line of JSON each.
"""
import json
import os
import pathlib

import googleapiclient
import pytest

DOCUMENT = pathlib.Path(googleapiclient.__file__).parent / "discovery_cache/documents/compute.v1.json"
API = json.loads(DOCUMENT.read_text())
TYPES = {"string": str, "boolean": bool, "integer": int, "number": (int, float)}


def check(schema, value, path):
    """Compares a value with a schema of the document; ids with 64 bits are strings there."""
    schema = API["schemas"][schema["$ref"]] if "$ref" in schema else schema
    kind = schema.get("type", "any")
    if kind == "array":
        assert isinstance(value, list), f"{path} is no list"
        for at, item in enumerate(value):
            check(schema["items"], item, f"{path}[{at}]")
    elif kind == "object":
        assert isinstance(value, dict), f"{path} is no object"
        for name, item in value.items():
            member = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
            assert member, f"{path} has no {name}"
            check(member, item, f"{path}.{name}")
    elif kind in TYPES:
        assert isinstance(value, TYPES[kind]), f"{path} is no {kind}"
        assert value in schema.get("enum", [value]), f"{path}: {value}"


@pytest.mark.skipif("DROVER_TEST_GOOGLE_REQUESTS" not in os.environ, reason="no requests were recorded")
def test_each_instance_that_was_asked_for_is_one_of_google():
    lines = pathlib.Path(os.environ["DROVER_TEST_GOOGLE_REQUESTS"]).read_text().splitlines()
    good = [json.loads(line) for line in lines if '"disks":null' not in line]
    assert good
    for body in good:
        check({"$ref": "Instance"}, body, "instance")


def method(resource, name):
    return API["resources"][resource]["methods"][name]


def test_the_calls_of_the_driver_are_calls_of_google():
    instances = "projects/{project}/zones/{zone}/instances"
    for name, path in [("insert", instances), ("list", instances), ("get", instances + "/{instance}"), ("delete", instances + "/{instance}")]:
        assert method("instances", name)["path"] == path
    assert "requestId" in method("instances", "insert")["parameters"]
    assert {"filter", "maxResults", "pageToken"} <= method("instances", "list")["parameters"].keys()
    assert method("zoneOperations", "wait")["path"] == "projects/{project}/zones/{zone}/operations/{operation}/wait"
    assert method("zoneOperations", "wait")["httpMethod"] == "POST"
