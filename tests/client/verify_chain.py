"""Verifies a chain with the code of scriptworker, in the environment of the tools. Arguments: the last task, the public key, a folder.

Not done is what asks a public source host: the comparison of the decision task with its `.taskcluster.yml`.
"""
import asyncio
import logging
import os
import sys
from copy import deepcopy
from urllib.parse import urlsplit

import taskcluster
from scriptworker.client import validate_json_schema
from scriptworker.constants import DEFAULT_CONFIG
from scriptworker.context import Context
from scriptworker.cot import verify
from scriptworker.exceptions import ScriptWorkerException
from scriptworker.task import retry_get_task_definition
from scriptworker.utils import load_json_or_yaml, scriptworker_session


async def main(task_id, public_key, folder):
    root_url = urlsplit(os.environ["TASKCLUSTER_ROOT_URL"])
    path = r"^/api/queue/v1/task/(?P<taskId>[^/]+)(/runs/\d+)?/artifacts/(?P<filepath>.*)$"
    async with scriptworker_session() as session:
        context = Context()
        context.session = session
        context.config = {
            **deepcopy(dict(DEFAULT_CONFIG)),
            "taskcluster_root_url": root_url.geturl(), "work_dir": folder, "verify_cot_signature": True,
            "ed25519_public_keys": {"generic-worker": [public_key]},
            "valid_artifact_rules": [{"schemes": [root_url.scheme], "netlocs": [root_url.netloc], "path_regexes": [path]}],
        }
        context.queue = taskcluster.aio.Queue(taskcluster.optionsFromEnvironment(), session=session)
        context.task = await retry_get_task_definition(context.queue, task_id, exception=verify.CoTError)
        chain = verify.ChainOfTrust(context, "signing", task_id=task_id)
        await verify.build_task_dependencies(chain, chain.task, chain.name, chain.task_id)
        await verify.download_cot(chain)
        verify.verify_cot_signatures(chain)
        schema = load_json_or_yaml(context.config["cot_schema_path"], is_path=True)
        for link in chain.links:
            validate_json_schema(link.cot, schema, name="chain of trust")
            # `task.json` is what the queue says of the task now.
            assert link.cot["task"] == link.task, (link.cot["task"], link.task)
        print(*sorted(await verify.download_cot_artifacts(chain)), sep="\n")
        await verify.verify_worker_impls(chain)
        (decision,) = [link for link in chain.links if link.task_type == "decision"]
        graph = decision.get_artifact_full_path("public/task-graph.json")
        decision.task_graph = load_json_or_yaml(graph, is_path=True)
        for link in chain.links:
            if link is not decision:
                verify.verify_link_in_task_graph(chain, decision, link)


logging.basicConfig(level=logging.INFO)
try:
    asyncio.run(main(*sys.argv[1:]))
except ScriptWorkerException as error:
    sys.exit(f"refused: {error}")
