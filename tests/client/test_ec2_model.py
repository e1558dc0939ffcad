"""What Drover sent to EC2, and the names it gives to parameters, beside the model of AWS's own client.

`DROVER_TEST_EC2_REQUESTS` names a file with the requests that the tests of `tests/tests/aws` made, a line of JSON each.
"""
import json
import os
import pathlib
import re

import botocore.session
import pytest

MODEL = botocore.session.get_session().get_service_model("ec2", api_version="2016-11-15")
PARAMETERS = pathlib.Path(__file__).parents[2] / "provisioner/src/provider/aws/parameters.rs"


def wire_name(name, shape):
    """As `botocore.serialize.EC2Serializer` has it."""
    if "queryName" in shape.serialization:
        return shape.serialization["queryName"]
    given = shape.serialization.get("name")
    return given[0].upper() + given[1:] if given else name


def renamed(shape, path=(), above=()):
    """Path and name in a request of each parameter whose name there is another one."""
    while shape.type_name == "list":
        shape = shape.member
    if shape.type_name != "structure" or shape.name in above:
        return
    for name, member in shape.members.items():
        here = (*path, name)
        if wire_name(name, member) != name:
            yield ".".join(here), wire_name(name, member)
        yield from renamed(member, here, (*above, shape.name))


def test_every_parameter_of_run_instances_has_its_name_in_requests():
    table = re.findall(r'^    \("([\w.]+)", "(\w+)"\),$', PARAMETERS.read_text(), re.MULTILINE)
    assert dict(table) == dict(renamed(MODEL.operation_model("RunInstances").input_shape))
    assert len(dict(table)) == len(table)


def check(shape, parts, value):
    """Follows one field of a request through the model."""
    if shape.type_name == "structure":
        assert parts, f"a value where {shape.name} has members"
        members = {wire_name(name, member): member for name, member in shape.members.items()}
        assert parts[0] in members, f"{shape.name} has no {parts[0]}"
        check(members[parts[0]], parts[1:], value)
    elif shape.type_name == "list":
        assert parts and int(parts[0]) >= 1, f"no number in a list of {shape.name}"
        check(shape.member, parts[1:], value)
    else:
        assert not parts, f"{parts} in a {shape.type_name}"
        if shape.type_name in ("integer", "long"):
            int(value)
        elif shape.type_name == "boolean":
            assert value in ("true", "false")
        elif getattr(shape, "enum", None):
            assert value in shape.enum, f"{value} is no {shape.name}"


@pytest.mark.skipif("DROVER_TEST_EC2_REQUESTS" not in os.environ, reason="there are no requests to look at")
def test_every_request_is_one_that_the_model_knows():
    with open(os.environ["DROVER_TEST_EC2_REQUESTS"]) as file:
        requests = [dict(json.loads(line)["fields"]) for line in file]
    for request in requests:
        assert request.pop("Version") == MODEL.api_version
        shape = MODEL.operation_model(request.pop("Action")).input_shape
        for name, value in request.items():
            check(shape, name.split("."), value)
        missing = [name for name in shape.required_members if not any(
            field.split(".")[0] == wire_name(name, shape.members[name]) for field in request)]
        assert not missing, missing
    assert len(requests) > 20
