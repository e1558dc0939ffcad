"""What a Buildbot master needs so that Drover can run its builds as tasks.

Copy this file beside master.cfg and add to master.cfg:

    from drover_scheduler import DroverScheduler
    c["schedulers"].append(DroverScheduler(builderNames=["linux-build", "linux-test"]))

It is a ForceScheduler with three things more:

* A call with the same key (`drover_task`) again makes no second build, but gives the ids of the first one.
  The key is kept in the master's database, so this also holds after a restart.
* Properties may be any JSON, and need not be declared (`drover_properties`).
* It tells what the REST API does not (`drover_facts`): which of its builders collapse requests (a collapsed request
  has no build of its own, and its task would end without one), and what the other schedulers start.

Written for Buildbot 1.0 and later; tested with 4.3.
"""

import json

from buildbot.data import resultspec
from buildbot.plugins import schedulers, util
from buildbot.process.buildrequest import BuildRequest
from buildbot.schedulers.forcesched import ValidationError
from twisted.internet import defer

KEY = "drover_task"
PROPERTIES = "drover_properties"
FACTS = "drover_facts"
# Of what Drover reads in FACTS. It grows when the meaning of something there changes.
VERSION = 1
SOURCE_STAMP = ("branch", "revision", "repository", "project")


class JsonProperties(util.StringParameter):
    """A field that holds a JSON object. Each member becomes a property of the build."""

    def updateFromKwargs(self, properties, kwargs, **_):
        text = self.getFromKwargs(kwargs)
        if not text:
            return
        try:
            members = json.loads(text)
        except ValueError as error:
            raise ValidationError(f"{self.name} is no JSON: {error}") from error
        if not isinstance(members, dict):
            raise ValidationError(f"{self.name} must hold a JSON object")
        properties.update(members)


class Facts(util.FixedParameter):
    """A field that nobody fills in: it is read together with the form."""

    scheduler = None

    @property
    def default(self):
        facts = {"version": VERSION, "collapsing": [], "schedulers": []}
        if self.scheduler and self.scheduler.master:
            master = self.scheduler.master
            facts["collapsing"] = collapsing_builders(master, self.scheduler.builderNames)
            facts["schedulers"] = [describe(other) for other in master.allSchedulers() if other is not self.scheduler]
        return json.dumps(facts)

    def updateFromKwargs(self, **_):
        """It is no property of builds."""


class DroverScheduler(schedulers.ForceScheduler):
    """A ForceScheduler whose `force` may be repeated.

    `codebases` are names; without them there is the one that is called "". `properties` are fields of your own, as in
    any ForceScheduler."""

    def __init__(self, name="drover", builderNames=(), codebases=("",), properties=(), **kwargs):
        self._turn = defer.DeferredLock()
        self._key = None
        super().__init__(
            name=name,
            builderNames=list(builderNames),
            codebases=[source_stamp_fields(codebase) for codebase in codebases],
            reasonString="%(reason)s",
            properties=[
                *properties,
                util.StringParameter(name=KEY, label="Drover's task and run", default=""),
                JsonProperties(name=PROPERTIES, label="properties (JSON)", default="", size=40),
                Facts(name=FACTS),
            ],
            **kwargs,
        )
        self._adopt_facts()

    @defer.inlineCallbacks
    def reconfigService(self, *args, **kwargs):
        yield super().reconfigService(*args, **kwargs)
        self._adopt_facts()

    def _adopt_facts(self):
        # After a reconfiguration the fields are those of another instance, which never runs.
        for field in getattr(self, "forcedProperties", ()):
            if isinstance(field, Facts):
                field.scheduler = self

    @defer.inlineCallbacks
    def force(self, owner, **kwargs):
        key = kwargs.get(KEY)
        if not key:
            # Drover knows this scheduler by these words.
            raise KeyError(f"{KEY} is required")
        # One at a time, so that two calls with the same key do not both find nothing.
        yield self._turn.acquire()
        try:
            made = yield self._made_before(key)
            if made is None:
                self._key = key
                made = yield super().force(owner, **kwargs)
            return made
        finally:
            self._key = None
            self._turn.release()

    @defer.inlineCallbacks
    def _made_before(self, key):
        sets = yield self.master.data.get(("buildsets",), filters=[equals("external_idstring", key)])
        if not sets:
            return None
        buildset = min(one["bsid"] for one in sets)
        requests = yield self.master.data.get(("buildrequests",), filters=[equals("buildsetid", buildset)])
        return buildset, {one["builderid"]: one["buildrequestid"] for one in requests}

    def addBuildsetForSourceStamps(self, **kwargs):
        kwargs["external_idstring"] = self._key
        return super().addBuildsetForSourceStamps(**kwargs)


@defer.inlineCallbacks
def collapse_unless_drover(master, builder, request, other):
    """For `collapseRequests`, where requests of people are to be collapsed: those of tasks are left alone.

    It costs two look-ups for each pair of requests that wait; `collapseRequests=False` costs nothing."""
    for one in (request, other):
        properties = yield master.data.get(("buildsets", one["buildsetid"], "properties"))
        if KEY in properties:
            return False
    same = yield BuildRequest.canBeCollapsed(master, request, other)
    return same


def collapsing_builders(master, names):
    builders = master.botmaster.builders
    return sorted(name for name in names if name in builders and collapses(builders[name]))


def collapses(builder):
    rule = builder.getCollapseRequestsFn()
    return rule is not None and rule is not collapse_unless_drover


def describe(scheduler):
    """What a scheduler starts, and when, as far as it is fixed."""
    names = scheduler.builderNames
    clock = {name: getattr(scheduler, name, None) for name in ("minute", "hour", "dayOfMonth", "month", "dayOfWeek")}
    properties = scheduler.properties.asDict() if scheduler.properties else {}
    return {
        "name": scheduler.name,
        "kind": type(scheduler).__name__,
        "builders": [name for name in names if isinstance(name, str)] if isinstance(names, (list, tuple)) else [],
        "branch": plain(getattr(scheduler, "branch", None)),
        "properties": {name: value for name, (value, _) in properties.items() if name != "scheduler" and is_json(value)},
        "when": {name: value for name, value in clock.items() if value is not None and is_json(value)},
    }


def plain(value):
    return value if isinstance(value, str) else None


def is_json(value):
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def source_stamp_fields(codebase):
    fields = {name: util.StringParameter(name=name, label=f"{name}:", default="") for name in SOURCE_STAMP}
    return util.CodebaseParameter(codebase=codebase, **fields)


def equals(field, value):
    return resultspec.Filter(field, "eq", [value])
