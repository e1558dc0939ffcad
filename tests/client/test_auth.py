"""Clients, roles and credentials as scripts use them: made, narrowed, signed with, and taken away again."""
import json
import urllib.error
import urllib.request
import uuid

import mohawk
import pytest
import requests
import taskcluster
from taskcluster.exceptions import TaskclusterAuthFailure, TaskclusterRestFailure
from taskcluster.utils import scopeMatch

OPTIONS = {**taskcluster.optionsFromEnvironment(), "maxRetries": 0}
# Kept apart, since the package turns credentials into bytes where they stand.
ROOT = dict(OPTIONS.get("credentials", {}))


def auth_with(credentials, **more):
    return taskcluster.Auth({**OPTIONS, "credentials": credentials, **more})


def body(*scopes, **more):
    return {"description": "a test", "expires": taskcluster.fromNowJSON("1 hour"), "scopes": list(scopes), **more}


@pytest.fixture
def auth():
    return taskcluster.Auth(OPTIONS)


@pytest.fixture
def name(auth):
    """An id below which a test makes its clients and roles; they are removed afterwards."""
    name = f"client-tests/{uuid.uuid4().hex[:12]}"
    yield name
    for client in auth.listClients(query={"prefix": name})["clients"]:
        auth.deleteClient(client["clientId"])
    for role_id in auth.listRoleIds()["roleIds"]:
        if name in role_id:
            auth.deleteRole(role_id)


def refused(status_code, call, *args, **kw):
    with pytest.raises((TaskclusterRestFailure, TaskclusterAuthFailure)) as caught:
        call(*args, **kw)
    assert caught.value.status_code == status_code, caught.value.body
    return caught.value.body


def current(auth):
    return set(auth.currentScopes()["scopes"])


def client(auth, client_id, *scopes):
    made = auth.createClient(client_id, body("auth:current-scopes", *scopes))
    return {"clientId": client_id, "accessToken": made["accessToken"]}


def temporary(credentials, *scopes, **more):
    start, expiry = taskcluster.fromNow("0 seconds"), taskcluster.fromNow("10 minutes")
    return taskcluster.createTemporaryCredentials(
        credentials["clientId"], credentials["accessToken"], start, expiry, list(scopes), **more)


def test_a_new_client_signs_at_once_and_a_repeat_answers_the_first_token(auth, name):
    asked = body("auth:current-scopes")
    first, again = (auth.createClient(name, asked)["accessToken"] for _ in range(2))
    assert first == again
    assert "auth:current-scopes" in current(auth_with({"clientId": name, "accessToken": first}))
    refused(409, auth.createClient, name, {**asked, "description": "another"})


def test_what_is_taken_away_is_good_for_nothing_at_once(auth, name):
    credentials = client(auth, name, "conf:x")
    named = temporary(credentials, "auth:current-scopes", "conf:x")
    assert "conf:x" in current(auth_with(named))
    auth.updateClient(name, body("auth:current-scopes"))
    refused(401, auth_with(named).currentScopes)
    auth.updateClient(name, body("auth:current-scopes", "conf:x"))
    assert "conf:x" in current(auth_with(named))
    auth.disableClient(name)
    refused(401, auth_with(named).currentScopes)
    auth.enableClient(name)
    auth.resetAccessToken(name)
    refused(401, auth_with(credentials).currentScopes)
    refused(401, auth_with(named).currentScopes)


def test_named_credentials_and_authorized_scopes(auth, name):
    credentials = client(auth, name, f"auth:create-client:{name}/*", "conf:*")
    named = temporary(credentials, "auth:current-scopes", "conf:a*", name=f"{name}/sub")
    assert {"conf:a*"} <= current(auth_with(named))
    narrow = auth_with(named, authorizedScopes=["auth:current-scopes", "conf:ab"])
    assert current(narrow) == {"assume:anonymous", "auth:current-scopes", "conf:ab"}
    refused(401, auth_with(named, authorizedScopes=["auth:current-scopes", "conf:b"]).currentScopes)
    refused(401, auth_with(temporary(credentials, name="other/name")).currentScopes)


def test_a_signed_url_needs_no_header(auth, name):
    url = auth_with(client(auth, name, "conf:x")).buildSignedUrl("currentScopes")
    with urllib.request.urlopen(url) as answer:
        assert "conf:x" in json.load(answer)["scopes"]
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url.replace("/scopes/current", "/roles/"))
    assert caught.value.code == 401


