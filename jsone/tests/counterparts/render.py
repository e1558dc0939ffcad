"""Renders cases with PyPI `json-e`: a line of JSON in with `template` and `context`, a line out with `ok` or `error`."""

import json
import sys

import jsone


def render(case):
    try:
        return json.dumps({"ok": jsone.render(case["template"], case["context"])}, allow_nan=False)
    except Exception as error:  # json-e also raises TypeError, AttributeError, ...
        return json.dumps({"error": str(error)})


for line in sys.stdin:
    print(render(json.loads(line)))
