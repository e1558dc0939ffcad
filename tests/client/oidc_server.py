"""A provider of OpenID Connect, from PyPI, on a free port. Says its issuer on standard output, and runs until it is ended."""
import threading

import oidc_provider_mock

PEOPLE = [
    oidc_provider_mock.User(sub="ann|1", claims={"preferred_username": "ann", "groups": ["builders", "all*"]}),
    oidc_provider_mock.User(sub="2", claims={"email": "bob@example.com"}),
]
with oidc_provider_mock.run_server_in_thread(require_nonce=True, user_claims=PEOPLE) as server:
    print(f"http://localhost:{server.server_port}", flush=True)
    threading.Event().wait()
