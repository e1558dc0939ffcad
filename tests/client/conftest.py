"""The PyPI client against a running Drover, named by the usual TASKCLUSTER_* variables.

Each test runs twice: once with the blocking client and once with the asynchronous one.
"""
import asyncio
import datetime
import os
import uuid

import pytest
import taskcluster
import taskcluster.aio


def tool(name):
    """A program of tools.txt, installed apart from the packages of the tests, whose versions it does not share."""
    return os.path.join(os.environ["CLIENT_TOOLS"], name)


class Blocking:
    """Calls a method of the queue as a script would."""

    def __init__(self, options):
        self.queue = taskcluster.Queue(options)

    def __call__(self, method, *args, **kw):
        return getattr(self.queue, method)(*args, **kw)

    def with_credentials(self, credentials):
        return Blocking({"rootUrl": self.queue.options["rootUrl"], "credentials": credentials, "maxRetries": 0})

    def close(self):
        pass


class Asynchronous:
    """The same with the asyncio client, driven from a loop of its own."""

    def __init__(self, options, loop=None):
        self.loop = loop or asyncio.new_event_loop()
        self.session = self.loop.run_until_complete(self.make_session())
        self.queue = taskcluster.aio.Queue(options, session=self.session)
        self.children = []

    async def make_session(self):
        return taskcluster.aio.createSession()

    def __call__(self, method, *args, **kw):
        return self.loop.run_until_complete(getattr(self.queue, method)(*args, **kw))

    def with_credentials(self, credentials):
        child = Asynchronous({"rootUrl": self.queue.options["rootUrl"], "credentials": credentials, "maxRetries": 0}, self.loop)
        self.children.append(child)
        return child

    def close(self):
        for child in self.children:
            child.close()
        self.loop.run_until_complete(self.session.close())


@pytest.fixture(params=[Blocking, Asynchronous], ids=["blocking", "asynchronous"])
def call(request):
    """call("method", ...) asks the queue with the root credentials."""
    client = request.param({**taskcluster.optionsFromEnvironment(), "maxRetries": 0})
    yield client
    client.close()


@pytest.fixture
def queue_id():
    """A task queue nobody else uses."""
    return f"client-tests/q-{uuid.uuid4().hex[:12]}"


def definition(queue_id, **more):
    """A small task; keyword arguments add fields or replace them."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return {
        "taskQueueId": queue_id,
        "created": taskcluster.stringDate(now),
        "deadline": taskcluster.fromNowJSON("1 hour"),
        "payload": {},
        "metadata": {
            "name": "client test",
            "description": "made by tests/client",
            "owner": "nobody@example.com",
            "source": "https://example.com/drover",
        },
        **more,
    }
