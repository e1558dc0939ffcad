"""A small Kubernetes API server of ours, in memory: it stores what Helm applies, refuses changes of what cannot be changed, and
says at once that Jobs and Pods are done. It runs no container, and its rules are the few that this chart meets."""
import copy
import functools
import json
import re
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import kubernetes_validate
import yaml

from api_discovery import RESOURCES, VERSION, discovered

# What the real server refuses to change once it is there.
IMMUTABLE = {"jobs": ["template", "selector"], "deployments": ["selector"], "persistentvolumeclaims": ["accessModes", "storageClassName"]}
PATH = re.compile(r"^/(?:api|apis)/(?P<version>(?:[^/]+/)?v[0-9a-z]+)(?:/namespaces/(?P<namespace>[^/]+))?/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+))?(?:/status)?$")
CUSTOM = ("gateway.networking.k8s.io", "monitoring.coreos.com")
WATCH_SECONDS = 60


@functools.cache
def invalid(text):
    """What the schemas of Kubernetes have against an object; of custom resources they know nothing."""
    document = json.loads(text)
    if document["apiVersion"].split("/")[0] in CUSTOM:
        return None
    try:
        kubernetes_validate.validate(document, VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        return error.message
    return None


class Cluster:
    """The objects by (plural, namespace, name), and what happened, in order."""

    def __init__(self):
        self.lock = threading.RLock()
        self.objects, self.happened, self.number = {}, [], 0
        self.failing_jobs = set()
        self.put("namespaces", "", {"metadata": {"name": "ci"}}, {"apiVersion": "v1", "kind": "Namespace"})
        self.put("serviceaccounts", "ci", {"metadata": {"name": "default"}}, {"apiVersion": "v1", "kind": "ServiceAccount"})

    def put(self, plural, namespace, wanted, kind):
        """Creates or replaces, with what the real server fills in."""
        with self.lock:
            key = (plural, namespace, wanted["metadata"]["name"])
            old, new = self.objects.get(key), copy.deepcopy(wanted)
            new.update(kind)
            self.number += 1
            before = old["metadata"] if old else {"uid": str(uuid.uuid4()), "creationTimestamp": "2026-01-01T00:00:00Z", "generation": 0}
            is_changed = not old or old.get("spec") != new.get("spec")
            generation = before["generation"] + is_changed
            new["metadata"].update(uid=before["uid"], creationTimestamp=before["creationTimestamp"], generation=generation, resourceVersion=str(self.number))
            if namespace:
                new["metadata"]["namespace"] = namespace
            new["status"] = self.status(plural, new)
            self.objects[key] = new
            self.happened.append(("created" if not old else "changed" if is_changed else "kept", plural, key[2]))
            return new

    def status(self, plural, it):
        name = it["metadata"]["name"]
        if plural == "jobs" and any(name.endswith(end) for end in self.failing_jobs):
            return {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "it failed"}], "failed": 4}
        if plural == "jobs":
            return {"conditions": [{"type": "Complete", "status": "True"}], "succeeded": 1}
        if plural == "pods":
            return {"phase": "Succeeded"}
        if plural == "deployments":
            replicas = it["spec"].get("replicas", 1)
            counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), replicas)
            return {**counts, "observedGeneration": it["metadata"]["generation"],
                    "conditions": [{"type": "Available", "status": "True"}]}
        return {"phase": "Bound"} if plural == "persistentvolumeclaims" else {}

    def refusal(self, plural, old, new):
        """The message of the real server for an object or a change that it does not take."""
        if message := invalid(json.dumps(new, sort_keys=True)):
            return f'{plural} "{new["metadata"]["name"]}" is invalid: {message}'
        for field in IMMUTABLE.get(plural, []):
            if old and old.get("spec", {}).get(field) != new.get("spec", {}).get(field):
                return f'{plural} "{new["metadata"]["name"]}" is invalid: spec.{field}: Invalid value: field is immutable'
        return None

    def get(self, plural, name, namespace="ci"):
        return self.objects.get((plural, namespace, name))

    def names(self, plural):
        return {name for kind, _, name in self.objects if kind == plural}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    @property
    def cluster(self):
        return self.server.cluster

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, reason, message):
        self.answer(status, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": message, "code": status})

    def body(self):
        return yaml.safe_load(self.rfile.read(int(self.headers.get("content-length") or 0))) or {}

    def place(self):
        """Of the object or list of the path, or None after an answer."""
        path, _, self.query = self.path.partition("?")
        found = PATH.match(path)
        kinds = {(version, plural): kind for version, plural, kind in RESOURCES}
        if not found or (found["version"], found["plural"]) not in kinds:
            self.refuse(404, "NotFound", f"there is no {path}")
            return None
        self.kind = {"apiVersion": found["version"], "kind": kinds[found["version"], found["plural"]]}
        return found["plural"], found["namespace"] or "", found["name"]

    def do_GET(self):
        if document := discovered(self.path.partition("?")[0]):
            return self.answer(200, document)
        if not (place := self.place()):
            return None
        plural, namespace, name = place
        if name:
            it = self.cluster.get(plural, name, namespace)
            return self.answer(200, it) if it else self.refuse(404, "NotFound", f'{plural} "{name}" not found')
        if "watch=" in self.query:
            return self.watch(plural, namespace)
        items = self.listed(plural, namespace)
        kind, number = self.kind["kind"] + "List", str(self.cluster.number)
        return self.answer(200, {**self.kind, "kind": kind, "metadata": {"resourceVersion": number}, "items": items})

    def listed(self, plural, namespace):
        with self.cluster.lock:
            found = [it for (kind, there, _), it in self.cluster.objects.items() if kind == plural and namespace in ("", there)]
        return [it for it in found if self.is_selected(it)]

    def is_selected(self, it):
        """By the labels and the name that the query asks for."""
        query = parse_qs(self.query)
        labels = it["metadata"].get("labels", {})
        for part in filter(None, query.get("labelSelector", [""])[0].split(",")):
            key, _, value = part.partition("=")
            if labels.get(key) != value.lstrip("="):
                return False
        for part in filter(None, query.get("fieldSelector", [""])[0].split(",")):
            if part.startswith("metadata.name=") and it["metadata"]["name"] != part.split("=", 1)[1]:
                return False
        return True

    def watch(self, plural, namespace):
        """What is there, the mark that this was all, and then what changes, for a while."""
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        sent, end = {}, time.monotonic() + WATCH_SECONDS
        is_marked = "sendInitialEvents=true" not in self.query
        try:
            while time.monotonic() < end:
                with self.cluster.lock:
                    number, now = self.cluster.number, {it["metadata"]["name"]: it for it in self.listed(plural, namespace)}
                for name, it in now.items():
                    if sent.get(name, {}).get("metadata", {}).get("resourceVersion") != it["metadata"]["resourceVersion"]:
                        self.send_event("MODIFIED" if name in sent else "ADDED", it)
                for name in sent.keys() - now.keys():
                    self.send_event("DELETED", sent[name])
                sent = now
                if not is_marked:
                    marks = {"resourceVersion": str(number), "annotations": {"k8s.io/initial-events-end": "true"}}
                    self.send_event("BOOKMARK", {**self.kind, "metadata": marks})
                    is_marked = True
                time.sleep(0.02)
        except OSError:
            pass  # the client has seen enough

    def send_event(self, kind, it):
        self.wfile.write(json.dumps({"type": kind, "object": it}).encode() + b"\n")
        self.wfile.flush()

    def do_POST(self):
        if place := self.place():
            plural, namespace, _ = place
            wanted = self.body()
            if self.cluster.get(plural, wanted["metadata"]["name"], namespace):
                return self.refuse(409, "AlreadyExists", f'{plural} "{wanted["metadata"]["name"]}" already exists')
            return self.store(plural, namespace, wanted)
        return None

    def do_PUT(self):
        if place := self.place():
            self.store(place[0], place[1], self.body())

    def do_PATCH(self):
        """Server-side apply: what is sent is all that its only manager wants."""
        if not (place := self.place()):
            return None
        plural, namespace, name = place
        if "apply-patch" not in self.headers["content-type"]:
            return self.refuse(415, "UnsupportedMediaType", f"only server-side apply is here, not {self.headers['content-type']}")
        wanted = self.body()
        wanted["metadata"]["name"] = name
        return self.store(plural, namespace, wanted)

    def store(self, plural, namespace, wanted):
        old = self.cluster.get(plural, wanted["metadata"]["name"], namespace)
        if message := self.cluster.refusal(plural, old, wanted):
            return self.refuse(422, "Invalid", message)
        return self.answer(200, self.cluster.put(plural, namespace, wanted, self.kind))

    def do_DELETE(self):
        if place := self.place():
            plural, namespace, name = place
            self.rfile.read(int(self.headers.get("content-length") or 0))
            with self.cluster.lock:
                if not self.cluster.objects.pop((plural, namespace, name), None):
                    return self.refuse(404, "NotFound", f'{plural} "{name}" not found')
                self.cluster.happened.append(("deleted", plural, name))
            return self.answer(200, {"kind": "Status", "apiVersion": "v1", "status": "Success"})
        return None


def start(cluster):
    """The server of this cluster, on a port of its own, and its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.cluster = cluster
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_address[1]}"
