"""Makes tasks from the fields of a kind."""
import pathlib

from taskgraph.transforms.base import TransformSequence

transforms = TransformSequence()


@transforms.add
def describe(config, tasks):
    for task in tasks:
        kind, name, source = config.kind, task["name"], task.get("source")
        made = {
            "label": f"{kind}-{name}",
            "description": f"{kind} of {name}",
            "worker-type": "linux",
            "dependencies": {"build": task["build"]} if "build" in task else task.get("needs", {}),
            "attributes": {},
            "worker": {"command": [["echo", kind, name]], "env": {}, "max-run-time": 60, "chain-of-trust": False},
        }
        if kind == "build":
            made["cache"] = {"type": "build", "name": name, "digest-data": [pathlib.Path(source).read_text()]}
        if kind == "check":
            made["optimization"] = {"skip-unless-changed": [source]}
        yield made