def test_roles_with_parameters(auth, name):
    auth.createRole(f"{name}:*", {"description": "", "scopes": ["read:<..>/*", "assume:" + name + "-more"]})
    auth.createRole(f"{name}-more", {"description": "", "scopes": ["more"]})

    def expand(*scopes):
        return set(auth.expandScopes({"scopes": list(scopes)})["scopes"])

    assert {"read:x/*", "more"} <= expand(f"assume:{name}:x")
    assert {"read:x*", "more"} <= expand(f"assume:{name}:x*")
    assert {"read:*", "more"} <= expand(f"assume:{name}*")
    words = refused(400, auth.createRole, f"{name}-x", {"description": "", "scopes": ["a:<..>:<..>"]})
    assert words["code"] == "InputError"
    looping = {"description": "", "scopes": [f"assume:{name}:x"]}
    assert "cycle" in refused(400, auth.updateRole, f"{name}-more", looping)["message"]


def test_a_403_names_the_missing_scopes_for_people_and_programs(auth, name):
    weak = auth_with(client(auth, name, "auth:create-client:" + name + "/*", "conf:x"))
    said = refused(403, weak.createClient, f"{name}/sub", body("conf:x", "conf:y", "conf:z"))
    assert name in said["message"] and "conf:y" in said["message"]
    assert said["details"]["unsatisfied"] == {"AllOf": ["conf:y", "conf:z"]}


def test_listings_come_in_pages_that_hold_everything_once(auth, name):
    ids = [f"{name}/{letter}" for letter in "abcde"]
    for client_id in ids:
        auth.createClient(client_id, body())
    seen = []
    auth.listClients(query={"prefix": name, "limit": 2},
                     paginationHandler=lambda page: seen.extend(c["clientId"] for c in page["clients"]))
    assert seen == ids


def test_the_history_shows_who_did_what(auth, name):
    doer = auth_with(client(auth, f"{name}/doer", f"auth:create-role:{name}", f"auth:delete-role:{name}"))
    doer.createRole(name, {"description": "", "scopes": []})
    doer.deleteRole(name)
    done = auth.listAuditHistory(f"{name}/doer")["auditHistory"]
    assert [(it["entityType"], it["entityId"], it["actionType"]) for it in done] == [
        ("role", name, "created"), ("role", name, "deleted")]
    suffered = auth.getEntityHistory("client", f"{name}/doer")["auditHistory"]
    assert [(it["clientId"], it["actionType"]) for it in suffered] == [(ROOT["clientId"], "created")]


def test_clients_of_the_settings_are_shown_and_cannot_be_changed(auth):
    shown = auth.client(ROOT["clientId"])
    assert shown["expandedScopes"] == ["*"] and "accessToken" not in shown
    refused(400, auth.resetAccessToken, ROOT["clientId"])
    refused(400, auth.disableClient, "static/taskcluster/queue")


def test_another_service_may_verify_a_signature(auth, name):
    credentials = client(auth, name, "conf:x")
    url = auth_with(credentials).buildSignedUrl("currentScopes")
    root_url = OPTIONS["rootUrl"]
    host, _, port = root_url.split("//")[1].partition(":")
    said = auth.authenticateHawk({"method": "get", "resource": url[len(root_url):], "host": host, "port": int(port)})
    assert (said["status"], said["clientId"], said["scheme"]) == ("auth-success", name, "hawk")
    assert scopeMatch(said["scopes"], [["conf:x"]])
    other = {"method": "get", "resource": "/elsewhere", "host": host, "port": int(port)}
    assert auth.authenticateHawk(other)["status"] == "no-auth"
    assert auth.authenticateHawk({**other, "authorization": "Hawk nonsense"})["status"] == "auth-failed"


@pytest.mark.parametrize("method,args", [
    ("awsS3Credentials", ("read-only", "bucket", "prefix")), ("sentryDSN", ("project",)),
    ("gcpCredentials", ("project", "account@example.com")), ("websocktunnelToken", ("audience", "client")),
    ("githubRepoToken", ("app", "Owner", {"repositories": ["A"], "permissions": {"contents": "read"}}))])
def test_what_is_not_set_up_is_not_there(auth, method, args):
    assert refused(404, getattr(auth, method), *args)["code"] == "ResourceNotFound"
    nobody = taskcluster.Auth({"rootUrl": OPTIONS["rootUrl"], "maxRetries": 0})
    refused(403, getattr(nobody, method), *args)


def ask(path):
    """An endpoint that the package no longer knows, while older clients do."""
    url = f"{OPTIONS['rootUrl']}/api/auth/v1/azure/{path}"
    credentials = {"id": ROOT["clientId"], "key": ROOT["accessToken"], "algorithm": "sha256"}
    sender = mohawk.Sender(credentials, url, "GET", content="", content_type="")
    return requests.get(url, headers={"Authorization": sender.request_header})


def test_there_are_no_azure_accounts():
    assert ask("accounts").json() == {"accounts": []}
    for path in ("account/tables", "account/table/t/read-write", "account/containers", "account/containers/c/read-only"):
        assert ask(path).status_code == 404
