"""Actions of taskcluster-taskgraph from PyPI, unmodified: its `actions.json` leads to a hook, the hook to a task, and the task to the callback."""
import json
import os
import subprocess
import time

import jsone
import jsonschema
import requests
import taskcluster
from conftest import tool
from test_taskgraph import OPTIONS, WORKER, Project

DROVER = os.environ.get("DROVER_TEST_BIN", f"{os.environ.get('CARGO_TARGET_DIR', 'target')}/debug/drover")
PERMISSION = "project-sample/in-tree-action-1-generic"
REPOSITORY_SCOPE = "assume:repo:github.com/example/sample:action:generic"
# What everybody may do where reading is public.
READS = ["auth:current-scopes", "index:*", "queue:get-artifact:public/*", "queue:get-task:*", "queue:list-task-group:*", "queue:status:*"]
KEPT = ["actions.json", "full-task-graph.json", "label-to-taskid.json", "parameters.yml", "task-graph.json"]


def drover(*words):
    done = subprocess.run([DROVER, *words, "-o", "json"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def grant(role, *scopes):
    """Gives a role exactly these scopes."""
    auth, body = taskcluster.Auth(OPTIONS), {"scopes": scopes, "description": "tests/client"}
    try:
        auth.createRole(role, body)
    except taskcluster.exceptions.TaskclusterRestFailure as there:
        assert there.status_code == 409, there
        auth.updateRole(role, body)


class OfferingProject(Project):
    """Its decision tasks keep their artifacts, are in the index, and may offer actions with hooks."""
    scopes = [*Project.scopes, "index:list-tasks:*", "in-tree:hook-action:project-sample/*"]

    def routes(self):
        return [f"index.{self.index_path()}"]

    def index_path(self):
        return f"sample.v2.{self.name}.revision.{self.git('rev-parse', 'HEAD')}.taskgraph.decision"

    def keep_artifacts(self, group, as_run):
        for name in KEPT:
            content = (self.folder / "artifacts" / name).read_bytes()
            kind = "application/json" if name.endswith(".json") else "text/yaml"
            body = {"storageType": "s3", "contentType": kind, "expires": taskcluster.fromNowJSON("1 hour")}
            made = as_run.createArtifact(group, "0", f"public/{name}", body)
            requests.put(made["putUrl"], data=content, headers={"Content-Type": kind}, timeout=30).raise_for_status()

    def register_hooks(self):
        """As an administrator does; what the hook may do is up to its role."""
        hooks = self.folder.parent / "hooks.json"
        hooks.write_text(json.dumps(drover("hook", "in-tree", str(self.folder / ".taskcluster.yml"), PERMISSION)))
        applied = subprocess.run([DROVER, "hook", "apply", str(hooks)], capture_output=True, text=True, timeout=60)
        assert applied.returncode == 0, applied.stderr
        grant(f"hook-id:{PERMISSION}/*", REPOSITORY_SCOPE)
        grant(
            "repo:github.com/example/sample:action:generic", "queue:create-task:highest:client-tests/*", "queue:create-task:project:none",
            "queue:scheduler-id:sample-level-1", "queue:route:checks", f"queue:route:index.{self.name}.*", "queue:route:index.sample.v2.*", "queue:cancel-task:*",
            "queue:rerun-task:*", *READS)

    def whole_graph(self):
        return self.graph(self.git("hash-object", "-t", "tree", "/dev/null"))

    def callback(self, action_task):
        """Does the work of an action's task: claims it, and runs what its payload says."""
        claimed = self.queue.claimTask(action_task, "0", WORKER)
        payload = claimed["task"]["payload"]
        environment = {**os.environ, **payload["env"], "TASK_ID": action_task, **self.as_run(claimed["credentials"])}
        (command,) = payload["command"]
        done = subprocess.run(
            [tool(command[0]), *command[1:]], cwd=self.folder, env=environment, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=100)
        assert done.returncode == 0, done.stdout
        taskcluster.Queue({**OPTIONS, "credentials": dict(claimed["credentials"])}).reportCompleted(action_task, "0")

    def wait_for_index(self):
        until = time.monotonic() + 20
        while True:
            try:
                return self.index.findTask(self.index_path())
            except taskcluster.exceptions.TaskclusterRestFailure as missing:
                assert missing.status_code == 404 and time.monotonic() < until, missing
                time.sleep(0.1)


class Page:
    """A user interface that follows the specification of actions: it renders what `actions.json` says, and triggers the hook."""

    def __init__(self, group):
        self.group, self.queue = group, taskcluster.Queue(OPTIONS)
        found = self.queue.getLatestArtifact(group, "public/actions.json")
        self.list = requests.get(found["url"], timeout=30).json()
        assert self.list["version"] == 1

    def find(self, name, task=None):
        tags = (task or {}).get("tags", {})
        offered = (one for one in self.list["actions"] if one["name"] == name)
        if task is None:
            return next(one for one in offered if not one["context"])
        return next(one for one in offered if any(wanted.items() <= tags.items() for wanted in one["context"]))

    def run(self, name, task_id=None, given=None):
        task = self.queue.task(task_id) if task_id else None
        action = self.find(name, task)
        if "schema" in action:
            jsonschema.validate(given, action["schema"])
        decision_scopes = taskcluster.Auth(OPTIONS).expandScopes({"scopes": self.queue.task(self.group)["scopes"]})["scopes"]
        needed = f"in-tree:hook-action:{action['hookGroupId']}/{action['hookId']}"
        assert any(needed == scope or scope.endswith("*") and needed.startswith(scope[:-1]) for scope in decision_scopes), needed
        context = {**self.list["variables"], "input": given, "taskId": task_id, "task": task, "taskGroupId": self.group, "ownTaskId": self.group}
        payload = jsone.render(action["hookPayload"], context)
        return taskcluster.Hooks(OPTIONS).triggerHook(action["hookGroupId"], action["hookId"], payload)["taskId"]


def test_actions_of_a_decision_task_are_carried_out_by_the_callbacks_of_taskgraph(tmp_path):
    project = OfferingProject(tmp_path)
    project.register_hooks()
    group = project.whole_graph()
    project.wait_for_index()
    members = project.members(group)
    build, check = members["build-one"]["taskId"], members["check-one"]["taskId"]

    # By the specification, on a task.
    page = Page(group)
    action_task = page.run("retrigger", build, {"force": True, "times": 1})
    task = project.queue.task(action_task)
    assert (task["taskGroupId"], task["scopes"], task["schedulerId"]) == (group, [REPOSITORY_SCOPE], "sample-level-1")
    assert task["extra"]["action"] == {"name": "retrigger", "own": action_task}
    environment = task["payload"]["env"]
    assert (json.loads(environment["ACTION_TASK_ID"]), environment["ACTION_TASK_GROUP_ID"]) == (build, group)
    project.callback(action_task)
    builds = [one["status"]["taskId"] for one in project.queue.listTaskGroup(group)["tasks"] if one["task"]["metadata"]["name"] == "build-one"]
    assert len(builds) == 2 and build in builds

    # By the command, on a task and on the group.
    listed = drover("action", "list", group)
    assert {"add-new-jobs", "cancel-all", "retrigger-multiple", "rebuild-cached-tasks"} <= {one["name"] for one in listed}
    action_task = drover("action", "run", group, "cancel", "--task", check)["taskId"]
    project.callback(action_task)
    assert project.queue.status(check)["status"]["state"] == "exception"
    more = tmp_path / "input.json"
    more.write_text(json.dumps({"tasks": ["check-one"]}))
    project.callback(drover("action", "run", group, "add-new-jobs", "--input", str(more))["taskId"])
    checks = [one for one in project.queue.listTaskGroup(group)["tasks"] if one["task"]["metadata"]["name"] == "check-one"]
    assert len(checks) == 2

    project.callback(page.run("cancel-all"))
    states = {one["task"]["metadata"]["name"]: one["status"]["state"] for one in project.queue.listTaskGroup(group)["tasks"]}
    assert set(states.values()) == {"exception", "completed"} and states["build-two"] == "exception"


def test_a_push_without_a_hook_for_its_file_says_so(tmp_path):
    project = OfferingProject(tmp_path)
    group = project.whole_graph()
    done = subprocess.run(
        [DROVER, "action", "run", group, "cancel", "--task", project.members(group)["build-one"]["taskId"]], capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and "no hook for this .taskcluster.yml" in done.stderr, done.stderr


def test_a_task_is_made_on_earlier_pushes_of_taskgraph_that_skipped_it(tmp_path):
    project = OfferingProject(tmp_path)
    grant("hook-id:drover/backfill", "*")
    first = project.whole_graph()
    project.wait_for_index()
    before = project.git("rev-parse", "HEAD")
    project.commit("source/two.txt")
    # This push changes nothing of the first source: its check is skipped.
    second = project.graph(before)
    project.wait_for_index()
    assert "check-one" not in project.members(second) and "check-two" in project.members(second)
    project.commit("source/one.txt")
    third = project.whole_graph()
    project.wait_for_index()

    target = project.members(third)["check-one"]["taskId"]
    payload = {"user": {"taskId": target, "taskGroupId": third, "input": {"depth": 5}}}
    action_task = taskcluster.Hooks(OPTIONS).triggerHook("drover", "backfill", payload)["taskId"]
    until = time.monotonic() + 60
    while project.queue.status(action_task)["status"]["state"] in ("pending", "running"):
        assert time.monotonic() < until
        time.sleep(0.1)
    result = requests.get(project.queue.getLatestArtifact(action_task, "public/result.json")["url"], timeout=30).json()
    (created,) = result["created"]
    (skipped,) = result["skipped"]
    assert (created["taskGroupId"], skipped["taskGroupId"]) == (second, first), result
    made = project.members(second)
    assert made["check-one"]["taskId"] == created["taskId"]
    task = project.queue.task(created["taskId"])
    assert made["build-one"]["taskId"] in task["dependencies"] and task["schedulerId"] == "sample-level-1"
