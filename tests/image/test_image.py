"""The container image: what is in it, that it can be made again, and that it runs. Run by `./dev test image`."""
import json
import os
import re
import stat
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from conftest import DATABASE, ROOT, build
from container import SOCKETS, run, started

BROKER = os.environ.get("DROVER_TEST_AMQP_URL")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make these namespaces")


def files(image):
    return [path for path in image.root.rglob("*") if not path.is_symlink()]


def test_the_image_runs_as_a_user_of_its_own_behind_an_init(image):
    config = image.config["config"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"][0] == "/usr/bin/tini"
    assert (image.root / "etc/passwd").read_text().count("drover:x:10001:10001") == 1
    assert image.config["config"]["Labels"]["org.opencontainers.image.licenses"] == "MPL-2.0"


def test_nothing_in_it_belongs_to_others_or_gives_rights(image):
    for path in files(image):
        mode = path.stat().st_mode
        assert not mode & (stat.S_ISUID | stat.S_ISGID), path
        writable = path.relative_to(image.root).as_posix() == "tmp"
        assert writable or not mode & stat.S_IWOTH, path
    owned = {path.relative_to(image.root).as_posix() for path in files(image) if path.stat().st_uid != 0}
    assert owned == {"var/lib/drover"}


def test_there_is_no_shell_and_no_package_manager(image):
    programs = {path.name for path in files(image) if path.is_file() and path.parent.name in ("bin", "sbin")}
    assert programs == {"tini", "drover"}
    others = sum(path.stat().st_size for path in files(image) if path.is_file() and path.name != "drover")
    assert others < 16 << 20


def test_every_package_has_its_licence(image):
    names = [line for line in (ROOT / "deploy/image/packages.txt").read_text().splitlines() if not line.startswith("#")]
    for name in [*names, "drover"]:
        assert (image.root / "usr/share/doc" / name / "copyright").is_file(), name


def test_the_same_input_is_the_same_image(image, binary, tmp_path):
    again = build(tmp_path / "again", "--binary", binary, "--unlocked")
    assert json.loads(again.stdout)["digest"] == image.digest


def test_the_bill_of_materials_is_valid_and_names_packages_and_crates(image):
    text = image.bill.read_text()
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(text) is None
    assert (image.root / "usr/share/sbom/drover.cdx.json").read_text() == text
    urls = {it["purl"].split("@")[0] for it in json.loads(text)["components"]}
    assert {"pkg:deb/debian/libc6", "pkg:deb/debian/tini", "pkg:cargo/tokio", "pkg:cargo/db"} <= urls
    assert "pkg:cargo/expect-test" not in urls, "tools of the tests are no part of it"


def test_a_file_that_is_no_program_is_refused(tmp_path):
    text = tmp_path / "text"
    text.write_text("#!/bin/sh\nexit 3\n")
    text.chmod(0o755)
    done = build(tmp_path / "image", "--binary", text, "--unlocked")
    assert done.returncode == 1 and "is no program of Drover" in done.stderr
    assert not (tmp_path / "image").exists()


def test_the_lock_names_every_package_with_its_hash():
    lines = [line.split() for line in (ROOT / "deploy/image/packages.lock").read_text().splitlines() if line[0] != "#"]
    names = [line for line in (ROOT / "deploy/image/packages.txt").read_text().splitlines() if not line.startswith("#")]
    assert sorted({it[0] for it in lines}) == sorted(names)
    assert all(re.fullmatch("[0-9a-f]{64}", it[3]) for it in lines)


@needs_root
def test_the_program_runs_in_its_root(image):
    version = run(image, "--version")
    assert version.returncode == 0 and version.stdout.startswith("drover "), version.stderr
    explained = run(image, "config", "explain")
    assert explained.returncode == 0 and "DROVER__DATABASE__URL" in explained.stdout
    nowhere = run(image, "ping", "--root-url", "http://127.0.0.1:1")
    assert nowhere.returncode == 3, nowhere.stderr


@pytest.fixture
def settings(psql):
    """A database of its own on the server of the tests, as it is reached from inside."""
    server = parse_qs(urlsplit(DATABASE).query)
    folder, user = server["host"][0], server["user"][0]
    name = f"image_{os.getpid()}"
    psql(f"create database {name}")
    env = {
        "DROVER__DATABASE__URL": f"postgresql:///{name}?host={SOCKETS}&port={server['port'][0]}&user={user}&sslmode=disable",
        "DROVER__AUTH__ROOT_CREDENTIALS": "static/taskcluster/root:0123456789abcdefghijkl",
        "DROVER__AUTH__QUEUE_ACCESS_TOKEN": "abcdefghijkl0123456789",
        "DROVER__AUTH__SEALING_KEYS": '[{"id": "test", "key": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}]',
    }
    if BROKER:
        env["DROVER__BUS__AMQP_URL"] = BROKER
    yield folder, env
    psql(f"drop database {name} with (force)")


@needs_root
def test_it_serves_as_the_chart_starts_it(image, settings, free_port, tmp_path):
    """The commands of the migration, of a pod and of `helm test`, in their order."""
    server, env = settings
    root_url = f"http://127.0.0.1:{free_port}"
    upgraded = run(image, "db", "upgrade", "--defer-online", env=env, server=server)
    assert upgraded.returncode == 0, upgraded.stderr
    assert run(image, "db", "upgrade", env=env, server=server).returncode == 0
    arguments = ("serve", "--roles", "all", "--listen", f"127.0.0.1:{free_port}")
    with started(image, *arguments, env=env, server=server, log=tmp_path / "log") as drover:
        drover.wait_for(lambda: run(image, "ping", "--root-url", root_url).returncode == 0)
        assert os.readlink(f"/proc/{drover.init()}/exe").endswith("/usr/bin/tini")
        with urllib.request.urlopen(f"{root_url}/__heartbeat__", timeout=10) as answer:
            assert answer.status == 200
        assert run(image, "db", "status", env=env, server=server).returncode == 0
        if BROKER:
            lag = run(image, "bus", "lag", env=env, server=server)
            assert lag.returncode == 0, lag.stderr
        assert drover.stop() == 0, drover.log.read_text()
