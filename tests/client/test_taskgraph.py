"""`taskgraph decision` of taskcluster-taskgraph from PyPI creates its graph here, and finds again what earlier graphs made."""
import json
import os
import pathlib
import shutil
import subprocess
import time
import uuid

import pytest
import taskcluster
from conftest import definition, tool

REPOSITORY = pathlib.Path(__file__).parent / "taskgraph_repository"
WORKER = {"workerGroup": "client-tests", "workerId": "taskgraph"}
OPTIONS = {**taskcluster.optionsFromEnvironment(), "maxRetries": 0}


class Project:
    """A clone of the sample repository, with a task queue and a part of the index of its own."""
    scopes = ["queue:*", "index:find-task:*"]

    def __init__(self, folder):
        self.name, self.folder = f"t-{uuid.uuid4().hex[:12]}", folder / "repository"
        self.queue, self.index = taskcluster.Queue(OPTIONS), taskcluster.Index(OPTIONS)
        shutil.copytree(REPOSITORY, self.folder)
        for path in ("taskcluster/config.yml", ".taskcluster.yml"):
            file = self.folder / path
            file.write_text(file.read_text().replace("PREFIX", self.name).replace("WORKER_TYPE", self.name))
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("remote", "add", "origin", "https://github.com/example/sample")
        self.commit("source/first.txt")

    def git(self, *words):
        identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.com"]
        return subprocess.run(["git", *identity, *words], cwd=self.folder, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, path):
        with open(self.folder / path, "a") as file:
            file.write("changed\n")
        self.git("add", ".")
        self.git("commit", "--quiet", "-m", f"Change {path}")

    def decide(self, base):
        """Has a decision task made and its graph completed; answers the tasks it made as {label: taskId}."""
        group = self.graph(base)
        self.work_off(group, f"client-tests/{self.name}")
        return json.loads((self.folder / "artifacts/label-to-taskid.json").read_text()), self.members(group)

    def graph(self, base):
        """Claims a decision task and does its work; answers the group that it made."""
        group = taskcluster.slugId()
        self.queue.createTask(group, definition(
            f"client-tests/{self.name}", schedulerId="sample-level-1", taskGroupId=group, scopes=self.scopes, routes=self.routes()))
        claimed = self.queue.claimTask(group, "0", WORKER)
        self.taskgraph_decision(group, claimed["credentials"], base)
        as_run = taskcluster.Queue({**OPTIONS, "credentials": dict(claimed["credentials"])})
        self.keep_artifacts(group, as_run)
        as_run.reportCompleted(group, "0")
        return group

    def routes(self):
        return []

    def keep_artifacts(self, group, as_run):
        """Nothing asks for those of this project."""

    def as_run(self, credentials):
        """What a worker gives the commands of a task."""
        return {
            "TASKCLUSTER_CLIENT_ID": credentials["clientId"], "TASKCLUSTER_ACCESS_TOKEN": credentials["accessToken"],
            "TASKCLUSTER_CERTIFICATE": credentials["certificate"]}

    def taskgraph_decision(self, group, credentials, base):
        repository, head = "https://github.com/example/sample", self.git("rev-parse", "HEAD")
        environment = {**os.environ, "TASK_ID": group, **self.as_run(credentials)}
        done = subprocess.run(
            [tool("taskgraph"), "decision", f"--project={self.name}", "--owner=nobody@example.com", "--level=1", "--tasks-for=github-push",
             "--repository-type=git", f"--base-repository={repository}", f"--head-repository={repository}", "--head-ref=main",
             "--base-ref=main", f"--base-rev={base}", f"--head-rev={head}", "--pushlog-id=0", "--pushdate=1700000000"],
            cwd=self.folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=100)
        assert done.returncode == 0, done.stdout

    def work_off(self, group, queue_id):
        """Completes the tasks of a group as they become pending, until all are resolved."""
        until = time.monotonic() + 60
        while any(one["state"] != "completed" for one in self.members(group).values()) and time.monotonic() < until:
            for claimed in self.queue.claimWork(queue_id, {**WORKER, "tasks": 4})["tasks"]:
                as_run = taskcluster.Queue({**OPTIONS, "credentials": dict(claimed["credentials"])})
                as_run.reportCompleted(claimed["status"]["taskId"], str(claimed["runId"]))

    def members(self, group):
        """The status of each task that a decision made, by its label."""
        listed = self.queue.listTaskGroup(group)["tasks"]
        return {one["task"]["metadata"]["name"]: one["status"] for one in listed if one["status"]["taskId"] != group}

    def indexed(self, name):
        """Which build the index has for the newest source, as soon as it has one."""
        until = time.monotonic() + 20
        while True:
            try:
                return self.index.findTask(f"{self.name}.cache.level-1.build.{name}.latest")["taskId"]
            except taskcluster.exceptions.TaskclusterRestFailure as missing:
                assert missing.status_code == 404 and time.monotonic() < until, missing
                time.sleep(0.1)


def test_a_second_graph_finds_the_builds_of_the_first_and_skips_what_did_not_change(tmp_path):
    project = Project(tmp_path)
    start = project.git("hash-object", "-t", "tree", "/dev/null")
    label_to_task_id, members = project.decide(start)
    assert sorted(members) == ["build-one", "build-two", "check-one", "check-two", "report-all"]
    assert {status["state"] for status in members.values()} == {"completed"}
    first = {name: project.indexed(name) for name in ("one", "two")}
    assert first == {name: label_to_task_id[f"build-{name}"] for name in first}

    base = project.git("rev-parse", "HEAD")
    project.commit("source/two.txt")
    label_to_task_id, members = project.decide(base)
    assert sorted(members) == ["build-two", "check-two", "report-all"]
    assert {status["state"] for status in members.values()} == {"completed"}
    assert label_to_task_id["build-one"] == first["one"]
    assert first["one"] in project.queue.task(members["report-all"]["taskId"])["dependencies"]
