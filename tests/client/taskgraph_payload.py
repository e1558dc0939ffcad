"""Prints the task that `taskcluster-taskgraph` makes of a worker for docker-worker, given as JSON on standard input."""
import json
import sys
from types import SimpleNamespace

from taskgraph.transforms.task import payload_builders


class Parameters(dict):
    """Of a push to a branch that is not trusted."""

    def is_try(self):
        return False


def resolved(value):
    """Without the references to other tasks that taskgraph resolves later; here there are none in them."""
    if isinstance(value, dict):
        return resolved(value["task-reference"]) if list(value) == ["task-reference"] else {k: resolved(v) for k, v in value.items()}
    return [resolved(one) for one in value] if isinstance(value, list) else value


given = json.load(sys.stdin)
config = SimpleNamespace(params=Parameters(level="1"), graph_config={"trust-domain": "sample"}, path="", kind="sample")
task = {"scopes": [], "expires": given["expires"]}
payload_builders["docker-worker"].builder(config, {"worker": given["worker"], "worker-type": "sample"}, task)
json.dump(resolved(task), sys.stdout)
