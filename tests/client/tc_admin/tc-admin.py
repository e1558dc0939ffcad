"""A small configuration repository, as an administrator keeps one; everything it manages lies below one prefix."""
import os
import re

import tcadmin.util.root_url
from tcadmin.appconfig import AppConfig
from tcadmin.resources import Client, Role, Secret, WorkerPool
from tcadmin.util.config import LocalLoader

# tc-admin takes no root URL with a port, which a server on this machine has.
tcadmin.util.root_url._url_re = re.compile(r"^https?://[a-z0-9.-]+(:\d+)?/?$")

appconfig = AppConfig()
PREFIX = os.environ["CONFIGURED_PREFIX"]


def scopes(entry):
    return tuple(scope.replace("PREFIX", PREFIX) for scope in entry["scopes"])


@appconfig.generators.register
async def generate(resources):
    for kind in ("Client", "Role", "Secret", "WorkerPool"):
        resources.manage(f"{kind}={PREFIX}/.*")
    wanted = await LocalLoader().load(os.environ["CONFIGURED_FILE"], parse="yaml") or {}
    for name, entry in wanted.get("clients", {}).items():
        resources.add(Client(f"{PREFIX}/{name}", entry["description"], scopes(entry)))
    for name, entry in wanted.get("roles", {}).items():
        resources.add(Role(f"{PREFIX}/{name}", entry["description"], scopes(entry)))
    for name, value in wanted.get("secrets", {}).items():
        resources.add(Secret(f"{PREFIX}/{name}", value))
    for name, entry in wanted.get("pools", {}).items():
        resources.add(WorkerPool(
            workerPoolId=f"{PREFIX}/{name}", providerId="static", owner="admin@example.com", emailOnError=False, **entry))
