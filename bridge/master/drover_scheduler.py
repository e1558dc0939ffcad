"""What a Buildbot master needs so that Drover can run its builds as tasks.

Copy this file beside master.cfg and add to master.cfg:

    from drover_scheduler import DroverScheduler
    c["schedulers"].append(DroverScheduler(builderNames=["linux-build", "linux-test"]))

It is a ForceScheduler with three things more:

* A call with the same key (`drover_task`) again makes no second build, but gives the ids of the first one.
  The key is kept in the master's database, so this also holds after a restart.
* Properties may be any JSON, and need not be declared (`drover_properties`).
* It tells what the REST API does not (`drover_facts`): which of its builders collapse requests (a collapsed request
  has no build of its own, and its task would end without one), what the other schedulers start, and what keeps the
  workers of a builder from its next request.
* It ends builds that a cancel has left hanging, whoever cancelled: see `hangs`.

Written for Buildbot 1.0 and later; tested with 4.3.
"""

import json

from buildbot.data import resultspec
from buildbot.plugins import schedulers, util
from buildbot.process import metrics
from buildbot.process.buildrequest import BuildRequest
from buildbot.process.results import CANCELLED
from buildbot.schedulers.forcesched import ValidationError
from twisted.internet import defer, task
from twisted.python import log

try:
    from buildbot.process.locks import get_real_locks_from_accesses_raw as real_locks
except ImportError:
    # An earlier Buildbot: locks are not reported.
    real_locks = None

KEY = "drover_task"
PROPERTIES = "drover_properties"
FACTS = "drover_facts"
# Of what Drover reads in FACTS. It grows when the meaning of something there changes.
VERSION = 2
# Seconds between two looks for builds that hang. A look reads no database.
LOOK_EVERY = 1
# Looks between two for builders whose locks are taken.
LOCKS_EVERY = 5
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
        facts = {"version": VERSION, "collapsing": [], "schedulers": [], "holds": {}, "released": 0}
        if self.scheduler and self.scheduler.master:
            master = self.scheduler.master
            facts["released"] = self.scheduler.released
            facts["holds"] = self.scheduler.holds()
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
        self._looking = None
        # Builds that hung, since the master was started.
        self.released = 0
        self._looks = 0
        self._locked = set()
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
    def startService(self):
        # Of several masters with one database each looks after its own builds, so this does not wait for `activate`.
        self._looking = task.LoopingCall(self._look)
        self._looking.clock = self.master.reactor
        self._looking.start(LOOK_EVERY, now=False).addErrback(log.err, "Drover does not look for hanging builds any more")
        yield super().startService()

    @defer.inlineCallbacks
    def stopService(self):
        if self._looking and self._looking.running:
            self._looking.stop()
        yield super().stopService()

    @defer.inlineCallbacks
    def _look(self):
        try:
            for builder in list(self.master.botmaster.builders.values()):
                for build in [one for one in builder.building if hangs(one)]:
                    self.released += 1
                    yield release(build)
            self._looks += 1
            if real_locks and self._looks % LOCKS_EVERY == 1:
                self._locked = yield locked_builders(self.served())
        except Exception:
            # The next look may fare better, and without one no build is released.
            log.err(None, "Drover could not look for builds that hang")

    def served(self):
        builders = self.master.botmaster.builders
        return {name: builders[name] for name in self.builderNames if name in builders}

    def holds(self):
        """The builders whose workers take nothing now, and why."""
        found = {name: "lock" for name in self._locked}
        found.update((name, "busy") for name, builder in self.served().items() if builder.workers and not free(builder))
        return found

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


def hangs(build):
    """Whether a cancel came between the claim of the build's request and the build's first step.

    Buildbot 4.3 then notes that the build is stopped, and returns from `startBuild` without ending it: it stays `created`
    for ever, neither cancel nor stop reach it, and its worker's place at the builder is lost until the master is restarted."""
    starting = getattr(build.master.botmaster, "_starting_brid_to_cancel", {})
    return (
        build.stopped
        and not build.finished
        and build.buildid is not None
        # A build that is skipped needs no preparation; and where this does not exist, nothing is known.
        and getattr(build, "do_build", True)
        and getattr(build, "_preparation_step", build) is None
        # It has not come to the place where it may hang.
        and not any(request.id in starting for request in build.requests)
    )


def release(build):
    """Ends a build that hangs, as Buildbot would have: the request is cancelled, and the worker is free again."""
    log.msg(f"Drover ends build {build.buildid} of {build.builder.name}, which hung since it was cancelled")
    # `buildFinished` takes this back, and a build that hangs has never added it.
    metrics.MetricCountEvent.log("active_builds", 1)
    return build.buildFinished(["cancelled", f"({build.stopped_reason})"], CANCELLED)


def free(builder):
    """The places at its workers where a build would begin now."""
    return [place for place in builder.workers if place.isAvailable()]


@defer.inlineCallbacks
def locked_builders(builders):
    """Of which every free worker would have to wait for a lock. What functions choose for each request is not known."""
    found = set()
    for name, builder in builders.items():
        locks, places = builder.config.locks, free(builder)
        if not locks or not isinstance(locks, (list, tuple)):
            continue
        open_places = 0
        for place in places:
            needed = yield real_locks(locks, None, builder, place, builder.config_version)
            open_places += all(lock.isAvailable(None, access) for lock, access in needed)
        if places and not open_places:
            found.add(name)
    return found


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
