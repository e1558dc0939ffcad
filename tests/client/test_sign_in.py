"""People sign in by providers of OpenID Connect that others wrote: one from PyPI, one from npm. DROVER_TEST_PROVIDERS holds the names of
the providers in the settings of this Drover."""
import os
import re
import uuid

import pytest
import requests
import taskcluster

pytestmark = pytest.mark.skipif("DROVER_TEST_PROVIDERS" not in os.environ, reason="this Drover has no identity providers")
ROOT = os.environ["TASKCLUSTER_ROOT_URL"]
AUTH = taskcluster.Auth({**taskcluster.optionsFromEnvironment(), "maxRetries": 0})
PAGE = {"origin": ROOT, "x-drover-ui": "1"}


@pytest.fixture(params=os.environ.get("DROVER_TEST_PROVIDERS", "").split())
def provider(request):
    return request.param


def visit(browser, url):
    return browser.get(url, allow_redirects=False, timeout=30)


def begin(browser, provider, return_to="/hooks"):
    """Where the provider's page is."""
    seen = visit(browser, f"{ROOT}/login/oidc/{provider}?return_to={return_to}")
    assert seen.status_code == 303, seen.text
    return seen.headers["location"]


def at_provider(url, person):
    """Signs in there, and returns where it sends the browser: its forms are filled as a person would."""
    there = requests.Session()
    page = there.get(url, timeout=30)
    for _ in range(5):
        action = re.search(r'<form[^>]*action="([^"]+)"', page.text)
        target = requests.compat.urljoin(page.url, action.group(1)) if action else page.url
        prompt = re.search(r'name="prompt" value="([^"]+)"', page.text)
        form = {"sub": person, "login": person, "password": "any", **({"prompt": prompt.group(1)} if prompt else {})}
        page = there.post(target, data=form, allow_redirects=False, timeout=30)
        while page.is_redirect and not page.headers["location"].startswith(ROOT):
            page = there.get(requests.compat.urljoin(page.url, page.headers["location"]), allow_redirects=False, timeout=30)
        if page.is_redirect:
            return page.headers["location"]
    raise AssertionError(page.text)


def session(browser):
    return browser.get(f"{ROOT}/api/drover/v1/session", headers=PAGE, timeout=30).json()


def identity(provider):
    return {"pypi": "pypi/ann!7C1|ann", "npm": "npm/ann|ann"}[provider]


def person(provider):
    return {"pypi": "ann|1", "npm": "ann"}[provider]


@pytest.fixture
def role(provider):
    """A role of the group that the person is in."""
    role_id, scope = f"oidc-group:{provider}/builders", f"queue:create-task:{uuid.uuid4().hex[:8]}"
    AUTH.createRole(role_id, {"description": "", "scopes": [scope]})
    yield scope
    AUTH.deleteRole(role_id)


def test_a_person_has_the_roles_of_their_groups(provider, role):
    browser = requests.Session()
    browser.cookies.set("before", "x")
    back = at_provider(begin(browser, provider), person(provider))
    seen = visit(browser, back)
    assert (seen.status_code, seen.headers["location"]) == (303, "/hooks"), seen.text
    assert "HttpOnly" in seen.headers["set-cookie"]
    who = session(browser)
    assert who["clientId"] == identity(provider) and role in who["scopes"]
    # A group of this name must not become a pattern of roles.
    assert f"assume:oidc-group:{provider}/all!2A" in who["scopes"] and f"assume:oidc-group:{provider}/all*" not in who["scopes"]

    again = visit(browser, back)
    assert again.headers["location"].startswith("/login?problem=attempt"), "the attempt is over"
    AUTH.deleteRole(f"oidc-group:{provider}/builders")
    assert session(browser).get("ended"), "their last role is gone"
    AUTH.createRole(f"oidc-group:{provider}/builders", {"description": "", "scopes": [role]})


def test_without_any_role_nobody_is_signed_in(provider):
    browser = requests.Session()
    seen = visit(browser, at_provider(begin(browser, provider), person(provider)))
    assert seen.headers["location"] == f"/login?problem=roles&name={identity(provider).replace('|', '%7C')}"
    assert "clientId" not in session(browser)


def test_what_comes_from_another_attempt_signs_nobody_in(provider, role):
    victim, attacker = requests.Session(), requests.Session()
    begin(victim, provider)
    theirs = at_provider(begin(attacker, provider), person(provider))
    for url in (theirs, f"{ROOT}/login/oidc/{provider}/callback", f"{ROOT}/login/oidc/{provider}/callback?code=a&state=b"):
        assert visit(victim, url).headers["location"] == "/login?problem=attempt"
        assert "clientId" not in session(victim)
        begin(victim, provider)
    # The right state with a code that is not the provider's, and one that was used.
    mine = begin(victim, provider)
    state = re.search("[?&]state=([^&]+)", mine).group(1)
    seen = visit(victim, f"{ROOT}/login/oidc/{provider}/callback?code=made-up&state={state}")
    assert seen.headers["location"] == f"/login?problem=refused&name={provider}"
    code = re.search("[?&]code=([^&]+)", theirs).group(1)
    begun = begin(victim, provider)
    state = re.search("[?&]state=([^&]+)", begun).group(1)
    seen = visit(victim, f"{ROOT}/login/oidc/{provider}/callback?code={code}&state={state}")
    assert seen.headers["location"] == f"/login?problem=refused&name={provider}", "a code goes with its own verifier and nonce"


def test_it_leads_to_no_other_place(provider, role):
    for elsewhere in ("//evil.example.com", "https://evil.example.com/", "/%5Cevil.example.com"):
        browser = requests.Session()
        seen = visit(browser, at_provider(begin(browser, provider, elsewhere), person(provider)))
        assert seen.headers["location"] == "/", elsewhere


def test_who_refuses_at_the_provider_is_not_signed_in(provider):
    browser = requests.Session()
    state = re.search("[?&]state=([^&]+)", begin(browser, provider)).group(1)
    seen = visit(browser, f"{ROOT}/login/oidc/{provider}/callback?error=access_denied&state={state}")
    assert seen.headers["location"] == "/login?problem=denied"


def test_the_page_knows_the_providers(provider):
    paths = [it["path"] for it in session(requests.Session())["providers"]]
    assert f"/login/oidc/{provider}" in paths
    assert requests.get(f"{ROOT}/login/oidc/other", timeout=30).status_code == 404
